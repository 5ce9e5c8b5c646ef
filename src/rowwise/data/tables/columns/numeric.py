"""A column of numbers → one column of X, standardized."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.data.tables.columns import date
from rowwise.data.tables.dates.durations import as_seconds
from rowwise.data.tables.origins import EXACT, EXACT_64, from_origin, origin
from rowwise.data.tables.parse import as_float32, as_numbers
from rowwise.text import say

if TYPE_CHECKING:
    from collections import Counter

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.tables.columns.kind import Summary
    from rowwise.data.tables.profile import Profile
    from rowwise.data.tables.schema import Column

FEW, ALL = 6, 12  # digits of a number that is no whole one: read with ease, and all that a table has


def matches(profile: Profile) -> bool:
    if profile.numeric:  # `2023년` may be a date
        return not profile.compact_dates and not (profile.numbers.units and date.matches(profile))
    return str(profile.dtype).startswith("Duration") or profile.durations.matches


def fields(profile: Profile) -> dict[str, Any]:
    seconds = str(profile.dtype).startswith("Duration") or (profile.durations.all and not profile.numeric)
    numbers = {"decimal": profile.numbers.decimal, "unit": profile.numbers.unit}
    return {**numbers, "origin": origin(profile), "seconds": seconds}


def inputs(column: Column) -> tuple[str, ...]:
    return (f"{column.name} - {plain(column.origin, ALL)}" if column.origin else column.name,)


def features(column: Column) -> tuple[str, ...]:
    return (column.name,)


def encode(column: Column, values: pl.Series, oddities: Counter[str]) -> NDArray[np.float32]:
    numbers = as_numbers(values, column.decimal, column.unit)
    if column.seconds and str(values.dtype) == "String":
        numbers = as_seconds(values).fill_null(numbers)
    numbers = from_origin(values, numbers, column.origin)
    return as_float32(numbers)[:, None]


def tally(column: Column) -> None:
    return None


def statistics(column: Column, summary: Summary) -> dict[str, Any]:
    low, high = summary.low, summary.high
    if column.origin:
        low, high = low + column.origin, high + column.origin
    standardization = {"means": summary.means, "scales": summary.deviations}
    return standardization | ({"low": low, "high": high} if summary.present else {})


def values_text(column: Column) -> str:
    if column.low is None:
        return ""
    digits = ALL if column.origin else FEW
    bounds = (column.low, column.high)
    low, high = (bound if isinstance(bound, str) else plain(bound or 0.0, digits) for bound in bounds)
    return say("schema.range", low=low, high=f"{high} {column.unit}".rstrip())


def enters_text(column: Column) -> str:
    key = "schema.enters.counted" if column.origin else "schema.enters.numeric"
    return say(key, origin=plain(column.origin, ALL)) + (say("schema.enters.seconds") if column.seconds else "")


def plain(value: float, digits: int = FEW) -> str:
    """A number as the table had it, without a sign between thousands: 2019 may be a year or a house number."""
    exact = float(value).is_integer() and abs(value) < (EXACT if digits == FEW else EXACT_64)
    return f"{value:.0f}" if exact else f"{value:.{digits}g}"
