"""One record and others to compare it with → how much each of its columns moves what the model says of it.

Shapley values (Shapley 1953; Štrumbelj and Kononenko 2014): a column's contribution is what the number changes by when
the column takes the record's value instead of that of a record drawn from the training data, averaged over what the
other columns have taken before. All of them together are the difference between this record's number and the average:
nothing is left over. Of few columns all orders are counted; of more, orders are drawn, each with its reverse.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rowwise.measure.columns import blocks, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from rowwise.measure.columns import TableColumn

BACKGROUND = 100  # records that are compared with
MOST_COUNTED = 10  # columns up to which all 2^columns mixtures are made
DRAWN = 200  # pairs of orders otherwise


class Contributions(NamedTuple):
    """`values` `(columns,)` add up to the record's number less `base`, the average over the `background` records.

    `errors` `(columns,)` are the standard errors of values that come from drawn orders; zeros where all were counted.
    """

    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    base: float
    background: int
    counted: bool


def contributions(
    number: Callable[[NDArray[np.float32]], NDArray[np.float64]],
    record: NDArray[np.float32],
    others: NDArray[np.float32],
    columns: Sequence[TableColumn],
    seed: int = 0,
) -> Contributions:
    """Of the columns of `record` `(columns of X,)`, compared with `others` `(records, columns of X)`.

    Args:
        number: x `(records, columns of X)` → the number to explain, of each.
        seed: of which others are compared with, and of drawn orders.
    """
    if len(columns) <= MOST_COUNTED:
        background = others[sample(len(others), BACKGROUND, seed)]
        return _counted(number, record, background, columns)
    return _drawn(number, record, others, columns, np.random.default_rng(seed))


def _counted(
    number: Callable[[NDArray[np.float32]], NDArray[np.float64]],
    record: NDArray[np.float32],
    background: NDArray[np.float32],
    columns: Sequence[TableColumn],
) -> Contributions:
    """Of every subset of columns that may come before one: `|S|! (n - |S| - 1)! / n!` of all orders."""
    count = len(columns)
    mixed = np.tile(background, (1 << count, 1))
    of_subset = mixed.reshape(1 << count, len(background), -1)
    for place, column in enumerate(columns):
        subsets = np.flatnonzero(np.arange(1 << count) >> place & 1)
        of_subset[subsets[:, None, None], np.arange(len(background))[:, None], column.at] = record[column.at]
    averages = number(mixed).reshape(1 << count, len(background)).mean(1)
    sizes = np.array([subset.bit_count() for subset in range(1 << count)])
    shares = [math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count) for size in range(count)]
    values = np.zeros(count)
    for place in range(count):
        without = np.flatnonzero(~(np.arange(1 << count) >> place) & 1)
        gains = averages[without | 1 << place] - averages[without]
        values[place] = np.dot(gains, np.array(shares)[sizes[without]])
    return Contributions(values, np.zeros(count), float(averages[0]), len(background), True)


def _drawn(
    number: Callable[[NDArray[np.float32]], NDArray[np.float64]],
    record: NDArray[np.float32],
    others: NDArray[np.float32],
    columns: Sequence[TableColumn],
    random: np.random.Generator,
) -> Contributions:
    """Each order begins with a record of the others, and takes on this record's columns one by one."""
    count = len(columns)
    orders = np.array([random.permutation(count) for _ in range(DRAWN)])
    orders = np.stack([orders, orders[:, ::-1]], axis=1).reshape(-1, count)  # each with its reverse
    starts = np.repeat(random.integers(len(others), size=DRAWN), 2)

    def steps() -> Iterator[NDArray[np.float32]]:
        for order, start in zip(orders, starts, strict=True):
            step = others[start].astype(np.float32)
            yield step
            for place in order:
                step[columns[place].at] = record[columns[place].at]
                yield step

    every, found = steps(), []
    for block in blocks([1] * (len(orders) * (count + 1)), len(record)):
        mixed = np.empty((block.stop - block.start, len(record)), np.float32)
        for row in mixed:
            row[:] = next(every)
        found.append(number(mixed))
    numbers = np.concatenate(found).reshape(len(orders), count + 1)
    gains = np.empty((len(orders), count))
    np.put_along_axis(gains, orders, np.diff(numbers, axis=1), axis=1)
    pairs = gains.reshape(DRAWN, 2, count).mean(1)
    errors = pairs.std(0, ddof=1) / math.sqrt(DRAWN)
    return Contributions(gains.mean(0), errors, float(numbers[:, 0].mean()), DRAWN, False)
