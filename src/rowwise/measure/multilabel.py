"""Labels of which a record may have several, true and predicted → a MultiLabelReport, with intervals and a baseline.

Each label is a separate question, answered yes where its probability is above 0.5, as by Keras's `binary_accuracy`.
Precision, recall and F1 as scikit-learn has them for such labels: macro is the mean over all labels, micro is of all
answers together; a quotient without a denominator counts 0. Hamming loss: the share of wrong answers; subset accuracy:
the share of records whose labels are all right.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.errors import DataError
from rowwise.measure.bootstrap import LEVEL, SEED, Interval, of_rankings, of_sums
from rowwise.measure.calibration import EPSILON
from rowwise.measure.ranking import Ranking
from rowwise.measure.temperature import uncalibrated_labels
from rowwise.measure.threshold import Aimed, aimed_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.models.task import Task

OF_ANSWERS = (
    *("accuracy", "subset_accuracy", "hamming_loss"),
    *("precision", "recall", "f1", "micro_precision", "micro_recall", "micro_f1"),
)
FIGURES = (*OF_ANSWERS, "roc_auc", "average_precision", "loss")


class LabelScore(NamedTuple):
    """One label: `support` records have it, `predicted` were given it.

    `roc_auc` and `average_precision` are None where every record has the label, or none has, and without
    probabilities.
    """

    name: str
    precision: float
    recall: float
    f1: float
    roc_auc: float | None
    average_precision: float | None
    support: int
    predicted: int


@dataclass(frozen=True, eq=False)
class MultiLabelReport:
    """What a model of several labels got right and wrong. What takes time is computed when it is first used.

    Attributes:
        true, predicted: `(records, labels)` bool.
        labels: their names.
        probabilities: `(records, labels)`; None where the outputs are margins.
        provenance: of the data measured on.
        shares: `(labels,)`: how frequent each label is in the training records; None for those measured on.
        basis: how the task is known; None where it was not asked for.
        weights: `(records,)`: how much each record counts in every measure; counts of records do not change.
        weighted_by: what the weights are called.
        thresholds: the probability of each label from which on it is predicted; none: above 0.5.
        aim: what the thresholds were chosen for.
        temperatures: what each label's logits were divided by; none where the probabilities are not calibrated.
    """

    task = "multilabel"
    figures = FIGURES

    true: NDArray[np.bool_] = field(repr=False)
    predicted: NDArray[np.bool_] = field(repr=False)
    labels: tuple[str, ...]
    probabilities: NDArray[Any] | None = field(default=None, repr=False)
    provenance: str = ""
    shares: NDArray[np.float64] | None = field(default=None, repr=False)
    basis: Task | None = None
    weights: NDArray[Any] | None = field(default=None, repr=False)
    weighted_by: str = ""
    thresholds: tuple[float, ...] = ()
    temperatures: tuple[float, ...] = ()
    aim: str = ""

    @property
    def records(self) -> int:
        """How many records were measured."""
        return len(self.true)

    @property
    def accuracy(self) -> float:
        """The share of right answers, a label and a record each: Keras's `binary_accuracy`."""
        return self._answers["accuracy"]

    @property
    def subset_accuracy(self) -> float:
        """The share of records whose labels are all right: scikit-learn's `accuracy_score`."""
        return self._answers["subset_accuracy"]

    @property
    def hamming_loss(self) -> float:
        """The share of wrong answers."""
        return self._answers["hamming_loss"]

    @property
    def precision(self) -> float:
        """Macro precision."""
        return self._answers["precision"]

    @property
    def recall(self) -> float:
        """Macro recall."""
        return self._answers["recall"]

    @property
    def f1(self) -> float:
        """Macro F1."""
        return self._answers["f1"]

    @property
    def micro_precision(self) -> float:
        """Of all answers that say yes, the share that is right."""
        return self._answers["micro_precision"]

    @property
    def micro_recall(self) -> float:
        """Of all labels that records have, the share that was found."""
        return self._answers["micro_recall"]

    @property
    def micro_f1(self) -> float:
        """The harmonic mean of micro precision and micro recall."""
        return self._answers["micro_f1"]

    @cached_property
    def loss(self) -> float | None:
        """Mean binary cross-entropy over records and labels, in nats; None without probabilities."""
        losses = self._losses
        return None if losses is None else float(_mean(losses, self.weights))

    @property
    def roc_auc(self) -> float | None:
        """The mean over the labels that some records have and some have not; None without any, or probabilities."""
        return self._mean_rank("roc_auc")

    @property
    def average_precision(self) -> float | None:
        """The mean over the labels that some records have and some have not; None without any, or probabilities."""
        return self._mean_rank("average_precision")

    @cached_property
    def per_label(self) -> tuple[LabelScore, ...]:
        """A score a label."""
        _, predicted, support = self._counts.sum(0).reshape(3, -1)
        sums = self._counts.sum(0) if self.weights is None else self.weights.astype(np.float64) @ self._counts
        precision, recall, f1 = _scores(*sums.reshape(3, -1))
        every = np.ones((1, self.records)) if self.weights is None else self.weights[None]
        ranks = {label: [float(f[0]) for f in ranking.figures(every)] for label, ranking in self._rankings.items()}
        return tuple(
            LabelScore(
                name,
                float(precision[label]),
                float(recall[label]),
                float(f1[label]),
                ranks[label][0] if label in ranks else None,
                ranks[label][1] if label in ranks else None,
                int(support[label]),
                int(predicted[label]),
            )
            for label, name in enumerate(self.labels)
        )

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """The bootstrap's 95 % interval of every measure: records are resampled, with all their labels."""
        sums = np.column_stack([self._counts, self._right, *([] if self._losses is None else [self._losses])])
        drawn = dict(zip((*OF_ANSWERS, "loss"), of_sums(sums, self._of_means, self.weights), strict=False))
        ranked = of_rankings(self._rankings.values(), self.records, self.weights)
        pairs = zip(("roc_auc", "average_precision"), ranked, strict=True)
        return drawn | {name: interval for name, interval in pairs if interval}

    @cached_property
    def baseline(self) -> MultiLabelReport:
        """Of a model that knows only how frequent each label is, and always answers the likelier of yes and no."""
        shares = _mean(self.true, self.weights) if self.shares is None else self.shares
        probabilities = np.broadcast_to(shares, self.true.shape)
        known = None if self.probabilities is None else probabilities
        always = replace(self, predicted=probabilities > 0.5, probabilities=known, shares=shares, basis=None)
        return replace(always, thresholds=(), temperatures=())

    @property
    def at_half(self) -> MultiLabelReport | None:
        """The same without the thresholds: labels above 0.5 are predicted; None where that is so anyway."""
        if not self.thresholds or self.probabilities is None:
            return None
        return replace(self, predicted=self.probabilities > 0.5, thresholds=())

    @property
    def aimed(self) -> Aimed | None:
        """The mean over the labels of the measure that the thresholds were chosen for; None where they were not."""
        if not self.thresholds or self.probabilities is None:
            return None
        columns = zip(self.true.T, self.probabilities.T, self.thresholds, strict=True)
        each = [aimed_at(self.aim, true.astype(int), p, one, self.weights) for true, p, one in columns]
        known = [aimed for aimed in each if aimed is not None]
        return Aimed(*map(float, np.mean(known, axis=0))) if known else None

    @cached_property
    def uncalibrated(self) -> MultiLabelReport | None:
        """The same with the probabilities as they were before the calibration; None where there was none."""
        if not self.temperatures or self.probabilities is None:
            return None
        probabilities = uncalibrated_labels(self.probabilities, self.temperatures)
        return replace(self, probabilities=probabilities, thresholds=(), temperatures=())

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return {
            "task": self.task,
            "records": self.records,
            "provenance": self.provenance,
            **({"weighted_by": self.weighted_by} if self.weights is not None else {}),
            **self._figures(),
            **self._decided(),
            "intervals": {"level": LEVEL, "seed": SEED, **{k: v._asdict() for k, v in self.intervals.items()}},
            "baseline": {"from": "measured" if self.shares is None else "training", **self.baseline._figures()},
            "per_label": [score._asdict() for score in self.per_label],
        }

    def _repr_html_(self) -> str:
        from rowwise.measure.report_card import of_labels

        return of_labels(self)

    def __str__(self) -> str:
        """A table of at most 80 columns, in the current language."""
        from rowwise.measure.as_text import of_labels

        return of_labels(self)

    def _decided(self) -> dict[str, Any]:
        """Thresholds and temperatures, where there are any, with what the measures would be without them."""
        decided: dict[str, Any] = {}
        if (half := self.at_half) is not None:
            decided |= {"thresholds": list(self.thresholds), "at_half": half._figures()}
            if (aimed := self.aimed) is not None:
                decided["aim"] = {"for": self.aim, **aimed._asdict()}
        if (before := self.uncalibrated) is not None:
            decided |= {"temperatures": list(self.temperatures), "uncalibrated": {"loss": before.loss}}
        return decided

    def _figures(self) -> dict[str, float | None]:
        return {name: getattr(self, name) for name in FIGURES}

    @cached_property
    def _counts(self) -> NDArray[np.bool_]:
        """`(records, 3 · labels)`: whether each label was rightly found, was predicted, is there."""
        return np.column_stack([self.true & self.predicted, self.predicted, self.true])

    @cached_property
    def _right(self) -> NDArray[Any]:
        """`(records, 2)`: the share of right answers, and whether all are."""
        right = self.true == self.predicted
        return np.column_stack([right.mean(1), right.all(1)])

    @cached_property
    def _losses(self) -> NDArray[np.float64] | None:
        """`(records,)`, as Keras clips them."""
        if self.probabilities is None:
            return None
        given = np.clip(self.probabilities.astype(np.float64), EPSILON, 1 - EPSILON)
        losses: NDArray[np.float64] = -np.log(np.where(self.true, given, 1 - given)).mean(1)
        return losses

    @cached_property
    def _answers(self) -> dict[str, float]:
        values = np.column_stack([self._counts, self._right])
        means = (values.mean(0, dtype=np.float64) if self.weights is None else _mean(values, self.weights))[None]
        return dict(zip(OF_ANSWERS, map(float, self._of_means(means)[0]), strict=True))

    def _of_means(self, means: NDArray[np.float64]) -> NDArray[Any]:
        """OF_ANSWERS, and what follows, `(draws, figures)` of means `(draws, 3 · labels + 2 …)` over the records."""
        labels = len(self.labels)
        right, predicted, support = np.moveaxis(means[:, : 3 * labels].reshape(len(means), 3, labels), 1, 0)
        micro = _scores(right.sum(1), predicted.sum(1), support.sum(1))
        accuracy, subset = means[:, 3 * labels], means[:, 3 * labels + 1]
        macro = [figure.mean(1) for figure in _scores(right, predicted, support)]
        return np.column_stack([accuracy, subset, 1 - accuracy, *macro, *micro, means[:, 3 * labels + 2 :]])

    @cached_property
    def _rankings(self) -> dict[int, Ranking]:
        if self.probabilities is None:
            return {}
        mixed = np.flatnonzero(self.true.any(0) & ~self.true.all(0))
        return {int(label): Ranking.of(self.true[:, label], self.probabilities[:, label]) for label in mixed}

    def _mean_rank(self, figure: str) -> float | None:
        ranks = [value for score in self.per_label if (value := getattr(score, figure)) is not None]
        return float(np.mean(ranks)) if ranks else None


def measure_labels(
    true: NDArray[Any],
    predicted: NDArray[np.bool_],
    probabilities: NDArray[Any] | None = None,
    labels: tuple[str, ...] = (),
    provenance: str = "",
    shares: NDArray[np.float64] | None = None,
    weights: NDArray[Any] | None = None,
    weighted_by: str = "",
) -> MultiLabelReport:
    """Compare true labels, zeros and ones `(records, labels)`, with those that were predicted.

    Args:
        weights: `(records,)`: how much each record counts; None where all count alike.
        weighted_by: what the weights are called.

    Raises:
        DataError: no records, other shapes, or labels that are not 0 or 1.
    """
    if true.shape != predicted.shape or not len(true) or (strange := (true != 0) & (true != 1)).any():
        value = f", {true[strange].flat[0]:g}" if true.shape == predicted.shape and len(true) else ""
        raise DataError("measure.labels", expected=predicted.shape, found=f"{true.shape}{value}")
    names = labels or tuple(map(str, range(true.shape[1])))
    report = MultiLabelReport(true == 1, predicted, names, probabilities, provenance, shares)
    return replace(report, weights=weights, weighted_by=weighted_by)


def _mean(values: NDArray[Any], weights: NDArray[Any] | None) -> NDArray[np.float64]:
    """Over the records `(records, …)`."""
    mean: NDArray[np.float64] = values.mean(0) if weights is None else np.average(values, 0, weights)
    return mean


def _scores(right: NDArray[Any], predicted: NDArray[Any], support: NDArray[Any]) -> tuple[NDArray[np.float64], ...]:
    """Precision, recall, F1."""
    return _ratio(right, predicted), _ratio(right, support), _ratio(2 * right, predicted + support)


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.zeros(np.shape(above)), where=below > 0)
