"""What was measured of each record → 95 % intervals: the records are drawn anew, with repetition, 1,000 times.

Percentile bootstrap (Efron 1979): of the 1,000 figures the middle 95 %. The same seed gives the same interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from rowwise.measure.ranking import Ranking

DRAWS = 1000
LEVEL = 0.95
SEED = 0
MOST_UNITS = 10_000  # drawn one by one; of more records, seeded groups of equal size are drawn: sums do not suffer
FEWEST_DRAWS = 200  # with fewer, 2.5 % at each end mean nothing
MOST_WORK = 30_000_000  # draws x records x classes of a ranking: a fraction of a second
CHUNK = 24  # draws at a time; they stay in the processor's cache


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


def of_sums(values: NDArray[Any], figures: Callable[[NDArray[np.float64]], NDArray[Any]]) -> list[Interval]:
    """Intervals of figures that follow from sums over the records.

    Args:
        values: `(records, sums)`.
        figures: takes means `(draws, sums)`, gives figures `(draws, figures)`.
    """
    values = np.column_stack([values, np.ones(len(values))]).astype(np.float64)
    if len(values) > MOST_UNITS:
        shuffled = values[np.random.default_rng(SEED).permutation(len(values))]
        values = np.add.reduceat(shuffled, np.linspace(0, len(values), MOST_UNITS, endpoint=False).astype(int), axis=0)
    sums = np.concatenate([counts @ values for counts in resamples(len(values))])
    return intervals(figures(sums[:, :-1] / sums[:, -1:]))


def of_confusion(confusion: NDArray[np.int64], figures: Callable[[NDArray[np.int64]], NDArray[Any]]) -> list[Interval]:
    """Intervals of figures that follow from a confusion matrix.

    To draw records and count them by cell is to draw the cells, each as probable as its share: one multinomial draw.

    Args:
        confusion: `(classes, classes)`.
        figures: takes matrices `(draws, classes, classes)`, gives figures `(draws, figures)`.
    """
    total, random = int(confusion.sum()), np.random.default_rng(SEED)
    held = np.flatnonzero(confusion)
    chunk = max(1, min(DRAWS, 4_000_000 // confusion.size))
    found = []
    for begin in range(0, DRAWS, chunk):
        drawn = np.zeros((min(chunk, DRAWS - begin), confusion.size), np.int64)
        drawn[:, held] = random.multinomial(total, confusion.reshape(-1)[held] / total, len(drawn))
        found.append(figures(drawn.reshape(-1, *confusion.shape)))
    return intervals(np.concatenate(found))


def of_rankings(rankings: Iterable[Ranking], records: int) -> list[Interval | None]:
    """Intervals of ROC AUC and average precision, means over the rankings; None where that would take too long.

    Each draw's mean is over the rankings that have a value in it; a draw in which none has does not count.
    """
    rankings = list(rankings)
    if not rankings:
        return [None, None]
    draws = min(DRAWS, MOST_WORK // (records * len(rankings)))
    if draws < FEWEST_DRAWS:
        return [None, None]
    found = []
    for counts in resamples(records, draws):
        each = np.array([ranking.figures(counts) for ranking in rankings])  # (classes, 2, draws)
        known = ~np.isnan(each)  # a small class may be missing from a draw
        some = known.sum(0)
        found.append(np.where(some > 0, np.where(known, each, 0).sum(0) / np.maximum(some, 1), np.nan).T)
    return list(intervals(np.concatenate(found)))


def intervals(figures: NDArray[Any]) -> list[Interval]:
    """One for each column of `(draws, figures)`; draws in which the figure has no value do not count."""
    tail = (1 - LEVEL) / 2
    found = []
    for column in figures.T:
        known = column[np.isfinite(column)]
        low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (np.nan, np.nan)
        found.append(Interval(float(low), float(high), len(known)))
    return found
