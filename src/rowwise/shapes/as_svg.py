"""A Ledger → one SVG: the matrices of every Dense layer drawn to scale, the other layers as labelled boxes.

A Dense layer is drawn so that what must fit together stands together. Records in rows: W above Y, X left of Y,
so a row of X and a column of W cross in the number of Y that they give. Records in columns: W left of Y, X above.
Words are in the language in force.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rowwise.shapes.as_text import equations as equations
from rowwise.shapes.rules import shape_text
from rowwise.text import say
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rowwise.shapes.facts import Shape
    from rowwise.shapes.ledger import Ledger, Row

LONGEST = 220.0  # pixels of the longest side that is drawn whole
BROKEN = 240.0  # of one that is not: longer than any other
UNKNOWN = 56.0  # of one whose size is not known
THINNEST = 4.0  # of what can still be seen
WIDEST = 16.0  # pixels a number at most: a model of three features need not fill the page
WHOLE = 2048  # numbers; a longer side is broken, however large the kernels are
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


def svg(ledger: Ledger) -> str:
    """The whole ledger as a document of its own."""
    scale = scale_of(ledger)
    sheet = _Sheet()
    y = sheet.lines(0, 18, wrap(say("ledger.head", name=ledger.name, parameters=f"{ledger.parameters:,}"), 56), "t h")
    blocks = [_block(ledger, index, scale) for index in range(len(ledger.rows))]
    right = max(
        (PAD * row.facts.depth + block.right for row, block in zip(ledger.rows, blocks, strict=True)), default=0
    )
    for index, (row, block) in enumerate(zip(ledger.rows, blocks, strict=True)):
        if index:
            sheet.add(f'<path class="a" d="M16 {y + 3:g}v14m-4-5 4 5 4-5"/>', 0, 20, y + 20)
            y += 22
        x = PAD * row.facts.depth
        width, height = max(right + PAD, 480) - x, block.bottom + 8
        card = f'<rect class="c" x=".5" y=".5" rx="8" width="{width - 1:g}" height="{height - 1:g}"/>'
        sheet.place(Drawing(card + "".join(block.parts), width, height), x, y)
        y += height
    y += 28
    if any(matrices(row) for row in ledger.rows):
        for convention in ledger.conventions:
            y = sheet.lines(0, y, wrap(say(f"faces.rule.{convention}"), 72), "t s") + 4
        length, words = scale.ruler()
        sheet.add(ruler(0, y - 4, length), 0, length, y)
        y = sheet.lines(length + 10, y, wrap(words, 66), "t s") + 4
        for note in scale.notes():
            y = sheet.lines(0, y, wrap(note, 72), "t s") + 4
    if all(size is None for size in ledger.batch_sizes):
        sheet.lines(0, y, wrap(say("ledger.none"), 72), "t s")
    drawing = sheet.drawing()
    told = ". ".join(f"{row.facts.name}: {row.equation(ledger.batch_sizes[0])}" for row in ledger.rows)
    return document(drawing, say("faces.title", name=ledger.name), told, ledger.lang)


def document(drawing: Drawing, title: str, description: str, lang: str) -> str:
    """A file of its own, with its colours for light and dark."""
    width, height = drawing.width + 2 * PAD, drawing.height + 2 * PAD
    light, dark = (
        style(".rowwise-ledger", lambda name, theme=theme: PALETTE[name][theme])  # type: ignore[misc]
        for theme in (0, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rowwise-ledger" role="img" xml:lang="{lang}" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
        f"<title>{safe(title)}</title><desc>{safe(description)}</desc>"
        f"<style>{light}@media screen and (prefers-color-scheme:dark){{{dark}}}</style>"
        f'<rect class="bg" width="100%" height="100%"/>'
        f'<g transform="translate({PAD:g} {PAD:g})">{drawing.body}</g></svg>\n'
    )


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


def scale_of(ledger: Ledger) -> Scale:
    """The scale in which the longest side that is not broken is `LONGEST`."""
    found = [dense for row in ledger.rows if (dense := matrices(row))]
    kernel = {size for dense in found for size in (dense.features, dense.units)}
    sides = {side for dense in found for side in (dense.rows(size) for size in ledger.batch_sizes)} | kernel
    if any(dense.bias for dense in found):
        sides.add(1)
    limit = min(WHOLE, max(64, 4 * max(kernel, default=0)))
    whole = [side for side in sides if side is not None and side <= limit]
    if max(kernel, default=0) > limit:  # beside a broken kernel, 32 records must not look as many as its features
        whole.append(WHOLE // 4)
    per_number = min(WIDEST, LONGEST / max(whole, default=1))
    widest = max((dense.features for dense in found), default=1)
    return Scale(
        per_number,
        limit,
        BROKEN if widest > limit else widest * per_number,
        any(side * per_number < THINNEST for side in whole),
        any(side is not None and side > limit for side in sides),
        None in sides,
        any(len(dense.leading) > 1 for dense in found),
    )


@dataclass(frozen=True)
class Dense:
    """What is drawn of a Dense layer.

    Attributes:
        leading: the axes of X before its features, records first: `(None,)` nearly always.
    """

    features: int
    units: int
    bias: bool
    leading: Shape = (None,)

    def rows(self, records: int | None) -> int | None:
        """Rows of the matrix that is drawn: records, or of a record with several axes its places."""
        return records if len(self.leading) == 1 else self.leading[-1]

    def shape(self, records: int | None, last: int) -> str:
        """Of X or Y, by its last axis."""
        return shape_text((*self.leading, last), records)


def matrices(row: Row) -> Dense | None:
    """What to draw of this layer; None where there is no kernel to multiply with."""
    facts = row.facts
    kernels = [weight.shape for weight in facts.weights if weight.name == "kernel"]
    if facts.kind != "Dense" or len(facts.inputs) != 1 or len(facts.outputs) != 1 or [len(k) for k in kernels] != [2]:
        return None
    features, units = kernels[0]
    if min(features, units) < 1 or facts.inputs[0][-1:] != (features,) or facts.outputs[0][-1:] != (units,):
        return None
    bias = any(weight.name == "bias" for weight in facts.weights)
    return Dense(features, units, bias, facts.inputs[0][:-1])


def panel(dense: Dense, batches: Sequence[int | None], convention: str, scale: Scale) -> Drawing:
    """X, W, b and Y of one layer; W and b once, X and Y for each number of records."""
    sheet = _Sheet(left=-scale.left)
    if convention == "columns" and len(dense.leading) == 1:
        _columns(sheet, dense, batches, scale)
    else:
        _rows(sheet, dense, batches, scale, convention == "torch" and len(dense.leading) == 1)
    return sheet.drawing()


def takes(ledger: Ledger, index: int) -> str:
    """The layers that this one takes from, where it is not simply the one before; else empty."""
    sources = ledger.rows[index].facts.sources
    if not index or not any(sources) or sources == (ledger.rows[index - 1].facts.name,):
        return ""
    return f"{say('ledger.label.from')}: {', '.join(sources)}"


def safe(text: object) -> str:
    """Text that may stand in XML: escaped, without the characters that XML has no way to write."""
    return html.escape(re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", str(text)))


@dataclass
class _Sheet:
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


def _count(what: str, size: int | None) -> str:
    if size is None:
        return say(f"faces.{what}.any")
    return say(f"faces.{what}.{'one' if size == 1 else 'many'}", n=f"{size:,}")


def _axes(name: str, shape: str, down: str, across: str, kinds: bool = True) -> list[str]:
    """`X (32, 784)`, `↓ 32 records (rows)`, `→ 784 features (columns)`."""
    rows, columns = (say("faces.rows", what=down), say("faces.columns", what=across)) if kinds else (down, across)
    return [f"{name} {shape}", f"↓ {rows}", f"→ {columns}"]


def _rows(sheet: _Sheet, dense: Dense, batches: Sequence[int | None], scale: Scale, torch: bool) -> None:
    """Records in rows: W above, X left, Y where they cross; in PyTorch's manner with W as it is kept beside Wᵀ."""
    features, units = _count("features", dense.features), _count("units", dense.units)
    tall, wide = scale.length(dense.features), scale.length(dense.units)
    if torch:
        lines = _axes("W", shape_text((dense.units, dense.features)), units, features)
        turned = say("faces.turned", shape=shape_text((dense.features, dense.units)))
        room = wide + 4 + len(lines) * LINE + 8 + LINE
        upper = max(tall, room)
        sheet.matrix((-tall, 0), (dense.units, dense.features), "w", scale, "row")
        sheet.labels(0, wide + 4, "w", lines, end=True)
        sheet.labels(0, max((upper + room) / 2, upper - 40) - LINE, "w", [turned], end=True)
    else:
        lines = _axes("W", shape_text((dense.features, dense.units)), features, units)
        upper = max(tall, len(lines) * LINE)
        sheet.labels(0, (upper - len(lines) * LINE) / 2, "w", lines, end=True)
    sheet.matrix((GAP, upper - tall), (dense.features, dense.units), "w", scale, "column", dashed=torch)
    y = upper + 6
    if dense.bias:
        sheet.matrix((GAP, y + 4), (1, dense.units), "b", scale, "cell")
        sheet.labels(0, y - 1, "b", [f"b {shape_text((dense.units,))}"], end=True)
        y += max(LINE, scale.length(1) + 4) + 6
    for records in batches if len(dense.leading) == 1 else batches[:1]:
        y = _band(sheet, dense, records, scale, y)


def _band(sheet: _Sheet, dense: Dense, records: int | None, scale: Scale, y: float) -> float:
    """X and Y for one number of records; the upper edge of the next band."""
    size = dense.rows(records)
    sheaf = len(dense.leading) > 1  # records are sheets behind one another
    down = _count("places" if sheaf else "records", size)
    if sheaf:
        y += 10
        for shift in (8, 4):
            sheet.matrix((-scale.length(dense.features) - shift, y - shift), (size, dense.features), "x", scale)
            sheet.matrix((GAP + shift, y - shift), (size, dense.units), "y", scale)
    width = scale.length(dense.features)
    sheet.matrix((-width, y), (size, dense.features), "x", scale, "row")
    sheet.matrix((GAP, y), (size, dense.units), "y", scale, "cell")
    y += scale.length(size) + 4
    x = _axes("X", dense.shape(records, dense.features), down, _count("features", dense.features))
    end = max(text_width(line) for line in x) > width
    sheet.labels(0 if end else -width, y, "x", x, end)
    sheet.labels(GAP, y, "y", _axes("Y", dense.shape(records, dense.units), down, _count("units", dense.units), False))
    return y + 3 * LINE + 10


def _columns(sheet: _Sheet, dense: Dense, batches: Sequence[int | None], scale: Scale) -> None:
    """Records in columns: W left, X above, Y where they cross, b as a column between."""
    features, units = _count("features", dense.features), _count("units", dense.units)
    tall, high = scale.length(dense.features), scale.length(dense.units)
    several = len(batches) > 1
    x_lines = _axes("X", shape_text((dense.features, batches[0])), features, _count("records", batches[0]))
    upper = max(tall, len(x_lines) * LINE)
    top = 2 * LINE + 6 if several else 0
    if several:
        sheet.text(0, top + upper / 2 + 4, x_lines[1], "t s", end=True)
    else:
        sheet.labels(0, (upper - len(x_lines) * LINE) / 2, "x", x_lines, end=True)
    x = GAP
    y = top + upper + 8
    sheet.matrix((-tall, y), (dense.units, dense.features), "w", scale, "row")
    below = y + high + 4
    w_lines = _axes("W", shape_text((dense.units, dense.features)), units, features)
    sheet.labels(0, below, "w", w_lines, end=True)
    if dense.bias:
        sheet.matrix((x - 4, y), (dense.units, 1), "b", scale, "cell")
        sheet.labels(0, below + len(w_lines) * LINE + 2, "b", [f"b {shape_text((dense.units, 1))}"], end=True)
        x += scale.length(1) + 8
    for records in batches:
        counted = _count("records", records)
        y_lines = [f"Y {shape_text((dense.units, records))}", f"↓ {units}", f"→ {counted}"]
        if several:
            sheet.labels(x, 0, "x", [f"X {shape_text((dense.features, records))}", f"→ {counted}"])
        sheet.matrix((x, top + upper - tall), (dense.features, records), "x", scale, "column")
        sheet.matrix((x, y), (dense.units, records), "y", scale, "cell")
        sheet.labels(x, below, "y", y_lines)
        x += max(scale.length(records), *(text_width(line) for line in y_lines)) + GAP


def _wrap_equation(equation: str, width: int) -> list[str]:
    """Lines that never end within a shape."""
    kept = re.sub(r"\([^()]*\)", lambda shape: shape[0].replace(" ", "\ue000"), equation)
    return [line.replace("\ue000", " ") for line in wrap(kept, width)]


def ruler(x: float, y: float, length: float) -> str:
    """The mark that shows how long so many numbers are."""
    return f'<path class="a" d="M{x:g} {y - 4:g}v8m0-4h{length:g}m0-4v8"/>'


def _block(ledger: Ledger, index: int, scale: Scale) -> _Sheet:
    """One layer: its name, where it takes from, its equations, and its matrices where it has a kernel."""
    row, sheet = ledger.rows[index], _Sheet()
    facts = row.facts
    *more, last = wrap(facts.name, 40)
    y = sheet.lines(PAD, 24, more, "t n")
    sheet.text(PAD, y, last, "t n", after="" if facts.kind == "InputLayer" else facts.kind)
    y += LINE
    if source := takes(ledger, index):
        y = sheet.lines(PAD, y, wrap(source, 60), "t s")
    told = equations(ledger, row)
    indent = PAD + max((text_width(label, "t s") for label, _ in told), default=0) + 10
    for label, equation in told:
        sheet.text(PAD, y, label, "t s")
        y = sheet.lines(indent, y, _wrap_equation(equation, 50), "t e")
    if not told:
        y = sheet.lines(PAD, y, wrap(row.sentence, 60), "t s")
    if dense := matrices(row):
        x, top, one = PAD, y, len(dense.leading) > 1
        for convention in ledger.conventions[:1] if one else ledger.conventions:
            drawing = panel(dense, ledger.batch_sizes, convention, scale)
            under = top
            if len(ledger.conventions) > 1 and not one:
                under = sheet.lines(x, top + 8, wrap(say(f"faces.convention.{convention}"), 44), "t s") - 8
            sheet.place(drawing, x, under)
            x += max(drawing.width, 310 if len(ledger.conventions) > 1 else 0) + 2 * PAD
    return sheet
