"""A few numbers in rows and columns → a grid on a sheet, its axes named, some of its cells marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.pages.svg import Sheet, element, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

CELL = 34.0  # pixels
BESIDE = 10.0  # between a row's name and its first cell


def draw_numbers(
    sheet: Sheet,
    corner: tuple[float, float],
    numbers: Sequence[Sequence[object]],
    *,
    kind: str,
    rows: Sequence[str],
    columns: Sequence[str],
    marked: set[tuple[int, int]],
    banded: set[tuple[int, int]] = frozenset(),  # type: ignore[assignment]
) -> None:
    """Put the grid on the sheet.

    Args:
        corner: the upper left one, of the names too.
        kind: "x", "w", "b" or "y", which decides the colour.
        rows, columns: a name for each.
        marked: (row, column) of the cells that are filled strongly.
        banded: of those whose ground has the colour of `kind`.
    """
    x, y = corner
    left = x + max(text_width(name, "small") for name in rows) + BESIDE
    width = max(CELL, *(text_width(name, "small") + 12 for name in columns))
    top = y + 22
    for place, name in enumerate(columns):
        _centred(sheet, left + (place + 0.5) * width, y + 14, name, "small")
    for down, (name, line) in enumerate(zip(rows, numbers, strict=True)):
        middle = top + (down + 0.5) * CELL + 4
        sheet.text(left - BESIDE, middle, name, "small", end=True)
        for across, number in enumerate(line):
            _cell(sheet, (left + across * width, top + down * CELL, width), kind, (down, across) in banded)
            if (down, across) in marked:
                _ring(sheet, left + across * width, top + down * CELL, width, kind)
            _centred(sheet, left + (across + 0.5) * width, middle, str(number), "strong")


def _cell(sheet: Sheet, place: tuple[float, float, float], kind: str, banded: bool) -> None:
    x, y, width = place
    style = f"matrix {kind}" if banded else "card"
    box = element("rect", class_=style, x=x, y=y, width=width, height=CELL)
    sheet.add(box, x, x + width, y + CELL)


def _ring(sheet: Sheet, x: float, y: float, width: float, kind: str) -> None:
    ring = element(
        "rect", class_=f"edge {kind}", x=x + 3, y=y + 3, width=width - 6, height=CELL - 6, rx=6, stroke_width=2.5
    )
    sheet.add(ring, x, x + width, y + CELL)


def _centred(sheet: Sheet, x: float, y: float, words: str, style: str) -> None:
    width = text_width(words, style)
    text = element("text", words, class_=f"text {style}", x=x, y=y, text_anchor="middle")
    sheet.add(text, x - width / 2, x + width / 2, y + 4)
