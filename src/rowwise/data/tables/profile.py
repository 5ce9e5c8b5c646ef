"""A table, read once → a Profile of each column: what the choice of its kind, and of the task, depends on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.dates.durations import DurationEvidence
from rowwise.data.tables.dates.evidence import DateEvidence
from rowwise.data.tables.decimal_sign import Signs, choose_signs
from rowwise.data.tables.number_profile import NumberProfile
from rowwise.data.tables.number_text import all_finite
from rowwise.data.tables.parse import as_numbers, as_texts
from rowwise.errors import DataError

if TYPE_CHECKING:
    import polars as pl

    from rowwise.data.source import Source
    from rowwise.data.tables.read import Table

MOST_LEVELS = 10_000  # of a categorical column, and of classes
FEWEST_MONTHS = 6  # whole numbers from 190001 to 209912 that end in 01 to 12, all of them, are hardly so by chance
MIXED_LEVELS = 32  # a column of some numbers and some texts with at most so many values is a category, like 0, 1, 2, 3+


@dataclass
class Profile:
    """A column's values, as far as they have been read.

    Attributes:
        texts: whether its values are texts that may be numbers or dates, as in a CSV file.
        dtype: Polars's.
        records, missing: how many; missing also counts numbers that are not finite.
        numbers: what is known of those values that are numbers.
        values: the distinct ones, as texts; None once there are more than `MOST_LEVELS`.
        dates: what they show of dates and times of day.
        durations: what texts show of durations.
        first: the first value, as text, and its record, from 0.
        differed: whether all values differed until there were more than `MOST_LEVELS`.
        words: how often each word that stands for a missing value is there, besides empty texts.
        unread: what a column holds whose values are no single ones; nothing else is known of it.
    """

    texts: bool
    dtype: Any = None
    records: int = 0
    missing: int = 0
    numbers: NumberProfile = field(default_factory=NumberProfile)
    values: set[str] | None = field(default_factory=set)
    dates: DateEvidence = field(default_factory=DateEvidence)
    durations: DurationEvidence = field(default_factory=DurationEvidence)
    first: tuple[str, int] = ("", 0)
    differed: bool = False
    words: Counter[str] = field(default_factory=Counter)
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
    def all_differ(self) -> bool:
        """Whether each record has a distinct value, as far as values were kept."""
        return self.differed if self.values is None else len(self.values) == self.present

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers, or marks of missing ones, and no codes such as `00123`."""
        return self.all_numbers and not self.numbers.code

    @property
    def all_numbers(self) -> bool:
        """Whether all values can be read as numbers in one unit, or are marks of missing ones."""
        return self.present > 0 and self.numbers.all_numbers(self.present)

    @property
    def compact_dates(self) -> bool:
        """Whether all values are dates that look like numbers: 20230114, or enough different months such as 202301."""
        return self.dates.compact and (self.dates.grain != "month" or self.distinct >= FEWEST_MONTHS)

    @property
    def mixed(self) -> bool:
        """Whether texts are mostly numbers, yet not all of them, and no levels of a category."""
        numbers = self.numbers
        if not self.texts or self.all_numbers or numbers.code or not numbers.mostly_numbers(self.present):
            return False
        return self.distinct > MIXED_LEVELS or numbers.surely_amounts(self.present, self.distinct)

    def take_words(self, words: frozenset[str]) -> None:
        """Count these words as values, once all batches have been looked at."""
        if self.values is not None:
            self.missing -= sum(self.words[word] for word in words)
            self.values |= words

    @property
    def unlike(self) -> tuple[str, int] | None:
        """The first value that is no number, as text, and its record, where numbers were looked for."""
        return self.numbers.unlike

    def add(self, values: pl.Series, separator: str = "", numbers: pl.Series | None = None) -> None:
        """Look at one more batch.

        Args:
            separator: between the fields of the file.
            numbers: the values as numbers, where they are texts that Polars reads all as numbers.
        """
        import polars as pl

        start, empty = self.records, not self.present
        self.dtype = values.dtype
        self.texts = self.texts or values.dtype == pl.String
        self.records += len(values)
        if values.dtype.is_float() and not all_finite(values):
            if (infinite := values.is_infinite().fill_null(False)).any():
                self.numbers.add_infinite(int(infinite.sum()), start + int(infinite.arg_max() or 0))
            values = as_numbers(values).cast(values.dtype)
        self.missing += values.null_count()
        present = values.drop_nulls() if values.null_count() else values
        if not len(present):
            return
        if empty:
            self.first = str(as_texts(present[:1])[0]), start + int(values.is_not_null().arg_max() or 0)
        self._add_numbers(values, start, separator, numbers, news=self._add_values(present))
        self._add_dates(values, present, start)
        if values.dtype == pl.String:
            self.durations.add(present)

    def _add_numbers(
        self, values: pl.Series, start: int, separator: str, numbers: pl.Series | None, news: bool
    ) -> None:
        import polars as pl

        if values.dtype == pl.String:
            if news or self.numbers.count or self.numbers.marks:  # else there are words only
                self.numbers.add_texts(values, start, separator, numbers)
        elif values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Duration):
            self.numbers.add_typed(as_numbers(values))
            if values.dtype.is_integer():
                self.numbers.add_integers(values)

    def _add_values(self, present: pl.Series) -> bool:
        """Whether there are values that were not there before, as long as these are kept."""
        if self.values is None:
            return False
        before, different = len(self.values), present.unique()
        if not before and len(different) > MOST_LEVELS:  # known without making texts of them, which takes longer
            self.differed, self.values = len(different) == self.present, None
            return True
        self.values.update(as_texts(different).to_list())
        news = len(self.values) > before
        if len(self.values) > MOST_LEVELS:
            self.differed = len(self.values) == self.present
            self.values = None
        return news

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
            self.dates.add_typed(present, records)


def profiles_of(table: Table, source: Source) -> tuple[dict[str, Profile], Signs]:
    """The profiles by column, and the sign before fractions; the whole table is read once.

    Raises:
        DataError: it cannot be read, or has no rows.

    Warns:
        Suspicious: numbers that can be read in two ways.
    """
    import polars as pl

    profiles = {name: Profile(table.texts, unread=table.unread.get(name, "")) for name in table.columns}
    looked_at = {name: profile for name, profile in profiles.items() if not profile.unread}
    records = 0

    def surely_numeric(name: str) -> bool:
        """Its texts are no longer looked at: they are numbers with a point, too many to be levels."""
        profile = profiles[name]
        return profile.values is None and profile.numeric and profile.numbers.sure

    words: dict[str, Counter[str]] = {}
    for rows, numbers in table.batches_with_numbers(surely_numeric, seen=words):
        records += len(rows)
        for name, profile in looked_at.items():
            profile.add(rows[name], table.separator, numbers.get(name))
    if not records:
        raise DataError("table.rows", path=table.name)
    for profile in profiles.values():
        profile.records = records
        if profile.dtype == pl.Null:
            profile.missing = records
    for name, counts in words.items():
        profiles[name].words = counts
    voters = {name: one for name, one in looked_at.items() if one.texts and name not in source.drop}
    evidence = {name: one.numbers.evidence for name, one in voters.items() if one.numbers.mostly_numbers(one.present)}
    signs = choose_signs(evidence, table.separator, source.decimal)
    for name, profile in looked_at.items():
        profile.numbers.decimal = signs.of(name)
    return profiles, signs
