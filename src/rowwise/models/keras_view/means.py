"""Keras's metrics that are means over records, by NumPy: an operation of JAX costs more than a small epoch's sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Values = Callable[..., NDArray[Any]]


def _mean_absolute_error(y: NDArray[Any], outputs: NDArray[np.float32]) -> NDArray[Any]:
    return np.abs(outputs - _like(y, outputs))


def _squared_error(y: NDArray[Any], outputs: NDArray[np.float32]) -> NDArray[Any]:
    return np.square(outputs - _like(y, outputs))


def _binary_accuracy(y: NDArray[Any], outputs: NDArray[np.float32], threshold: float = 0.5) -> NDArray[Any]:
    return (outputs > np.float32(threshold)) == _like(y, outputs)


def _categorical_accuracy(y: NDArray[Any], outputs: NDArray[np.float32]) -> NDArray[Any]:
    return np.asarray(y.argmax(axis=-1) == outputs.argmax(axis=-1))


def _sparse_categorical_accuracy(y: NDArray[Any], outputs: NDArray[np.float32]) -> NDArray[Any]:
    return np.asarray(y.reshape(len(y)) == outputs.argmax(axis=-1))


# Values a record, `(records,)` or `(records, outputs)`, of Keras's function; kept beside it by tests/models.
_FUNCTIONS: dict[Any, Values] = {
    keras.losses.mean_absolute_error: _mean_absolute_error,
    keras.losses.mean_squared_error: _squared_error,
    keras.metrics.binary_accuracy: _binary_accuracy,
    keras.metrics.categorical_accuracy: _categorical_accuracy,
    keras.metrics.sparse_categorical_accuracy: _sparse_categorical_accuracy,
}
_WRAPPERS = (
    keras.metrics.MeanMetricWrapper,
    keras.metrics.MeanAbsoluteError,
    keras.metrics.MeanSquaredError,
    keras.metrics.BinaryAccuracy,
    keras.metrics.CategoricalAccuracy,
    keras.metrics.SparseCategoricalAccuracy,
)


def mean_function(metric: keras.metrics.Metric) -> Any | None:
    """The function that one of Keras's own metrics is the mean of, and nothing more; None of any other."""
    return metric._fn if type(metric) in _WRAPPERS else None


def add_to_mean(metric: keras.metrics.Mean, total: float, count: float) -> None:
    """Add a sum and its weight to what a mean holds, in its own dtype."""
    for variable, value in ((metric.total, total), (metric.count, count)):
        held = np.asarray(variable.value)
        variable.assign(held + held.dtype.type(value))


def add_records_to_mean(
    metric: keras.metrics.Metric, y: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None
) -> bool:
    """Add records to a metric that is a mean; False where the metric, or what it is given, is left to Keras.

    Args:
        metric: any.
        y: labels, `(records,)` or `(records, outputs)`.
        outputs: `(records, outputs)`.
        weights: `(records,)`, or None.
    """
    rooted = type(metric) is keras.metrics.RootMeanSquaredError
    mean_of = mean_function(metric)
    function = _squared_error if rooted else _FUNCTIONS.get(mean_of)
    options = {} if mean_of is None else metric._fn_kwargs
    if function is None or not _plain(metric, function, y, outputs, weights):
        return False
    with np.errstate(all="ignore"):  # outputs that have overflowed give figures as well
        values = function(y, outputs, **options)
        values = values.mean(axis=1, dtype=np.float32) if values.ndim > 1 else values
        if weights is None:
            add_to_mean(metric, values.sum(dtype=np.float64), len(values))
        else:
            add_to_mean(metric, np.dot(values.astype(np.float64), weights), weights.sum(dtype=np.float64))
    return True


def _plain(
    metric: keras.metrics.Mean,
    function: Values,
    y: NDArray[Any],
    outputs: NDArray[Any],
    weights: NDArray[Any] | None,
) -> bool:
    """Whether the arrays are of the shapes and dtypes that the functions here are written for."""
    if metric.dtype != "float32" or outputs.dtype != np.float32 or outputs.ndim != 2 or y.dtype.kind not in "biuf":
        return False
    if "update_state" in vars(metric) or (weights is not None and weights.shape != (len(outputs),)):
        return False
    if function is _sparse_categorical_accuracy:
        return y.size == len(outputs) > 0
    return y.shape == outputs.shape or (y.ndim == 1 and outputs.shape == (len(y), 1))


def _like(y: NDArray[Any], outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    return y.astype(np.float32, copy=False).reshape(outputs.shape)


def mean_result(metric: keras.metrics.Metric) -> np.float32 | None:
    """What a metric that is a mean gives, to the bit, without XLA, which would compile a division; None of others."""
    rooted = type(metric) is keras.metrics.RootMeanSquaredError and "result" not in vars(metric)
    if not rooted and getattr(metric.result, "__func__", None) is not keras.metrics.Mean.result:
        return None
    total, count = np.asarray(metric.total.value), np.asarray(metric.count.value)
    if total.dtype != np.float32 or count.dtype != np.float32:
        return None
    with np.errstate(all="ignore"):  # a loss that has overflowed is a result as well
        mean = total / count if count != 0 else np.float32(0)
        return np.float32(np.sqrt(mean) if rooted else mean)
