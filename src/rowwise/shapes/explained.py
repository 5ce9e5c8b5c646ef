"""A Keras call of the user's that fails → the same failure with its cause and mend in words.

The traceback's frames hold the model and the arrays of the call. They are checked as `check` does, for
what makes Keras fail; its messages are never read, so that another release's wording changes nothing.
"""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import ModelError, RowwiseError, ShapeError
from rowwise.shapes.check import check, check_compiled, check_input, check_records
from rowwise.shapes.labels import Output, check_labels, named, named_loss
from rowwise.shapes.record_shapes import check_record
from rowwise.shapes.rules import shape_text
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType, TracebackType

    from numpy.typing import NDArray

TRAINING = ("fit", "evaluate", "train_on_batch", "test_on_batch")
PREDICTING = ("predict", "predict_on_batch")
NEEDS_WEIGHTS = ("count_params", "save_weights", "load_weights")
# Only what these raise is explained: an error of the user's own code within a callback is the user's.
LIBRARIES = ("keras", "jax", "jaxlib", "numpy", "optree", "ml_dtypes", "tensorflow", "torch")


@contextmanager
def explained() -> Iterator[None]:
    """Within the block, a failing call of Keras raises our explanation `from` Keras's error.

    It covers `fit`, `evaluate`, `predict`, `train_on_batch` and the like, calls of models, of Dense,
    Conv and Flatten layers and of cross-entropies. Where the cause is not known, Keras's error passes
    unchanged. Calls that do not fail are not looked at: for those there is `check`.

    Raises:
        ShapeError, DataError, ModelError: as `check`, in place of the error it explains, which is its
            `__cause__`.
    """
    import keras

    filtering = keras.config.is_traceback_filtering_enabled()
    keras.config.disable_traceback_filtering()  # of this thread; filtered frames have lost the arrays
    try:
        yield
    except (RowwiseError, Warning):  # a warning made an error is Keras's own word on the matter
        raise
    except Exception as original:
        explanation = explain_error(original)
        if explanation is None:
            raise
        raise explanation from original
    finally:
        if filtering:
            keras.config.enable_traceback_filtering()


def explain_error(error: Exception) -> RowwiseError | None:
    """What our checks say of the calls of Keras in `error`'s traceback, the user's own call first."""
    frames = list(_frames(error.__traceback__))
    if not frames or _module(frames[-1]) not in LIBRARIES:
        return None
    try:
        for name, values in _calls(frame for frame in frames if _module(frame) == "keras"):
            _check_call(name, values)
    except RowwiseError as found:
        return found if found.key != "model.several" else None  # Keras itself takes several
    return None


def _frames(traceback: TracebackType | None) -> Iterator[FrameType]:
    """From the outermost call to the one that raised."""
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _calls(frames: Iterable[FrameType]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(function, arguments) of each frame.

    Keras wraps its public functions in one called `error_handler`, which still has the arguments as
    they were passed; the function itself may have split or replaced them meanwhile.
    """
    done = None
    for frame in frames:
        values = frame.f_locals
        if frame.f_code.co_name == "error_handler" and inspect.isfunction(values.get("fn")):
            function = values["fn"]
            bound = inspect.signature(function).bind_partial(*values.get("args", ()), **values.get("kwargs", {}))
            done = function.__code__
            yield function.__name__, bound.arguments
        elif frame.f_code is not done:
            yield frame.f_code.co_name, values


def _check_call(name: str, values: dict[str, Any]) -> None:
    """One frame of Keras: raises a RowwiseError where what it was called with does not fit."""
    import keras

    owner = values.get("self")
    if isinstance(owner, keras.Model) and name in (*TRAINING, *PREDICTING):
        _check_model_call(owner, name in TRAINING, values)
    elif isinstance(owner, keras.Model) and name in NEEDS_WEIGHTS and not owner.built:
        raise ModelError("mistake.unbuilt", name=owner.name)
    elif isinstance(owner, keras.Layer) and name == "__call__":
        arguments = values.get("args") or (None,)
        _check_layer(owner, arguments[0])
    elif isinstance(owner, keras.losses.Loss) and name == "__call__":
        _check_loss(owner, values)
    elif name.endswith("crossentropy") and getattr(keras.losses, name, None) is not None:
        _check_loss(getattr(keras.losses, name), values)


def _check_model_call(model: Any, training: bool, values: dict[str, Any]) -> None:
    if training:
        check_compiled(model)
    pairs = [(values.get("x"), values.get("y"))]
    held = values.get("validation_data")
    if isinstance(held, tuple | list) and len(held) > 1:
        pairs.append((held[0], held[1]))
    for pair in pairs:
        x, y = (part[0] if isinstance(part, list) and len(part) == 1 else part for part in pair)
        if isinstance(x, list):
            check(model, x)
        x = _array(x)
        if x is None:
            continue
        if training and isinstance(y, list):
            check(model, (x, y))
        y = _array(y) if training else None
        check_records(model, x if y is None else (x, y), finite=False, silent=False)


def _check_layer(layer: Any, x: Any) -> None:
    """A model or a layer on its own, with data or with a tracer that has a shape only."""
    import keras

    array = _array(x)
    if array is None:
        return
    if isinstance(layer, keras.Model):
        check_input(layer, array)
        return
    if type(layer) is keras.layers.Dense and layer.built and array.ndim <= 2:
        check_record((int(layer.kernel.shape[0]),), array.shape, named(layer))
    specs = layer.input_spec if isinstance(layer.input_spec, list | tuple) else [layer.input_spec]
    axes = getattr(specs[0], "min_ndim", None) if len(specs) == 1 else None
    if isinstance(layer, keras.layers.Conv2D) and axes is not None and array.ndim == axes - 1:
        one = array.shape[-1] in (1, 3, 4)
        raise ShapeError(
            "mistake.rank",
            layer=named(layer),
            axes=axes,
            found=shape_text(array.shape),
            lacking=say("mistake.rank.records" if one else "mistake.rank.channels"),
            code="x[None]" if one else "x[..., None]",
        )


def _check_loss(loss: Any, values: dict[str, Any]) -> None:
    known = named_loss(loss)
    true, predicted = _array(values.get("y_true")), _array(values.get("y_pred"))
    if known is not None and true is not None and predicted is not None and predicted.ndim == 2 and true.ndim:
        check_labels(true, known, Output(say("mistake.outputs"), predicted.shape[1]), silent=False)


def _array(values: Any) -> NDArray[Any] | None:
    """The array itself, or one of zeros that takes no memory where only shape and type are known."""
    shape, dtype = getattr(values, "shape", None), getattr(values, "dtype", None)
    if shape is None or any(not isinstance(size, int) for size in shape):
        return None
    try:
        return np.asarray(values)
    except Exception:  # a tracer of JAX or a symbolic tensor
        return np.broadcast_to(np.zeros((), str(dtype)), tuple(shape))
