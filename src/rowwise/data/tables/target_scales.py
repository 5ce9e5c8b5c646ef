"""Training records' numbers → the scale that they are learned on, and what an option would do better for them.

The rule of "auto": a target above 0 is learned as its logarithm where its skewness is above 2 and the logarithms' at
most half of that, in absolute value. What is predicted is then a median, not a mean: half of the true values lie above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.data.source import Source

MOST = 200_000  # records that skewness is computed of, evenly spaced
HEAVY = 2.0  # skewness: that of exponentially distributed numbers
SMALLEST_OF_COUNTS, FEW_COUNTS = 1, 1000  # counts begin at 0 or 1; larger ones are nearly normal
OF_COUNTS = 0.5  # skewness: that of Poisson's distribution with a mean of 4


def scale_of(source: Source, y: NDArray[Any]) -> str:
    """As a Schema's `target_scale`, of the training records' targets `(records,)` or `(records, targets)`."""
    if source.target_scale == "auto":
        return "log" if is_skewed(y) else ""
    return source.target_scale if source.target_scale in ("log", "none") else ""


def is_skewed(y: NDArray[Any]) -> bool:
    """Whether all targets are above 0 and heavily skewed to the right, and their logarithms far less."""
    if not len(y) or not (y > 0).all():
        return False
    y = y.reshape(len(y), -1)[np.linspace(0, len(y) - 1, min(len(y), MOST)).astype(int)].astype(np.float64)
    plain, logs = _skewness(y), _skewness(np.log(y))
    return bool(((plain > HEAVY) & (np.abs(logs) <= plain / 2)).all())


def _like_counts(y: NDArray[Any]) -> bool:
    """Whether they are whole numbers from 0 or 1 on, of which small ones are the most frequent."""
    if y.min() < 0 or y.min() > SMALLEST_OF_COUNTS or y.max() > FEW_COUNTS or not (y == np.trunc(y)).all():
        return False
    return bool((_skewness(y.reshape(len(y), -1).astype(np.float64)) > OF_COUNTS).all())


def _skewness(y: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = y - y.mean(0)
    deviation = np.sqrt((centred**2).mean(0))
    skewness: NDArray[np.float64] = (centred**3).mean(0) / np.maximum(deviation, 1e-300) ** 3
    return skewness


def of_targets(data: Dataset, source: Source) -> list[str]:
    """A sentence where the numbers look like counts, or are heavily skewed, and nobody said how to take them."""
    schema = data.schema
    if schema is None or schema.task != "regression" or not schema.targets or not len(data):
        return []
    if source.target_scale == "auto":
        key = "advice.scale.log" if schema.target_scale == "log" else "advice.scale.standard"
        return [say(key, name=", ".join(schema.targets))]
    if schema.counts or schema.quantiles or source.target_scale or source.task:
        return []
    name, y = ", ".join(schema.targets), data.y
    if _like_counts(y):
        return [say("advice.counts", name=name, low=f"{y.min():g}", high=f"{y.max():g}")]
    return [say("advice.log", name=name)] if is_skewed(y) else []
