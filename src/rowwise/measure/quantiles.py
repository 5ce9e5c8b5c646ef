"""True numbers and predicted quantiles → a QuantileReport: pinball loss and coverage of each, and of intervals.

Pinball loss of a quantile q of level τ: the mean of τ (y - q) where y is above it, (1 - τ) (q - y) elsewhere, as
scikit-learn's `mean_pinball_loss`. Coverage of a quantile: the share of true numbers at or below it, which is to be its
level; of an interval between two quantiles: the share between them, its ends included.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.measure.bootstrap import LEVEL, SEED, Interval, of_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.models.task import Task


@dataclass(frozen=True)
class QuantileScore:
    """One quantile: its pinball loss and the share of true numbers at or below it, with 95 % intervals.

    `baseline` is the pinball loss of always answering `answer`, that quantile of the training records.
    """

    level: float
    pinball: float
    coverage: float
    intervals: dict[str, Interval]
    answer: float
    baseline: float


@dataclass(frozen=True)
class Band:
    """The interval between two quantiles: the share that it should hold and holds, and how wide it is on average."""

    low: float
    high: float
    coverage: float
    interval: Interval
    width: float

    @property
    def nominal(self) -> float:
        """The share that it should hold."""
        return self.high - self.low


@dataclass(frozen=True, eq=False)
class QuantileReport:
    """How well predicted quantiles of one target fit the true numbers.

    Attributes:
        true: `(records,)` float64.
        predicted: `(records, quantiles)` float64.
        levels: of the quantiles, rising.
        target: its name.
        provenance: of the data measured on.
        answers: `(quantiles,)`: those of the training records, which the baseline answers; None for the measured ones.
        basis: how the task is known; None where it was not asked for.
        weights: `(records,)`: how much each record counts in every measure; None where all count alike.
        weighted_by: what the weights are called.
    """

    task = "quantiles"

    true: NDArray[np.float64] = field(repr=False)
    predicted: NDArray[np.float64] = field(repr=False)
    levels: tuple[float, ...]
    target: str = "y"
    provenance: str = ""
    answers: NDArray[np.float64] | None = field(default=None, repr=False)
    basis: Task | None = None
    weights: NDArray[Any] | None = field(default=None, repr=False)
    weighted_by: str = ""

    @property
    def records(self) -> int:
        """How many records were measured."""
        return len(self.true)

    @property
    def pinball(self) -> float:
        """The mean of the quantiles' pinball losses, in the target's unit."""
        return float(_mean(_losses(self.true, self.predicted, self.levels), self.weights).mean())

    @property
    def coverage(self) -> float | None:
        """Of the widest interval; None where there is one quantile only."""
        if len(self.levels) < 2:
            return None
        return float(_mean(self._inside(0), self.weights)[0])

    @property
    def baseline_pinball(self) -> float:
        """The same of always answering the quantiles of the training records."""
        return float(np.mean([score.baseline for score in self.per_quantile]))

    @cached_property
    def per_quantile(self) -> tuple[QuantileScore, ...]:
        """A score a quantile."""
        losses, below = _losses(self.true, self.predicted, self.levels), self.true[:, None] <= self.predicted
        answers = quantiles_of(self.true, self.levels, self.weights) if self.answers is None else self.answers
        base = _mean(_losses(self.true, np.broadcast_to(answers, self.predicted.shape), self.levels), self.weights)
        means, shares = _mean(losses, self.weights), _mean(below, self.weights)
        drawn = of_sums(np.concatenate([losses, below], axis=1), lambda one: one, self.weights)
        count = len(self.levels)
        return tuple(
            QuantileScore(
                level,
                float(means[n]),
                float(shares[n]),
                {"pinball": drawn[n], "coverage": drawn[count + n]},
                float(answers[n]),
                float(base[n]),
            )
            for n, level in enumerate(self.levels)
        )

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """The intervals between the outermost quantiles, the next ones, and so on inwards."""
        bands = []
        for first in range(len(self.levels) // 2):
            last = len(self.levels) - 1 - first
            low, high = self.predicted[:, first], self.predicted[:, last]
            inside = self._inside(first)
            interval = of_sums(inside, lambda one: one, self.weights)[0]
            share, width = (float(_mean(part, self.weights)[0]) for part in (inside, (high - low)[:, None]))
            bands.append(Band(self.levels[first], self.levels[last], share, interval, width))
        return tuple(bands)

    def _inside(self, first: int) -> NDArray[np.bool_]:
        """`(records, 1)`: whether the true number lies between the quantile `first` and that so far from the end."""
        low, high = self.predicted[:, first], self.predicted[:, -1 - first]
        return ((self.true >= low) & (self.true <= high))[:, None]

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        bands = [
            {"low": b.low, "high": b.high, "nominal": b.nominal, "coverage": b.coverage, "width": b.width}
            | {"interval": b.interval._asdict()}
            for b in self.bands
        ]
        quantiles = [
            {"level": s.level, "pinball": s.pinball, "coverage": s.coverage}
            | {"intervals": {name: interval._asdict() for name, interval in s.intervals.items()}}
            | {"baseline": {"answers": s.answer, "pinball": s.baseline}}
            for s in self.per_quantile
        ]
        return {
            "task": self.task,
            "records": self.records,
            "provenance": self.provenance,
            **({"weighted_by": self.weighted_by} if self.weights is not None else {}),
            "pinball": self.pinball,
            "coverage": self.coverage,
            "baseline": {
                "from": "measured" if self.answers is None else "training",
                "pinball": self.baseline_pinball,
            },
            "intervals": {"level": LEVEL, "seed": SEED},
            "target": self.target,
            "per_quantile": quantiles,
            "bands": bands,
        }

    def _repr_html_(self) -> str:
        from rowwise.measure.report_card import of_quantiles

        return of_quantiles(self)

    def __str__(self) -> str:
        """A table of at most 80 columns, in the current language."""
        from rowwise.measure.as_text import quantiles

        return quantiles(self)


def measure_quantiles(
    true: NDArray[Any],
    predicted: NDArray[Any],
    levels: tuple[float, ...],
    target: str = "y",
    provenance: str = "",
    answers: NDArray[np.float64] | None = None,
    weights: NDArray[Any] | None = None,
    weighted_by: str = "",
) -> QuantileReport:
    """Compare true numbers `(records,)` with quantiles `(records, quantiles)`."""
    y, q = true.reshape(-1).astype(np.float64), predicted.astype(np.float64)
    report = QuantileReport(y, q, levels, target, provenance, answers)
    return replace(report, weights=weights, weighted_by=weighted_by)


def quantiles_of(
    values: NDArray[Any], levels: tuple[float, ...], weights: NDArray[Any] | None = None
) -> NDArray[np.float64]:
    """`(levels,)`: quantiles of values `(records,)`; weighted ones are values themselves."""
    if weights is None:
        plain: NDArray[np.float64] = np.quantile(values.astype(np.float64), levels)
        return plain
    order = np.argsort(values, kind="stable")
    shares = np.cumsum(weights[order].astype(np.float64))
    places = np.searchsorted(shares, np.array(levels) * shares[-1])
    return values[order][np.minimum(places, len(values) - 1)].astype(np.float64)


def _losses(true: NDArray[Any], predicted: NDArray[Any], levels: tuple[float, ...]) -> NDArray[np.float64]:
    """`(records, quantiles)`: the pinball loss of each."""
    error, level = true[:, None] - predicted, np.array(levels)
    return np.where(error >= 0, level * error, (level - 1) * error)


def _mean(values: NDArray[Any], weights: NDArray[Any] | None) -> NDArray[np.float64]:
    """Over the records `(records, …)`."""
    mean: NDArray[np.float64] = values.mean(0) if weights is None else np.average(values, 0, weights)
    return mean
