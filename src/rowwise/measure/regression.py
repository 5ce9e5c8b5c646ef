"""True and predicted numbers → a RegressionReport: MAE, RMSE, R² for each target, with intervals and the mean beside.

MAE = mean |e|, RMSE = √ mean e², R² = 1 − Σ e² / Σ (y − ȳ)², with e = predicted − true and ȳ the mean of the
measured y; over several targets the plain mean, as in scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import DataError
from rowwise.measure.bootstrap import LEVEL, SEED, Interval, of_sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from rowwise.models.task import Task

FIGURES = ("mae", "rmse", "r2")


@dataclass(frozen=True)
class TargetScore:
    """One target: its figures, their 95 % intervals, and those of always answering `mean`.

    `r2` is NaN where all true values are equal: there is nothing to explain.
    """

    name: str
    mae: float
    rmse: float
    r2: float
    intervals: dict[str, Interval]
    mean: float
    baseline: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        figures = {name: getattr(self, name) for name in FIGURES}
        intervals = {name: interval._asdict() for name, interval in self.intervals.items()}
        baseline = {"answers": self.mean, **self.baseline}
        return {"name": self.name, **figures, "intervals": intervals, "baseline": baseline}


@dataclass(frozen=True, eq=False)
class RegressionReport:
    """How far a model's numbers are from the true ones.

    Attributes:
        true, predicted: `(records, targets)` float64.
        targets: their names.
        provenance: of the data measured on.
        means: `(targets,)`: the means of the training records, which the baseline answers; None for the measured ones.
        basis: how the task is known; None where it was not asked for.
        weights: `(records,)`: how much each record counts in every measure; None where all count alike.
        weighted_by: what the weights are called.
    """

    task = "regression"

    true: NDArray[np.float64] = field(repr=False)
    predicted: NDArray[np.float64] = field(repr=False)
    targets: tuple[str, ...]
    provenance: str = ""
    means: NDArray[np.float64] | None = field(default=None, repr=False)
    basis: Task | None = None
    weights: NDArray[Any] | None = field(default=None, repr=False)
    weighted_by: str = ""

    @property
    def records(self) -> int:
        """How many records were measured."""
        return len(self.true)

    @cached_property
    def per_target(self) -> tuple[TargetScore, ...]:
        """A score a target."""
        weights = self.weights
        means = _mean(self.true, weights) if self.means is None else self.means
        intervals = _intervals(self.true, self.predicted, weights)
        scores = []
        for column, name in enumerate(self.targets):
            true, mean = self.true[:, column], float(means[column])
            mae, rmse, r2 = _figures(true, self.predicted[:, column], weights)
            base = dict(zip(FIGURES, _figures(true, np.full_like(true, mean), weights), strict=True))
            scores.append(TargetScore(name, mae, rmse, r2, intervals[column], mean, base))
        return tuple(scores)

    @property
    def mae(self) -> float:
        """Mean absolute error, in the target's unit."""
        return float(np.mean([score.mae for score in self.per_target]))

    @property
    def rmse(self) -> float:
        """Root mean squared error, in the target's unit."""
        return float(np.mean([score.rmse for score in self.per_target]))

    @property
    def r2(self) -> float:
        """The share of the variance that is explained; 0 is as good as the mean, less is worse."""
        return float(np.mean([score.r2 for score in self.per_target]))

    @property
    def plain(self) -> dict[str, float]:
        """MAE, RMSE and R² alone, for which no intervals are drawn."""
        each = [_figures(self.true[:, n], self.predicted[:, n], self.weights) for n in range(len(self.targets))]
        return dict(zip(FIGURES, np.mean(each, axis=0).tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return {
            "task": self.task,
            "records": self.records,
            "provenance": self.provenance,
            **({"weighted_by": self.weighted_by} if self.weights is not None else {}),
            **{name: getattr(self, name) for name in FIGURES},
            "intervals": {"level": LEVEL, "seed": SEED},
            "baseline": {"from": "measured" if self.means is None else "training"},
            "per_target": [score.to_dict() for score in self.per_target],
        }

    def __str__(self) -> str:
        """A table of at most 80 columns, in the current language."""
        from rowwise.measure.as_text import regression

        return regression(self)


def measure_numbers(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    targets: Sequence[str] = ("y",),
    provenance: str = "",
    means: ArrayLike | None = None,
    weights: NDArray[Any] | None = None,
    weighted_by: str = "",
) -> RegressionReport:
    """Compare `y_true` with `y_pred`, both `(records,)` or `(records, targets)`, finite.

    Args:
        weights: `(records,)`: how much each record counts; None where all count alike.
        weighted_by: what the weights are called.

    Raises:
        DataError: no records, or the numbers of records or targets differ.
    """
    true, predicted = (np.asarray(part, np.float64) for part in (y_true, y_pred))
    true, predicted = (part[:, None] if part.ndim == 1 else part for part in (true, predicted))
    if true.shape != predicted.shape or true.ndim != 2 or not len(true) or true.shape[1] != len(targets):
        raise DataError("measure.numbers", true=true.shape, predicted=predicted.shape, targets=len(targets))
    baseline = None if means is None else np.asarray(means, np.float64).reshape(-1)
    return RegressionReport(
        true, predicted, tuple(targets), provenance, baseline, weights=weights, weighted_by=weighted_by
    )


def _mean(values: NDArray[np.float64], weights: NDArray[Any] | None) -> NDArray[np.float64]:
    """Over the records `(records, …)`."""
    mean: NDArray[np.float64] = values.mean(0) if weights is None else np.average(values, 0, weights)
    return mean


def _figures(
    true: NDArray[np.float64], predicted: NDArray[np.float64], weights: NDArray[Any] | None
) -> tuple[float, float, float]:
    """MAE, RMSE and R² of one target."""
    error = predicted - true
    each = 1 if weights is None else weights
    spread = float((each * (true - _mean(true, weights)) ** 2).sum())
    r2 = 1 - float((each * error**2).sum()) / spread if spread else float("nan")
    return float(_mean(np.abs(error), weights)), float(np.sqrt(_mean(error**2, weights))), r2


def _intervals(
    true: NDArray[np.float64], predicted: NDArray[np.float64], weights: NDArray[Any] | None
) -> list[dict[str, Interval]]:
    """FIGURES of each target, all from the same resamples."""
    error = predicted - true
    centred = true - _mean(true, weights)  # squares of large numbers lose their digits
    spread, targets = _mean(centred**2, weights), true.shape[1]

    def figures(means: NDArray[np.float64]) -> NDArray[Any]:
        absolute, squared, mean, square = np.split(means, 4, axis=1)
        variance = square - mean**2
        with np.errstate(invalid="ignore", divide="ignore"):
            explained = np.where(variance > 1e-12 * spread, 1 - squared / variance, np.nan)
            return np.concatenate([absolute, np.sqrt(squared), explained], axis=1)

    drawn = of_sums(np.concatenate([np.abs(error), error**2, centred, centred**2], axis=1), figures, weights)
    return [dict(zip(FIGURES, drawn[target::targets], strict=True)) for target in range(targets)]
