"""A matrix's shape → a rectangle to scale, with what is cut short, highlighted or named in it.

Words are in the current language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from rowwise.pages.svg import LINE, element, points, short
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.pages.svg import Sheet

LONGEST = 220.0  # pixels of the longest side that is drawn whole
BROKEN = 240.0  # of one that is not: longer than any other
UNKNOWN = 56.0  # of one whose size is not known
THINNEST = 4.0  # of what can still be seen
WIDEST = 16.0  # pixels a number at most: a model of three features need not fill the page
GRID = 6.0  # pixels a number from which on there are lines between the numbers
RULER = 24.0  # pixels of the ruler at least


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
        notes = [say("view.thin")] if self.thin else []
        notes += [say("view.broken", limit=f"{self.limit:,}")] if self.broken else []
        notes += [say("view.unknown")] if self.unknown else []
        return notes + ([say("view.sheets")] if self.sheets else [])

    def ruler(self) -> tuple[float, str]:
        """A round number of numbers: its length in pixels, and in words."""
        steps = [step * 10**power for power in range(5) for step in (1, 2, 5)]
        numbers = next((n for n in steps if n * self.per_number >= RULER), steps[-1])
        return numbers * self.per_number, say(f"view.scale.{'one' if numbers == 1 else 'many'}", n=f"{numbers:,}")


def draw_matrix(
    sheet: Sheet,
    corner: tuple[float, float],
    shape: tuple[int | None, int | None],
    kind: str,
    scale: Scale,
    highlight: str = "",
    dashed: bool = False,
) -> None:
    """A rectangle on the sheet.

    Args:
        corner: the upper left one.
        kind: "x", "w", "b" or "y", which decides the colour.
        highlight: "row", "column" or "cell": what of it takes part in one number of Y.
    """
    (x, y), (rows, columns) = corner, shape
    width, height = scale.length(columns), scale.length(rows)
    classes = f"matrix {kind}{' dashed' if dashed else ''}"
    parts = [element("rect", class_=classes, x=x, y=y, width=width, height=height)]
    down, thick = _highlighted(rows, scale)
    along, broad = _highlighted(columns, scale)
    box = {
        "row": (x, y + down, width, thick),
        "column": (x + along, y, broad, height),
        "cell": (x + along, y + down, broad, thick),
    }.get(highlight)
    if box:
        left, top, wide, high = box
        parts.append(element("rect", class_=f"ink {kind}", x=left, y=top, width=wide, height=high))
    parts.append(_grid(x, y, rows, columns, kind, scale))
    if scale.cut(columns):
        parts.append(_zigzag(x + width / 2, y, height, kind, upright=True))
    if scale.cut(rows):
        parts.append(_zigzag(y + height / 2, x, width, kind, upright=False))
    sheet.add(Markup().join(parts), x, x + width, y + height)


def draw_labels(sheet: Sheet, x: float, y: float, kind: str, lines: Sequence[str], end: bool = False) -> None:
    """A matrix's name and shape in its colour, its axes below; `y` is the upper edge."""
    sheet.text(x, y + 12, lines[0], f"strong ink {kind}", end)
    sheet.lines(x, y + 12 + LINE, lines[1:], "small", end)


def _highlighted(size: int | None, scale: Scale) -> tuple[float, float]:
    """Where along a side one of its numbers is highlighted, and how thick."""
    length = scale.length(size)
    if size is None or scale.cut(size):
        return length / 5, 2
    return size // 3 / size * length, min(max(length / size, 2), length)


def _grid(x: float, y: float, rows: int | None, columns: int | None, kind: str, scale: Scale) -> Markup:
    """Lines between the numbers, where there is room for them."""
    if scale.per_number < GRID:
        return Markup()
    width, height, step = short(scale.length(columns)), short(scale.length(rows)), scale.per_number
    inner_columns = range(1, 0 if scale.cut(columns) else columns or 0)
    inner_rows = range(1, 0 if scale.cut(rows) else rows or 0)
    upright = "".join(f"M{short(x + step * n)} {short(y)}v{height}" for n in inner_columns)
    across = "".join(f"M{short(x)} {short(y + step * n)}h{width}" for n in inner_rows)
    return element("path", class_=f"edge grid {kind}", d=upright + across) if upright or across else Markup()


def _zigzag(middle: float, start: float, length: float, kind: str, upright: bool) -> Markup:
    """A torn band across a matrix: its two edges, and nothing between them."""
    teeth = max(2, round((length + 2) / 6))
    step = (length + 2) / teeth

    def edge(shift: float) -> str:
        places = [(middle + shift + (3 if n % 2 else -3), start - 1 + n * step) for n in range(teeth + 1)]
        return points(places if upright else [(y, x) for x, y in places])

    torn = element("polyline", class_="tear", points=edge(0))
    edges = (element("polyline", class_=f"edge {kind}", points=edge(shift)) for shift in (-2.5, 2.5))
    return torn + Markup().join(edges)
