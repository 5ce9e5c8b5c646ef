"""Rectangles to scale, words and rulers → elements of SVG; what they know of is sizes, not layers.

Words are in the language in force.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LONGEST = 220.0  # pixels of the longest side that is drawn whole
BROKEN = 240.0  # of one that is not: longer than any other
UNKNOWN = 56.0  # of one whose size is not known
THINNEST = 4.0  # of what can still be seen
WIDEST = 16.0  # pixels a number at most: a model of three features need not fill the page
GAP, LINE, PAD = 16.0, 16.0, 12.0
FONTS = "system-ui,-apple-system,'Segoe UI','Apple SD Gothic Neo','Malgun Gothic','Noto Sans KR',NanumGothic,sans-serif"
MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

# Name → light, dark. Every text has a contrast of at least 4.5 on `bg` and `card`; tests compute it.
PALETTE = {
    "bg": ("#ffffff", "#12151a"),
    "card": ("#f6f7f9", "#1a1f26"),
    "line": ("#d3d8df", "#39424e"),
    "fg": ("#1a1f26", "#e9edf2"),
    "soft": ("#525c69", "#aab5c2"),
    "x": ("#cfe0fb", "#1d3b66"),
    "x-ink": ("#1f4f9c", "#97c1ff"),
    "w": ("#fde0bd", "#563413"),
    "w-ink": ("#8a4200", "#ffbe80"),
    "b": ("#e8d9fb", "#43296b"),
    "b-ink": ("#6a2fa3", "#d4aeff"),
    "y": ("#c9ecd3", "#17482a"),
    "y-ink": ("#17652f", "#86dfa2"),
}


@dataclass(frozen=True)
class Scale:
    """One scale for a whole ledger.

    Attributes:
        per_number: pixels of one number.
        limit: the most numbers of a side that is drawn whole.
        left: pixels left of where X and W meet, so that the layers stand in line.
        thin, broken, unknown: whether any side is drawn thicker, broken, or is not known.
        sheets: whether records are drawn as sheets behind one another, since each has several rows.
    """

    per_number: float
    limit: int
    left: float
    thin: bool
    broken: bool
    unknown: bool
    sheets: bool

    def length(self, size: int | None) -> float:
        """Pixels of a side."""
        if size is None:
            return UNKNOWN
        return BROKEN if size > self.limit else max(size * self.per_number, THINNEST)

    def cut(self, size: int | None) -> bool:
        """Whether the side is drawn with a zig-zag."""
        return size is None or size > self.limit

    def notes(self) -> list[str]:
        """In words, what is not drawn to scale."""
        told = [say("faces.thin")] if self.thin else []
        told += [say("faces.broken", limit=f"{self.limit:,}")] if self.broken else []
        told += [say("faces.unknown")] if self.unknown else []
        return told + ([say("faces.sheets")] if self.sheets else [])

    def ruler(self) -> tuple[float, str]:
        """A round number of numbers, as long as it is drawn and in words."""
        steps = [step * 10**power for power in range(5) for step in (1, 2, 5)]
        numbers = next((n for n in steps if n * self.per_number >= 24), steps[-1])
        return numbers * self.per_number, say(f"faces.scale.{'one' if numbers == 1 else 'many'}", n=f"{numbers:,}")


@dataclass(frozen=True)
class Drawing:
    """Elements of SVG and the room they take, from (0, 0) on."""

    body: str
    width: float
    height: float


def inline(drawing: Drawing, title: str, description: str) -> str:
    """Within a page, which gives the colours."""
    return (
        f'<svg role="img" width="{drawing.width:.0f}" height="{drawing.height:.0f}" '
        f'viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}">'
        f"<title>{safe(title)}</title><desc>{safe(description)}</desc>{drawing.body}</svg>"
    )


def style(scope: str, colour: Callable[[str], str]) -> str:
    """The rules of all drawings below `scope`; `colour` gives the value for a name of the palette."""
    rules = {
        ".bg": f"fill:{colour('bg')}",
        ".c": f"fill:{colour('card')};stroke:{colour('line')}",
        ".t": f"font:13px {FONTS};fill:{colour('fg')}",
        ".h": "font-size:17px;font-weight:700",
        ".n": "font-size:14px;font-weight:700",
        ".s": f"font-size:12px;fill:{colour('soft')}",
        ".e": f"font:12px {MONO}",
        ".k": "font-weight:700",
        ".q": f"font-size:12px;font-weight:400;fill:{colour('soft')}",
        ".a": f"fill:none;stroke:{colour('soft')};stroke-width:1.5",
        ".z": f"fill:none;stroke:{colour('card')};stroke-width:5",
        ".g": "fill:none;stroke-width:.5;opacity:.6",
        ".d": "stroke-dasharray:4 3",
    }
    for kind in "xwby":
        rules[f".m.{kind}"] = f"fill:{colour(kind)};stroke:{colour(f'{kind}-ink')}"
        rules[f".i.{kind}"] = f"fill:{colour(f'{kind}-ink')}"
        rules[f".o.{kind}"] = f"fill:none;stroke:{colour(f'{kind}-ink')}"
    return "".join(f"{scope} {selector}{{{rule}}}" for selector, rule in rules.items())


def safe(text: object) -> str:
    """Text that may stand in XML: escaped, without the characters that XML has no way to write."""
    return html.escape(re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", str(text)))


@dataclass
class Sheet:
    """Elements that are put down one by one, and how far they reach."""

    parts: list[str] = field(default_factory=list)
    left: float = 0
    right: float = 0
    bottom: float = 0

    def add(self, part: str, left: float, right: float, bottom: float) -> None:
        self.parts.append(part)
        self.left, self.right = min(self.left, left), max(self.right, right)
        self.bottom = max(self.bottom, bottom)

    def text(self, x: float, y: float, words: str, kinds: str = "t", end: bool = False, after: str = "") -> None:
        """One line on the baseline `y`, from x on or, with `end`, up to it; `after` is said more quietly."""
        width = text_width(f"{words} {after}" if after else words, kinds)
        anchor = ' text-anchor="end"' if end else ""
        quiet = f'<tspan class="q" dx="8">{safe(after)}</tspan>' if after else ""
        part = f'<text class="{kinds}" x="{x:g}" y="{y:g}"{anchor}>{safe(words)}{quiet}</text>'
        self.add(part, x - width if end else x, x if end else x + width, y + 4)

    def lines(self, x: float, y: float, lines: Iterable[str], kinds: str = "t", end: bool = False) -> float:
        """Lines below one another; the baseline of what would come next."""
        for line in lines:
            self.text(x, y, line, kinds, end)
            y += 22 if "h" in kinds else LINE
        return y

    def labels(self, x: float, y: float, kind: str, lines: Sequence[str], end: bool = False) -> None:
        """A matrix's name and shape in its colour, its axes below; `y` is the upper edge."""
        self.text(x, y + 12, lines[0], f"t k i {kind}", end)
        self.lines(x, y + 12 + LINE, lines[1:], "t s", end)

    def place(self, drawing: Drawing, x: float, y: float) -> None:
        part = f'<g transform="translate({x:g} {y:g})">{drawing.body}</g>'
        self.add(part, x, x + drawing.width, y + drawing.height)

    def drawing(self) -> Drawing:
        body = "".join(self.parts)
        if self.left < 0:
            body = f'<g transform="translate({-self.left:g} 0)">{body}</g>'
        return Drawing(body, self.right - self.left + 1, self.bottom + 1)

    def matrix(
        self,
        corner: tuple[float, float],
        shape: tuple[int | None, int | None],
        kind: str,
        scale: Scale,
        lit: str = "",
        dashed: bool = False,
    ) -> None:
        """A rectangle to scale; `lit` names what is highlighted in it: "row", "column" or "cell"."""
        (x, y), (rows, columns) = corner, shape
        width, height = scale.length(columns), scale.length(rows)
        classes = f"m {kind}{' d' if dashed else ''}"
        parts = [f'<rect class="{classes}" x="{x:g}" y="{y:g}" width="{width:.2f}" height="{height:.2f}"/>']
        across, thick = _lit(rows, scale)
        along, broad = _lit(columns, scale)
        box = {
            "row": (x, y + across, width, thick),
            "column": (x + along, y, broad, height),
            "cell": (x + along, y + across, broad, thick),
        }.get(lit)
        if box:
            parts.append('<rect class="i {}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>'.format(kind, *box))
        parts.append(_grid(x, y, rows, columns, kind, scale))
        if scale.cut(columns):
            parts.append(_zigzag(x + width / 2, y, height, kind, upright=True))
        if scale.cut(rows):
            parts.append(_zigzag(y + height / 2, x, width, kind, upright=False))
        self.add("".join(parts), x, x + width, y + height)


def text_width(words: str, kinds: str = "t") -> float:
    """Pixels, estimated from above: fonts differ, and nothing may be cut off."""
    from rich.cells import cell_len

    size = 17 if "h" in kinds.split() else 12 if {"s", "e"} & set(kinds.split()) else 13.5
    return cell_len(words) * size * (0.61 if {"e", "k", "h", "n"} & set(kinds.split()) else 0.55)


def _lit(size: int | None, scale: Scale) -> tuple[float, float]:
    """Where along a side one of its numbers is highlighted, and how thick."""
    length = scale.length(size)
    if size is None or scale.cut(size):
        return length / 5, 2
    return size // 3 / size * length, min(max(length / size, 2), length)


def _grid(x: float, y: float, rows: int | None, columns: int | None, kind: str, scale: Scale) -> str:
    """A line between numbers, where they are large enough to be told apart."""
    if scale.per_number < 6:
        return ""
    width, height, step = scale.length(columns), scale.length(rows), scale.per_number
    down = "".join(f"M{x + step * n:g} {y:g}v{height:g}" for n in range(1, 0 if scale.cut(columns) else columns or 0))
    across = "".join(f"M{x:g} {y + step * n:g}h{width:g}" for n in range(1, 0 if scale.cut(rows) else rows or 0))
    return f'<path class="o g {kind}" d="{down}{across}"/>' if down or across else ""


def _zigzag(middle: float, start: float, length: float, kind: str, upright: bool) -> str:
    """A torn band across a matrix: its two edges, and nothing between them."""
    teeth = max(2, round((length + 2) / 6))
    step = (length + 2) / teeth

    def edge(shift: float) -> str:
        points = [(middle + shift + (3 if n % 2 else -3), start - 1 + n * step) for n in range(teeth + 1)]
        return " ".join(f"{a:.1f},{b:.1f}" if upright else f"{b:.1f},{a:.1f}" for a, b in points)

    torn = f'<polyline class="z" points="{edge(0)}"/>'
    return torn + "".join(f'<polyline class="o {kind}" points="{edge(shift)}"/>' for shift in (-2.5, 2.5))


def ruler(x: float, y: float, length: float) -> str:
    """The mark that shows how long so many numbers are."""
    return f'<path class="a" d="M{x:g} {y - 4:g}v8m0-4h{length:g}m0-4v8"/>'
