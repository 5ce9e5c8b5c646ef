"""A table, read once → a Profile of each column: what the choice of its kind, and of the task, depends on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.dates.evidence import DateEvidence
from rowwise.data.tables.parse import as_numbers, as_texts
from rowwise.errors import DataError

if TYPE_CHECKING:
    import polars as pl

    from rowwise.data.tables.read import Table

MOST_LEVELS = 10_000  # of a categorical column, and of classes
MIXED_LEVELS = 32  # a column of some numbers and some texts with at most so many values is a category, like 0, 1, 2, 3+


@dataclass
class Profile:
    """A column's values, as far as they have been read.

    Attributes:
        texts: whether its values are texts that may be numbers or dates, as in a CSV file.
        dtype: Polars's.
        records, missing: how many; missing also counts numbers that are not finite.
        numbers: values that are numbers, by the sign before their fraction.
        low, high: of the numbers.
        whole: whether all numbers are whole.
        rising: whether each number is greater than the one before.
        values: the distinct ones, as texts; None once there are more than `MOST_LEVELS`.
        dates: what they show of dates and times of day.
        first: the first value, as text, and its record, from 0.
        unlike: the first value that is no number, as text, and its record, where numbers were looked for.
        unread: what a column holds whose values are no single ones; nothing else is known of it.
    """

    texts: bool
    dtype: Any = None
    records: int = 0
    missing: int = 0
    numbers: dict[str, int] = field(default_factory=lambda: {".": 0, ",": 0})
    low: float | None = None
    high: float | None = None
    whole: bool = True
    rising: bool = True
    values: set[str] | None = field(default_factory=set)
    dates: DateEvidence = field(default_factory=DateEvidence)
    first: tuple[str, int] = ("", 0)
    unlike: tuple[str, int] | None = None
    unread: str = ""

    @property
    def present(self) -> int:
        """Records with a value."""
        return self.records - self.missing

    @property
    def distinct(self) -> int:
        """How many values there are; one more than `MOST_LEVELS` where there are more."""
        return MOST_LEVELS + 1 if self.values is None else len(self.values)

    @property
    def decimal(self) -> str:
        """The sign before the fraction."""
        return "," if self.numbers[","] > self.numbers["."] else "."

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return self.present > 0 and self.numbers[self.decimal] == self.present

    @property
    def mixed(self) -> bool:
        """Whether texts are mostly numbers, too many for levels, and yet not all of them."""
        mostly_numbers = self.numbers[self.decimal] * 2 >= self.present
        return self.texts and not self.numeric and self.distinct > MIXED_LEVELS and mostly_numbers

    def add(self, values: pl.Series, commas: bool) -> None:
        """Look at one more batch; `commas`: whether numbers may have a comma before their fraction."""
        import polars as pl

        start, empty = self.records, not self.present
        self.dtype = values.dtype
        self.records += len(values)
        if values.dtype.is_float():
            values = as_numbers(values).cast(values.dtype)
        self.missing += values.null_count()
        present = values.drop_nulls() if values.null_count() else values
        if not len(present):
            return
        if empty:
            self.first = str(as_texts(present[:1])[0]), start + int(values.is_not_null().arg_max() or 0)
        self._add_values(present)
        if self.texts or values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Duration, pl.Time):
            self._add_numbers(values, start, commas)
        self._add_dates(values, present, start)

    def _add_values(self, present: pl.Series) -> None:
        if self.values is not None:
            self.values.update(as_texts(present.unique()).to_list())
            if len(self.values) > MOST_LEVELS:
                self.values = None

    def _add_numbers(self, values: pl.Series, start: int, commas: bool) -> None:
        numbers = as_numbers(values)
        self.numbers["."] += len(numbers) - numbers.null_count()
        if commas:
            with_commas = as_numbers(values, ",")
            self.numbers[","] += len(numbers) - with_commas.null_count()
            if self.decimal == ",":
                numbers = with_commas
        if self.unlike is None and numbers.null_count() > values.null_count():
            place = int((numbers.is_null() & values.is_not_null()).arg_max() or 0)
            self.unlike = str(values[place]), start + place
        present = numbers.to_numpy()
        present = present[~np.isnan(present)] if numbers.null_count() else present
        if not len(present):
            return
        self.whole = self.whole and bool((present == np.rint(present)).all())
        self.rising = self.rising and bool((present[1:] > present[:-1]).all())
        if self.high is not None and present[0] <= self.high:
            self.rising = False
        low, high = float(present.min()), float(present.max())
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)

    def _add_dates(self, values: pl.Series, present: pl.Series, start: int) -> None:
        import polars as pl

        if not self.dates.possible:
            return
        records = np.flatnonzero(values.is_not_null().to_numpy()) + start
        if values.dtype == pl.String:
            self.dates.add_texts(present, records)
        elif values.dtype.is_numeric():
            self.dates.add_numbers(present, records)
        elif values.dtype.is_temporal() and values.dtype != pl.Duration:
            self.dates.add_typed(present)


def profiles_of(table: Table) -> dict[str, Profile]:
    """The profiles by column; the whole table is read once.

    Raises:
        DataError: it cannot be read, or has no rows.
    """
    import polars as pl

    profiles = {name: Profile(table.texts, unread=table.unread.get(name, "")) for name in table.columns}
    looked_at = {name: profile for name, profile in profiles.items() if not profile.unread}
    records = 0

    def surely_numeric(name: str) -> bool:
        """Its texts are no longer looked at: they are numbers, too many to be levels."""
        profile = profiles[name]
        return profile.values is None and profile.numeric and table.separator == ","

    for rows in table.batches(surely_numeric):
        records += len(rows)
        for name, profile in looked_at.items():
            profile.add(rows[name], table.texts and table.separator != ",")
    if not records:
        raise DataError("table.rows", path=table.name)
    for profile in profiles.values():
        profile.records = records
        if profile.dtype == pl.Null:
            profile.missing = records
    return profiles
