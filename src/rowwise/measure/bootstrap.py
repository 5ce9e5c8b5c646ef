"""What was measured of each record → 95 % intervals: the records are resampled with replacement, 1,000 times.

Percentile bootstrap (Efron 1979): the middle 95 % of the 1,000 figures. The same seed gives the same interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from rowwise.measure.ranking import Ranking

DRAWS = 1000
LEVEL = 0.95
SEED = 0
MOST_UNITS = 10_000  # drawn one by one; more records are drawn in seeded groups of equal size, which sums allow
FEWEST_DRAWS = 200  # with fewer, the outer 2.5 % mean nothing
MOST_WORK = 30_000_000  # draws x records x classes of a ranking: a fraction of a second
CHUNK = 24  # draws at a time, which fit the processor's cache


class Interval(NamedTuple):
    """The middle 95 % of `draws` figures."""

    low: float
    high: float
    draws: int = DRAWS


def resamples(records: int, draws: int = DRAWS, seed: int = SEED) -> Iterator[NDArray[np.float32]]:
    """How often each record was drawn, `(up to 24, records)` at a time; each row's sum is `records`."""
    random = np.random.default_rng(seed)
    chunk = max(1, min(CHUNK, 4_000_000 // records))
    for begin in range(0, draws, chunk):
        rows = [
            np.bincount(random.integers(0, records, records), minlength=records)
            for _ in range(min(chunk, draws - begin))
        ]
        yield np.array(rows, np.float32)


def of_sums(
    values: NDArray[Any],
    figures: Callable[[NDArray[np.float64]], NDArray[Any]],
    weights: NDArray[Any] | None = None,
) -> list[Interval]:
    """Intervals of figures that follow from sums over the records.

    Args:
        values: `(records, sums)`.
        figures: takes means `(draws, sums)`, gives figures `(draws, figures)`.
        weights: `(records,)`, of which the means are weighted ones; None where all count alike.
    """
    if weights is not None:
        values = np.column_stack([values * weights[:, None], weights]).astype(np.float64)
    else:
        values = np.column_stack([values, np.ones(len(values))]).astype(np.float64)
    if len(values) > MOST_UNITS:
        shuffled = values[np.random.default_rng(SEED).permutation(len(values))]
        values = np.add.reduceat(shuffled, np.linspace(0, len(values), MOST_UNITS, endpoint=False).astype(int), axis=0)
    sums = np.concatenate([counts @ values for counts in resamples(len(values))])
    with np.errstate(invalid="ignore", divide="ignore"):  # a draw may have nothing but weights of 0
        means = sums[:, :-1] / sums[:, -1:]
    return intervals(figures(means))


def of_cells(
    cells: NDArray[np.int64],
    size: int,
    weights: NDArray[Any],
    figures: Callable[[NDArray[np.float64]], NDArray[Any]],
) -> Sequence[Interval | None]:
    """Intervals of figures that follow from the sums of weights by cell; None where that would take too long.

    Args:
        cells: `(records,)`: the number of each record's cell, less than `size`.
        weights: `(records,)`.
        figures: takes sums `(draws, size)`, gives figures `(draws, figures)`.
    """
    draws = min(DRAWS, MOST_WORK // max(len(cells), size))
    if draws < FEWEST_DRAWS:
        return [None] * figures(np.ones((1, size))).shape[1]
    resampled = [
        figures(np.array([np.bincount(cells, counts * weights, size) for counts in chunk]))
        for chunk in resamples(len(cells), draws)
    ]
    return intervals(np.concatenate(resampled))


def of_confusion(confusion: NDArray[np.int64], figures: Callable[[NDArray[np.int64]], NDArray[Any]]) -> list[Interval]:
    """Intervals of figures that follow from a confusion matrix.

    Resampling records and counting them by cell is one multinomial draw of the cells, each as probable as its share.

    Args:
        confusion: `(classes, classes)`.
        figures: takes matrices `(draws, classes, classes)`, gives figures `(draws, figures)`.
    """
    total, random = int(confusion.sum()), np.random.default_rng(SEED)
    occupied = np.flatnonzero(confusion)
    chunk = max(1, min(DRAWS, 4_000_000 // confusion.size))
    resampled = []
    for begin in range(0, DRAWS, chunk):
        drawn = np.zeros((min(chunk, DRAWS - begin), confusion.size), np.int64)
        drawn[:, occupied] = random.multinomial(total, confusion.reshape(-1)[occupied] / total, len(drawn))
        resampled.append(figures(drawn.reshape(-1, *confusion.shape)))
    return intervals(np.concatenate(resampled))


def of_rankings(
    rankings: Iterable[Ranking], records: int, weights: NDArray[Any] | None = None
) -> list[Interval | None]:
    """Intervals of ROC AUC and average precision, means over the rankings; None where that would take too long.

    Each draw's mean is over the rankings that have a value in it; a draw in which none has does not count. Each record
    counts by its weight in `weights`, alike where that is None.
    """
    rankings = list(rankings)
    if not rankings:
        return [None, None]
    draws = min(DRAWS, MOST_WORK // (records * len(rankings)))
    if draws < FEWEST_DRAWS:
        return [None, None]
    means = []
    for counts in resamples(records, draws):
        if weights is not None:
            counts *= weights
        figures = np.array([ranking.figures(counts) for ranking in rankings])  # (classes, 2, draws)
        defined = ~np.isnan(figures)  # a small class may be missing from a draw
        classes = defined.sum(0)
        sums = np.where(defined, figures, 0).sum(0)
        means.append(np.where(classes > 0, sums / np.maximum(classes, 1), np.nan).T)
    return list(intervals(np.concatenate(means)))


def intervals(figures: NDArray[Any]) -> list[Interval]:
    """One for each column of `(draws, figures)`; draws in which the figure has no value do not count."""
    tail = (1 - LEVEL) / 2
    bounds = []
    for column in figures.T:
        finite = column[np.isfinite(column)]
        low, high = np.quantile(finite, [tail, 1 - tail]) if len(finite) else (np.nan, np.nan)
        bounds.append(Interval(float(low), float(high), len(finite)))
    return bounds
