"""Logits and true labels → the temperature by which the logits are divided, so that probabilities can be trusted.

Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks"): one number for all classes, or one
for each of several labels, that makes the log loss of records least which the model did not learn from. The most
probable class stays the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST, MOST = 0.05, 20.0
STEPS = 60  # of bisection: beyond a float's digits
TINY = 1e-30  # less than any probability that a float32 softmax tells from 0


def fitted_temperature(logits: NDArray[Any], true: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
    """Of logits `(records, classes)` and class numbers `(records,)`."""
    z = logits.astype(np.float64)
    z -= z[np.arange(len(z)), true][:, None]  # the true class's is 0

    def slope(scale: float) -> float:  # of the mean log loss, by 1 / temperature: it rises
        scaled = scale * z
        p = np.exp(scaled - scaled.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        return float(np.average((p * z).sum(1), weights=weights))

    return _root(slope)


def fitted_label_temperature(logits: NDArray[Any], true: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
    """Of one label's logits `(records,)` and truths `(records,)`, 0 or 1."""
    z, yes = logits.astype(np.float64), true.astype(np.float64)
    return _root(lambda scale: float(np.average((_sigmoid(scale * z) - yes) * z, weights=weights)))


def fitted_ordered_temperature(logits: NDArray[Any], true: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
    """Of ordered classes `(records,)` and the numbers `(records, classes - 1)` that say whether one goes on (see
    `OrderedClasses`): each class up to a record's own is a question of yes and no."""
    number = np.arange(logits.shape[1])
    asked = number <= true[:, None]
    counts = np.ones(len(true)) if weights is None else weights
    every = np.broadcast_to(counts[:, None], asked.shape)[asked]
    return fitted_label_temperature(logits[asked], (number < true[:, None])[asked], every)


def uncalibrated_order(probabilities: NDArray[Any], temperature: float) -> NDArray[np.float64]:
    """Probabilities `(records, classes)` of ordered classes as they were before a temperature."""
    p = np.clip(probabilities.astype(np.float64), TINY, 1.0)
    beyond = np.cumsum(p[:, ::-1], axis=1)[:, ::-1][:, 1:]  # of going on from each class but the last
    on = _sigmoid(temperature * (np.log(beyond) - np.log(p[:, :-1])))
    one = np.ones((len(p), 1))
    return np.concatenate([one, np.cumprod(on, axis=1)], axis=1) * np.concatenate([1 - on, one], axis=1)


def _root(slope: Any) -> float:
    """The temperature at which a slope that rises with 1 / temperature is 0.

    1 where there is none from LEAST to MOST: few records of which all are answered rightly would be certain for ever.
    """
    low, high = 1 / MOST, 1 / LEAST
    if slope(high) < 0 or slope(low) > 0:
        return 1.0
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return float(1 / middle)


def uncalibrated_labels(probabilities: NDArray[Any], temperatures: tuple[float, ...]) -> NDArray[np.float64]:
    """Probabilities `(records, labels)` as they were before a temperature for each label."""
    p = np.clip(probabilities.astype(np.float64), TINY, 1.0)
    odds = np.log(p) - np.log(np.clip(1 - p, TINY, 1.0))
    return _sigmoid(odds * np.array(temperatures))


def uncalibrated(probabilities: NDArray[Any], temperature: float) -> NDArray[np.float64]:
    """Probabilities `(records, classes)` as they were before a temperature."""
    logits = np.log(np.clip(probabilities.astype(np.float64), TINY, 1.0)) * temperature
    raised = np.exp(logits - logits.max(1, keepdims=True))
    before: NDArray[np.float64] = raised / raised.sum(1, keepdims=True)
    return before


def _sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)
