"""A model, and labels where there are some → its task: numbers, two classes, several classes, several labels.

What is known decides, the surest first: what the user says; the table that the model was made for; Keras's losses;
the activation at the end. Labels help where a model is measured. Where nothing is known, nothing is made up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import UsageError
from rowwise.models.keras_view import (
    BINARY,
    CATEGORICAL,
    OF_MARGINS,
    OF_NUMBERS,
    PROBABILITIES,
    SPARSE,
    activation_name,
    flat_layers,
    last_layer,
    loss_of,
    output_of,
)
from rowwise.models.kinds import is_a
from rowwise.models.table_features import preparation_of
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras
    from numpy.typing import NDArray

REGRESSION, BINARY_TASK, MULTICLASS, MULTILABEL = TASKS = ("regression", "binary", "multiclass", "multilabel")
UNKNOWN = ""
OF_CLASSES = (BINARY_TASK, MULTICLASS)
THRESHOLD = 0.5  # the probability above which a label is there, as in Keras's `binary_accuracy`


@dataclass(frozen=True)
class Task:
    """What a model's outputs mean, and how that is known.

    Attributes:
        name: one of TASKS; empty where it is unknown.
        key, values: of the message that says how it is known.
        margins: whether the outputs are margins, as of the hinge losses: the sign, or the largest, decides, and they
            are no probabilities.
    """

    name: str
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    margins: bool = False

    def __str__(self) -> str:
        """One line, in the current language: the task, and how it is known."""
        return say("task.said", task=say(f"task.{self.name or 'unknown'}"), why=say(self.key, **self.values))


def task_of(model: keras.Model, units: int | None = None, named: str | None = None) -> Task:
    """The task of a model.

    Args:
        units: its outputs a record, where they are known from elsewhere.
        named: one of TASKS, or `"classification"`: two classes or several, as the outputs say; None: what is known.

    Raises:
        UsageError: no task of that name, or one that such outputs cannot mean.
    """
    if units is None:
        output = output_of(model)
        units = (output.units if output is not None else None) or 2  # not built: whether one or several
    loss = loss_of(model) if model.compiled else None
    last = last_layer(model)
    end = activation_name(last)
    margins = end == "tanh" if loss is None else loss.name in OF_MARGINS
    if named is not None:
        return Task(_checked(named, units), "task.from.named", margins=margins)
    if (preparation := preparation_of(model)) is not None:
        classes = len(preparation.schema.classes)
        if preparation.schema.labels and len(preparation.schema.labels) == units:
            return Task(MULTILABEL, "task.from.table", margins=margins)
        if not classes or classes == max(units, 2):
            name = _classes(units) if classes else REGRESSION
            return Task(name, "task.from.table", margins=margins)
    if is_a(last, "Rescaling") and last is not next(flat_layers(model)):
        return Task(REGRESSION, "task.from.units")
    if loss is not None:
        return Task(_by_loss(loss.name, end, units), "task.from.loss", {"loss": loss.name, "end": end or "–"}, margins)
    if end in PROBABILITIES and (end == "sigmoid" or units > 1):
        return Task(_by_end(end, units), "task.from.end", {"end": end})
    if model.compiled and getattr(model, "loss", None) is not None:
        return Task(UNKNOWN, "task.from.own_loss", {"loss": _name_of(model.loss)}, margins)
    return Task(UNKNOWN, "task.from.nothing", margins=margins)


def with_labels(task: Task, y: NDArray[Any], units: int, targets: bool = False) -> Task:
    """The task once labels are known: they say what nobody knew, and overrule what cannot be.

    Args:
        task: of the model.
        y: class numbers `(records,)`, or `(records, outputs)`: one-hot rows, rows of several labels, numbers.
        units: outputs of the model a record.
        targets: whether y is of targets, so that a single column holds numbers, even zeros and ones.
    """
    if task.key == "task.from.named" or not y.size:
        return task
    kind = kind_of_labels(y, units)
    if targets and kind == "classes":
        kind = "numbers"
    by_labels = {"numbers": REGRESSION, "classes": _classes(units), "one-hot": _classes(units), "labels": MULTILABEL}
    if task.name == UNKNOWN:
        name = by_labels[kind]
    elif task.name == BINARY_TASK and units == 1 and kind == "numbers" and bool(((y >= 0) & (y <= 1)).all()):
        name = REGRESSION  # shares: a cross-entropy takes them, but nobody can be right or wrong about them
    elif task.name == MULTILABEL and kind in ("numbers", "classes"):
        name = by_labels[kind]
    elif units > 1 and kind == "numbers" and y.ndim == 2 and task.values.get("loss") in OF_NUMBERS:
        name = REGRESSION
    else:
        return task
    return Task(name, f"task.from.labels.{kind}", margins=task.margins)


def kind_of_labels(y: NDArray[Any], units: int) -> str:
    """`"classes"`, `"one-hot"`, `"labels"` (rows of several zeros and ones) or `"numbers"`, for so many outputs."""
    if y.ndim == 2 and y.shape[1] > 1:
        if not ((y == 0) | (y == 1)).all():
            return "numbers"
        return "one-hot" if (np.count_nonzero(y, axis=1) == 1).all() else "labels"
    flat = y.reshape(-1)
    if flat.dtype.kind == "b":
        return "classes"
    if units == 1:
        return "classes" if set(np.unique(flat[:1000])) <= {0, 1} and np.isin(flat, (0, 1)).all() else _of_margins(flat)
    whole = flat.dtype.kind in "iu" or bool((flat == np.trunc(flat)).all())
    return "classes" if whole and flat.min() >= 0 and flat.max() < units else "numbers"


def _of_margins(flat: NDArray[Any]) -> str:
    return "classes" if np.isin(flat, (-1, 1)).all() else "numbers"


def _by_loss(loss: str, end: str, units: int) -> str:
    several = units > 1
    if loss == SPARSE or loss in (*CATEGORICAL, "categorical_hinge"):
        return MULTICLASS if units > 2 else BINARY_TASK if several else UNKNOWN
    if loss in BINARY:
        return _by_end("softmax" if end == "softmax" else "sigmoid", units)
    if loss in OF_MARGINS:
        return _by_end("sigmoid", units)
    if loss in OF_NUMBERS:
        if end == "softmax" and several:
            return _classes(units)
        return UNKNOWN if end == "sigmoid" else REGRESSION
    if end in PROBABILITIES:  # of distributions and of sets: kl_divergence, dice, tversky
        return _by_end(end, units)
    return UNKNOWN


def _by_end(end: str, units: int) -> str:
    if units == 1:
        return BINARY_TASK
    return MULTILABEL if end == "sigmoid" else _classes(units)


def _classes(units: int) -> str:
    return MULTICLASS if units > 2 else BINARY_TASK


def _checked(named: str, units: int) -> str:
    if named == "classification":
        return _classes(units)
    if named not in TASKS:
        raise UsageError("task.named", found=named, known=", ".join((*TASKS, "classification")))
    if (named == BINARY_TASK and units > 2) or (named in (MULTICLASS, MULTILABEL) and units < 2):
        raise UsageError("task.outputs", task=named, units=units)
    return _classes(units) if named == MULTICLASS else named


def _name_of(loss: Any) -> str:
    return getattr(loss, "__name__", None) or getattr(loss, "name", None) or type(loss).__name__
