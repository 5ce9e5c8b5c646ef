"""A loss, the end of a model and labels → nothing where they suit one another, else an error with the mend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import ModelError, ShapeError, warn_user
from rowwise.models.keras_view import (
    BINARY,
    CATEGORICAL,
    ELEMENTWISE,
    LOSS_CLASSES,
    PROBABILITIES,
    SPARSE,
    UNBOUNDED,
    Loss,
    Output,
)
from rowwise.shapes.checks.fixes import (
    MOST_CLASSES,
    as_code,
    classes_of,
    dense_code,
    rows_of,
    shape_mend,
    units_for,
    width_mend,
)
from rowwise.shapes.checks.record_shapes import counted, fits
from rowwise.shapes.shape_text import shape_text
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray


def check_labels(
    y: NDArray[Any], loss: Loss | None, output: Output | None, silent: bool = True, read: bool = True
) -> None:
    """Compare labels `(records,)` or `(records, outputs)` with the loss; where `silent`, the model's end too.

    `read` says whether the values of y are the real ones; otherwise only its shape is known.

    Raises:
        ShapeError: labels of another form than the loss takes, or of classes that the model has no unit for.
        ModelError: a last layer that the loss cannot use, whatever the labels.
    """
    if loss is None or output is None:
        return
    if silent:
        _check_end(loss, output, y)
    if loss.name == SPARSE:
        _check_class_numbers(y, loss, output, read)
    elif loss.name in ELEMENTWISE and output.shape is not None:
        _check_same_shape(y, loss, output, read)
        _check_values(y, loss, output, silent)


def _values(y: NDArray[Any], loss: Loss, output: Output) -> dict[str, Any]:
    """What fills most messages."""
    return {
        "layer": output.layer,
        "units": output.units,
        "has": counted("unit", output.units),
        "found": shape_text(y.shape),
        "loss": loss.name,
        "sparse": as_code(SPARSE, loss),
        "rows": as_code("categorical_crossentropy", loss),
    }


def _check_end(loss: Loss, output: Output, y: NDArray[Any]) -> None:
    categorical = loss.name in (SPARSE, *CATEGORICAL)
    single = output.shape == (1,)
    values: dict[str, Any] = {"layer": output.layer, "loss": loss.name, "activation": output.activation}
    if single and (categorical or output.activation == "softmax"):
        key = "mistake.one_softmax" if output.activation == "softmax" else "mistake.one_unit"
        raise ModelError(key, **values, mend=units_for(y, categorical or loss.name in BINARY))
    if not categorical and loss.name not in BINARY:
        return
    usual = "softmax" if categorical else "sigmoid"
    class_name = LOSS_CLASSES[loss.name]
    if not loss.from_logits and output.activation in UNBOUNDED:
        raise ModelError("mistake.logits", **values, usual=usual, class_name=class_name)
    if loss.from_logits and output.activation in PROBABILITIES:
        key = "mistake.twice" if output.activation == usual else "mistake.squashed"
        raise ModelError(key, **values, usual=usual)
    if categorical and output.activation == "sigmoid":
        warn_user(say("mistake.sigmoid_classes", **values, has=counted("unit", output.units)))


def _check_class_numbers(y: NDArray[Any], loss: Loss, output: Output, read: bool) -> None:
    """Labels `(records,)`, or `(records, steps)` for an output `(records, steps, units)`, against the last layer."""
    values = _values(y, loss, output)
    steps = (output.shape or (None,))[:-1]
    if not fits(steps, y.shape[1:]) and y.size != len(y) * math.prod(size or 1 for size in steps):
        if not steps and y.ndim == 2:
            columns, kind = y.shape[1], rows_of(y) if read else "unread"
            usual = None if loss.from_logits else "softmax"
            values["dense"] = dense_code(columns, {"numbers": None, "several": "sigmoid"}.get(kind, usual))
            width = say("mistake.rows.width", **values) if columns != output.units and output.units else ""
            raise ShapeError(f"mistake.rows.{kind}", **values, columns=columns, width=width)
        if output.shape is not None:
            raise ShapeError("mistake.steps", **values, output=_shape_for(y, output), expected=_text(y, steps))
    y = y if loss.ignored is None else y[y != loss.ignored]
    if not y.size:
        return
    least, most, units = y.min(), y.max(), output.units
    if least < 0:
        anew = say("mistake.negative.anew") if units is None or len(np.unique(y)) <= units else ""
        raise ShapeError("mistake.negative", **values, label=f"{least:g}", last=(units or 1) - 1, anew=anew)
    if y.dtype.kind == "f" and np.any(y != np.trunc(y)):
        raise ShapeError("mistake.fractions", **values, label=f"{y[y != np.trunc(y)].flat[0]:.4g}")
    if units is not None and most >= units:
        if most >= MOST_CLASSES:
            anew = say("mistake.negative.anew") if len(np.unique(y)) <= units else ""
            raise ShapeError("mistake.no_classes", **values, label=f"{most:g}", dense=dense_code(1, None), anew=anew)
        key = "mistake.from_one" if least == 1 and most == units else "mistake.classes"
        needed = int(most) + 1
        values |= {
            "needed": counted("unit", needed),
            "dense": dense_code(needed, None if loss.from_logits else "softmax"),
        }
        raise ShapeError(key, **values, last=units - 1, label=f"{most:g}")


def _check_same_shape(y: NDArray[Any], loss: Loss, output: Output, read: bool) -> None:
    shape = output.shape or ()
    if fits(shape, y.shape[1:]):
        return
    values, several = _values(y, loss, output), len(shape) == 1 and shape[0] != 1
    values |= {"output": _shape_for(y, output), "columns": y.shape[-1]}
    units, single, classes = output.units or 0, y.size == len(y), classes_of(y, read)
    if several and single and loss.name in CATEGORICAL and read and y.min() < 0 and np.all(y == np.trunc(y)):
        anew = say("mistake.negative.anew") if len(np.unique(y)) <= units else ""
        raise ShapeError("mistake.negative", **values, label=f"{y.min():g}", last=units - 1, anew=anew)
    if several and single and (classes or not read) and loss.name in (*CATEGORICAL, *BINARY):
        least, most = classes or (0, 0)
        needed = most + 1 if most >= units else units
        values |= {"classes": needed, "most": most, "dense": dense_code(needed, "softmax")}
        if loss.name in BINARY:
            raise ShapeError("mistake.binary_classes", **values)
        key = "mistake.integers"
        if most >= units:
            key += ".from_one" if least and most == units else ".units"
            values["dense"] = dense_code(needed, None if loss.from_logits else "softmax")
        raise ShapeError(key, **values)
    if loss.name in CATEGORICAL and y.ndim == 2 and several and not single:
        raise ShapeError("mistake.onehot_width", **values, mend=width_mend(y, loss, units, read))
    # Keras's binary losses alone compare the shapes themselves.
    stretched = say("mistake.unequal.stretched") if loss.name not in BINARY and _broadcasts(y, shape) else ""
    mend = shape_mend(y, loss, output, classes, values)
    raise ShapeError("mistake.unequal", **values, stretched=stretched, mend=mend)


def _check_values(y: NDArray[Any], loss: Loss, output: Output, silent: bool) -> None:
    """Labels of the right shape: whether they are what a cross-entropy compares with probabilities."""
    values = _values(y, loss, output)
    if loss.name in BINARY:
        if silent and output.activation == "softmax":
            warn_user(say("mistake.binary_softmax", **values))
        if y.min() < 0 or y.max() > 1:
            values |= {"least": f"{y.min():g}", "most": f"{y.max():g}", "classes": int(y.max()) + 1}
            key = "mistake.binary_labels" if output.units == 1 and y.max() > 1 else "mistake.binary_range"
            raise ShapeError(key, **values)
    elif loss.name in CATEGORICAL and silent and (output.units or 1) > 1:
        kind = rows_of(y)
        if kind in ("several", "numbers"):
            divisible = y.min() >= 0 and np.all(y.sum(axis=-1) > 0)
            divide = say("mistake.not_probabilities.divide") + " " if divisible else ""
            warn_user(say(f"mistake.not_probabilities.{kind}", **values, divide=divide))


def _broadcasts(y: NDArray[Any], record: tuple[int | None, ...]) -> bool:
    """Whether Keras stretches labels and outputs of the same records to one shape, for batches of any size."""
    labels = y.shape[1:]
    if len(record) == len(labels) + 1 and record[-1] == 1:
        record = record[:-1]  # as Keras does first
    elif len(labels) == len(record) + 1 and labels[-1] == 1:
        labels = labels[:-1]
    records = 0  # a size that fits only itself and 1
    try:
        np.broadcast_shapes((records, *labels), (records, *(size or 1 for size in record)))
    except ValueError:
        return False
    return True


def _shape_for(y: NDArray[Any], output: Output) -> str:
    """The output's shape for as many records as there are labels."""
    return _text(y, output.shape or ())


def _text(y: NDArray[Any], record: tuple[int | None, ...]) -> str:
    return shape_text((len(y), *record))
