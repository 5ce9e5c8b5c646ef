"""A loss, the end of a model and labels → nothing where they suit one another, else an error with the mend."""

from __future__ import annotations

import math
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import ModelError, ShapeError
from rowwise.errors import warn_user as warn_caller
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

MOST_CLASSES = 10_000  # whole numbers beyond are quantities


_heard: ContextVar[list[str] | None] = ContextVar("rowwise_heard", default=None)


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
        _check_end(loss, output, y)
    if loss.name == SPARSE:
        _check_class_numbers(y, loss, output, read)
    elif loss.name in ELEMENTWISE and output.shape is not None:
        _check_same_shape(y, loss, output, read)
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
        "sparse": _as_code(SPARSE, loss),
        "rows": _as_code("categorical_crossentropy", loss),
    }


def _as_code(name: str, loss: Loss) -> str:
    """A loss to take in place of `loss` behind the same last layer, as code."""
    class_name = "".join(word.capitalize() for word in name.split("_"))
    return f"keras.losses.{class_name}(from_logits=True)" if loss.from_logits else f'"{name}"'


def _dense(units: int, activation: str | None) -> str:
    """A last layer as code."""
    return f'keras.layers.Dense({units}, activation="{activation}")' if activation else f"keras.layers.Dense({units})"


def _are_shares(y: NDArray[Any]) -> bool:
    """Whether labels lie from 0 (no) to 1 (yes)."""
    return bool(y.min() >= 0 and y.max() <= 1)


def _classes(y: NDArray[Any], read: bool = True) -> tuple[int, int] | None:
    """The least and the most of labels that are class numbers, one a record; None where they are none."""
    if not read or y.size != len(y) or not y.size or y.dtype.kind not in "iuf":
        return None
    least, most = y.min(), y.max()
    return (int(least), int(most)) if 0 <= least <= most < MOST_CLASSES and np.all(y == np.trunc(y)) else None


def _units_for(y: NDArray[Any], cross_entropy: bool) -> str:
    """How a last layer of one unit is to be replaced for these labels, in words."""
    if y.ndim == 2 and y.shape[1] > 1:
        return say("mistake.one_unit.rows", dense=_dense(y.shape[1], "softmax"))
    found = _classes(y)
    if found is None and not _are_shares(y):
        mse = say("mistake.mse") if cross_entropy else ""
        return say("mistake.quantities", dense=_dense(1, None), mse=mse)
    if found is None or found[1] < 2:
        return say("mistake.one_unit.two", dense=_dense(1, "sigmoid"))
    return say("mistake.one_unit.more", most=found[1], dense=_dense(found[1] + 1, "softmax"))


def _check_end(loss: Loss, output: Output, y: NDArray[Any]) -> None:
    categorical = loss.name in (SPARSE, *CATEGORICAL)
    single = output.shape == (1,)
    values: dict[str, Any] = {"layer": output.layer, "loss": loss.name, "activation": output.activation}
    if single and (categorical or output.activation == "softmax"):
        key = "mistake.one_softmax" if output.activation == "softmax" else "mistake.one_unit"
        raise ModelError(key, **values, mend=_units_for(y, categorical or loss.name in BINARY))
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
            columns, kind = y.shape[1], rows_of(y) if read else "unread"
            usual = None if loss.from_logits else "softmax"
            values["dense"] = _dense(columns, {"numbers": None, "several": "sigmoid"}.get(kind, usual))
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
            raise ShapeError("mistake.no_classes", **values, label=f"{most:g}", dense=_dense(1, None), anew=anew)
        key = "mistake.from_one" if least == 1 and most == units else "mistake.classes"
        needed = int(most) + 1
        values |= {"needed": counted("unit", needed), "dense": _dense(needed, None if loss.from_logits else "softmax")}
        raise ShapeError(key, **values, last=units - 1, label=f"{most:g}")


def _check_same_shape(y: NDArray[Any], loss: Loss, output: Output, read: bool) -> None:
    shape = output.shape or ()
    if fits(shape, y.shape[1:]):
        return
    values, several = _values(y, loss, output), len(shape) == 1 and shape[0] != 1
    values |= {"output": _shape_for(y, output), "columns": y.shape[-1]}
    units, single, found = output.units or 0, y.size == len(y), _classes(y, read)
    if several and single and loss.name in CATEGORICAL and read and y.min() < 0 and np.all(y == np.trunc(y)):
        anew = say("mistake.negative.anew") if len(np.unique(y)) <= units else ""
        raise ShapeError("mistake.negative", **values, label=f"{y.min():g}", last=units - 1, anew=anew)
    if several and single and (found or not read) and loss.name in (*CATEGORICAL, *BINARY):
        least, most = found or (0, 0)
        needed = most + 1 if most >= units else units
        values |= {"classes": needed, "most": most, "dense": _dense(needed, "softmax")}
        if loss.name in BINARY:
            raise ShapeError("mistake.binary_classes", **values)
        key = "mistake.integers"
        if most >= units:
            key += ".from_one" if least and most == units else ".units"
            values["dense"] = _dense(needed, None if loss.from_logits else "softmax")
        raise ShapeError(key, **values)
    if loss.name in CATEGORICAL and y.ndim == 2 and several and not single:
        raise ShapeError("mistake.onehot_width", **values, mend=_width_mend(y, loss, units, read))
    # Keras's binary losses alone compare the shapes themselves.
    stretched = say("mistake.unequal.stretched") if loss.name not in BINARY and _broadcasts(y, shape) else ""
    mend = _shape_mend(y, loss, output, found, values)
    raise ShapeError("mistake.unequal", **values, stretched=stretched, mend=mend)


def _width_mend(y: NDArray[Any], loss: Loss, units: int, read: bool) -> str:
    """How one-hot rows and the last layer come to one width, in words; what holds fewer classes than it might."""
    dense, lacking = _dense(y.shape[1], None if loss.from_logits else "softmax"), units - y.shape[1]
    if lacking > 0:
        return say("mistake.onehot_width.narrow", dense=dense, columns=y.shape[1], lacking=lacking)
    cut = read and not np.any(y[:, units:])
    return say(f"mistake.onehot_width.{'unused' if cut else 'wide'}", dense=dense, units=units)


def _shape_mend(
    y: NDArray[Any], loss: Loss, output: Output, classes: tuple[int, int] | None, values: dict[str, Any]
) -> str:
    """How labels and outputs of a loss that compares number by number come to one shape, in words."""
    shape, columns, binary = output.shape or (), y.shape[-1], loss.name in BINARY
    kept = output.activation if output.activation != "linear" else None
    if len(shape) == 1 and shape[0] != 1 and y.size == len(y):
        if binary and _are_shares(y):
            return say("mistake.unequal.single", dense=_dense(1, None if loss.from_logits else "sigmoid"))
        mse = say("mistake.mse") if loss.name in (*BINARY, *CATEGORICAL) else ""
        single = say("mistake.quantities", dense=_dense(1, None), mse=mse)
        if classes is None:
            return single
        dense = _dense(max(shape[0] or 0, classes[1] + 1), "softmax")
        return f"{single} {say('mistake.unequal.single.classes', dense=dense)}"
    if shape == (1,) and y.ndim == 2 and rows_of(y) == "onehot":
        numbers = " " + say("mistake.unequal.onehot.numbers") if columns == 2 or not binary else ""
        return say("mistake.unequal.onehot", dense=_dense(columns, "softmax")) + numbers
    if len(shape) == 1 and y.ndim == 2:
        return say("mistake.unequal.columns", dense=_dense(columns, kept), **values)
    flatten = len(shape) > 1 and y.ndim < len(shape) + 1
    return say(f"mistake.unequal.{'flatten' if flatten else 'other'}", **values)


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


def flat_layers(model: Any) -> Iterator[Any]:
    """The layers that compute, in order, those of nested models among them."""
    for layer in model.layers:
        yield from flat_layers(layer) if hasattr(layer, "layers") else (layer,)


def named(layer: Any) -> str:
    """`Dense "hidden_1"`."""
    return f'{type(layer).__name__} "{layer.name}"'


@contextmanager
def gathering() -> Iterator[list[str]]:
    """What `warn_user` would say within the block, in a list instead."""
    heard: list[str] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def warn_user(message: str) -> None:
    """Warn at the line that called rowwise, not at one of ours."""
    if (heard := _heard.get()) is not None:
        heard.append(message)
        return
    warn_caller(message)
