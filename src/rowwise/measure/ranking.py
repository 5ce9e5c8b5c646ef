"""Scores of one class and who belongs to it → ROC AUC and average precision, for many weightings at once.

ROC AUC: the share of pairs (one that belongs, one that does not) in which the first has the higher score, a tie
counts a half. Average precision: Σ (Rₙ − Rₙ₋₁) Pₙ over the scores as thresholds, high to low (P: precision,
R: recall). Both as scikit-learn defines them, which takes one weighting a call where a bootstrap needs a thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Ranking:
    """Records sorted once by falling score; tied records that hold one of the class make a group.

    Attributes:
        order: `(records,)` record numbers, highest score first.
        starts: where in that order groups, and what lies between them, begin; the first is 0.
        groups: which of those pieces are groups.
        inside: record numbers of those that belong to the class, group by group.
        first: where in `inside` each group begins.
        tied: whether any group has more than one record.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    groups: NDArray[np.intp]
    inside: NDArray[np.intp]
    first: NDArray[np.intp]
    tied: bool

    @classmethod
    def of(cls, belongs: NDArray[np.bool_], scores: NDArray[Any]) -> Self:
        """Of `belongs` `(records,)`, one true at least, and `scores` `(records,)`."""
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
        tie = np.concatenate([[0], np.cumsum(ranked[1:] != ranked[:-1])])  # the number of each record's score
        begins = np.flatnonzero(np.diff(tie, prepend=-1))
        ends = np.append(begins[1:], len(order))
        places = np.flatnonzero(belongs[order])
        grouped, first = np.unique(tie[places], return_index=True)
        starts = np.unique(np.concatenate([[0], begins[grouped], ends[grouped]]))
        starts = starts[starts < len(order)]
        tied = bool((ends[grouped] - begins[grouped] > 1).any())
        return cls(order, starts, np.searchsorted(starts, begins[grouped]), order[places], first, tied)

    def figures(self, weights: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """ROC AUC and average precision `(draws,)` of weights `(draws, records)`; NaN where one side weighs nothing."""
        pieces = np.add.reduceat(np.take(weights, self.order, axis=1), self.starts, axis=1)
        cumulative = np.cumsum(pieces, axis=1, dtype=np.float64)  # weight down to the end of each piece
        positives = np.add.reduceat(np.take(weights, self.inside, axis=1), self.first, axis=1).astype(np.float64)
        down, positives_down = cumulative[:, self.groups], np.cumsum(positives, axis=1)
        positive = positives.sum(1)
        negative = cumulative[:, -1] - positive
        # Of each positive: the negatives with a higher score, and half of those with its own, count against it.
        above = down - positives_down
        if self.tied:
            above -= (pieces[:, self.groups] - positives) / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            auc = 1 - np.einsum("dg,dg->d", positives, above) / (positive * negative)
            precision = positives_down
            precision /= np.maximum(down, 1e-300)  # nothing was drawn yet where `down` is 0
            return auc, np.where(negative > 0, np.einsum("dg,dg->d", positives, precision) / positive, np.nan)


def rankings(true: NDArray[Any], probabilities: NDArray[Any]) -> dict[int, Ranking]:
    """One for each class that some records have and some have not; of two classes only the second's.

    Args:
        true: `(records,)` class numbers.
        probabilities: `(records, classes)`.
    """
    classes = probabilities.shape[1]
    by_class = {}
    for number in [1] if classes == 2 else range(classes):
        belongs = true == number
        if belongs.any() and not belongs.all():
            by_class[number] = Ranking.of(belongs, probabilities[:, number])
    return by_class
