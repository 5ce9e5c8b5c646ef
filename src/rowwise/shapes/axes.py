"""A small array → a drawing with its axes named: rows are records and go down, columns are features and go across."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import ShapeError
from rowwise.shapes.rules import shape_text
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

MOST = 6  # rows and columns that are drawn; the last one always is
MORE = "…"


def show(array: ArrayLike, features: Sequence[str] | None = None) -> str:
    """The shape in words, and the values with both axes labelled, in at most 80 columns.

    Args:
        array: `(features,)`, `(records, features)` or images `(records, height, width)`, of numbers.
        features: a name for each column, such as `["RM", "LSTAT"]`.

    Raises:
        ShapeError: no array of numbers with one to four axes, or as many names as there are no columns.
    """
    try:
        values = np.asarray(array)
    except ValueError:
        raise ShapeError("axes.ragged") from None
    if not 1 <= values.ndim <= 4 or values.dtype.kind not in "biuf":
        raise ShapeError("axes.array", found=values.shape, dtype=values.dtype)
    if features is not None and (values.ndim != 2 or len(features) != values.shape[1]):
        raise ShapeError("axes.features", names=len(features), found=values.shape)
    lines = wrap(f"{shape_text(values.shape)}: {_words(values.shape)}")
    if values.ndim == 2 and values.size:
        lines += ["", *_drawing(values, features)]
        row, column = values.shape[0] - 1, values.shape[1] - 1
        name = f" ({features[column]})" if features else ""
        lines += ["", *wrap(say("axes.index", row=row, column=column, name=name, value=_cell(values[row, column])))]
    return "\n".join(lines)


def _words(shape: tuple[int, ...]) -> str:
    key = {1: "axes.one", 2: "axes.two", 3: "axes.three", 4: "axes.four"}[len(shape)]
    return say(key, **{f"n{place}": f"{size:,}" for place, size in enumerate(shape)})


def _drawing(values: NDArray[Any], features: Sequence[str] | None) -> list[str]:
    from rich.cells import cell_len

    rows, columns = (_chosen(size) for size in values.shape)
    names = [MORE if c is None else features[c] if features else str(c) for c in columns]
    table = [[MORE if None in (r, c) else _cell(values[r, c]) for c in columns] for r in rows]
    beside = [say("axes.record", number=r) if r is not None else MORE for r in rows]
    left = max(map(cell_len, beside))
    widths = [max(cell_len(cell) for cell in column) for column in zip(names, *table, strict=True)]
    while left + sum(widths) + 2 * len(widths) + 4 > WIDTH and len(widths) > 2:
        middle = len(widths) // 2
        del widths[middle]
        widths[middle - 1] = 1
        for cells in (names, *table):
            del cells[middle]
            cells[middle - 1] = MORE

    def line(head: str, cells: list[str]) -> str:
        padded = (" " * (width - cell_len(cell)) + cell for cell, width in zip(cells, widths, strict=True))
        return f"{head}{' ' * (left - cell_len(head))}  " + "  ".join(padded)

    down, across = say("axes.down"), say("axes.across")
    return [
        f"{' ' * left}  {across} →",
        line("", names),
        *(line(head, cells) for head, cells in zip(beside, table, strict=True)),
        f"↓ {down}",
    ]


def _chosen(size: int) -> list[int | None]:
    return list(range(size)) if size <= MOST else [*range(MOST - 2), None, size - 1]


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, np.floating) else str(value)
