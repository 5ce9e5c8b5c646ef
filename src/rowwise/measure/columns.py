"""A table's Dataset → its columns as people change them: where each stands in X, its values as text, what it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.column_names import listed, names_in
from rowwise.data.tables.columns import boolean
from rowwise.data.tables.columns.numeric import plain
from rowwise.errors import DataError, UsageError
from rowwise.text import say
from rowwise.text.near import did_you_mean
from rowwise.text.options import as_given

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.data.tables.schema import Column, Schema

MOST_NUMBERS = 1 << 20  # of changed copies of a record that are in memory at once; features may be 13 times as many
FEW_VALUES = 64  # different numbers up to which a column is taken to have no others


@dataclass(frozen=True)
class TableColumn:
    """One column of the table: its name, its `places` in X, and what the schema knows of it, None without a schema."""

    name: str
    places: tuple[int, ...]
    column: Column | None = None

    @property
    def is_number(self) -> bool:
        """Whether its values stand on a line."""
        return self.column is None or self.column.kind == "numeric"

    def text(self, values: NDArray[Any]) -> str:
        """Its values in X as the table has them."""
        column = self.column
        if np.isnan(values).all():
            return say("columns.missing")
        if column is None or column.kind == "numeric":
            return plain(float(values[0]) + (column.origin if column is not None else 0))
        if column.kind == "categorical":
            number = int(values[0])
            return column.levels[number] if number < len(column.levels) else say("columns.other")
        if column.kind == "boolean":
            return boolean.word(column, float(values[0]))
        parts = dict(zip(column.parts, values.tolist(), strict=True))
        if {"year", "month", "day"} <= parts.keys():  # a weekday follows from these
            day = f"{parts['year']:.0f}-{parts['month']:02.0f}-{parts['day']:02.0f}"
            rest = {part: value for part, value in parts.items() if part not in ("year", "month", "day", "weekday")}
            return ", ".join([day, *(f"{part} {plain(value)}" for part, value in rest.items())])
        return ", ".join(f"{part} {plain(value)}" for part, value in parts.items())

    @property
    def at(self) -> list[int]:
        """`places` as NumPy takes them for an index."""
        return list(self.places)

    def values(self, x: NDArray[np.float32], most: int) -> NDArray[np.float32]:
        """`(values, places)`: at most so many that occur in x `(records, columns)`, missing ones left out.

        Of numbers some of each part of their distribution, lowest and highest among them; of levels the most frequent.
        """
        rows = x[:, self.places]
        rows = rows[~np.isnan(rows).any(1)]
        if not len(rows):
            return np.empty((0, len(self.places)), np.float32)
        different, counts = np.unique(rows, axis=0, return_counts=True)
        if len(different) <= most:
            return different
        if self.is_number:
            at = np.quantile(rows[:, 0], np.linspace(0, 1, most), method="nearest")
            return np.unique(at)[:, None]
        if self.column is not None and self.column.kind == "date":
            return different[np.linspace(0, len(different) - 1, most).astype(int)]
        return different[np.sort(np.argsort(-counts, kind="stable")[:most])]


def table_columns(schema: Schema | None, width: int) -> list[TableColumn]:
    """The columns of the table; without a schema each column of X, of which there are `width`."""
    if schema is None:
        return [TableColumn(f"x{place}", (place,)) for place in range(width)]
    return [
        TableColumn(column.name, tuple(range(place, place + len(column.inputs))), column)
        for column, place in schema.used_and_placed
    ]


def columns_of(data: Dataset) -> list[TableColumn]:
    """Those of a Dataset.

    Raises:
        DataError: its records are no rows.
    """
    if data.x.ndim != 2:
        raise DataError("measure.importance", found=data.x.shape)
    return table_columns(data.schema, data.x.shape[1])


def columns_named(columns: Sequence[TableColumn], names: Sequence[str]) -> list[TableColumn]:
    """Those of these names, in the order of the names; a text may hold several, separated by commas.

    Raises:
        UsageError: there is none of a name.
    """
    by_name = {column.name: column for column in columns}
    names = names_in(tuple(names), tuple(by_name))
    for name in names:
        if name not in by_name:
            raise UsageError("columns.unknown", name=name, near=did_you_mean(name, by_name), known=listed(by_name))
    return [by_name[name] for name in names]


def blocks(sizes: Sequence[int], width: int) -> Iterator[slice]:
    """Items in a row whose records, so many each and as wide as `width` numbers, are predicted together.

    Changed copies of a record grow with the square of its columns: of thousands not all of them fit into memory.
    """
    start, records, most = 0, 0, max(MOST_NUMBERS // max(width, 1), 1)
    for place, size in enumerate(sizes):
        if records and records + size > most:
            yield slice(start, place)
            start, records = place, 0
        records += size
    if records:
        yield slice(start, len(sizes))


def check_count(name: str, value: object, least: int) -> None:
    """Raises UsageError where the argument `name` is no whole number of at least so many."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise UsageError("measure.count", name=name, least=least, found=as_given(value))


def sample(records: int, most: int, seed: int) -> NDArray[np.int64]:
    """Numbers of at most so many records, drawn from `seed`, in order."""
    if records <= most:
        return np.arange(records)
    return np.sort(np.random.default_rng(seed).permutation(records)[:most])
