"""Records of a table → its schema with levels and statistics of the training rows, and how levels are renumbered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.storage import ROWS, release
from rowwise.data.tables.schema import ONE_HOT, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Column

OFTEN = 2  # training records of a level that has a row of its own in an Embedding; rarer ones share the unknown's


class Moments:
    """Count, mean, squares, least and most of columns `(records, columns)` that come in blocks; NaN is left out."""

    def __init__(self, columns: int) -> None:
        self.records = 0
        self.count = np.zeros(columns, np.int64)
        self.mean = np.zeros(columns)
        self.squares = np.zeros(columns)  # of the distances from the mean
        self.low = np.full(columns, np.inf)
        self.high = np.full(columns, -np.inf)

    def add(self, x: NDArray[np.float32]) -> None:
        """One more block (Chan, Golub and LeVeque's update: no difference of large sums)."""
        values = x.astype(np.float64)
        lacking = np.isnan(values)
        some = lacking.any()
        if some:
            values[lacking] = 0
        count = len(x) - lacking.sum(0)
        mean = values.sum(0) / np.maximum(count, 1)
        values -= mean
        if some:
            values[lacking] = 0
        squares = np.einsum("rc,rc->c", values, values)
        total = np.maximum(self.count + count, 1)
        apart = mean - self.mean
        self.mean = self.mean + apart * count / total
        self.squares = self.squares + squares + apart**2 * self.count * count / total
        self.count = self.count + count
        self.records += len(x)
        if len(x):  # fmin and fmax leave NaN out
            self.low = np.fmin(self.low, np.fmin.reduce(x, axis=0))
            self.high = np.fmax(self.high, np.fmax.reduce(x, axis=0))

    @property
    def deviation(self) -> NDArray[np.float64]:
        """The standard deviation; 1 where all values are equal."""
        found = np.sqrt(self.squares / np.maximum(self.count, 1))
        return np.where(found > 0, found, 1.0)


def fitted(
    schema: Schema, x: NDArray[np.float32], train: NDArray[np.intp]
) -> tuple[Schema, dict[int, NDArray[np.float32]]]:
    """The schema of the training rows.

    Args:
        schema: with the levels of the whole table.
        x: `(records, columns)`: all records, read with that schema.
        train: the training rows' numbers.

    Returns:
        The schema, and for each categorical column of X what its level numbers become: `(levels + 1,)`.
    """
    moments = Moments(x.shape[1])
    places = {name: place for place, name in enumerate(schema.inputs)}
    levels = {places[c.name]: np.zeros(len(c.levels), np.int64) for c in schema.used if c.kind == "categorical"}
    days: dict[str, tuple[int, int]] = {}
    dated = [c for c in schema.used if c.kind == "date"]
    for start in range(0, len(train), ROWS):
        block = x[train[start : start + ROWS]]
        release(x)
        moments.add(block)
        for place, counts in levels.items():
            found = block[:, place]
            counts += np.bincount(found[~np.isnan(found)].astype(np.int64), minlength=len(counts))
        for column in dated:
            _add_days(days, column.name, block[:, places[f"{column.name} year"] :][:, :3])
    columns, numbers = [], {}
    for column in schema.columns:
        if column.kind == "dropped":
            columns.append(column)
            continue
        first = places[column.inputs[0]]
        here = slice(first, first + len(column.inputs))
        missing = float((moments.records - moments.count[first]) / max(moments.records, 1))
        if column.kind == "categorical":
            kept, numbers[first] = _kept(column, levels[first])
            columns.append(replace(column, missing=missing, levels=kept))
            continue
        scales = np.ones(1) if column.kind == "boolean" else moments.deviation[here]
        columns.append(
            replace(
                column,
                missing=missing,
                means=tuple(map(float, moments.mean[here])),
                scales=tuple(map(float, scales)),
                **_range(column, moments, first, days),
            )
        )
    return replace(schema, columns=tuple(columns)), numbers


def renumbered(x: NDArray[np.float32], numbers: Mapping[int, NDArray[np.float32]]) -> NDArray[np.float32]:
    """`(records, columns)` with the levels' new numbers, in place."""
    for place, new in numbers.items():
        old = x[:, place]
        there = ~np.isnan(old)
        x[there, place] = new[old[there].astype(np.int64)]
    return x


def _kept(column: Column, counts: NDArray[np.int64]) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """The levels that training rows have, and the new number of each old one."""
    kept = np.flatnonzero(counts > 0)
    if len(kept) > ONE_HOT and (counts >= OFTEN).sum() > ONE_HOT:
        kept = np.flatnonzero(counts >= OFTEN)
    numbers = np.full(len(counts) + 1, len(kept), np.float32)
    numbers[kept] = np.arange(len(kept))
    return tuple(column.levels[level] for level in kept), numbers


def _range(column: Column, moments: Moments, place: int, days: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    if column.kind == "boolean" or not moments.count[place]:
        return {}
    if column.kind == "date":
        low, high = (f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}" for day in days[column.name])
        return {"low": low, "high": high}
    return {"low": float(moments.low[place]), "high": float(moments.high[place])}


def _add_days(days: dict[str, tuple[int, int]], name: str, parts: NDArray[np.float32]) -> None:
    """The first and the last day as numbers such as 20261125, from year, month and day."""
    there = parts[~np.isnan(parts[:, 0])].astype(np.int64)
    if len(there):
        numbers = there @ np.array([10_000, 100, 1])
        low, high = int(numbers.min()), int(numbers.max())
        before = days.get(name, (low, high))
        days[name] = min(low, before[0]), max(high, before[1])
