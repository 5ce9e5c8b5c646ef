"""A model and its records → nothing when they fit, else an error naming the layer, the shapes and the mend.

What can only be a mistake is an error. What may be meant is a `Suspicious` warning: pixels on an unusual
scale, since a model does not tell on what it was trained, and softmax with binary cross-entropy.
"""

from __future__ import annotations

import math
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import PIXEL_MAX, Dataset, check_finite
from rowwise.errors import DataError, ModelError, ShapeError, Suspicious
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
SAMPLE = 256  # records looked at for the scale of the pixels; the rest only before a warning is given
FEWEST_PIXELS = 64  # 8 x 8: rows with fewer features are a table's, not an image's
DARK = 1 / 50  # a Rescaling by less than this was made for 0..255


def check(model: keras.Model, data: Any) -> None:
    """Say what does not fit, as Keras itself would need it.

    Args:
        model: a Keras model with one input `(None, ...)` and one output. It may be unbuilt; with labels
            it must be compiled.
        data: a Dataset, an array x `(records, ...)`, or the pair (a tuple) `(x, y)` with y `(records,)`
            class numbers or `(records, classes)` one-hot, whatever the loss takes.

    Raises:
        ShapeError: x is transposed, lacks the axis of records, has other channels or features, is not
            flattened or should not be; y is one-hot or not against the loss, or outside the classes.
        DataError: no records, other numbers of records in x and y, NaN, text, objects, lists.
        ModelError: no Keras model, several inputs or outputs, not compiled, or a last layer that the
            loss cannot use.

    Warns:
        Suspicious: pixels in 0..255 that nothing scales, or in 0..1 that the model scales again;
            softmax with binary cross-entropy.
    """
    parts = data if isinstance(data, tuple) and len(data) == 2 else (data,)
    arrays = tuple(_without_list(part, name) for part, name in zip(parts, "xy", strict=False))
    check_records(model, arrays if len(arrays) == 2 else arrays[0])


def check_records(
    model: keras.Model, data: Any, *, finite: bool = True, loss: bool = True, silent: bool = True
) -> None:
    """As `check`, for calls that make arrays of lists themselves.

    Args:
        model: as for `check`.
        data: as for `check`, or lists of numbers.
        finite: whether to look for NaN and infinity, the only pass over all values. False where the
            caller does.
        loss: whether y must suit the model's loss; False where only classes are compared.
        silent: whether to look for what Keras trains on without a word as well: a last layer that
            the loss cannot use, pixels on an unusual scale.

    Raises:
        ShapeError, DataError, ModelError: as `check`.
    """
    check_kind(model)
    if isinstance(data, Dataset):
        x, y, finite = data.x, data.y, False  # checked when it was made
    elif isinstance(data, tuple) and len(data) == 2:
        x, y = array_of(data[0], "x"), array_of(data[1], "y")
    else:
        x, y = array_of(data, "x"), None
    if not x.ndim or not len(x):
        raise DataError("mistake.empty", found=x.shape)
    _check_numbers(x)
    check_input(model, x)
    if y is not None:
        if loss:
            check_compiled(model)
        if not y.ndim or len(y) != len(x):
            raise DataError("mistake.counts", x=x.shape, y=y.shape)
        if y.dtype.kind in "OUS":
            _refuse_text_labels(y)
        if loss:
            check_labels(y, loss_of(model), output_of(model), silent)
    if finite:
        check_finite("x", x)
        if y is not None:
            check_finite("y", y)
    if silent:
        _check_pixels(model, x)


def check_kind(model: Any) -> None:
    """Raises ModelError where `model` is no Keras model, or has several inputs or outputs."""
    import keras

    if not isinstance(model, keras.Model):
        raise ModelError("model.kind", found=type(model).__name__)
    if model.built:  # a subclass of Model has neither inputs nor outputs to count
        inputs, outputs = (len(getattr(model, side, None) or [()]) for side in ("inputs", "outputs"))
        if (inputs, outputs) != (1, 1):
            raise ModelError("model.several", name=model.name, inputs=inputs, outputs=outputs)


def check_compiled(model: keras.Model) -> None:
    """Raises ModelError where `model` is no Keras model, has several inputs or outputs, or is not compiled."""
    check_kind(model)
    if not model.compiled or model.optimizer is None:
        raise ModelError("model.not_compiled", name=model.name)


def check_input(model: keras.Model, x: NDArray[Any]) -> None:
    """Compare `x` `(records, ...)` with the model's input `(None, ...)`; an unbuilt model takes anything.

    Raises:
        ShapeError: the shapes differ; the message names the first layer, the cause and the mend.
    """
    expected = getattr(model, "input_shape", None) if model.built else None
    if isinstance(expected, tuple) and all(isinstance(size, int | None) for size in expected):
        check_record(expected[1:], x.shape, first_layer(model))


def array_of(values: Any, name: str) -> NDArray[Any]:
    """`values` as an array; x or y by `name`.

    Raises:
        DataError: rows of different lengths.
    """
    try:
        return np.asarray(values)
    except ValueError as cause:
        raise DataError("fit.ragged", what=name, cause=cause) from cause


def _check_numbers(x: NDArray[Any]) -> None:
    if x.dtype.kind in "US":
        raise DataError("mistake.text", found=repr(str(x.flat[0])))
    if x.dtype.kind != "O":
        return
    if all(isinstance(value, int | float | np.number) for value in x.flat):
        raise DataError("mistake.object", name="x", code='x.astype("float32")')
    other = next(value for value in x.flat if not isinstance(value, int | float | np.number))
    if isinstance(other, list | tuple | np.ndarray):
        raise DataError("mistake.objects", found=type(other).__name__)
    raise DataError("mistake.text", found=repr(other))


def _refuse_text_labels(y: NDArray[Any]) -> None:
    if y.dtype.kind == "O" and all(isinstance(value, int | float | np.number) for value in y.flat):
        raise DataError("mistake.object", name="y", code='y.astype("int32")')
    raise DataError("mistake.text_labels", found=repr(y.flat[0].item() if hasattr(y.flat[0], "item") else y.flat[0]))


def _without_list(part: Any, name: str) -> Any:
    """`[x]` is x, the one input. Keras takes a longer list for several inputs, never for several records.

    Raises:
        DataError: a list of records.
    """
    if not isinstance(part, list):
        return part
    if len(part) == 1 and np.ndim(part[0]) > 1:
        return part[0]
    array = array_of(part, name)
    code = f"np.stack({name})" if any(hasattr(item, "shape") for item in part) else f"np.asarray({name})"
    raise DataError("mistake.list", name=name, count=len(part), code=code, mend=array.shape)


def _check_pixels(model: keras.Model, x: NDArray[Any]) -> None:
    """Warn where pixels and the model's own scaling do not go together.

    A sample refutes the suspicion for nearly all data; all values are read only to confirm it.
    """
    if x.ndim < 2 or int(np.prod(x.shape[1:])) < FEWEST_PIXELS or x.dtype.kind not in "uif":
        return
    scale, layer = _scale(model)
    suspicion = {"none": _is_unscaled, "rescales": _is_scaled}.get(scale)
    if suspicion is None or not suspicion(x[:: -(-len(x) // SAMPLE)]) or not suspicion(x):
        return
    key = "mistake.unscaled" if scale == "none" else "mistake.scaled_twice"
    warn_user(say(key, layer=layer, most=f"{float(x.max()):.4g}", white=PIXEL_MAX))


def _is_unscaled(x: NDArray[Any]) -> bool:
    """Whole numbers in 0..255 up to at least half of white: what a file of pixels holds."""
    return bool(x.min() >= 0 and PIXEL_MAX / 2 < x.max() <= PIXEL_MAX) and (
        x.dtype.kind != "f" or not np.any(np.modf(x)[0])
    )


def _is_scaled(x: NDArray[Any]) -> bool:
    return bool(x.dtype.kind == "f" and x.min() >= 0 and 0 < x.max() <= 1)


def _scale(model: keras.Model) -> tuple[str, str]:
    """`"rescales"` by 1/255 or so, `"none"` before the first kernel, or `"unknown"`; and the layer that tells."""
    for layer in _layers(model):
        kind = type(layer).__name__
        if kind == "Rescaling":
            small = np.max(np.abs(np.asarray(layer.scale))) < DARK
            return ("rescales" if small else "unknown"), _named(layer)
        if kind in ("Dense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D"):
            return "none", _named(layer)
        if kind not in ("InputLayer", "Flatten", "Reshape", "Dropout", "ZeroPadding2D", "Permute"):
            break  # it may well scale
    return "unknown", ""


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield from _layers(layer) if hasattr(layer, "layers") else (layer,)


def warn_user(message: str) -> None:
    """Warn at the line that called rowwise, not at one of ours."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("rowwise."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, Suspicious, stacklevel=level)


def check_record(want: tuple[int | None, ...], found: tuple[int, ...], layer: str) -> None:
    """Compare the shape of one record `want`, such as `(28, 28)`, with the shape of an array `(records, ...)`.

    Raises:
        ShapeError: they differ; it names the likeliest cause, the most particular first.
    """
    got = found[1:]
    if _same(want, got):
        return
    known: tuple[int, ...] = tuple(size or 1 for size in want)
    row = len(want) == 1
    record = say("mistake.row", features=known[0]) if row else say("mistake.shape", shape=_shape(want))
    values: dict[str, Any] = {"layer": layer, "record": record, "found": _shape(found)}

    def fail(key: str, code: str, mend: tuple[Any, ...], **more: object) -> None:
        raise ShapeError(key, **values, code=code, mend=_shape(mend), **more)

    if row and len(found) == 2 and found[0] == want[0]:
        fail("mistake.transposed", "x.T", found[::-1])
    if _same(want, found):
        fail("mistake.no_records", "x[None]", (1, *found))
    if len(want) > 1 and want[-1] == 1 and _same(want[:-1], found):
        fail("mistake.no_records", "x[None, ..., None]", (1, *found, 1))
    if len(found) == len(want) + 1 and _same(want, found[:-1]):
        fail("mistake.records_last", "np.moveaxis(x, -1, 0)", (found[-1], *found[:-1]))
    if None not in want:
        size = math.prod(known)
        code = f"x.reshape(-1, {', '.join(map(str, known))})"
        # One image for a model of rows, or one row for a model of images.
        if math.prod(found) == size and (len(found) <= 2 if row else len(found) != len(want) + 1):
            fail("mistake.no_records", code, (1, *known))
        if row and len(got) > 1 and math.prod(got) == size:
            fail("mistake.not_flat", "x.reshape(len(x), -1)", (found[0], size))
        if len(got) == 1 and got[0] == size:
            fail("mistake.flat", code, (found[0], *known), features=size)
    _check_channels(known, found, fail)
    if row and len(got) == 1:
        fail("mistake.features", "", (), features=got[0])
    if len(want) == len(got) and len(want) > 1 and None not in want:
        pixels = ", ".join(map(str, known[:2]))
        code = f"keras.ops.image.resize(x, ({pixels}))"
        if len(want) == 2:
            code = f"keras.ops.image.resize(x[..., None], ({pixels}))[..., 0]"
        if len(want) == 2 or (len(want) == 3 and got[-1] == want[-1]):
            fail("mistake.size", code, (found[0], *known))
    fail("mistake.input", "", ())


def _check_channels(want: tuple[int, ...], found: tuple[int, ...], fail: Any) -> None:
    """The cases in which only channels differ: first or last, lacking, too many."""
    records, got = found[0], found[1:]
    if len(want) == len(got) == 3:
        if got == (want[2], *want[:2]):
            fail("mistake.channels_first", "np.moveaxis(x, 1, -1)", (records, *want))
        if got == (*want[1:], want[0]):
            fail("mistake.channels_last", "np.moveaxis(x, -1, 1)", (records, *want))
        if got[:2] == want[:2]:
            code = {(1, 3): "np.repeat(x, 3, axis=-1)", (4, 3): "x[..., :3]"}.get((got[2], want[2]), "")
            if want[2] == 1:
                code = "x.mean(axis=-1, keepdims=True)"
            if code:
                fail("mistake.channels", code, (records, *want), channels=got[2], expected=want[2])
    if len(want) == 3 and len(got) == 2:
        if got == want[:2]:
            code = "x[..., None]" if want[2] == 1 else f"np.repeat(x[..., None], {want[2]}, axis=-1)"
            fail("mistake.no_channels", code, (records, *want))
        if got == want[1:] and want[0] == 1:
            fail("mistake.no_channels", "x[:, None]", (records, *want))
    if len(want) == 2 and len(got) == 3 and got[:2] == want:
        fail("mistake.more_axes", "x[..., 0]" if got[2] == 1 else "x.mean(axis=-1)", (records, *want))


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
    return Output(_named(last), units, name if name in (*PROBABILITIES, *UNBOUNDED) else None)


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
    values: dict[str, Any] = {"layer": output.layer, "units": units, "found": _shape(y.shape), "loss": loss.name}
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


def first_layer(model: keras.Model) -> str:
    """`Dense "hidden_1"`: the first layer that is not only an input."""
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"] or [model]
    return _named(layers[0])


def _named(layer: Any) -> str:
    return f'{type(layer).__name__} "{layer.name}"'


def _same(want: tuple[int | None, ...], got: tuple[int, ...]) -> bool:
    return len(want) == len(got) and all(w in (None, g) for w, g in zip(want, got, strict=True))


def _shape(sizes: tuple[Any, ...]) -> str:
    return shape_text(sizes)
