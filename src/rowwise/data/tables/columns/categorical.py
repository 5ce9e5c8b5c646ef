"""A column of few different values, its levels → one column of X, the level's number; features, one for each level.

Level i of the sorted levels is the number i; a level that the training records do not have is the number after the
last. With more than `ONE_HOT` levels the number goes to an Embedding instead.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.parse import as_float32, as_texts
from rowwise.data.tables.spelling import merged, numbers_of
from rowwise.text import say

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.tables.columns.kind import Summary
    from rowwise.data.tables.profile import Profile
    from rowwise.data.tables.schema import Column

ONE_HOT = 32  # levels; a column with more enters by an Embedding
OFTEN = 2  # training records of a level that has its own row in an Embedding; rarer ones share the unknown's
SHOWN = 40  # characters of levels in a description


def matches(profile: Profile) -> bool:
    return not profile.mixed


def fields(profile: Profile) -> dict[str, Any]:
    return {"levels": sorted_levels(merged(profile.values or ())[0])}


def inputs(column: Column) -> tuple[str, ...]:
    return (column.name,)


def features(column: Column) -> tuple[str, ...]:
    return (column.name,) if column.embedded else tuple(f"{column.name}={level}" for level in column.levels)


def encode(column: Column, values: pl.Series, oddities: Counter[str]) -> NDArray[np.float32]:
    numbers = level_numbers(values, column.levels)
    oddities["unknown"] += int((numbers == len(column.levels)).sum())
    return numbers[:, None]


def level_numbers(values: pl.Series, levels: tuple[str, ...]) -> NDArray[np.float32]:
    """`(records,)`: 0 for the first level and so on, `len(levels)` for a value that is none of them, NaN for null.

    A value may be spelled in another way than its level: `1.0` is `1`, and `TRUE` is `true`.
    """
    import polars as pl

    texts = as_texts(values)
    positions = texts.cast(pl.Enum(levels), strict=False).to_physical()
    numbers = as_float32(positions)
    others = (positions.is_null() & texts.is_not_null()).to_numpy()
    if others.any():
        numbers[others] = len(levels)
        spelled = numbers_of(texts.filter(pl.Series(others)).unique().to_list(), levels)
        for text, number in spelled.items():
            numbers[(texts == text).fill_null(False).to_numpy()] = number
    return numbers


def sorted_levels(texts: Iterable[str]) -> tuple[str, ...]:
    """Numbers by size; anything else by its characters."""
    levels = list(texts)
    try:
        numbers = {text: float(text) for text in levels}
    except ValueError:
        return tuple(sorted(levels))
    if not all(map(math.isfinite, numbers.values())):
        return tuple(sorted(levels))
    return tuple(sorted(levels, key=lambda text: (numbers[text], text)))


class LevelCounts:
    """How many training records each level has, and which levels are kept for that."""

    def __init__(self, levels: tuple[str, ...]) -> None:
        self.levels = levels
        self.counts = np.zeros(len(levels), np.int64)

    def add(self, x: NDArray[np.float32]) -> None:
        present = x[~np.isnan(x)].astype(np.int64)
        self.counts += np.bincount(present, minlength=len(self.counts))

    def fields(self) -> dict[str, Any]:
        return {"levels": tuple(self.levels[level] for level in self._frequent())}

    def new_numbers(self) -> NDArray[np.float32]:
        kept = self._frequent()
        numbers = np.full(len(self.levels) + 1, len(kept), np.float32)
        numbers[kept] = np.arange(len(kept))
        return numbers

    def _frequent(self) -> NDArray[np.intp]:
        kept = np.flatnonzero(self.counts > 0)
        if len(kept) > ONE_HOT and (self.counts >= OFTEN).sum() > ONE_HOT:
            kept = np.flatnonzero(self.counts >= OFTEN)
        return kept


def tally(column: Column) -> LevelCounts:
    return LevelCounts(column.levels)


def statistics(column: Column, summary: Summary) -> dict[str, Any]:
    return {}


def values_text(column: Column) -> str:
    shown: list[str] = []
    for level in column.levels:
        if sum(map(len, shown)) + len(level) > SHOWN:
            shown.append("…")
            break
        shown.append(level)
    return say("schema.levels", count=f"{len(column.levels):,}", levels=", ".join(shown))


def enters_text(column: Column) -> str:
    if column.embedded:
        return say("schema.enters.embedded")
    return say("schema.enters.onehot", count=len(column.levels))
