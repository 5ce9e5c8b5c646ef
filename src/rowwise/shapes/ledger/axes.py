"""A small array → a drawing with its axes named: rows are records and go down, columns are features and go across."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import Dataset
from rowwise.errors import ShapeError
from rowwise.shapes.shape_text import shape_text
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

MOST = 6  # rows and columns that are drawn; the last one always is
IMAGE = 8  # rows from which on a square is as likely an image as records
PIXELS = 32  # of an image's side that are drawn
SHADES = " ░▒▓█"
LONGEST = 20  # columns of a name
MORE = "…"


class Shown(str):
    """Text that a notebook, and a prompt, show as it is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from rowwise.pages.card import Columns, card

        title, _, rest = self.partition("\n\n")
        return card(" ".join(title.split()), Columns(rest))


def show(array: ArrayLike | Dataset, features: Sequence[object] | None = None) -> Shown:
    """The shape in words, and the values with both axes labelled, in at most 80 columns.

    Of images `(records, height, width)` the first record is drawn.

    Args:
        array: one number `()`, `(features,)`, `(records, features)` or images `(records, height, width)`, with
            channels or without; of numbers. A Dataset stands for its x; the `columns` of a table, as pandas has
            them, are the features' names.
        features: a name for each column, such as `["RM", "LSTAT"]`.

    Raises:
        ShapeError: no array of numbers with at most four axes, several arrays, or as many names as there are no
            columns.
    """
    _refuse_several(array)
    values = _numbers(array.x if isinstance(array, Dataset) else array)
    if values.ndim > 4:
        raise ShapeError("axes.array", found=values.shape, dtype=values.dtype)
    if features is None and values.ndim == 2:
        features = getattr(array, "columns", None)
    names = None if features is None else [features] if isinstance(features, str) else list(features)
    if names is not None and (values.ndim != 2 or len(names) != values.shape[1]):
        raise ShapeError("axes.features", names=len(names), found=values.shape)
    lines = wrap(f"{shape_text(values.shape)}: {_words(values.shape)}")
    if values.size and values.ndim == 1:
        lines += ["", *_line(values)]
        if values.dtype.kind in "biu" and len(values) > 1:
            lines += ["", *wrap(say("axes.labels", records=f"{len(values):,}"))]
    elif values.size and values.ndim == 2:
        named = None if names is None else [_short(name) for name in names]
        lines += ["", *_drawing(values, named)]
        row, column = values.shape[0] - 1, values.shape[1] - 1
        name = f" ({named[column]})" if named else ""
        lines += ["", *wrap(say("axes.index", row=row, column=column, name=name, value=_cell(values[row, column])))]
        if names is None and row == column >= IMAGE - 1:
            lines += ["", *wrap(say("axes.square", side=f"{row + 1:,}", features=(row + 1) ** 2))]
    elif values.size and values.ndim == 3:
        row, column = values.shape[1] - 1, values.shape[2] - 1
        lines += ["", *_image(values[0])]
        lines += ["", *wrap(say("axes.pixels.index", row=row, column=column, value=_cell(values[0, row, column])))]
    return Shown("\n".join(lines))


def _refuse_several(array: Any) -> None:
    """Raises ShapeError for several arrays, such as `(x, y)` or what `rowwise.load` returns."""
    if not isinstance(array, tuple | list):
        return
    if any(isinstance(part, Dataset) for part in array):
        raise ShapeError("axes.datasets")
    flat = [one for part in array for one in (part if isinstance(part, tuple) else (part,))]
    shapes = [shape for one in flat if isinstance(shape := getattr(one, "shape", None), tuple)]
    if len(shapes) == len(flat) and len({*map(len, shapes)}) > 1:
        raise ShapeError("axes.pair", shapes=", ".join(map(shape_text, shapes)))


def _numbers(array: ArrayLike) -> NDArray[Any]:
    """The values as NumPy's numbers.

    Raises:
        ShapeError: they are none; it says which one, or that the rows differ in length.
    """
    try:
        values = np.asarray(array)
        if values.dtype.kind == "O" and all(isinstance(value, int | float | np.number) for value in values.flat):
            values = values.astype(np.float64)  # a table of mixed columns, or integers of any size
    except ValueError:
        raise ShapeError("axes.ragged") from None
    except (TypeError, OverflowError):  # a tensor on another device; an integer beyond every float
        raise ShapeError("axes.kind", found=type(array).__name__) from None
    if values.dtype.kind in "biuf":
        return values
    items = values.ravel().tolist()
    if values.ndim and items and all(isinstance(item, list | tuple | np.ndarray) for item in items):
        raise ShapeError("axes.ragged")
    if values.dtype.kind in "OUS" and (values.ndim or isinstance(array, str)):
        word = next((item for item in items if not isinstance(item, int | float | np.number)), "")
        raise ShapeError("axes.text", found=_short(repr(word)))
    raise ShapeError("axes.kind", found=type(array).__name__)


def _words(shape: tuple[int, ...]) -> str:
    match shape:
        case _ if 0 in shape:
            key = "axes.empty"
        case ():
            key = "axes.none"
        case (size,):
            key = "axes.one" if size > 1 else "axes.one.feature"
        case (1, 1):
            key = "axes.two.both"
        case (1, _):
            key = "axes.two.row"
        case (_, 1):
            key = "axes.two.column"
        case (_, _):
            key = "axes.two"
        case (records, _, _):
            key = "axes.three" if records > 1 else "axes.three.record"
        case (1, _, _, _):
            key = "axes.four.record"
        case (*_, channels):
            key = "axes.four" if channels > 1 else "axes.four.channel"
    return say(key, **{f"n{place}": f"{size:,}" for place, size in enumerate(shape)})


def _line(values: NDArray[Any]) -> list[str]:
    """Numbers along one axis, each below its place."""
    from rich.cells import cell_len

    places = _chosen(len(values))
    names = [MORE if place is None else str(place) for place in places]
    cells = [MORE if place is None else _cell(values[place]) for place in places]
    widths = [max(map(cell_len, pair)) for pair in zip(names, cells, strict=True)]
    return [
        f"{say('axes.only')} →",
        *("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in (names, cells)),
    ]


def _drawing(values: NDArray[Any], features: list[str] | None, pixels: bool = False) -> list[str]:
    """A table with both axes named; with `pixels`, one record that is an image."""
    from rich.cells import cell_len

    rows, columns = (_chosen(size) for size in values.shape)
    names = [MORE if c is None else features[c] if features else str(c) for c in columns]
    table = [[MORE if None in (r, c) else _cell(values[r, c]) for c in columns] for r in rows]
    area = "axes.pixels." if pixels else "axes."
    beside = [say(f"{area}{'row' if pixels else 'record'}", number=r) if r is not None else MORE for r in rows]
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

    down, across = say(f"{area}down"), say(f"{area}across")
    return [
        f"{' ' * left}  {across} →",
        line("", names),
        *(line(head, cells) for head, cells in zip(beside, table, strict=True)),
        f"↓ {down}",
    ]


def _image(values: NDArray[Any]) -> list[str]:
    """One record: its pixels as shades, every so many of a large image; where shades say nothing, its numbers."""
    from rich.cells import cell_len

    least, most = values.min(), values.max()
    if min(values.shape) < IMAGE or not np.isfinite([least, most]).all() or least == most:
        return [say("axes.first"), *_drawing(values, None, pixels=True)]
    step = -(-max(values.shape) // PIXELS)
    rows = range(0, values.shape[0], step)
    scaled = (values[::step, ::step].astype(float) - float(least)) / (float(most) - float(least))
    names = [say("axes.pixels.row", number=row) for row in rows]
    left = max(map(cell_len, names))
    shaded = ["".join(2 * SHADES[round(value * (len(SHADES) - 1))] for value in line) for line in scaled]
    drawn = [f"{name}{' ' * (left - cell_len(name))}  {line}" for name, line in zip(names, shaded, strict=True)]
    return [
        *wrap(say("axes.shades", least=_cell(least), most=_cell(most))),
        f"{' ' * left}  {say('axes.pixels.across')} →",
        *(line.rstrip() for line in drawn),
        f"↓ {say('axes.pixels.down')}",
    ]


def _chosen(size: int) -> list[int | None]:
    return list(range(size)) if size <= MOST else [*range(MOST - 2), None, size - 1]


def _short(name: object) -> str:
    from rich.cells import cell_len, set_cell_size

    text = " ".join(str(name).split())
    return text if cell_len(text) <= LONGEST else f"{set_cell_size(text, LONGEST - 1).rstrip()}{MORE}"


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, np.floating) else str(value)
