"""A loss, the end of a model and labels → nothing where they suit one another, else an error with the mend."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import ModelError, ShapeError, Suspicious
from rowwise.shapes.rules import shape_text
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras
    from numpy.typing import NDArray

CATEGORICAL = ("sparse_categorical_crossentropy", "categorical_crossentropy")
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
    """The end of a model: `layer` in words, and what is known of its units and activation."""

    layer: str
    units: int | None = None
    activation: str | None = None


def loss_of(model: keras.Model) -> Loss | None:
    """The one loss that the model was compiled with, where it is one of Keras's cross-entropies."""
    loss: Any = model.loss
    if isinstance(loss, dict):
        loss = list(loss.values())
    if isinstance(loss, list | tuple):
        loss = loss[0] if len(loss) == 1 else None
    return named_loss(loss)


def named_loss(loss: Any) -> Loss | None:
    """`"bce"`, `keras.losses.binary_crossentropy` or `keras.losses.BinaryCrossentropy(...)` → a Loss."""
    import keras

    classes = {
        keras.losses.SparseCategoricalCrossentropy: CATEGORICAL[0],
        keras.losses.CategoricalCrossentropy: CATEGORICAL[1],
        keras.losses.BinaryCrossentropy: "binary_crossentropy",
    }
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return None
    if type(loss) in classes:
        ignored = getattr(loss, "ignore_class", None)
        return Loss(classes[type(loss)], bool(getattr(loss, "from_logits", False)), ignored)
    name = getattr(loss, "__name__", "")
    if name in classes.values() and getattr(keras.losses, name, None) is loss:
        return Loss(name)
    return None


def output_of(model: keras.Model) -> Output | None:
    """The last layer that computes, of a Sequential or Functional model with output `(None, units)`."""
    import keras

    shape = getattr(model, "output_shape", None) if model.built else None
    if shape is not None and not (isinstance(shape, tuple) and len(shape) == 2):
        return None
    if isinstance(model, keras.Sequential):
        layers = [layer for layer in model.layers if type(layer).__name__ not in ("Dropout", "Identity")]
        last = layers[-1] if layers else None
    else:
        last = model.outputs[0]._keras_history.operation if getattr(model, "outputs", None) else None
    if last is None:
        return None
    if isinstance(last, keras.Sequential) or getattr(last, "outputs", None):
        return output_of(last)
    units = shape[1] if shape is not None else getattr(last, "units", None)
    name = type(last).__name__.lower()
    if name in ("dense", "activation"):
        function = last.activation
        name = function.__name__ if str(getattr(function, "__module__", "")).startswith("keras.") else ""
    return Output(named(last), units, name if name in (*PROBABILITIES, *UNBOUNDED) else None)


def check_labels(y: NDArray[Any], loss: Loss | None, output: Output | None, silent: bool = True) -> None:
    """Compare labels `(records,)` or `(records, outputs)` with the loss; where `silent`, the model's end too.

    Raises:
        ShapeError: labels of another form than the loss takes, or of classes that the model has no unit for.
        ModelError: a last layer that the loss cannot use, whatever the labels.
    """
    if loss is None or output is None:
        return
    if silent:
        _check_end(loss, output)
    units, single = output.units, y.size == len(y)
    values: dict[str, Any] = {"layer": output.layer, "units": units, "found": shape_text(y.shape), "loss": loss.name}
    if loss.name == "sparse_categorical_crossentropy":
        if not single:
            raise ShapeError("mistake.onehot", **values)
        _check_classes(y if loss.ignored is None else y[y != loss.ignored], values)
    elif loss.name == "categorical_crossentropy" or (units or 1) > 1:
        binary = loss.name == "binary_crossentropy"
        if single and units is not None:
            raise ShapeError("mistake.binary_classes" if binary else "mistake.integers", **values)
        if units is not None and y.shape[1:] != (units,):
            raise ShapeError("mistake.onehot_width", **values)
        if silent and binary and output.activation == "softmax":
            warn_user(say("mistake.binary_softmax", **values))
    elif units == 1:
        if not single:
            raise ShapeError("mistake.onehot_width", **values)
        if y.size and (y.min() < 0 or y.max() > 1):
            raise ShapeError(
                "mistake.binary_labels", **values, least=f"{y.min():g}", most=f"{y.max():g}", classes=int(y.max()) + 1
            )


def _check_end(loss: Loss, output: Output) -> None:
    values: dict[str, Any] = {"layer": output.layer, "loss": loss.name, "activation": output.activation}
    if output.units == 1 and output.activation == "softmax":
        raise ModelError("mistake.one_softmax", **values)
    if output.units == 1 and loss.name in CATEGORICAL:
        raise ModelError("mistake.one_unit", **values)
    usual = "softmax" if loss.name in CATEGORICAL else "sigmoid"
    class_name = "".join(word.capitalize() for word in loss.name.split("_"))
    if not loss.from_logits and output.activation in UNBOUNDED:
        raise ModelError("mistake.logits", **values, usual=usual, class_name=class_name)
    if loss.from_logits and output.activation == usual:
        raise ModelError("mistake.twice", **values, usual=usual, class_name=class_name)


def _check_classes(y: NDArray[Any], values: dict[str, Any]) -> None:
    """Class numbers `(records,)` against the units of the last layer."""
    if not y.size:
        return
    least, most, units = y.min(), y.max(), values["units"]
    if least < 0:
        raise ShapeError("mistake.negative", **values, label=f"{least:g}", last=(units or 1) - 1)
    if y.dtype.kind == "f" and np.isfinite(most) and np.any(y != np.trunc(y)):
        raise ShapeError("mistake.fractions", **values, label=f"{y[y != np.trunc(y)].flat[0]:.4g}")
    if units is not None and most >= units:
        key = "mistake.from_one" if least == 1 and most == units else "mistake.classes"
        raise ShapeError(key, **values, last=units - 1, label=f"{most:g}", classes=int(most) + 1)


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
