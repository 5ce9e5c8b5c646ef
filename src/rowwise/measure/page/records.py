"""Some records of a Dataset → what a reader sees of them: images, or rows of the table."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.columns.numeric import plain
from rowwise.figures import brightness, colours, is_picture
from rowwise.measure.page.html import table
from rowwise.shapes.ledger.drawing import safe
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.data.tables.schema import Column

SIDE = 72  # pixels of an image's longer side in the page; larger ones are made smaller
PLAIN = 40  # pixels up to which an image is kept as it is, and shown with its pixels as squares
MOST_COLUMNS = 40  # of a table's rows


def shown(data: Dataset, records: Sequence[int], words: Sequence[Sequence[str]], heads: Sequence[str]) -> str:
    """HTML of these records.

    Args:
        records: their numbers, from 0.
        words: for each, what is said beside it: a cell for each of `heads`.
    """
    if not len(records):
        return ""
    if is_picture(data.shape):
        return _images(data, records, words, heads)
    return _rows(data, records, words, heads)


def _images(data: Dataset, records: Sequence[int], words: Sequence[Sequence[str]], heads: Sequence[str]) -> str:
    low, high = brightness(data.x[:1000])
    items = []
    small = max(data.shape[:2]) <= PLAIN
    for record, told in zip(records, words, strict=True):
        uri = _uri(colours(data.x[record : record + 1], low, high)[0])
        # The last is the confidence: it needs no name.
        named = [f"{head}: {word}" for head, word in zip(heads[:-1], told[:-1], strict=True)] + [told[-1]]
        lines = "".join(f"<span>{safe(line)}</span>" for line in named)
        alt = safe(say("report.record", record=f"{record:,}", words=", ".join(named)))
        pixel = ' class="pixel"' if small else ""
        items.append(f'<li><img{pixel} alt="{alt}" src="{uri}">{lines}</li>')
    return f'<ul class="shots">{"".join(items)}</ul>'


def _uri(image: NDArray[np.uint8]) -> str:
    """`(h, w, 3)` → a data URI: PNG where it is small, else JPEG of at most SIDE pixels."""
    from PIL import Image

    grey = bool((image[..., :1] == image).all())
    picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if grey else image))
    out, kind = io.BytesIO(), "png"
    if max(picture.size) > PLAIN:
        kind = "jpeg"
        picture.thumbnail((SIDE * 2, SIDE * 2))  # for screens of two pixels a point
        picture.save(out, "JPEG", quality=80)
    else:
        picture.save(out, "PNG", optimize=True)
    return f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode('ascii')}"


def _rows(data: Dataset, records: Sequence[int], words: Sequence[Sequence[str]], heads: Sequence[str]) -> str:
    flat = data.x.reshape(len(data.x), -1)
    columns = _columns(data, flat.shape[1])
    names = [name for name, _, _ in columns[:MOST_COLUMNS]]
    # A table's reader looks for the row in the file; other data have their numbers only.
    table_rows = data.rows
    numbers = [f"{record:,}" if table_rows is None else str(table_rows[record]) for record in records]
    rows = [
        (number, *told, *(_value(column, flat[record, place]) for _, place, column in columns[:MOST_COLUMNS]))
        for number, record, told in zip(numbers, records, words, strict=True)
    ]
    return table(
        (say("report.record.number" if table_rows is None else "report.row.number"), *heads, *names), rows, kind="quiet"
    )


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
        return say("report.yes" if value else "report.no")
    return plain(value)
