"""Some records of a Dataset → what a reader sees of them: pictures, or rows of the table."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.tables.columns import boolean
from rowwise.data.tables.columns.numeric import plain
from rowwise.figures import as_rgb, is_picture, value_range
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.data.tables.schema import Column

SIDE = 72  # pixels of a picture's longer side in the page; larger ones are made smaller
SMALL = 40  # pixels up to which a picture is kept as it is, and shown with its pixels as squares
MOST_COLUMNS = 40  # of a table's rows
JPEG_QUALITY = 80


class Picture(NamedTuple):
    """A data URI, what it shows for those who cannot see it, and the lines below it."""

    uri: str
    alt: str
    lines: list[str]


class Records(NamedTuple):
    """Pictures, with sharp pixels where they are small; or rows of a table, the first cell naming the record."""

    pictures: Sequence[Picture] = ()
    pixelated: bool = False
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


def records_of(data: Dataset, records: Sequence[int], words: Sequence[Sequence[str]], heads: Sequence[str]) -> Records:
    """What is shown of these records.

    Args:
        records: their numbers, from 0.
        words: for each, what is said beside it: a cell for each of `heads`.
    """
    if not len(records):
        return Records()
    if is_picture(data.shape):
        pixelated = max(data.shape[:2]) <= SMALL
        return Records(_pictures(data, records, words, heads), pixelated)
    return _rows(data, records, words, heads)


def _pictures(
    data: Dataset, records: Sequence[int], words: Sequence[Sequence[str]], heads: Sequence[str]
) -> list[Picture]:
    low, high = value_range(data.x[:1000])
    pictures = []
    for record, cells in zip(records, words, strict=True):
        uri = _uri(as_rgb(data.x[record : record + 1], low, high)[0])
        # The last is the confidence: it needs no name.
        lines = [f"{head}: {cell}" for head, cell in zip(heads[:-1], cells[:-1], strict=True)] + [cells[-1]]
        alt = say("report.record", record=f"{record:,}", words=", ".join(lines))
        pictures.append(Picture(uri, alt, lines))
    return pictures


def _uri(image: NDArray[np.uint8]) -> str:
    """`(h, w, 3)` → a data URI: PNG where it is small, else JPEG of at most twice SIDE pixels."""
    from PIL import Image

    grey = bool((image[..., :1] == image).all())
    picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if grey else image))
    out, kind = io.BytesIO(), "png"
    if max(picture.size) > SMALL:
        kind = "jpeg"
        picture.thumbnail((SIDE * 2, SIDE * 2))  # for screens of two pixels a point
        picture.save(out, "JPEG", quality=JPEG_QUALITY)
    else:
        picture.save(out, "PNG", optimize=True)
    return f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode('ascii')}"


def _rows(data: Dataset, records: Sequence[int], words: Sequence[Sequence[str]], heads: Sequence[str]) -> Records:
    flat = data.x.reshape(len(data.x), -1)
    columns = _columns(data, flat.shape[1])[:MOST_COLUMNS]
    # A table's reader looks for the row in the file; other data have their numbers only.
    number_head = say("report.record.number" if data.rows is None else "report.row.number")
    numbers = [f"{record:,}" if data.rows is None else str(data.rows[record]) for record in records]
    rows = [
        (number, *cells, *(_value(column, flat[record, place]) for _, place, column in columns))
        for number, record, cells in zip(numbers, records, words, strict=True)
    ]
    return Records(head=(number_head, *heads, *(name for name, _, _ in columns)), rows=rows)


def _columns(data: Dataset, width: int) -> list[tuple[str, int, Column | None]]:
    """Name, place in X and Column of everything that a row of X holds."""
    if data.schema is None:
        return [(f"x{place}", place, None) for place in range(width)]
    owners = [column for column in data.schema.columns for _ in column.inputs]
    return [(name, place, owners[place]) for place, name in enumerate(data.schema.inputs)]


def _value(column: Column | None, value: Any) -> str:
    """As the table had it."""
    if np.isnan(value):
        return "–"
    if column is not None and column.kind == "categorical":
        number = int(value)
        return column.levels[number] if 0 <= number < len(column.levels) else "?"
    if column is not None and column.kind == "boolean":
        return boolean.word(column, float(value))
    return plain(value)
