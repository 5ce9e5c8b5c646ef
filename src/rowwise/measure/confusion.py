"""Confusion matrices, of counts or of weights → accuracy, precision, recall and F1, by class and macro.

Formulas: precision = TP / (TP + FP), recall = TP / (TP + FN), F1 = 2 TP / (2 TP + FP + FN), a quotient
without a denominator counts 0; macro is the plain mean over the classes that occur, as in scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FROM_CONFUSION = ("accuracy", "precision", "recall", "f1")
OF_ORDER = ("level_error", "kappa")


class ClassScore(NamedTuple):
    """One class: `support` records have it, `predicted` were given it."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


class Confused(NamedTuple):
    """`records` of class `true`, the `share` of its support, were taken for `predicted`."""

    true: str
    predicted: str
    records: int
    share: float


def by_class(confusion: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
    """Precision, recall, F1, support, predicted `(..., classes)` of confusions `(..., classes, classes)`."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    support, predicted = confusion.sum(-1), confusion.sum(-2)
    return _ratio(right, predicted), _ratio(right, support), _ratio(2 * right, support + predicted), support, predicted


def square(cells: NDArray[Any]) -> NDArray[Any]:
    """`(draws, classes²)` → `(draws, classes, classes)`."""
    classes = round(cells.shape[1] ** 0.5)
    return cells.reshape(len(cells), classes, classes)


def occurring(confusion: NDArray[np.int64]) -> NDArray[np.bool_]:
    """`(classes,)`: which of them some record has or was given."""
    return (confusion.sum(1) > 0) | (confusion.sum(0) > 0)


def macro_figures(confusion: NDArray[np.int64], occurs: NDArray[np.bool_]) -> NDArray[np.float64]:
    """FROM_CONFUSION `(draws, 4)` of confusions `(draws, classes, classes)`; macro over the classes that `occurs`."""
    precision, recall, f1, support, _ = by_class(confusion)
    accuracy = np.trace(confusion, axis1=-2, axis2=-1) / support.sum(-1)
    return np.stack([accuracy, *(figure[..., occurs].mean(-1) for figure in (precision, recall, f1))], axis=-1)


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.zeros(above.shape), where=below > 0)


def order_figures(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """OF_ORDER `(draws, 2)` of confusions `(draws, classes, classes)` whose classes stand in their order.

    How many classes an answer is off, on average; and Cohen's kappa with quadratic weights: 1 less the squared
    distances of the answers, divided by those of answers that are as frequent but know nothing of the record.
    """
    numbers, totals = np.arange(confusion.shape[-1]), confusion.sum((-1, -2))
    distance = np.abs(numbers[:, None] - numbers)
    error = (confusion * distance).sum((-1, -2)) / totals
    by_chance = confusion.sum(-1)[..., :, None] * confusion.sum(-2)[..., None, :] / totals[..., None, None]
    squared, expected = ((cells * distance**2).sum((-1, -2)) for cells in (confusion, by_chance))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack([error, np.where(expected > 0, 1 - squared / expected, np.nan)], axis=-1)
