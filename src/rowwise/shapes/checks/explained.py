"""A Keras call of the user's that fails → the same failure with its cause and mend in words.

The traceback's frames hold the model and the arrays of the call. They are checked as `check` does, for
what makes Keras fail; its messages are never read, so that another release's wording changes nothing.
Of mistakes that Keras lets pass, `silent.py` tells before the call.
"""

from __future__ import annotations

import inspect
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import DataError, ModelError, RowwiseError, ShapeError
from rowwise.shapes.checks.call_warnings import pairs_of, read, readable, watched
from rowwise.shapes.checks.check import (
    check,
    check_compiled,
    check_input,
    check_records,
    input_shape,
    is_pair,
    no_array,
)
from rowwise.shapes.checks.labels import check_labels
from rowwise.shapes.checks.layer_shapes import check_layer
from rowwise.shapes.checks.losses import Output, named, named_loss
from rowwise.shapes.checks.record_shapes import same
from rowwise.shapes.shape_text import shape_text
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType, TracebackType


TRAINING = ("fit", "evaluate", "train_on_batch", "test_on_batch")
PREDICTING = ("predict", "predict_on_batch")
STATEFUL = ("fit", "evaluate", "predict")
# Metrics that want the labels in the outputs' shape.
COLUMN_METRICS = ("Precision", "Recall", "F1Score", "FBetaScore", "AUC", "BinaryAccuracy", "CategoricalAccuracy")
NEEDS_WEIGHTS = ("count_params", "save_weights", "load_weights")
# Only what these raise is explained: an error of the user's own code within a callback is the user's.
LIBRARIES = ("keras", "jax", "jaxlib", "numpy", "optree", "ml_dtypes", "tensorflow", "torch")


@contextmanager
def explained() -> Iterator[None]:
    """Within the block, a failing call of Keras raises our explanation `from` Keras's error.

    It covers `fit`, `evaluate`, `predict`, `train_on_batch` and the like, calls of models, of layers, also while a
    model is put together from `keras.Input`, and of losses. Where the cause is not known, Keras's error passes
    unchanged.

    Mistakes that Keras takes without a word, such as labels without a unit, a last layer that the loss cannot use or
    pixels that nothing scales, are told before the call, each once in a block: the arrays that `fit`, `evaluate`,
    `predict` and the calls for one batch are given are read once more. Only this thread's calls are looked at.

    A call of `fit`, `evaluate` or `predict` that fails, or is interrupted, leaves the model with the values that
    it had: with the JAX backend Keras alone may lose them.

    Raises:
        ShapeError, DataError, ModelError: as `check`, in place of the error it explains, which is its
            `__cause__`.

    Warns:
        Suspicious: what `check` says of a call that Keras takes without a word.
    """
    import keras

    filtering = keras.config.is_traceback_filtering_enabled()
    keras.config.disable_traceback_filtering()  # of this thread; filtered frames have lost the arrays
    try:
        with watched():
            yield
    except BaseException as original:
        frames = list(_frames(original.__traceback__))
        for frame in frames:
            _restore(frame)
        explanation = _explain(frames) if _is_to_explain(original) else None
        if explanation is None:
            raise
        raise explanation from original
    finally:
        if filtering:
            keras.config.enable_traceback_filtering()


def _is_to_explain(error: BaseException) -> bool:
    """A warning made an error is Keras's own word on the matter; an interruption is the user's."""
    return isinstance(error, Exception) and not isinstance(error, RowwiseError | Warning)


def _explain(frames: list[FrameType]) -> RowwiseError | None:
    """What our checks say of the calls of Keras in a traceback's frames, the user's own call first."""
    if not frames or _module(frames[-1]) not in LIBRARIES:
        return None
    try:
        for name, values in _calls(frame for frame in frames if _module(frame) == "keras"):
            _check_call(name, values)
    except RowwiseError as found:
        return found if found.key != "model.several" else None  # Keras itself takes several
    except Exception:  # a call so odd that our checks fail too: Keras's own error must pass
        return None
    return None


def _restore(frame: FrameType) -> None:
    """Give a model back the values that Keras, on JAX, takes out of it while a step runs.

    They are in `_jax_state` after the first step, before it only in a variable of the call itself.
    """
    import keras

    model = frame.f_locals.get("self")
    if frame.f_code.co_name not in STATEFUL or not isinstance(model, keras.Model):
        return
    with suppress(Exception):  # the error that is under way matters more
        sync = getattr(model, "jax_state_sync", None)
        if sync is not None:
            sync()
        optimizer = getattr(model.optimizer, "variables", [])
        groups = {
            "fit": (model.trainable_variables, model.non_trainable_variables, optimizer, model.metrics_variables),
            "evaluate": (model.trainable_variables, model.non_trainable_variables, model.metrics_variables),
            "predict": (model.trainable_variables, model.non_trainable_variables),
        }[frame.f_code.co_name]
        for variables, values in zip(groups, frame.f_locals.get("state", ()), strict=False):
            for variable, value in zip(variables, values, strict=False):
                if variable._value is None and not value.is_deleted():
                    variable.assign(value)


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
        _check_model_call(owner, name, values)
    elif isinstance(owner, keras.Model) and name in NEEDS_WEIGHTS and not owner.built:
        raise ModelError("mistake.unbuilt", name=owner.name)
    elif isinstance(owner, keras.Layer) and name == "__call__":
        arguments = values.get("args") or (None,)
        _check_layer(owner, arguments[0])
    elif isinstance(owner, keras.losses.Loss) and name == "__call__":
        _check_loss(owner, values)
    elif "y_true" in values and "y_pred" in values and getattr(keras.losses, name, None) is not None:
        _check_loss(getattr(keras.losses, name), values)
    elif isinstance(owner, keras.Layer) and name == "set_weights":
        _check_weights(owner, values.get("weights"))
    elif type(owner).__name__ in COLUMN_METRICS and name == "update_state":
        _check_metric(owner, values)
    elif name == "to_categorical":
        _check_classes(values.get("x"), values.get("num_classes"))


def _check_weights(layer: Any, given: Any) -> None:
    """A kernel in PyTorch's layout, `(units, features)`."""
    if type(layer).__name__ != "Dense" or not layer.built or not isinstance(given, list | tuple) or not given:
        return
    wanted, found = tuple(layer.kernel.shape), np.shape(given[0])
    if found != wanted and found == wanted[::-1]:
        raise ShapeError("mistake.weights", layer=named(layer), expected=shape_text(wanted), found=shape_text(found))


def _check_metric(metric: Any, values: dict[str, Any]) -> None:
    """Class numbers for a metric that compares them with the outputs number by number."""
    true, predicted = readable(values.get("y_true")), readable(values.get("y_pred"))
    if true is None or predicted is None or predicted.ndim != 2 or true.size == predicted.size:
        return
    if true.size == len(true) == len(predicted):
        found, output = shape_text(true.shape), shape_text(predicted.shape)
        raise ShapeError("mistake.metric", metric=type(metric).__name__, found=found, output=output)


def _check_classes(labels: Any, classes: Any) -> None:
    """`to_categorical` with a class number that has no column."""
    y = np.asarray(labels)
    if not isinstance(classes, int) or not y.size or y.dtype.kind not in "iuf" or 0 <= y.min() <= y.max() < classes:
        return
    values = {"least": f"{y.min():g}", "most": f"{y.max():g}", "last": classes - 1, "classes": int(y.max()) + 1}
    raise DataError("mistake.to_categorical", **values)


def _check_model_call(model: Any, name: str, values: dict[str, Any]) -> None:
    training = name in TRAINING
    if training:
        check_compiled(model)
    for x, y, code in pairs_of(values, name):
        _check_pair(model, x, y, code, training)


def _check_pair(model: Any, x: Any, y: Any, code: str, training: bool) -> None:
    """What one call has for x and y; `code` is how it is called."""
    x, y = (part[0] if isinstance(part, list) and len(part) == 1 else part for part in (x, y))
    if x is None or isinstance(x, str | bytes | int | float | range | set):
        raise no_array("x", x)
    if isinstance(x, list | tuple) and y is None and is_pair(x):
        raise DataError("mistake.pair_as_x", code=code)
    if isinstance(x, list):
        check(model, x)
    x = readable(x)
    if x is None:
        return
    if training and y is None and type(model).train_step.__module__.startswith("keras."):
        raise DataError("mistake.no_labels", code=code)
    if training and isinstance(y, list):
        check(model, (x, y))
    y = readable(y) if training else None
    check_records(model, x if y is None else (x, y), finite=False, silent=False)


def _check_layer(layer: Any, inputs: Any) -> None:
    """A model or a layer on its own, with data, with a tracer that has a shape only, or with a symbolic input."""
    import keras

    tensors = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    shapes = [tuple(getattr(tensor, "shape", None) or ()) for tensor in tensors]
    if not all(shapes) or not all(isinstance(size, int | None) for shape in shapes for size in shape):
        return
    symbolic = any(isinstance(tensor, keras.KerasTensor) for tensor in tensors)
    if not isinstance(layer, keras.Model):
        check_layer(layer, shapes, symbolic)
    elif not symbolic:
        array = readable(tensors[0]) if len(tensors) == 1 else None
        if array is not None:
            check_input(layer, array)
    elif len(shapes) == 1 and (want := input_shape(layer)) is not None and not same(want[1:], shapes[0][1:]):
        raise ShapeError(
            "mistake.build_model", layer=named(layer), expected=shape_text(want), found=shape_text(shapes[0])
        )


def _check_loss(loss: Any, values: dict[str, Any]) -> None:
    known = named_loss(loss)
    labels = values.get("y_true")
    true, predicted = readable(labels), readable(values.get("y_pred"))
    if (
        known is None
        or true is None
        or predicted is None
        or predicted.ndim < 2
        or true.shape[:1] != predicted.shape[:1]
    ):
        return
    check_labels(
        true, known, Output(say("mistake.outputs"), predicted.shape[1:]), silent=False, read=read(labels) is not None
    )
