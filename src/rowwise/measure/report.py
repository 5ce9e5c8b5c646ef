"""True and predicted classes, and probabilities → a Report: a classifier's measures, intervals and a baseline."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.engine.interpretation import answers
from rowwise.errors import DataError
from rowwise.measure.bootstrap import LEVEL, SEED, Interval, of_cells, of_confusion, of_rankings, of_sums
from rowwise.measure.calibration import EPSILON, Calibration, calibration, losses_of
from rowwise.measure.confusion import (
    FROM_CONFUSION,
    OF_ORDER,
    ClassScore,
    Confused,
    by_class,
    macro_figures,
    occurring,
    order_figures,
    square,
)
from rowwise.measure.ranking import Ranking, rankings
from rowwise.measure.temperature import uncalibrated, uncalibrated_order
from rowwise.measure.threshold import Aimed, aimed_at
from rowwise.text import language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from rowwise.models.task import Task


@dataclass(frozen=True, eq=False)
class Report:
    """What a classifier got right and wrong on some data. What takes time is computed when it is first used.

    Attributes:
        confusion: `(classes, classes)` int64; row: the true class, column: the predicted one.
        classes, classes_ko: names by class number.
        loss: mean cross-entropy (log loss), in nats; None without probabilities.
        provenance: of the data measured on.
        true: `(records,)` class numbers; None without probabilities.
        probabilities: `(records, classes)`; None where only classes were predicted.
        prior: `(classes,)`: the shares of the classes in the training records; None for those measured on.
        basis: how the task is known; None where it was not asked for.
        predicted: `(records,)` class numbers; None where only counts are known.
        weights: how much each record counts in every measure; counts of records, as in `confusion`, do not change.
        weighted_by: what the weights are called.
        threshold: the probability of the second class from which on it is predicted; None: the most probable class.
        temperature: what the logits were divided by; None where the probabilities are not calibrated.
        aim: what the threshold was chosen for.
        ordered: whether the classes stand in their order, which measures then know; predicted is the median.
    """

    confusion: NDArray[np.int64]
    classes: tuple[str, ...]
    classes_ko: tuple[str, ...] = ()
    loss: float | None = None
    provenance: str = ""
    true: NDArray[Any] | None = field(default=None, repr=False)
    probabilities: NDArray[Any] | None = field(default=None, repr=False)
    prior: NDArray[np.float64] | None = field(default=None, repr=False)
    basis: Task | None = None
    predicted: NDArray[Any] | None = field(default=None, repr=False)
    weights: NDArray[Any] | None = field(default=None, repr=False)
    weighted_by: str = ""
    threshold: float | None = None
    temperature: float | None = None
    ordered: bool = False
    aim: str = ""

    @property
    def level_error(self) -> float | None:
        """How many classes the answers are off, on average; None where the classes have no order."""
        return float(order_figures(self._cells)[0]) if self.ordered else None

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa with quadratic weights; None where the classes have no order."""
        return float(order_figures(self._cells)[1]) if self.ordered else None

    @property
    def task(self) -> str:
        """`"binary"` for two classes, `"multiclass"` for more."""
        return "multiclass" if len(self.classes) > 2 else "binary"

    @property
    def records(self) -> int:
        """How many records were measured."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of records on the diagonal."""
        return float(np.trace(self._cells) / self._cells.sum())

    @property
    def per_class(self) -> tuple[ClassScore, ...]:
        """A score a class, by class number."""
        precision, recall, f1 = by_class(self._cells)[:3]
        support, predicted = self.confusion.sum(1), self.confusion.sum(0)
        return tuple(
            ClassScore(name, float(precision[c]), float(recall[c]), float(f1[c]), int(support[c]), int(predicted[c]))
            for c, name in enumerate(self.names)
        )

    @property
    def precision(self) -> float:
        """Macro precision."""
        return self._macro("precision")

    @property
    def recall(self) -> float:
        """Macro recall."""
        return self._macro("recall")

    @property
    def f1(self) -> float:
        """Macro F1: the mean of the classes' F1."""
        return self._macro("f1")

    @property
    def roc_auc(self) -> float | None:
        """Of two classes the second's; of more the mean of each against the rest. None without probabilities."""
        return self._mean_rank(0)

    @property
    def average_precision(self) -> float | None:
        """Of two classes the second's; of more the mean of each against the rest. None without probabilities."""
        return self._mean_rank(1)

    @cached_property
    def per_class_ranks(self) -> dict[int, tuple[float, float]]:
        """ROC AUC and average precision by class number; without classes that no record has, or every one."""
        every = np.ones((1, self.records)) if self.weights is None else self.weights[None]
        return {c: tuple(float(figure[0]) for figure in r.figures(every)) for c, r in self._rankings.items()}  # type: ignore[misc]

    @cached_property
    def calibration(self) -> Calibration | None:
        """How far the confidence can be trusted; None without probabilities."""
        if self.true is None or self.probabilities is None:
            return None
        return calibration(self.true, self.probabilities, weights=self.weights)

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """The bootstrap's 95 % interval of every measure but the calibration error, which a resample always raises.

        Macro figures of a resample are means over the same classes as the measured ones: a rare class that a resample
        lacks counts 0, like every quotient without a denominator. Left out, it would raise the mean.
        """
        occurs = occurring(self.confusion)
        drawn: Sequence[Interval | None]

        def figures(confusions: NDArray[Any]) -> NDArray[np.float64]:
            macro = macro_figures(confusions, occurs)
            return np.concatenate([macro, order_figures(confusions)], axis=1) if self.ordered else macro

        if self.weights is None:
            drawn = of_confusion(self.confusion, figures)
        else:
            numbers, size = self._cell_numbers, self.confusion.size
            drawn = of_cells(numbers, size, self.weights, lambda cells: figures(square(cells)))
        names = (*FROM_CONFUSION, *OF_ORDER) if self.ordered else FROM_CONFUSION
        intervals = {name: one for name, one in zip(names, drawn, strict=True) if one is not None}
        if self.true is not None and self.probabilities is not None:
            losses = losses_of(self.true, self.probabilities)
            intervals["loss"] = of_sums(losses[:, None], lambda means: means, self.weights)[0]
            ranked = of_rankings(self._rankings.values(), self.records, self.weights)
            pairs = zip(("roc_auc", "average_precision"), ranked, strict=True)
            intervals |= {name: interval for name, interval in pairs if interval}
        return intervals

    @cached_property
    def baseline(self) -> Report:
        """Of a model that knows nothing but how frequent the classes are, and always answers the most frequent one.

        That is scikit-learn's `DummyClassifier(strategy="prior")`.
        """
        support = self._cells.sum(1)
        prior = support / support.sum() if self.prior is None else self.prior
        answer = int(prior.argmax())
        confusion = np.zeros_like(self.confusion)
        confusion[:, answer] = self.confusion.sum(1)
        always = replace(self, confusion=confusion, loss=None, provenance="", basis=None)
        always = replace(always, threshold=None, temperature=None)
        always = replace(always, predicted=None if self.predicted is None else np.full_like(self.predicted, answer))
        if self.true is None or self.probabilities is None:
            return always
        probabilities = np.broadcast_to(prior, self.probabilities.shape)
        loss = float(-(support / support.sum() * np.log(np.clip(prior, EPSILON, 1 - EPSILON))).sum())
        return replace(always, loss=loss, provenance=self.provenance, probabilities=probabilities)

    @property
    def at_half(self) -> Report | None:
        """The same without the threshold: the more probable class is predicted; None where that is so anyway."""
        if self.threshold is None or self.true is None or self.probabilities is None:
            return None
        return self._of(self.probabilities, self.temperature)

    @property
    def aimed(self) -> Aimed | None:
        """The measure of these records that the threshold was chosen for; None where it was not."""
        if self.threshold is None or self.true is None or self.probabilities is None:
            return None
        return aimed_at(self.aim, self.true, self.probabilities[:, 1], self.threshold, self.weights)

    @cached_property
    def uncalibrated(self) -> Report | None:
        """The same with the probabilities as they were before the calibration; None where there was none."""
        if self.temperature is None or self.true is None or self.probabilities is None:
            return None
        before = uncalibrated_order if self.ordered else uncalibrated
        return self._of(before(self.probabilities, self.temperature), None)

    def _of(self, probabilities: NDArray[Any], temperature: float | None) -> Report:
        """The same records with other probabilities, or without the threshold."""
        assert self.true is not None
        more = self.provenance, self.prior, self.weights, self.weighted_by, None, temperature, self.ordered
        return of_probabilities(self.true, probabilities, self.classes, self.classes_ko, *more)

    @property
    def baseline_class(self) -> int:
        """The number of the class that the baseline always answers."""
        return int(self.baseline.confusion.sum(0).argmax())

    @property
    def never_predicted(self) -> tuple[int, ...]:
        """Classes that some record has but that are never predicted, which accuracy hides."""
        support, predicted = self.confusion.sum(1), self.confusion.sum(0)
        return tuple(int(c) for c in np.flatnonzero((support > 0) & (predicted == 0)))

    @property
    def names(self) -> tuple[str, ...]:
        """The classes' names in the current language."""
        return self.classes_ko if self.classes_ko and language() == "ko" else self.classes

    def confused(self, most: int = 5) -> tuple[Confused, ...]:
        """The pairs taken for one another most often, most first."""
        counts, support, names = self.confusion, self.confusion.sum(1), self.names
        return tuple(
            Confused(names[t], names[p], int(counts[t, p]), float(counts[t, p] / support[t]))
            for t, p in self._most_confused(most)
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it; names in English."""
        ranks = self.per_class_ranks
        per_class = [
            score._asdict() | {"name": name} | dict(zip(("roc_auc", "average_precision"), ranks[c], strict=True))
            if c in ranks
            else score._asdict() | {"name": name}
            for c, (name, score) in enumerate(zip(self.classes, self.per_class, strict=True))
        ]
        base = self.baseline
        return {
            "task": self.task,
            "records": self.records,
            "provenance": self.provenance,
            **({"weighted_by": self.weighted_by} if self.weights is not None else {}),
            **self._figures(),
            **self._decided(),
            "intervals": {"level": LEVEL, "seed": SEED, **{k: v._asdict() for k, v in self.intervals.items()}},
            "baseline": {
                "answers": self.classes[self.baseline_class],
                "from": "measured" if self.prior is None else "training",
                **base._figures(),
            },
            "calibration": self.calibration.to_dict() if self.calibration else None,
            "never_predicted": [self.classes[c] for c in self.never_predicted],
            "per_class": per_class,
            "confusion": self.confusion.tolist(),
            "confused": [
                {"true": int(true), "predicted": int(predicted), "records": int(self.confusion[true, predicted])}
                for true, predicted in self._most_confused(5)
            ],
        }

    def _repr_html_(self) -> str:
        from rowwise.measure.report_card import of_classes

        return of_classes(self)

    def __str__(self) -> str:
        """A table of at most 80 columns, in the current language."""
        from rowwise.measure.as_text import classification

        return classification(self)

    def _figures(self) -> dict[str, float | None]:
        of_order = OF_ORDER if self.ordered else ()
        names = (*FROM_CONFUSION, *of_order, "loss", "roc_auc", "average_precision")
        return {name: getattr(self, name) for name in names}

    def _decided(self) -> dict[str, Any]:
        """Threshold and temperature, where there are any, with what the measures would be without them."""
        decided: dict[str, Any] = {}
        if (half := self.at_half) is not None:
            decided |= {"threshold": self.threshold, "at_half": half._figures()}
            if (aimed := self.aimed) is not None:
                decided["aim"] = {"for": self.aim, **aimed._asdict()}
        if (before := self.uncalibrated) is not None and before.calibration is not None:
            figures = {"loss": before.loss, "ece": before.calibration.ece}
            decided |= {"temperature": self.temperature, "uncalibrated": figures}
        return decided

    def _most_confused(self, most: int) -> list[tuple[int, int]]:
        """(true, predicted) class numbers of the cells off the diagonal that hold most records."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        pairs = (divmod(int(cell), len(wrong)) for cell in np.argsort(-wrong, axis=None, kind="stable")[:most])
        return [pair for pair in pairs if wrong[pair]]

    @cached_property
    def _cell_numbers(self) -> NDArray[np.int64]:
        """`(records,)`: where each record stands in `confusion`, row after row."""
        assert self.true is not None
        assert self.predicted is not None
        return self.true.astype(np.int64) * len(self.classes) + self.predicted

    @cached_property
    def _cells(self) -> NDArray[Any]:
        """`confusion` with the records' weights added up."""
        if self.weights is None:
            return self.confusion
        cells = np.bincount(self._cell_numbers, self.weights.astype(np.float64), self.confusion.size)
        return cells.reshape(self.confusion.shape)

    @cached_property
    def _rankings(self) -> dict[int, Ranking]:
        if self.true is None or self.probabilities is None:
            return {}
        return rankings(self.true, self.probabilities)

    def _mean_rank(self, place: int) -> float | None:
        ranks = [figures[place] for figures in self.per_class_ranks.values()]
        return float(np.mean(ranks)) if ranks else None

    def _macro(self, figure: str) -> float:
        return float(np.mean([getattr(s, figure) for s in self.per_class if s.support or s.predicted]))


def measure(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    classes: Sequence[str],
    classes_ko: Sequence[str] = (),
    loss: float | None = None,
    provenance: str = "",
    weights: NDArray[Any] | None = None,
    weighted_by: str = "",
) -> Report:
    """Compare `y_true` `(records,)` with `y_pred` `(records,)`, class numbers both.

    Args:
        weights: `(records,)`: how much each record counts; None where all count alike.
        weighted_by: what the weights are called.

    Raises:
        DataError: no records, or the numbers of records differ.
    """
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    if true.shape != predicted.shape or true.ndim != 1 or not len(true):
        raise DataError("measure.records", true=true.shape, predicted=predicted.shape)
    cells = np.bincount(true.astype(np.int64) * len(classes) + predicted, minlength=len(classes) ** 2)
    report = Report(cells.reshape(len(classes), -1), tuple(classes), tuple(classes_ko), loss, provenance)
    if weights is None:
        return replace(report, predicted=predicted)
    return replace(report, true=true, predicted=predicted, weights=weights, weighted_by=weighted_by)


def of_probabilities(
    true: NDArray[Any],
    probabilities: NDArray[Any],
    classes: Sequence[str],
    classes_ko: Sequence[str] = (),
    provenance: str = "",
    prior: NDArray[np.float64] | None = None,
    weights: NDArray[Any] | None = None,
    weighted_by: str = "",
    threshold: float | None = None,
    temperature: float | None = None,
    ordered: bool = False,
) -> Report:
    """The whole Report of class numbers `(records,)` and probabilities `(records, classes)` of the same records."""
    losses = losses_of(true, probabilities)
    loss = float(losses.mean() if weights is None else np.average(losses, weights=weights))
    predicted = answers(probabilities, () if threshold is None else (threshold,), ordered)
    report = measure(true, predicted, classes, classes_ko, loss, provenance, weights, weighted_by)
    report = replace(report, true=true, probabilities=probabilities, prior=prior)
    return replace(report, threshold=threshold, temperature=temperature, ordered=ordered)
