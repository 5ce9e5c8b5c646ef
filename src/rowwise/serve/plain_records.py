"""Records by name whose values stand as the model's columns have them → X at once; others are left to `encode`.

`rowwise.data.tables.encode` reads whatever people write, by columns and with Polars, which takes milliseconds. Most
requests have plain numbers, known levels and ISO dates: for them this gives the same X, to the bit, in microseconds.
"""

from __future__ import annotations

import datetime
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.encode import Encoded
from rowwise.data.tables.missing_words import MISSING
from rowwise.data.tables.parse import FALSE, TRUE, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Column, Schema

    Read = Callable[[list[Any]], NDArray[np.float32] | None]  # of one column's values; None for what is not plain

LARGEST_EXACT = 2**53  # up to it float64 holds every whole number
ISO_DATE = "%Y-%m-%d"
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DAY_PARTS = frozenset({"year", "month", "day", "weekday"})
NUMBERS, MISSING_TYPE = {int, float}, type(None)


class PlainRecords:
    """The columns of a schema, ready to read one request's records after another's."""

    def __init__(self, schema: Schema) -> None:
        self._width = len(schema.inputs)
        # What else stands for a missing value may be a number or a level: that is for `encode` to tell.
        self._columns = [] if schema.missing else [(column.name, _reader(column)) for column in schema.used]

    def encode(self, records: Sequence[Mapping[str, Any]]) -> Encoded | None:
        """The same as `rowwise.data.tables.encode.encode`; None where a value needs more than a look."""
        if not self._columns:
            return None
        blocks: list[NDArray[np.float32]] = []
        oddities: dict[str, Counter[str]] = {}
        for name, read in self._columns:
            values = [record.get(name) for record in records]
            if (block := read(values)) is None:
                return None
            blocks.append(block)
            oddities[name] = Counter(missing=int(np.isnan(block[:, 0]).sum()))
        return Encoded(np.concatenate(blocks, axis=1), oddities)


def _reader(column: Column) -> Read:
    if column.kind == "numeric":
        return lambda values: _numbers(values, column.origin)
    if column.kind == "boolean":
        known: dict[Any, float] = {None: math.nan}
        known |= {text: 1.0 for text in TRUE if text not in MISSING}
        known |= {text: 0.0 for text in FALSE if text not in MISSING}
        return lambda values: _looked_up(values, known)
    if column.kind == "categorical":
        levels: dict[Any, float] = {None: math.nan}
        levels |= {text: float(number) for number, text in enumerate(column.levels) if text == text.strip()}
        return lambda values: _looked_up(values, levels)
    if column.pattern == ISO_DATE and DAY_PARTS.issuperset(column.parts):
        return lambda values: _dates(values, column.parts)
    return lambda values: None


def _numbers(values: list[Any], origin: float) -> NDArray[np.float32] | None:
    if not {*map(type, values)} <= NUMBERS | {MISSING_TYPE} or abs(origin) >= LARGEST_EXACT:
        return None
    try:
        numbers = np.array(values, np.float64)
    except OverflowError:
        return None
    if (np.abs(numbers) > LARGEST_EXACT).any():
        return None  # a whole number which float64 has not, or one beyond float32
    return (numbers - origin if origin else numbers).astype(np.float32)[:, None]


def _looked_up(values: list[Any], known: Mapping[Any, float]) -> NDArray[np.float32] | None:
    """The numbers of texts; whole numbers and truths have one text each, as in `parse.as_texts`."""
    found = [*map(known.get, values)]
    if None in found:
        for place, value in enumerate(values):
            if found[place] is None:
                text = None if type(value) is str else _text(value)
                if text is None or text not in known:
                    return None
                found[place] = known[text]
    return np.array(found, np.float32)[:, None]


def _text(value: Any) -> str | None:
    if type(value) is float and not (value.is_integer() and repr(value) != "-0.0"):
        return None
    return as_text(value) if type(value) is bool or abs(value) <= LARGEST_EXACT else None


def _dates(values: list[Any], parts: tuple[str, ...]) -> NDArray[np.float32] | None:
    found = np.empty((len(values), len(parts)), np.float32)
    for place, value in enumerate(values):
        if value is None:
            found[place] = np.nan
            continue
        if type(value) is not str or not DATE.fullmatch(value):
            return None
        try:
            day = datetime.date.fromisoformat(value)
        except ValueError:
            return None
        having = {"year": day.year, "month": day.month, "day": day.day, "weekday": day.isoweekday()}
        found[place] = [having[part] for part in parts]
    return found
