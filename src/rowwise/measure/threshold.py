"""Probabilities and truths → the probability from which on the answer is yes, so that a measure is best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.models.threshold_aim import GIVEN, aim_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.models.threshold_aim import Aim

USUAL = 0.5


class Chosen(NamedTuple):
    """The threshold, and the measure that it was chosen by: at 0.5, and with it."""

    threshold: float
    before: float
    after: float


class Aimed(NamedTuple):
    """The measure that a threshold was chosen for, of other records: at 0.5, and with it."""

    before: float
    after: float


def aimed_at(
    aim: str, true: NDArray[Any], probabilities: NDArray[Any], threshold: float, weights: Any = None
) -> Aimed | None:
    """Of truths `(records,)`, 0 or 1, and the probabilities of yes; None where no measure was chosen, or one truth only
    occurs."""
    found = aim_of(aim)
    if found is None or found.kind == GIVEN or len(np.unique(true)) < 2:
        return None
    return Aimed(*(figure_at(true, probabilities, one, found, weights) for one in (USUAL, threshold)))


def best_threshold(true: NDArray[Any], probabilities: NDArray[Any], aim: Aim, weights: Any = None) -> Chosen:
    """Of truths `(records,)`, 0 or 1 (both occur), and the probabilities `(records,)` of yes.

    Tried are all thresholds that part the records differently; of several that are best, the one nearest to 0.5.
    """
    p = probabilities.astype(np.float32)
    w = np.ones(len(p)) if weights is None else weights.astype(np.float64)
    order = np.argsort(-p, kind="stable")
    p, yes = p[order], np.where(true[order] == 1, w[order], 0.0)
    no = w[order] - yes
    last = np.append(p[1:] != p[:-1], True)  # of the records of one probability
    true_yes, false_yes = (np.append(0.0, np.cumsum(part)[last]) for part in (yes, no))
    edges = np.concatenate([[np.float32(1)], p[last], [np.float32(0)]])  # between two of them lies a threshold
    thresholds = (edges[:-1] + edges[1:]) / 2
    thresholds = np.where(thresholds <= edges[1:], edges[:-1], thresholds)  # neighbours among the floats
    figures = aim.sign * aim.figure(true_yes, false_yes, yes.sum(), no.sum())
    figures[~((thresholds > 0) & (thresholds <= 1))] = -np.inf
    if edges[0] == edges[1]:
        figures[0] = -np.inf  # what has a probability of 1 is always answered yes
    best = np.flatnonzero(figures >= figures.max() - 1e-12)
    chosen = best[np.argmin(np.abs(thresholds[best] - USUAL))]
    before = figure_at(true, probabilities, USUAL, aim, weights)
    return Chosen(float(thresholds[chosen]), before, float(aim.sign * figures[chosen]))


def figure_at(
    true: NDArray[Any], probabilities: NDArray[Any], threshold: float, aim: Aim, weights: Any = None
) -> float:
    """The measure of `aim` with this threshold."""
    w = np.ones(len(true)) if weights is None else weights.astype(np.float64)
    answered, yes = probabilities >= np.float32(threshold), true == 1
    true_yes, false_yes = (np.array([w[part].sum()]) for part in (answered & yes, answered & ~yes))
    return float(aim.figure(true_yes, false_yes, w[yes].sum(), w[~yes].sum())[0])
