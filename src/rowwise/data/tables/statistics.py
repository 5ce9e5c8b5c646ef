"""Records of a table → its schema with levels and statistics of the training rows, and how levels are renumbered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.storage import ROWS, release
from rowwise.data.tables.columns import KINDS
from rowwise.data.tables.columns.kind import Summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Column, Schema


class RunningMoments:
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
        missing = np.isnan(values)
        some_missing = missing.any()
        if some_missing:
            values[missing] = 0
        count = len(x) - missing.sum(0)
        mean = values.sum(0) / np.maximum(count, 1)
        values -= mean
        if some_missing:
            values[missing] = 0
        squares = np.einsum("rc,rc->c", values, values)
        total = np.maximum(self.count + count, 1)
        shift = mean - self.mean
        self.mean = self.mean + shift * count / total
        self.squares = self.squares + squares + shift**2 * self.count * count / total
        self.count = self.count + count
        self.records += len(x)
        if len(x):  # fmin and fmax leave NaN out
            self.low = np.fmin(self.low, np.fmin.reduce(x, axis=0))
            self.high = np.fmax(self.high, np.fmax.reduce(x, axis=0))

    def summary(self, first: int, inputs: int) -> Summary:
        """Of the `inputs` columns from `first` on."""
        place = slice(first, first + inputs)
        deviations = np.sqrt(self.squares[place] / np.maximum(self.count[place], 1))
        return Summary(
            present=int(self.count[first]),
            means=tuple(map(float, self.mean[place])),
            deviations=tuple(float(deviation) if deviation > 0 else 1.0 for deviation in deviations),
            low=float(self.low[first]),
            high=float(self.high[first]),
        )


def fitted(
    schema: Schema, x: NDArray[np.float32], train: NDArray[np.intp], block_rows: int = ROWS
) -> tuple[Schema, dict[int, NDArray[np.float32]]]:
    """The schema of the training rows.

    Args:
        schema: with the levels of the whole table.
        x: `(records, columns)`: all records, read with that schema.
        train: the training rows' numbers.
        block_rows: taken at once.

    Returns:
        The schema, and for each categorical column of X what its level numbers become: `(levels + 1,)`.
    """
    moments = RunningMoments(x.shape[1])
    places = {column.name: slice(at, at + len(column.inputs)) for column, at in schema.used_and_placed}
    tallies = {column.name: tally for column in schema.used if (tally := KINDS[column.kind].tally(column)) is not None}
    for start in range(0, len(train), block_rows):
        block = x[train[start : start + block_rows]]
        release(x)
        moments.add(block)
        for name, tally in tallies.items():
            tally.add(block[:, places[name]])
    columns: list[Column] = []
    new_numbers: dict[int, NDArray[np.float32]] = {}
    for column in schema.columns:
        if column.name not in places:
            columns.append(column)
            continue
        place = places[column.name]
        summary = moments.summary(place.start, place.stop - place.start)
        fields = KINDS[column.kind].statistics(column, summary)
        if tally := tallies.get(column.name):
            fields |= tally.fields()
            if (numbers := tally.new_numbers()) is not None:
                new_numbers[place.start] = numbers
        missing = float((moments.records - summary.present) / max(moments.records, 1))
        columns.append(replace(column, missing=missing, **fields))
    return replace(schema, columns=tuple(columns)), new_numbers


def renumbered(x: NDArray[np.float32], new_numbers: Mapping[int, NDArray[np.float32]]) -> NDArray[np.float32]:
    """`(records, columns)` with the levels' new numbers, in place."""
    for place, numbers in new_numbers.items():
        old = x[:, place]
        present = ~np.isnan(old)
        x[present, place] = numbers[old[present].astype(np.int64)]
    return x
