"""A column of dates or times of day → columns of X for their parts; months, weekdays and hours enter as angles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.dates import zones
from rowwise.data.tables.dates.timestamps import as_timestamps
from rowwise.data.tables.parse import as_float32
from rowwise.text import say

if TYPE_CHECKING:
    from collections import Counter

    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.tables.columns.kind import Summary
    from rowwise.data.tables.profile import Profile
    from rowwise.data.tables.schema import Column

PARTS = ("year", "month", "day", "weekday", "hour")  # the hour only where there are times
PERIODS = {"month": 12, "weekday": 7, "hour": 24}  # parts that start over: they enter as sine and cosine


def matches(profile: Profile) -> bool:
    return profile.dates.matches


def fields(profile: Profile) -> dict[str, Any]:
    dates = profile.dates
    parts = {"month": PARTS[:2], "clock": PARTS[-1:]}.get(dates.grain, PARTS if dates.timed else PARTS[:-1])
    return {"parts": parts, "pattern": dates.pattern, "zone": dates.moments_zone, "century": dates.century}


def inputs(column: Column) -> tuple[str, ...]:
    return tuple(f"{column.name} {part}" for part in column.parts)


def features(column: Column) -> tuple[str, ...]:
    names: list[str] = []
    for part, name in zip(column.parts, column.inputs, strict=True):
        names += [f"{name} sin", f"{name} cos"] if part in PERIODS else [name]
    return tuple(names)


def encode(column: Column, values: pl.Series, oddities: Counter[str]) -> NDArray[np.float32]:
    """The year, the month 1 to 12, the day 1 to 31, the weekday 1 (Monday) to 7, the hour with its fraction."""
    timestamps = as_timestamps(values, column.pattern, column.zone, column.century)
    if "hour" in column.parts and "year" in column.parts:
        zoned = zones.count(values)
        if column.zone:
            oddities["zoneless"] += len(values) - values.null_count() - zoned
        else:
            oddities["zoned"] += zoned
    days = timestamps.dt.date()  # whose parts cost less than a timestamp's
    parts = {
        "year": lambda: days.dt.year(),
        "month": lambda: days.dt.month(),
        "day": lambda: days.dt.day(),
        "weekday": lambda: days.dt.weekday(),
        "hour": lambda: timestamps.dt.hour() + timestamps.dt.minute() / 60,
    }
    return np.stack([as_float32(parts[part]()) for part in column.parts], axis=1)


class Range:
    """The first and the last date, as numbers such as 20261125 or 202611; of times of day, minutes since midnight."""

    def __init__(self, parts: tuple[str, ...]) -> None:
        self.shown = tuple(place for place, part in enumerate(parts) if part in ("year", "month", "day"))
        self.weights = np.array([10_000, 100, 1][: len(self.shown)] if self.shown else [60])
        self.low: int | None = None
        self.high: int | None = None

    def add(self, x: NDArray[np.float32]) -> None:
        places = list(self.shown) or [0]
        present = x[~np.isnan(x[:, 0])][:, places].astype(np.float64)
        if len(present):
            numbers = np.rint(present @ self.weights).astype(np.int64)
            low, high = int(numbers.min()), int(numbers.max())
            self.low = low if self.low is None else min(low, self.low)
            self.high = high if self.high is None else max(high, self.high)

    def fields(self) -> dict[str, Any]:
        if self.low is None or self.high is None:
            return {}
        return {"low": self._iso(self.low), "high": self._iso(self.high)}

    def new_numbers(self) -> None:
        return None

    def _iso(self, number: int) -> str:
        if not self.shown:
            return f"{number // 60:02}:{number % 60:02}"
        return "-".join(
            [f"{number // 10_000:04}", f"{number // 100 % 100:02}", f"{number % 100:02}"][: len(self.shown)]
        )


def tally(column: Column) -> Range:
    return Range(column.parts)


def statistics(column: Column, summary: Summary) -> dict[str, Any]:
    return {"means": summary.means, "scales": summary.deviations}


def values_text(column: Column) -> str:
    return say("schema.range", low=column.low, high=column.high) if column.low is not None else ""


def enters_text(column: Column) -> str:
    cycles = sum(part in PERIODS for part in column.parts)
    return say("schema.enters.date", numbers=len(column.parts) - cycles, cycles=cycles)
