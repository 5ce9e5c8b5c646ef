"""A column that is not used, and why → no columns of X."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.column_names import cut
from rowwise.data.tables.columns import date
from rowwise.data.tables.identifiers import names_records
from rowwise.data.tables.profile import MIXED_LEVELS, MOST_LEVELS
from rowwise.data.tables.weights import WEIGHT
from rowwise.errors import UsageError
from rowwise.text import say

if TYPE_CHECKING:
    from collections import Counter

    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.source import Source
    from rowwise.data.tables.columns.kind import Summary
    from rowwise.data.tables.profile import Profile
    from rowwise.data.tables.schema import Column


def reason(name: str, profile: Profile, source: Source) -> str:
    """Why a column is not used, as a key `schema.dropped.…` of the catalogue ends; empty where it is used.

    Raises:
        UsageError: an option asks for a column that cannot be used.
    """
    requested = name in source.categorical or name in source.numeric
    if name == source.weight:
        return WEIGHT
    if name in source.drop:
        return "asked"
    if name == source.group:
        return "group"
    if profile.unread:
        if requested:
            raise UsageError("table.nested", name=name, found=cut(profile.unread))
        return "nested"
    if not profile.present:
        if requested:
            raise UsageError("table.all_missing", name=name)
        return "missing"
    if profile.distinct == 1 and not profile.missing:
        if requested:
            raise UsageError("table.constant", name=name, value=next(iter(profile.values or "")))
        return "constant"
    if requested:
        return ""
    if profile.numeric and not profile.compact_dates:
        return "numbering" if names_records(name, profile) else ""
    if profile.durations.matches:
        return ""
    textual = not date.matches(profile)
    if profile.mixed and (textual or not profile.dates.sample.isdigit()):
        return "mixed"
    if textual and profile.distinct > MOST_LEVELS:
        return "levels"
    if not textual or profile.distinct <= max(MIXED_LEVELS, profile.present / 2):
        return ""
    return "dates" if profile.dates.resembles else "identifier"


def matches(profile: Profile) -> bool:
    return False  # values alone do not decide it: see `reason`


def fields(profile: Profile) -> dict[str, Any]:
    return {}


def inputs(column: Column) -> tuple[str, ...]:
    return ()


def features(column: Column) -> tuple[str, ...]:
    return ()


def encode(column: Column, values: pl.Series, oddities: Counter[str]) -> NDArray[np.float32]:
    return np.empty((len(values), 0), np.float32)


def tally(column: Column) -> None:
    return None


def statistics(column: Column, summary: Summary) -> dict[str, Any]:
    return {}


def values_text(column: Column) -> str:
    return say(f"schema.dropped.{column.reason}")


def enters_text(column: Column) -> str:
    return say("schema.enters.not")
