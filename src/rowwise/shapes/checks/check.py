"""A model and its records → nothing when they fit, else an error naming the layer, the shapes and the mend.

What can only be a mistake is an error. What may be meant is a `Suspicious` warning: pixels on an unusual
scale, since a model does not tell on what it was trained, and softmax with binary cross-entropy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import Dataset, check_finite
from rowwise.errors import DataError, ModelError, ShapeError, UsageError
from rowwise.models.keras_view import input_shape, is_model, is_of_older_keras, loss_of, output_of
from rowwise.models.kinds import is_a
from rowwise.models.plain import PlainModel
from rowwise.shapes.checks.as_array import array_of, no_array
from rowwise.shapes.checks.input_shapes import check_input
from rowwise.shapes.checks.input_values import check_indices, check_pixels
from rowwise.shapes.checks.labels import check_labels
from rowwise.shapes.checks.record_shapes import same
from rowwise.shapes.shape_text import shape_text

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray


def check(model: keras.Model, data: Any) -> None:
    """Say what does not fit, as Keras itself would need it.

    Args:
        model: a Keras model with one input `(None, ...)` and one output. It may be unbuilt; with labels
            it must be compiled.
        data: a Dataset, an array x `(records, ...)`, or a tuple `(x, y)` with y `(records,)` class numbers or
            `(records, outputs)`, whatever the loss takes. `(x, None)` is x alone; weights as in `(x, y, weights)`
            are not looked at.

    Raises:
        ShapeError: x is transposed, lacks the axis of records, has other channels or features, is not
            flattened or should not be; y has another shape than the loss compares with the output, is one-hot
            or not against the loss, or outside the classes.
        DataError: no array, no records, other numbers of records in x and y, NaN, text, objects, lists.
        ModelError: no Keras model, several inputs or outputs, not compiled, or a last layer that the
            loss cannot use.
        UsageError: two Datasets or two pairs, or more parts than x, y and weights.

    Warns:
        Suspicious: pixels in 0..255 that nothing scales, or in 0..1 that the model scales again;
            softmax with binary cross-entropy, sigmoid with the categorical ones, labels for these whose rows
            do not sum to 1.
    """
    check_kind(model)
    _refuse_two(data)
    if isinstance(data, list) and is_pair(data):
        data = tuple(data)
    parts = data[:2] if isinstance(data, tuple) and 1 <= len(data) <= 3 else (data,)
    x, *y = (_without_list(part, name) for part, name in zip(parts, "xy", strict=False))
    check_records(model, x if not y or y[0] is None else (x, y[0]))


def check_records(
    model: keras.Model,
    data: Any,
    *,
    finite: bool = True,
    loss: bool = True,
    silent: bool = True,
    pixels: bool = True,
) -> None:
    """As `check`, for calls that make arrays of lists themselves.

    Args:
        model: as for `check`.
        data: as for `check`, or lists of numbers; the pair may be a list.
        finite: whether to look for NaN and infinity in x, the only pass over all values. False where the
            caller does.
        loss: whether y must suit the model's loss; False where only classes are compared.
        silent: whether to look for what Keras trains on without a word as well: a last layer that
            the loss cannot use, pixels on an unusual scale.
        pixels: whether `silent` holds for the pixels too.

    Raises:
        ShapeError, DataError, ModelError, UsageError: as `check`.
    """
    check_kind(model)
    if isinstance(data, Dataset):
        x, y, finite = data.x, data.y, False  # checked when it was made
    elif isinstance(data, tuple | list) and len(data) == 2:
        _refuse_two(data)
        x, y = array_of(data[0], "x"), array_of(data[1], "y")
    elif isinstance(data, tuple):
        raise UsageError("fit.pair", what="data", found=f"tuple of {len(data)}")
    else:
        x, y = array_of(data, "x"), None
    if not x.ndim:
        raise no_array("x", x[()])
    if not len(x):
        raise DataError("fit.empty", what=f"x {x.shape}")
    _check_numbers(x)
    record = _check_input_and_order(model, x, y)
    if y is not None:
        if loss:
            check_compiled(model)
        if not y.ndim:
            raise no_array("y", y[()])
        if len(y) != len(x):
            raise DataError("mistake.counts", x=x.shape, y=y.shape)
        y = _numbers_of_labels(y)
        if loss:
            check_labels(y, loss_of(model), output_of(model, record), silent)
    check_indices(model, x)
    if finite and x.dtype.kind != "b" and not any(getattr(layer, "takes_missing", False) for layer in model.layers):
        check_finite("x", x)
    if silent and pixels:
        check_pixels(model, x)


def is_pair(data: Any) -> bool:
    """Whether a list or tuple holds two arrays that cannot be two inputs alike: x and y."""
    shapes = [getattr(part, "shape", None) for part in data]
    return len(shapes) == 2 and None not in shapes and np.ndim(data[0]) != np.ndim(data[1])


def _refuse_two(data: Any) -> None:
    """Raises UsageError for two Datasets, or two pairs as Keras's own data sets come."""
    if not (isinstance(data, tuple | list) and len(data) == 2):
        return
    if any(isinstance(part, Dataset) for part in data):
        raise UsageError("fit.two_datasets", what="train")
    if all(isinstance(part, tuple) and len(part) == 2 and hasattr(part[0], "shape") for part in data):
        raise UsageError("mistake.two_pairs")


def check_kind(model: Any) -> None:
    """Raises ModelError where `model` is no Keras model, or has several inputs or outputs."""
    if not (isinstance(model, PlainModel) or is_a(model, "Model")):
        raise ModelError("model.kind", found=type(model).__name__)
    if model.built:  # a subclass of Model has neither inputs nor outputs to count
        inputs, outputs = (len(getattr(model, side, None) or [()]) for side in ("inputs", "outputs"))
        if (inputs, outputs) != (1, 1):
            raise ModelError("model.several", name=model.name, inputs=inputs, outputs=outputs)


def check_compiled(model: keras.Model) -> None:
    """Raises ModelError where `model` is no Keras model, or is not compiled."""
    if not is_model(model):
        key = "model.tensorflow" if is_of_older_keras(model) else "model.kind"
        raise ModelError(key, found=type(model).__name__)
    if not model.compiled or model.optimizer is None:
        raise ModelError("model.not_compiled", name=model.name)


def _check_input_and_order(
    model: keras.Model, x: NDArray[Any], y: NDArray[Any] | None
) -> tuple[int | None, ...] | None:
    """As `check_input`, and says so where y is what fits."""
    try:
        return check_input(model, x, len(y) if y is not None and y.ndim else None)
    except ShapeError:
        expected = input_shape(model)
        if y is not None and y.ndim > 1 and x.ndim <= 2 and expected is not None and same(expected, y.shape):
            raise ShapeError("mistake.swapped", x=shape_text(x.shape), y=shape_text(y.shape)) from None
        raise


def _check_numbers(x: NDArray[Any]) -> None:
    """Raises DataError where x holds text, objects, dates: no numbers."""
    if x.dtype.kind in "US":
        raise DataError("mistake.text", found=repr(str(x.flat[0])))
    if x.dtype.kind not in "buifO":
        raise DataError("data.dtype", name="x", found=x.dtype)
    if x.dtype.kind != "O":
        return
    if all(isinstance(value, int | float | np.number) for value in x.flat):
        raise DataError("mistake.object", name="x", code='x.astype("float32")')
    other = next(value for value in x.flat if not isinstance(value, int | float | np.number))
    if isinstance(other, list | tuple | np.ndarray):
        raise DataError("mistake.objects", found=type(other).__name__)
    raise DataError("mistake.text", found=repr(other))


def _numbers_of_labels(y: NDArray[Any]) -> NDArray[Any]:
    """Labels as numbers; True and False are 1 and 0.

    Raises:
        DataError: text, objects, NaN or infinity.
    """
    if y.dtype.kind == "b":
        return y.astype(np.int32)
    if y.dtype.kind not in "uifOUS":
        raise DataError("data.dtype", name="y", found=y.dtype)
    if y.dtype.kind == "O" and all(isinstance(value, int | float | np.number) for value in y.flat):
        raise DataError("mistake.object", name="y", code='y.astype("int32")')
    if y.dtype.kind in "OUS":
        lacking = np.argwhere([label is None for label in y.flat])
        if len(lacking):
            raise DataError(
                "mistake.labels_not_finite",
                count=len(lacking),
                total=y.size,
                where=[int(place) for place in np.unravel_index(int(lacking[0, 0]), y.shape)],
                found=None,
                code="keep = np.array([label is not None for label in y])",
            )
        value = y.flat[0]
        raise DataError("mistake.text_labels", found=repr(value.item() if hasattr(value, "item") else value))
    if y.dtype.kind == "f" and not (finite := np.isfinite(y)).all():
        where = tuple(int(place) for place in np.argwhere(~finite)[0])
        keep = "keep = np.isfinite(y)" + (f".all(axis={tuple(range(1, y.ndim))})" if y.ndim > 1 else "")
        raise DataError(
            "mistake.labels_not_finite",
            count=int((~finite).sum()),
            total=y.size,
            where=list(where),
            found=y[where],
            code=keep,
        )
    return y


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
    if not part:
        return array
    code = f"np.stack({name})" if any(hasattr(item, "shape") for item in part) else f"np.asarray({name})"
    raise DataError("mistake.list", name=name, count=len(part), code=code, mend=array.shape)
