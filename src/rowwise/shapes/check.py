"""A model and its records → nothing when they fit, else an error naming the layer, the shapes and the mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.errors import ModelError, ShapeError

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray


def check_model(model: object) -> None:
    """Raises ModelError where `model` is no Keras model."""
    import keras

    if not isinstance(model, keras.Model):
        raise ModelError("model.kind", found=type(model).__name__)


def check_compiled(model: keras.Model) -> None:
    """Raises ModelError where `model` is no Keras model, has several inputs or outputs, or is not compiled."""
    check_model(model)
    if not model.compiled or model.optimizer is None:
        raise ModelError("model.not_compiled", name=model.name)
    if model.built:  # a subclass of Model has neither inputs nor outputs to count
        inputs, outputs = (len(getattr(model, side, None) or [()]) for side in ("inputs", "outputs"))
        if (inputs, outputs) != (1, 1):
            raise ModelError("model.several", name=model.name, inputs=inputs, outputs=outputs)


def check_input(model: keras.Model, x: NDArray[Any]) -> None:
    """Compare `x` `(records, ...)` with the model's input `(None, ...)`; an unbuilt model takes anything.

    Raises:
        ShapeError: the shapes differ; the message names the first layer and, where rows and columns
            were exchanged or the axis of records is missing, says so.
    """
    expected = getattr(model, "input_shape", None) if model.built else None
    if not isinstance(expected, tuple) or not all(isinstance(size, int | None) for size in expected):
        return
    if len(expected) == x.ndim and all(e in (None, f) for e, f in zip(expected[1:], x.shape[1:], strict=True)):
        return
    record = expected[1:]
    values = {
        "layer": _first_layer(model),
        "expected": _shape(("records", *record)),
        "found": _shape(x.shape),
    }
    if x.ndim == 2 and len(record) == 1 and x.shape[0] == record[0]:
        raise ShapeError("shape.transposed", **values, mend=_shape(x.shape[::-1]))
    if x.shape == record:
        raise ShapeError("shape.no_records", **values, mend=_shape((1, *record)))
    raise ShapeError("shape.input", **values)


def check_output(model: keras.Model, y: NDArray[Any]) -> None:
    """Compare labels `(records,)` or `(records, outputs)` with the model's output and loss.

    Raises:
        ShapeError: integer labels beyond the last unit, or labels of another form than the loss takes.
    """
    outputs = getattr(model, "output_shape", None) if model.built else None
    if not isinstance(outputs, tuple) or len(outputs) != 2 or not isinstance(outputs[1], int):
        return
    layer, units, loss = model.layers[-1].name, outputs[1], _loss_name(model)
    if loss == "sparse_categorical_crossentropy":
        if y.size != len(y):
            raise ShapeError("shape.onehot_for_sparse", found=_shape(y.shape))
        if y.size and y.min() < 0:
            raise ShapeError("shape.negative_label", layer=layer, last=units - 1, label=int(y.min()))
        if y.size and y.max() >= units:
            label = int(y.max())
            raise ShapeError("shape.classes", layer=layer, units=units, last=units - 1, found=label + 1, label=label)
    elif loss == "categorical_crossentropy":
        if y.size == len(y) and units > 1:
            raise ShapeError("shape.integers_for_onehot", found=_shape(y.shape), units=units)
        if y.shape[1:] != (units,):
            raise ShapeError("shape.onehot_width", layer=layer, units=units, found=_shape(y.shape))


def _first_layer(model: keras.Model) -> str:
    """`Dense "hidden_1"`: the first layer that is not only an input."""
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"] or [model]
    return f'{type(layers[0]).__name__} "{layers[0].name}"'


def _loss_name(model: keras.Model) -> str:
    loss: Any = model.loss
    name = loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", "")
    return name if isinstance(name, str) else ""


def _shape(sizes: tuple[object, ...] | np.ndarray) -> str:
    """`(32, 784)`, as Python writes a tuple, without quotes around words."""
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"
