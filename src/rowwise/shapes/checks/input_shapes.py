"""The shapes that a model or a layer is called with → nothing where it takes them, else an error with the mend.

A model that has its own `call` is called with a shape in place of data; where that fails, the layer that failed is
looked for in the traceback. So this module needs itself: a layer may be such a model.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rowwise.errors import ShapeError
from rowwise.models.keras_view import flat_layers, input_shape, layer_title
from rowwise.models.kinds import is_a, kind_of
from rowwise.shapes.checks.as_array import array_or_zeros
from rowwise.shapes.checks.layer_shapes import check_layer
from rowwise.shapes.checks.record_shapes import check_record, same
from rowwise.shapes.shape_text import shape_text

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    Shape = tuple[int | None, ...]

# Layers that take records of any shape, and so do not tell how many axes were meant. What derives from them may.
ANY_SHAPE = ("InputLayer", "Dropout", "GaussianNoise", "Rescaling", "Normalization", "BatchNormalization", "Activation")


def check_input(model: keras.Model, x: NDArray[Any], labels: int | None = None) -> Shape | None:
    """Compare `x` `(records, ...)` with the model's input `(None, ...)`; an unbuilt model takes nearly anything.

    Args:
        model: a Keras model.
        x: the records.
        labels: how many there are, where that is known: as many as x has records mean that its first axis is theirs.

    Returns:
        The shape of the output for one record where it depends on x, the model having no input yet, else None.

    Raises:
        ShapeError: the shapes differ; the message names the first layer, the cause and the mend.
    """
    expected = input_shape(model)
    if expected is not None:
        _check_declared(model, expected[1:], x.shape, labels)
        check_record(expected[1:], x.shape, _first_layer(model))
    elif model.built:
        return _output_of_call(model, x)
    elif is_a(model, "Sequential") and model.layers:
        check_layer(model.layers[0], [x.shape])  # its kernels have no shape yet, but may want a number of axes
        shape = x.shape
        with suppress(Exception):  # a layer that cannot tell before it is built
            for layer in model.layers:
                shape = layer.compute_output_shape(shape)
            return shape[1:]
    return None


def check_layer_call(layer: Any, inputs: Any) -> None:
    """A model or a layer that was called with data, with a tracer that has a shape only, or with a symbolic input.

    Raises:
        ShapeError: it does not take them.
    """
    tensors = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    shapes = [tuple(getattr(tensor, "shape", None) or ()) for tensor in tensors]
    if not all(shapes) or not all(isinstance(size, int | None) for shape in shapes for size in shape):
        return
    symbolic = any(is_a(tensor, "KerasTensor") for tensor in tensors)
    if not is_a(layer, "Model"):
        check_layer(layer, shapes, symbolic)
    elif not symbolic:
        array = array_or_zeros(tensors[0]) if len(tensors) == 1 else None
        if array is not None:
            check_input(layer, array)
    elif len(shapes) == 1 and (expected := input_shape(layer)) is not None and not same(expected[1:], shapes[0][1:]):
        raise ShapeError(
            "mistake.build_model",
            layer=layer_title(layer),
            expected=shape_text(expected),
            found=shape_text(shapes[0]),
        )


def declared(record: Shape, found: Shape) -> ShapeError:
    """The error for `keras.Input(record)` whose first axis is that of the records."""
    shapes = {"input": shape_text(record), "mend": shape_text(record[1:]), "found": shape_text(found)}
    return ShapeError("mistake.declared", **shapes, axes=f"(records, {', '.join(map(str, record))})")


def _check_declared(model: keras.Model, record: Shape, found: tuple[int, ...], labels: int | None) -> None:
    """Raises ShapeError where `keras.Input` was given the axis of records too: `(None, 784)` or `(32, 784)`."""
    if len(record) < 2 or len(found) != len(record) or not same(record[1:], found[1:]):
        return
    layer = next((layer for layer in flat_layers(model) if kind_of(layer) not in ANY_SHAPE), None)
    if getattr(getattr(layer, "input_spec", None), "ndim", None) == len(record) + 1:
        return  # it takes no axis less: this is one record
    image = record[0] in record[1:]  # its sides may be equal, the number of records and of features seldom are
    of_rows = is_a(layer, "Dense") and not image
    if of_rows or labels == found[0] > 1 or (record[0] not in (None, found[0]) and not image):
        raise declared(record, found)


def _output_of_call(model: keras.Model, x: NDArray[Any]) -> Shape | None:
    """The shape of the output for one record, of a model that has no input to compare with.

    Raises:
        ShapeError: a layer within it does not take what it is given.
    """
    if x.dtype.kind not in "buif":
        return None
    import keras

    from rowwise.models.keras_view import unfiltered_tracebacks

    try:
        with unfiltered_tracebacks():
            output = model.compute_output_spec(keras.KerasTensor(x.shape, str(x.dtype)))
    except Exception as error:
        _check_calls_of(error)
        return None  # the user's code may want real numbers; then only Keras can tell
    shape = getattr(output, "shape", None)
    return tuple(shape[1:]) if shape is not None else None


def _check_calls_of(error: Exception) -> None:
    """Raises ShapeError where what a layer was called with explains the error."""
    from rowwise.models.keras_view import failed_calls

    try:
        for name, arguments in failed_calls(error):
            owner = arguments.get("self")
            if name == "__call__" and is_a(owner, "Layer"):
                check_layer_call(owner, *(arguments.get("args") or (None,))[:1])
    except ShapeError:
        raise
    except Exception:  # a call so odd that our checks fail too
        return


def _first_layer(model: keras.Model) -> str:
    """`Dense "hidden_1"`: the first layer that is not only an input."""
    layers = [layer for layer in model.layers if not is_a(layer, "InputLayer")] or [model]
    return layer_title(layers[0])
