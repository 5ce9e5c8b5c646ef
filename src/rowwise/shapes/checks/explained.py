"""A Keras call of the user's that fails → the same failure with its cause and mend in words.

The traceback's frames hold the model and the arrays of the call. They are checked as `check` does, for
what makes Keras fail; its messages are never read, so that another release's wording changes nothing.
What Keras takes without a word, `call_warnings` warns of before the call.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.errors import DataError, ModelError, RowwiseError, ShapeError
from rowwise.models.keras_view import (
    Output,
    failed_calls,
    has_own_train_step,
    layer_title,
    named_loss,
    restore_values,
    unfiltered_tracebacks,
)
from rowwise.shapes.checks.as_array import array_or_none, array_or_zeros, no_array
from rowwise.shapes.checks.call_warnings import pairs_of, warned
from rowwise.shapes.checks.check import check, check_compiled, check_records, is_pair
from rowwise.shapes.checks.input_shapes import check_layer_call
from rowwise.shapes.checks.labels import check_labels
from rowwise.shapes.shape_text import shape_text
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator

TRAINING = ("fit", "evaluate", "train_on_batch", "test_on_batch")
PREDICTING = ("predict", "predict_on_batch")
NEEDS_WEIGHTS = ("count_params", "save_weights", "load_weights")
# Metrics that want the labels in the outputs' shape.
COLUMN_METRICS = (
    keras.metrics.Precision,
    keras.metrics.Recall,
    keras.metrics.FBetaScore,  # F1Score among them
    keras.metrics.AUC,
    keras.metrics.BinaryAccuracy,
    keras.metrics.CategoricalAccuracy,
)


@contextmanager
def explained() -> Iterator[None]:
    """Within the block, a failing call of Keras raises our explanation `from` Keras's error.

    It covers `fit`, `evaluate`, `predict`, `train_on_batch` and the like, calls of models, of layers, also while a
    model is put together from `keras.Input`, and of losses. Where the cause is not known, Keras's error passes
    unchanged.

    Of mistakes that Keras takes without a word, such as labels without a unit, a last layer that the loss cannot use
    or pixels that nothing scales, a warning is given before the call, once in a block: the arrays that `fit`,
    `evaluate`, `predict` and the calls for one batch are given are read once more. Only this thread's calls are
    looked at.

    A call of `fit`, `evaluate` or `predict` that fails, or is interrupted, leaves the model with the values that
    it had: with the JAX backend Keras alone may lose them.

    Raises:
        ShapeError, DataError, ModelError: as `check`, in place of the error it explains, which is its
            `__cause__`.

    Warns:
        Suspicious: what `check` says of a call that Keras takes without a word.
    """
    with unfiltered_tracebacks():
        try:
            with warned():
                yield
        except BaseException as original:
            restore_values(original)
            explanation = _explanation(original)
            if explanation is None:
                raise
            raise explanation from original


def _explanation(error: BaseException) -> RowwiseError | None:
    """What our checks say of the calls that led to an error; None where they find nothing.

    A warning made an error is Keras's own word on the matter; an interruption is the user's.
    """
    if not isinstance(error, Exception) or isinstance(error, RowwiseError | Warning):
        return None
    try:
        for name, arguments in failed_calls(error):
            _check_call(name, arguments)
    except RowwiseError as explanation:
        return explanation if explanation.key != "model.several" else None  # Keras itself takes several
    except Exception:  # a call so odd that our checks fail too: Keras's own error must pass
        return None
    return None


def _check_call(name: str, arguments: dict[str, Any]) -> None:
    """One call of Keras: raises a RowwiseError where what it was called with does not fit."""
    owner = arguments.get("self")
    if isinstance(owner, keras.Model) and name in (*TRAINING, *PREDICTING):
        _check_model_call(owner, name, arguments)
    elif isinstance(owner, keras.Model) and name in NEEDS_WEIGHTS and not owner.built:
        raise ModelError("mistake.unbuilt", name=owner.name)
    elif isinstance(owner, keras.Layer) and name == "__call__":
        check_layer_call(owner, *(arguments.get("args") or (None,))[:1])
    elif isinstance(owner, keras.losses.Loss) and name == "__call__":
        _check_loss(owner, arguments)
    elif "y_true" in arguments and "y_pred" in arguments and getattr(keras.losses, name, None) is not None:
        _check_loss(getattr(keras.losses, name), arguments)
    elif isinstance(owner, keras.Layer) and name == "set_weights":
        _check_weights(owner, arguments.get("weights"))
    elif isinstance(owner, COLUMN_METRICS) and name == "update_state":
        _check_metric(owner, arguments)
    elif name == "to_categorical":
        _check_classes(arguments.get("x"), arguments.get("num_classes"))


def _check_weights(layer: keras.Layer, weights: Any) -> None:
    """Raises ShapeError for a kernel in PyTorch's layout, `(units, features)`."""
    if not isinstance(layer, keras.layers.Dense) or not layer.built or not isinstance(weights, list | tuple):
        return
    expected, found = tuple(layer.kernel.shape), np.shape(weights[0]) if weights else ()
    if found != expected and found == expected[::-1]:
        shapes = {"expected": shape_text(expected), "found": shape_text(found)}
        raise ShapeError("mistake.weights", layer=layer_title(layer), **shapes)


def _check_metric(metric: keras.metrics.Metric, arguments: dict[str, Any]) -> None:
    """Raises ShapeError for class numbers given to a metric that compares them with the outputs number by number."""
    true, predicted = array_or_zeros(arguments.get("y_true")), array_or_zeros(arguments.get("y_pred"))
    if true is None or predicted is None or predicted.ndim != 2 or true.size == predicted.size:
        return
    if true.size == len(true) == len(predicted):
        found, output = shape_text(true.shape), shape_text(predicted.shape)
        raise ShapeError("mistake.metric", metric=type(metric).__name__, found=found, output=output)


def _check_classes(labels: Any, classes: Any) -> None:
    """Raises DataError for a class number that `to_categorical` has no column for."""
    y = np.asarray(labels)
    if not isinstance(classes, int) or not y.size or y.dtype.kind not in "iuf" or 0 <= y.min() <= y.max() < classes:
        return
    values = {"least": f"{y.min():g}", "most": f"{y.max():g}", "last": classes - 1, "classes": int(y.max()) + 1}
    raise DataError("mistake.to_categorical", **values)


def _check_model_call(model: keras.Model, name: str, arguments: dict[str, Any]) -> None:
    training = name in TRAINING
    if training:
        check_compiled(model)
    for x, y, code in pairs_of(arguments, name):
        _check_pair(model, x, y, code, training)


def _check_pair(model: keras.Model, x: Any, y: Any, code: str, training: bool) -> None:
    """What one call has for x and y; `code` is how it is called."""
    x, y = (part[0] if isinstance(part, list) and len(part) == 1 else part for part in (x, y))
    if x is None or isinstance(x, str | bytes | int | float | range | set):
        raise no_array("x", x)
    if isinstance(x, list | tuple) and y is None and is_pair(x):
        raise DataError("mistake.pair_as_x", code=code)
    if isinstance(x, list):
        check(model, x)
    x = array_or_zeros(x)
    if x is None:
        return
    if training and y is None and not has_own_train_step(model):
        raise DataError("mistake.no_labels", code=code)
    if training and isinstance(y, list):
        check(model, (x, y))
    y = array_or_zeros(y) if training else None
    check_records(model, x if y is None else (x, y), finite=False, silent=False)


def _check_loss(loss: Any, arguments: dict[str, Any]) -> None:
    labels = arguments.get("y_true")
    keras_loss, true, predicted = named_loss(loss), array_or_zeros(labels), array_or_zeros(arguments.get("y_pred"))
    if keras_loss is None or true is None or predicted is None:
        return
    if predicted.ndim >= 2 and true.shape[:1] == predicted.shape[:1]:
        output = Output(say("mistake.outputs"), predicted.shape[1:])
        check_labels(true, keras_loss, output, silent=False, read=array_or_none(labels) is not None)
