"""A table, read once → what kind each column is, as its values show or as the user says."""

from __future__ import annotations

import datetime
import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.encode import FALSE, PATTERNS, TRUE, as_numbers, as_texts, dates, fits_pattern, sorted_levels
from rowwise.data.tables.schema import PARTS, Column
from rowwise.errors import DataError, UsageError

if TYPE_CHECKING:
    import polars as pl

    from rowwise.data.source import Source
    from rowwise.data.tables.read import Table

MOST_LEVELS = 10_000  # of a categorical column, and of classes
MIXED_LEVELS = 32  # a column of some numbers and some texts with at most so many values is a category, like 0, 1, 2, 3+
FEW = 20  # whole numbers with at most so many values, each 5 times or more, are classes
OFTEN = 5
MIDNIGHT = datetime.time()
WORDS_FOR_ID = ("id", "index", "no", "no.", "번호", "순번", "rownames", "unnamed: 0", "column_1")


@dataclass
class Profile:
    """What is known of a column's values after some batches.

    Attributes:
        texts: whether its values are texts whose kind is still to be found.
        dtype: Polars's, where they are not.
        records, missing: how many; missing also counts numbers that are not finite.
        numbers: values that are numbers, by the sign before their fraction.
        low, high: of the numbers.
        whole: whether all numbers are whole.
        rising: whether each number is greater than the one before.
        values: the distinct ones, as texts; None once there are more than `MOST_LEVELS`.
        patterns: the ways to write dates that fit every value so far.
        timed: whether a date has a time other than midnight.
        other: an example of what is no number, and its record's number, where most are.
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
    patterns: list[str] = field(default_factory=lambda: list(PATTERNS))
    timed: bool = False
    other: tuple[str, int] | None = None

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

    def add(self, values: pl.Series, commas: bool) -> None:
        """Look at one more batch; `commas`: whether numbers may have a comma before their fraction."""
        import polars as pl

        begun = self.records
        self.records += len(values)
        if values.dtype.is_float():
            values = as_numbers(values).cast(values.dtype)
        self.missing += values.null_count()
        found = values.drop_nulls() if values.null_count() else values
        if not len(found):
            return
        if self.values is not None and not values.dtype.is_nested():
            self.values.update(as_texts(found.unique()).to_list())
            if len(self.values) > MOST_LEVELS:
                self.values = None
        if self.texts or values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Duration, pl.Time):
            self._add_numbers(values, begun, commas)
        if values.dtype == pl.String:
            self._add_dates(found)
        elif values.dtype.is_temporal() and values.dtype not in (pl.Duration, pl.Time):
            self._add_times(dates(found))

    def _add_numbers(self, values: pl.Series, begun: int, commas: bool) -> None:
        numbers = as_numbers(values)
        self.numbers["."] += len(numbers) - numbers.null_count()
        if commas:
            with_commas = as_numbers(values, ",")
            self.numbers[","] += len(numbers) - with_commas.null_count()
            if self.decimal == ",":
                numbers = with_commas
        if self.other is None and numbers.null_count() > values.null_count():
            place = int((numbers.is_null() & values.is_not_null()).arg_max() or 0)
            self.other = str(values[place]), begun + place
        there = numbers.to_numpy()
        there = there[~np.isnan(there)] if numbers.null_count() else there
        if not len(there):
            return
        self.whole = self.whole and bool((there == np.rint(there)).all())
        self.rising = self.rising and bool((there[1:] > there[:-1]).all())
        if self.high is not None and there[0] <= self.high:
            self.rising = False
        low, high = float(there.min()), float(there.max())
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)

    def _add_dates(self, found: pl.Series) -> None:
        fitting = []
        first = str(found[0])
        for pattern in [pattern for pattern in self.patterns if fits_pattern(first, pattern)]:
            moments = dates(found, pattern)
            if not moments.null_count():
                fitting.append(pattern)
                self._add_times(moments)
        self.patterns = fitting

    def _add_times(self, moments: pl.Series) -> None:
        self.timed = self.timed or bool((moments.dt.time() != MIDNIGHT).any())


def profiles(table: Table) -> dict[str, Profile]:
    """Read the whole table once.

    Raises:
        DataError: it cannot be read, or has no rows.
    """
    import polars as pl

    found = {name: Profile(table.texts) for name in table.columns}
    records = 0

    def numeric(name: str) -> bool:
        """Its texts are no longer looked at: they are numbers, too many to be levels."""
        profile = found[name]
        return profile.values is None and profile.numeric and table.separator == ","

    for rows in table.batches(numeric):
        records += len(rows)
        for name in table.columns:
            found[name].dtype = rows[name].dtype
            found[name].add(rows[name], table.texts and table.separator != ",")
    if not records:
        raise DataError("table.rows", path=table.name)
    for profile in found.values():
        if profile.dtype == pl.Null:
            profile.missing = profile.records
    return found


def check_columns(table: Table, source: Source) -> None:
    """Raises UsageError where an option names a column that the table does not have, or two contradict one another."""
    for option in ("target", "categorical", "numeric", "drop", "group", "time"):
        given = getattr(source, option)
        for name in (given,) if isinstance(given, str) and given else given:
            if name not in table.columns:
                near = difflib.get_close_matches(name, table.columns, 1, 0.6)
                key = "table.no_column.near" if near else "table.no_column"
                listed = ", ".join(table.columns[:20]) + (", …" if len(table.columns) > 20 else "")
                raise UsageError(
                    key, option=option, name=name, path=table.name, near=near[0] if near else "", known=listed
                )
    claimed: dict[str, str] = {}
    for option in ("target", "categorical", "numeric", "drop"):
        for name in getattr(source, option):
            if name in claimed and {option, claimed[name]} != {"target"}:
                if claimed[name] == option:
                    continue
                raise UsageError("table.contradiction", name=name, first=claimed[name], second=option)
            claimed[name] = option


def column_of(name: str, profile: Profile, source: Source) -> Column:
    """The column as its values show it, or as the source's options say; the statistics are still lacking.

    Raises:
        DataError: numbers and texts mixed. UsageError: an option that its values contradict.
    """
    dropped = _reason(name, profile, source)
    if dropped:
        return Column(name, "dropped", reason=dropped)
    kind = _kind(name, profile, source)
    if kind == "categorical":
        return Column(name, kind, levels=sorted_levels(profile.values))
    if kind == "date":
        has_times = profile.timed
        pattern = profile.patterns[0] if profile.texts or str(profile.dtype) == "String" else ""
        return Column(name, kind, parts=PARTS if has_times else PARTS[:-1], pattern=pattern)
    return Column(name, kind, decimal=profile.decimal)


def _reason(name: str, profile: Profile, source: Source) -> str:
    """Why the column is not used, as the key of the message ends; empty where it is."""
    asked = name in source.categorical or name in source.numeric
    if name in source.drop:
        return "asked"
    if name == source.group:
        return "group"
    if not profile.present:
        if asked:
            raise UsageError("table.all_missing", name=name)
        return "missing"
    if profile.distinct == 1 and not profile.missing:
        if asked:
            raise UsageError("table.constant", name=name, value=next(iter(profile.values or "")))
        return "constant"
    if not profile.texts and (profile.dtype.is_nested() or str(profile.dtype) in ("Binary", "Object")):
        if asked:
            raise UsageError("table.nested", name=name, found=profile.dtype)
        return "nested"
    if asked:
        return ""
    if profile.numeric:
        numbered = profile.whole and profile.distinct in (profile.present, MOST_LEVELS + 1) and profile.records > 1
        named = name.lower() in WORDS_FOR_ID or name.lower().endswith(("_id", " id")) or name.endswith("ID")
        return "identifier" if numbered and named and (profile.rising or profile.values is not None) else ""
    is_text = not _dated(profile) and not _mixed(profile)
    if is_text and profile.distinct > MOST_LEVELS:
        return "levels"
    return "identifier" if is_text and profile.distinct > max(MIXED_LEVELS, profile.present / 2) else ""


def _kind(name: str, profile: Profile, source: Source) -> str:
    if name in source.categorical:
        if profile.values is None:
            raise UsageError("table.levels", name=name, most=f"{MOST_LEVELS:,}")
        return "categorical"
    if name in source.numeric:
        if not profile.numeric:
            raise _mixed_error(UsageError, name, profile)
        return "numeric"
    if str(profile.dtype) == "Boolean":
        return "boolean"
    if profile.values is not None and profile.values:
        small = {value.lower() for value in profile.values}
        if small <= {*TRUE, *FALSE} and small & set(TRUE) and small & set(FALSE):
            return "boolean"
    if profile.numeric:
        return "numeric"
    if _dated(profile):
        return "date"
    if _mixed(profile):
        raise _mixed_error(DataError, name, profile)
    return "categorical"


def _dated(profile: Profile) -> bool:
    if profile.texts or str(profile.dtype) == "String":
        return bool(profile.patterns)
    return (
        profile.dtype.is_temporal() and str(profile.dtype) != "Time" and not str(profile.dtype).startswith("Duration")
    )


def _mixed(profile: Profile) -> bool:
    """Mostly numbers, too many for levels, and yet not all of them."""
    return profile.texts and profile.distinct > MIXED_LEVELS and profile.numbers[profile.decimal] * 2 >= profile.present


def _mixed_error(kind: type[Any], name: str, profile: Profile) -> Any:
    text, place = profile.other or ("", 0)
    numbers = profile.numbers[profile.decimal]
    return kind(
        "table.mixed",
        name=name,
        numbers=f"{numbers:,}",
        others=f"{profile.present - numbers:,}",
        found=text[:30],
        record=f"{place + 1:,}",
    )


def task_of(source: Source, found: dict[str, Profile]) -> str:
    """`"classification"` or `"regression"`, as the target's values show or as the source says.

    Raises:
        DataError: a target without values, with one value, of too many classes. UsageError: it contradicts the task.
    """
    for name in source.target:
        profile = found[name]
        if not profile.present:
            raise DataError("target.missing", name=name)
        if profile.distinct < 2:
            raise DataError("target.one", name=name, found=next(iter(profile.values or {""})))
    if len(source.target) > 1 or source.task == "regression":
        if source.task == "classification":
            raise UsageError("target.several", names=", ".join(source.target))
        for name in source.target:
            if not found[name].numeric:
                text, place = found[name].other or (next(iter(found[name].values or {""})), 0)
                raise UsageError("target.numbers", name=name, found=text[:30], record=f"{place + 1:,}")
        return "regression"
    name = source.target[0]
    profile = found[name]
    few = profile.whole and profile.distinct <= FEW and profile.present >= OFTEN * profile.distinct
    if source.task == "" and profile.numeric and not few:
        return "regression"
    if profile.distinct > MOST_LEVELS or (source.task == "" and _mixed(profile)):
        if _mixed(profile):
            raise _mixed_error(DataError, name, profile)
        raise DataError("target.classes", name=name, most=f"{MOST_LEVELS:,}")
    if profile.distinct > max(FEW, profile.present / 2):
        raise DataError("target.distinct", name=name, classes=f"{profile.distinct:,}", records=f"{profile.present:,}")
    return "classification"
