"""True and predicted numbers → a RegressionReport: MAE, RMSE, R² for each target, with intervals and the mean beside.

MAE = mean |e|, RMSE = √ mean e², R² = 1 − Σ e² / Σ (y − ȳ)², with e = predicted − true and ȳ the mean of the
measured y; over several targets the plain mean, as in scikit-learn. Of counts also the mean Poisson deviance,
mean 2 (y log(y / p) − y + p), and D², 1 less that deviance divided by the deviance of always answering ȳ.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
OF_COUNTS = ("deviance", "d2")
TINY = 1e-30  # a predicted count of 0 has no logarithm


@dataclass(frozen=True)
class TargetScore:
    """One target: its figures, their 95 % intervals, and those of always answering `mean`.

    `r2` and `d2` are NaN where all true values are equal: there is nothing to explain. `deviance` and `d2` are None
    where the target is no count.
    """

    name: str
    mae: float
    rmse: float
    r2: float
    intervals: dict[str, Interval]
    mean: float
    baseline: dict[str, float]
    deviance: float | None = None
    d2: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        figures = {name: getattr(self, name) for name in self.intervals}
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
        counts: whether the targets are counts, which have a deviance, too.
        origins: `(targets,)`: what the fields `true`, `predicted` and `means` are counted from, whose sums with it
            float64 would round; None for 0.
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
    counts: bool = False
    origins: NDArray[np.float64] | None = field(default=None, repr=False)

    @property
    def counted(self) -> tuple[str, ...]:
        """What `true` and `predicted` have of each target: its name, and what is subtracted from it."""
        if self.origins is None:
            return self.targets
        return tuple(f"{name} - {int(origin)}" for name, origin in zip(self.targets, self.origins, strict=True))

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of the measures that each target has."""
        return (*FIGURES, *OF_COUNTS) if self.counts else FIGURES

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
            if self.origins is not None:
                mean += float(self.origins[column])
            score = TargetScore(name, mae, rmse, r2, intervals[column], mean, base)
            scores.append(self._of_counts(score, column) if self.counts else score)
        return tuple(scores)

    def _of_counts(self, score: TargetScore, column: int) -> TargetScore:
        """The score of a target with what counts have besides."""
        true, weights = self.true[:, column], self.weights
        deviance, d2 = _deviance(true, self.predicted[:, column], weights)
        base = dict(zip(OF_COUNTS, _deviance(true, np.full_like(true, score.mean), weights), strict=True))
        drawn = _deviance_intervals(true, self.predicted[:, column], weights)
        more = {"intervals": {**score.intervals, **drawn}, "baseline": {**score.baseline, **base}}
        return replace(score, deviance=deviance, d2=d2, **more)  # type: ignore[arg-type]

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
    def deviance(self) -> float | None:
        """Mean Poisson deviance of counts; None for other numbers."""
        return float(np.mean([score.deviance for score in self.per_target])) if self.counts else None

    @property
    def d2(self) -> float | None:
        """The share of the deviance that is explained, of counts; None for other numbers."""
        return float(np.mean([score.d2 for score in self.per_target])) if self.counts else None

    @property
    def plain(self) -> dict[str, float]:
        """The measures alone, for which no intervals are drawn."""
        columns = list(zip(self.true.T, self.predicted.T, strict=True))
        each = [_figures(true, predicted, self.weights) for true, predicted in columns]
        plain = dict(zip(FIGURES, np.mean(each, axis=0).tolist(), strict=True))
        if self.counts:
            of_counts = [_deviance(true, predicted, self.weights) for true, predicted in columns]
            plain |= dict(zip(OF_COUNTS, np.mean(of_counts, axis=0).tolist(), strict=True))
        return plain

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return {
            "task": self.task,
            "records": self.records,
            "provenance": self.provenance,
            **({"weighted_by": self.weighted_by} if self.weights is not None else {}),
            **{name: getattr(self, name) for name in self.figures},
            "intervals": {"level": LEVEL, "seed": SEED},
            "baseline": {"from": "measured" if self.means is None else "training"},
            "per_target": [score.to_dict() for score in self.per_target],
        }

    def _repr_html_(self) -> str:
        from rowwise.measure.report_card import of_numbers

        return of_numbers(self)

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
    origins: NDArray[np.float64] | None = None,
) -> RegressionReport:
    """Compare `y_true` with `y_pred`, both `(records,)` or `(records, targets)`, finite.

    Args:
        weights: `(records,)`: how much each record counts; None where all count alike.
        weighted_by: what the weights are called.
        origins: `(targets,)`: what all of them are counted from; None for 0.

    Raises:
        DataError: no records, or the numbers of records or targets differ.
    """
    true, predicted = (np.asarray(part, np.float64) for part in (y_true, y_pred))
    true, predicted = (part[:, None] if part.ndim == 1 else part for part in (true, predicted))
    if true.shape != predicted.shape or true.ndim != 2 or not len(true) or true.shape[1] != len(targets):
        raise DataError("measure.numbers", true=true.shape, predicted=predicted.shape, targets=len(targets))
    baseline = None if means is None else np.asarray(means, np.float64).reshape(-1)
    return RegressionReport(
        true,
        predicted,
        tuple(targets),
        provenance,
        baseline,
        weights=weights,
        weighted_by=weighted_by,
        origins=origins,
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


def _deviances(true: NDArray[np.float64], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """`(records,)`: the Poisson deviance of each."""
    logs = np.log(np.maximum(true, TINY)) - np.log(np.maximum(predicted, TINY))
    return 2 * (true * logs - true + predicted)


def _deviance(
    true: NDArray[np.float64], predicted: NDArray[np.float64], weights: NDArray[Any] | None
) -> tuple[float, float]:
    """OF_COUNTS of one target."""
    mean = np.full_like(true, _mean(true, weights))
    deviance, spread = (float(_mean(_deviances(true, one), weights)) for one in (predicted, mean))
    return deviance, 1 - deviance / spread if spread > TINY else float("nan")


def _deviance_intervals(
    true: NDArray[np.float64], predicted: NDArray[np.float64], weights: NDArray[Any] | None
) -> dict[str, Interval]:
    """The deviance of the mean of a resample follows from the means of y and of y log y."""

    def figures(means: NDArray[np.float64]) -> NDArray[Any]:
        deviance, mean, own = means.T
        spread = 2 * (own - mean * np.log(np.maximum(mean, TINY)))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.column_stack([deviance, np.where(spread > TINY, 1 - deviance / spread, np.nan)])

    sums = np.column_stack([_deviances(true, predicted), true, true * np.log(np.maximum(true, TINY))])
    return dict(zip(OF_COUNTS, of_sums(sums, figures, weights), strict=True))


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
