"""A column of numbers → one column of X, standardized."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.data.tables.columns import date
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

EXACT = 2**24  # below it float32 holds every whole number


def matches(profile: Profile) -> bool:
    return profile.numeric and not (profile.numbers.units and date.matches(profile))  # `2023년` may be a date


def fields(profile: Profile) -> dict[str, Any]:
    return {"decimal": profile.numbers.decimal, "unit": profile.numbers.unit}


def inputs(column: Column) -> tuple[str, ...]:
    return (column.name,)


def features(column: Column) -> tuple[str, ...]:
    return (column.name,)


def encode(column: Column, values: pl.Series, oddities: Counter[str]) -> NDArray[np.float32]:
    return as_float32(column.name, as_numbers(values, column.decimal, column.unit))[:, None]


def tally(column: Column) -> None:
    return None


def statistics(summary: Summary) -> dict[str, Any]:
    standardization = {"means": summary.means, "scales": summary.deviations}
    return standardization | ({"low": summary.low, "high": summary.high} if summary.present else {})


def values_text(column: Column) -> str:
    if column.low is None:
        return ""
    low, high = (bound if isinstance(bound, str) else plain(bound or 0.0) for bound in (column.low, column.high))
    return say("schema.range", low=low, high=high) + (f" {column.unit}" if column.unit else "")


def enters_text(column: Column) -> str:
    return say("schema.enters.numeric")


def plain(value: float) -> str:
    """A number as the table had it, without a sign between thousands: 2019 may be a year or a house number."""
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < EXACT else f"{value:.6g}"
