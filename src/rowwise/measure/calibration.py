"""Probabilities and true classes → how far the model's confidence can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 15  # of equal width, as in Guo et al. 2017, "On Calibration of Modern Neural Networks"
EPSILON = 1e-7  # Keras's: its cross-entropy clips probabilities there too


class Bin(NamedTuple):
    """`records` whose highest probability lies above `low` and up to `high`.

    `confidence` is the mean of that probability, `accuracy` the share that was right; both weighted by the records'
    weights, whose sum is `weight`, where they have any.
    """

    low: float
    high: float
    records: int
    confidence: float
    accuracy: float
    weight: float | None = None

    @property
    def counts(self) -> float:
        """How much the bin counts: its records, or their weights."""
        return self.records if self.weight is None else self.weight

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {name: value for name, value in self._asdict().items() if value is not None}


@dataclass(frozen=True)
class Calibration:
    """The bins that hold records, lowest confidence first."""

    bins: tuple[Bin, ...]

    @property
    def ece(self) -> float:
        """Expected calibration error: Σ records / all · |accuracy − confidence|."""
        total = sum(each.counts for each in self.bins)
        return sum(each.counts / total * abs(each.accuracy - each.confidence) for each in self.bins)

    @property
    def confidence(self) -> float:
        """The mean of the highest probabilities; above the accuracy where the model is too sure of itself."""
        return sum(each.counts * each.confidence for each in self.bins) / sum(each.counts for each in self.bins)

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {"ece": self.ece, "confidence": self.confidence, "bins": [each.to_dict() for each in self.bins]}


def calibration(
    true: NDArray[Any], probabilities: NDArray[Any], bins: int = BINS, weights: NDArray[Any] | None = None
) -> Calibration:
    """Of class numbers `(records,)` and probabilities `(records, classes)`; `weights` `(records,)` or None."""
    highest, right = probabilities.max(1).astype(np.float64), probabilities.argmax(1) == true
    bin_of = np.clip(np.ceil(highest * bins).astype(int) - 1, 0, bins - 1)
    records = np.bincount(bin_of, minlength=bins)
    count = records if weights is None else np.bincount(bin_of, weights, bins)
    each = np.ones(1) if weights is None else weights
    confidence, accuracy = (np.bincount(bin_of, values * each, bins) for values in (highest, right))
    return Calibration(
        tuple(
            Bin(
                b / bins,
                (b + 1) / bins,
                int(records[b]),
                float(confidence[b] / count[b]),
                float(accuracy[b] / count[b]),
                None if weights is None else float(count[b]),
            )
            for b in range(bins)
            if count[b]
        )
    )


def losses_of(true: NDArray[Any], probabilities: NDArray[Any]) -> NDArray[Any]:
    """`(records,)`: the cross-entropy, in nats, of the probability of each record's true class, clipped as by Keras."""
    losses: NDArray[Any] = -np.log(np.clip(probabilities[np.arange(len(true)), true], EPSILON, 1 - EPSILON))
    return losses
