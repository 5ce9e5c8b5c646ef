"""A model and its records → nothing when they fit, else an error naming the layer, the shapes and the mend.

What can only be a mistake is an error. What may be meant is a `Suspicious` warning: pixels on an unusual
scale, since a model does not tell on what it was trained, and softmax with binary cross-entropy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import PIXEL_MAX, Dataset, check_finite
from rowwise.errors import DataError, ModelError, UsageError
from rowwise.shapes.labels import check_labels, flat_layers, loss_of, named, output_of, warn_user
from rowwise.shapes.record_shapes import check_record
from rowwise.text import say

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

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
    check_kind(model)
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
        if any(isinstance(part, Dataset) for part in data):
            raise UsageError("fit.two_datasets", what="train")
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
    for layer in flat_layers(model):
        kind = type(layer).__name__
        if kind == "Rescaling":
            small = np.max(np.abs(np.asarray(layer.scale))) < DARK
            return ("rescales" if small else "unknown"), named(layer)
        if kind in ("Dense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D"):
            return "none", named(layer)
        if kind not in ("InputLayer", "Flatten", "Reshape", "Dropout", "ZeroPadding2D", "Permute"):
            break  # it may well scale
    return "unknown", ""


def first_layer(model: keras.Model) -> str:
    """`Dense "hidden_1"`: the first layer that is not only an input."""
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"] or [model]
    return named(layers[0])
