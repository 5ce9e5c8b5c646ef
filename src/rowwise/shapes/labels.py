"""A loss, the end of a model and labels → nothing where they suit one another, else an error with the mend."""

from __future__ import annotations

import math
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import ModelError, ShapeError, Suspicious
from rowwise.shapes.record_shapes import counted, fits
from rowwise.shapes.rules import shape_text
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras
    from numpy.typing import NDArray

SPARSE = "sparse_categorical_crossentropy"
CATEGORICAL = ("categorical_crossentropy", "categorical_focal_crossentropy")
BINARY = ("binary_crossentropy", "binary_focal_crossentropy")
# Keras's losses that compare labels and outputs number by number, so that both need one shape.
ELEMENTWISE = (
    *CATEGORICAL,
    *BINARY,
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("mean_squared_logarithmic_error", "huber", "log_cosh", "poisson", "kl_divergence", "cosine_similarity"),
    *("hinge", "squared_hinge", "categorical_hinge", "dice", "tversky"),
)
PROBABILITIES = ("softmax", "sigmoid")
# What a last Dense layer can end with and still give numbers below 0 or above 1.
UNBOUNDED = ("linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "tanh", "log_softmax")


@dataclass(frozen=True)
class Loss:
    """A loss by Keras's own name; `ignored` is the label that it leaves out."""

    name: str
    from_logits: bool = False
    ignored: int | None = None


@dataclass(frozen=True)
class Output:
    """The end of a model: `layer` in words, the output's shape for one record, and the activation, where known."""

    layer: str
    shape: tuple[int | None, ...] | None = None
    activation: str | None = None

    @property
    def units(self) -> int | None:
        """How many numbers stand in a row of the output."""
        return self.shape[-1] if self.shape else None


def loss_of(model: keras.Model) -> Loss | None:
    """The one loss that the model was compiled with, where it is one of Keras's own."""
    loss: Any = model.loss
    if isinstance(loss, dict):
        loss = list(loss.values())
    if isinstance(loss, list | tuple):
        loss = loss[0] if len(loss) == 1 else None
    return named_loss(loss)


def named_loss(loss: Any) -> Loss | None:
    """`"bce"`, `keras.losses.binary_crossentropy` or `keras.losses.BinaryCrossentropy(...)` → a Loss."""
    import keras

    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return None
    if isinstance(loss, type):  # `loss="BinaryCrossentropy"`, which Keras makes an instance of
        loss = loss()
    function = loss
    if isinstance(loss, keras.losses.Loss):
        function = getattr(loss, "fn", None) if type(loss).__module__.startswith("keras.") else None
    name = getattr(function, "__name__", "")
    if not name or getattr(keras.losses, name, None) is not function:
        return None
    return Loss(name, bool(getattr(loss, "from_logits", False)), getattr(loss, "ignore_class", None))


def output_of(model: keras.Model, record: tuple[int | None, ...] | None = None) -> Output | None:
    """The last layer that computes; `record` is the shape of its output where the model itself does not tell it."""
    import keras

    shape = getattr(model, "output_shape", None) if model.built else None
    if shape is not None and not (isinstance(shape, tuple) and all(isinstance(size, int | None) for size in shape)):
        return None
    if isinstance(model, keras.Sequential):
        layers = [layer for layer in model.layers if type(layer).__name__ not in ("Dropout", "Identity")]
        last = layers[-1] if layers else None
    else:
        last = model.outputs[0]._keras_history.operation if getattr(model, "outputs", None) else None
    if last is None:
        return Output(say("mistake.outputs"), record) if record else None
    if isinstance(last, keras.Sequential) or getattr(last, "outputs", None):
        return output_of(last, record)
    units = getattr(last, "units", None)
    known = shape[1:] if shape is not None else record or ((units,) if units is not None else None)
    name = type(last).__name__.lower()
    if name in ("dense", "activation"):
        function = last.activation
        name = function.__name__ if str(getattr(function, "__module__", "")).startswith("keras.") else ""
    return Output(named(last), known, name if name in (*PROBABILITIES, *UNBOUNDED) else None)


def check_labels(
    y: NDArray[Any], loss: Loss | None, output: Output | None, silent: bool = True, read: bool = True
) -> None:
    """Compare labels `(records,)` or `(records, outputs)` with the loss; where `silent`, the model's end too.

    `read` tells whether the values of y are the real ones, or only its shape is known.

    Raises:
        ShapeError: labels of another form than the loss takes, or of classes that the model has no unit for.
        ModelError: a last layer that the loss cannot use, whatever the labels.
    """
    if loss is None or output is None:
        return
    if silent:
        _check_end(loss, output)
    if loss.name == SPARSE:
        _check_class_numbers(y, loss, output, read)
    elif loss.name in ELEMENTWISE and output.shape is not None:
        _check_same_shape(y, loss, output)
        _check_values(y, loss, output, silent)


def rows_of(y: NDArray[Any]) -> str:
    """What rows `(records, columns)` are: `"onehot"`, `"soft"` (probabilities), `"several"` (0 and 1), `"numbers"`."""
    sums = y.sum(axis=-1)
    if np.all((y == 0) | (y == 1)):
        return "onehot" if np.all(sums == 1) else "several"
    return "soft" if np.all(y >= 0) and np.allclose(sums, 1, atol=1e-3) else "numbers"


def _values(y: NDArray[Any], loss: Loss, output: Output) -> dict[str, Any]:
    """What fills most messages."""
    return {
        "layer": output.layer,
        "units": output.units,
        "has": counted("unit", output.units),
        "found": shape_text(y.shape),
        "loss": loss.name,
    }


def _check_end(loss: Loss, output: Output) -> None:
    categorical = loss.name in (SPARSE, *CATEGORICAL)
    single = output.shape == (1,)
    values: dict[str, Any] = {"layer": output.layer, "loss": loss.name, "activation": output.activation}
    if single and output.activation == "softmax":
        raise ModelError("mistake.one_softmax", **values)
    if single and categorical:
        raise ModelError("mistake.one_unit", **values)
    if not categorical and loss.name not in BINARY:
        return
    usual = "softmax" if categorical else "sigmoid"
    class_name = "".join(word.capitalize() for word in loss.name.split("_"))
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
            raise ShapeError(f"mistake.rows.{rows_of(y) if read else 'unread'}", **values, columns=y.shape[1])
        if output.shape is not None:
            raise ShapeError("mistake.steps", **values, output=_shape_for(y, output), expected=_text(y, steps))
    y = y if loss.ignored is None else y[y != loss.ignored]
    if not y.size:
        return
    least, most, units = y.min(), y.max(), output.units
    if least < 0:
        raise ShapeError("mistake.negative", **values, label=f"{least:g}", last=(units or 1) - 1)
    if y.dtype.kind == "f" and np.any(y != np.trunc(y)):
        raise ShapeError("mistake.fractions", **values, label=f"{y[y != np.trunc(y)].flat[0]:.4g}")
    if units is not None and most >= units:
        key = "mistake.from_one" if least == 1 and most == units else "mistake.classes"
        raise ShapeError(key, **values, last=units - 1, label=f"{most:g}", needed=counted("unit", int(most) + 1))


def _check_same_shape(y: NDArray[Any], loss: Loss, output: Output) -> None:
    shape = output.shape or ()
    if fits(shape, y.shape[1:]):
        return
    values, several = _values(y, loss, output), len(shape) == 1 and shape[0] != 1
    values |= {"output": _shape_for(y, output), "columns": y.shape[-1]}
    single = y.size == len(y)
    if several and single and _are_classes(y, output.units):
        if loss.name in CATEGORICAL:
            raise ShapeError("mistake.integers", **values)
        if loss.name in BINARY:
            raise ShapeError("mistake.binary_classes", **values)
    if loss.name in CATEGORICAL and y.ndim == 2 and several and not single:
        raise ShapeError("mistake.onehot_width", **values)
    # Keras's binary losses alone compare the shapes themselves.
    stretched = say("mistake.unequal.stretched") if loss.name not in BINARY and _broadcasts(y, shape) else ""
    mend = "other"
    if several and single:
        mend = "single"
    elif shape == (1,) and y.ndim == 2 and rows_of(y) == "onehot":
        mend = "onehot"
    elif len(shape) == 1 and y.ndim == 2:
        mend = "columns"
    elif len(shape) > 1 and y.ndim < len(shape) + 1:
        mend = "flatten"
    raise ShapeError("mistake.unequal", **values, stretched=stretched, mend=say(f"mistake.unequal.{mend}", **values))


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
            warn_user(say(f"mistake.not_probabilities.{kind}", **values))


def _are_classes(y: NDArray[Any], units: int | None) -> bool:
    return bool(y.min() >= 0 and np.all(y == np.trunc(y)) and (units is None or y.max() <= units))


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


def flat_layers(model: Any) -> Iterator[Any]:
    """The layers that compute, in order, those of nested models among them."""
    for layer in model.layers:
        yield from flat_layers(layer) if hasattr(layer, "layers") else (layer,)


def named(layer: Any) -> str:
    """`Dense "hidden_1"`."""
    return f'{type(layer).__name__} "{layer.name}"'


def warn_user(message: str) -> None:
    """Warn at the line that called rowwise, not at one of ours."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("rowwise."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, Suspicious, stacklevel=level)
