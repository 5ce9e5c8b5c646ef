"""A model's outputs and its task → a Prediction: probabilities of classes or labels, numbers, margins."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.origins import dtype_from
from rowwise.errors import ModelError
from rowwise.models.inputs_outputs import gives_logits
from rowwise.models.table_features import preparation_of
from rowwise.models.task import MULTILABEL, OF_CLASSES, REGRESSION, THRESHOLD, UNKNOWN, Task, task_of
from rowwise.text import percent, say
from rowwise.text.terminal import wrap
from rowwise.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras
    from numpy.typing import NDArray

SHOWN = 10  # records of a Prediction in a notebook
WIDTH = 80  # columns


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """What the model says of each record.

    Attributes:
        probabilities: `(records, classes)` float32; of several labels a record, of each label by itself. No columns
            for regression, nor where the outputs are no probabilities.
        values: `(records, outputs)` float32: numbers in the targets' own units, margins, or outputs whose meaning
            nobody knows, as they are. No columns where there are probabilities. Float64 where float32 could not tell
            the targets apart.
        class_names: of the columns of `probabilities`; empty where they are not known.
        target_names: of the columns of `values`; empty where they are not known.
        notes: in words, what was done to the data before, where the code that predicted notes it.
        task: "regression", "binary", "multiclass" or "multilabel"; empty where it is not known.
        thresholds: the probability from which on the answer is yes, of the second class or of each label; none: the
            most probable class, and labels above 0.5.
        differences: of values that float64 rounds as well, `(records, outputs)` float32: how far they are from where
            the targets are counted from, which `measure` goes by; None of others.
        aim: what the thresholds were chosen for, as the setting of a training has it.
        quantiles: levels of the columns of `values`, where they are quantiles of one target.
        ordered: whether the classes stand in order: then the answer is the median, the first class at or below which
            half of the probability lies.
        temperatures: what the logits were divided by, so that the probabilities are calibrated; none where they are
            not.
    """

    probabilities: NDArray[np.float32]
    values: NDArray[Any] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    class_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    task: str = UNKNOWN
    thresholds: tuple[float, ...] = ()
    temperatures: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    ordered: bool = False
    aim: str = ""
    differences: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def classes(self) -> NDArray[np.int64]:
        """`(records,)`: the most probable class's number; with a threshold the second where it is as probable as that.

        Raises:
            ModelError: the model predicts numbers or several labels, or nobody knows what.
        """
        if self.task == MULTILABEL:
            raise ModelError("prediction.several")
        if not self.values.shape[1]:
            return answers(self.probabilities, self.thresholds, self.ordered)
        if self.task not in OF_CLASSES:
            raise ModelError("prediction.no_classes" if self.task else "prediction.unknown")
        return self.values.argmax(1) if self.values.shape[1] > 1 else (self.values[:, 0] > 0).astype(np.int64)

    @property
    def labels(self) -> NDArray[np.bool_]:
        """`(records, labels)`: which labels each record has: those of a probability above 0.5, or from their threshold
        on, or a margin above 0.

        Raises:
            ModelError: the model is of another task.
        """
        if self.task != MULTILABEL:
            raise ModelError("prediction.no_labels")
        if self.values.shape[1]:
            return self.values > 0
        if not self.thresholds:
            return self.probabilities > THRESHOLD
        return self.probabilities >= np.array(self.thresholds, np.float32)

    @property
    def names(self) -> list[str]:
        """The most probable class's name, a record; its number as text where the names are not known."""
        names = self._class_names
        return [names[number] for number in self.classes.tolist()]

    def top(self, most: int = 3) -> list[list[tuple[int, float]]]:
        """For each record its most probable classes and their probabilities, most probable first."""
        order = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :most]
        return [
            [(int(c), float(row[c])) for c in columns] for row, columns in zip(self.probabilities, order, strict=True)
        ]

    def to_dicts(self) -> list[dict[str, Any]]:
        """As JSON takes it, a record: `{"class": name, "probabilities": {name: p, …}}`, or `{target: number, …}`.

        Of several labels `"labels"`, a list of names, in place of `"class"`; margins are `"margins"`.
        """
        return self.rows(_dicts)

    def rows(self, named: Callable[[tuple[str, ...]], Callable[[list[float]], Any]]) -> list[Any]:
        """As `to_dicts`, with what `named`, given the names of numbers, makes of each record's in place of a dict."""
        if self._numbers:
            return [*map(named(self._target_names), self.values.tolist())]
        kind, outputs = ("margins", self.values) if self.values.shape[1] else ("probabilities", self.probabilities)
        if self.task != MULTILABEL:
            answers: list[tuple[str, Any]] = [("class", name) for name in self.names]
        else:
            answers = [("labels", names) for names in self._names_of_labels(len(self))]
        rows: list[Any] = outputs.tolist()
        if outputs.shape[1] > 1:
            rows = [*map(named(self._class_names), rows)]
        return [{key: answer, kind: row} for (key, answer), row in zip(answers, rows, strict=True)]

    def __repr__(self) -> str:
        """The first records, in at most 80 columns: their most probable classes, or their numbers."""
        from rich.cells import set_cell_size

        lines = [say(f"prediction.{self._kind}", records=f"{len(self):,}")]
        width = len(str(min(len(self), SHOWN) - 1))
        shown = {"classes": self._shown_classes, "labels": self._shown_labels}.get(self._kind, self._shown_values)
        for number, cells in enumerate(shown()):
            line = visible(f"{number:>{width}}  {'  '.join(cells)}")
            lines.append(set_cell_size(line, WIDTH).rstrip())
        if len(self) > SHOWN:
            lines.append(say("prediction.more", more=f"{len(self) - SHOWN:,}"))
        lines += [line for note in self.notes for line in wrap(visible(note), WIDTH)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """What a notebook shows: the same as a table."""
        from rowwise.pages.card import Table, Words, card

        shown = {"classes": self._shown_classes, "labels": self._shown_labels}.get(self._kind, self._shown_values)
        rows = [[str(number), *cells] for number, cells in enumerate(shown())]
        more = say("prediction.more", more=f"{len(self) - SHOWN:,}") if len(self) > SHOWN else ""
        title = say(f"prediction.{self._kind}", records=f"{len(self):,}")
        return card(title, Table([], rows, note=more), Words(self.notes))

    @property
    def _numbers(self) -> bool:
        """Whether the outputs are handed on as they are, for numbers or for want of knowing better."""
        return self.values.shape[1] > 0 and self.task in (REGRESSION, UNKNOWN)

    @property
    def _kind(self) -> str:
        if self._numbers:
            return "numbers" if self.task else "outputs"
        return "labels" if self.task == MULTILABEL else "classes"

    def _shown_classes(self) -> list[list[str]]:
        if self.values.shape[1]:
            return [[name] for name in replace(self, values=self.values[:SHOWN]).names]
        first = Prediction(self.probabilities[:SHOWN])
        return [[f"{self._class_names[number]} {percent(share)}" for number, share in row] for row in first.top()]

    def _shown_labels(self) -> list[list[str]]:
        return [[", ".join(names) or "–"] for names in self._names_of_labels(SHOWN)]

    def _shown_values(self) -> list[list[str]]:
        rows = self.values[:SHOWN].tolist()
        return [[f"{name} {value:.6g}" for name, value in zip(self._target_names, row, strict=True)] for row in rows]

    def _names_of_labels(self, most: int) -> list[list[str]]:
        names = self._class_names
        return [[names[label] for label in np.flatnonzero(row)] for row in self.labels[:most]]

    @property
    def _class_names(self) -> tuple[str, ...]:
        units = max(self.probabilities.shape[1], self.values.shape[1])
        if self.task in OF_CLASSES:
            units = max(units, 2)  # one margin tells two classes apart
        return self.class_names or tuple(map(str, range(units)))

    @property
    def _target_names(self) -> tuple[str, ...]:
        columns = self.values.shape[1]
        return self.target_names or (("y",) if columns == 1 else tuple(f"y{column}" for column in range(columns)))


def _dicts(names: tuple[str, ...]) -> Callable[[list[float]], dict[str, float]]:
    return lambda row: dict(zip(names, row, strict=True))


def answers(
    probabilities: NDArray[Any], thresholds: tuple[float, ...] = (), ordered: bool = False
) -> NDArray[np.int64]:
    """`(records,)`: class numbers of probabilities `(records, classes)`; arguments as a Prediction's."""
    if ordered:
        return (np.cumsum(probabilities[:, :-1], axis=1) < 0.5).sum(1)
    if thresholds and probabilities.shape[1] == 2:
        return (probabilities[:, 1] >= np.float32(thresholds[0])).astype(np.int64)
    return probabilities.argmax(1)


def interpreted(model: keras.Model, outputs: NDArray[np.float32], task: Task | str | None = None) -> Prediction:
    """What a model's outputs `(records, units)` mean; the task may be known already, or named.

    Raises:
        ModelError: outputs of another form, or NaN. UsageError: an invalid task.
    """
    if outputs.ndim != 2:
        raise ModelError("predict.outputs", found=outputs.shape)
    if np.isnan(outputs).any():
        raise ModelError("measure.nan")
    known = task if isinstance(task, Task) else task_of(model, outputs.shape[1], task)
    name, none = known.name, np.empty((len(outputs), 0), np.float32)
    if name in (REGRESSION, UNKNOWN) or known.margins:
        values, differences = _in_own_units(model, outputs)
        return _decided(model, Prediction(none, values, task=name, differences=differences))
    logits = gives_logits(model, outputs)
    if outputs.shape[1] == 1:  # one unit: the second class's
        second = _sigmoid(outputs) if logits else np.clip(outputs, 0, 1)
        return _decided(model, Prediction(np.hstack([1 - second, second]), none, task=name))
    if logits and name == MULTILABEL:
        outputs = _sigmoid(outputs)
    elif logits:
        outputs = np.exp(outputs - outputs.max(1, keepdims=True))
        outputs /= outputs.sum(1, keepdims=True)
    return _decided(model, Prediction(outputs, none, task=name))


def _decided(model: keras.Model, prediction: Prediction) -> Prediction:
    """With what the model's schema says of its outputs."""
    if (preparation := preparation_of(model)) is None:
        return prediction
    schema = preparation.schema
    quantiles = schema.quantiles if prediction.values.shape[1] == len(schema.quantiles) else ()
    decided = replace(prediction, thresholds=schema.thresholds, temperatures=schema.temperatures, aim=schema.aim)
    return replace(decided, quantiles=quantiles, ordered=schema.ordered and prediction.probabilities.shape[1] > 0)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (1 + e⁻ˣ), however large x is."""
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1, small) / (1 + small)


def _in_own_units(model: keras.Model, outputs: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
    """The outputs, counted from 0: a model of targets too large for float32 counts them from an origin.

    And the outputs themselves, where float64 rounds the sum.
    """
    preparation = preparation_of(model)
    if preparation is None or not (origins := preparation.schema.target_origins):
        return outputs, None
    rounded = np.dtype(dtype_from(origins)).kind in "iu"
    return outputs.astype(np.float64) + np.array(origins), outputs if rounded else None
