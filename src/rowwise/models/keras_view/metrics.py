"""A compiled model's loss and metrics → their state from records, and their values by name."""

from __future__ import annotations

import inspect
import weakref
from typing import TYPE_CHECKING, Any

import jax
import keras

from rowwise.models.keras_view.confusion import add_confusions, confusion_result
from rowwise.models.keras_view.layers import is_of_keras
from rowwise.models.keras_view.means import add_records_to_mean, mean_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SUMMED = ("keras.src.metrics", "keras.src.losses.losses", "builtins")  # modules of metrics and of their functions


def loss_tracker(model: keras.Model) -> keras.metrics.Mean:
    """The metric that holds the loss."""
    return model._loss_tracker


def compiled_metrics(model: keras.Model) -> list[keras.metrics.Metric]:
    """The metrics that `compile` was given, without the loss's own; there are none before the model is built."""
    return list(model._compile_metrics.metrics) if model._compile_metrics is not None else []


def has_weighted_metrics(model: keras.Model) -> bool:
    """Whether `compile` was given `weighted_metrics`."""
    return model._compile_metrics is not None and bool(model._compile_metrics._user_weighted_metrics)


def compile_as(model: keras.Model, other: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Compile a model with another one's loss and metrics, by their names, weighted where those are."""
    kind = "weighted_metrics" if has_weighted_metrics(other) else "metrics"
    model.compile(optimizer, other.loss, **{kind: [metric.name for metric in compiled_metrics(other)]})


def sums_over_records(metric: keras.metrics.Metric) -> bool:
    """Whether all records at once give what batch by batch gives: Keras's own metrics do, a user's may not.

    Neither does a loss used as a metric, which is a mean of the means of batches.
    """
    function = getattr(metric, "_fn", None)  # or loss, that it takes the mean of
    if isinstance(function, keras.losses.Loss):
        return False
    parts = (type(metric), function if inspect.isfunction(function) else type(function))
    return all(part.__module__.startswith(SUMMED) for part in parts)


def update_metrics(
    model: keras.Model, y: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None = None
) -> None:
    """Update the metrics that `compile` was given with labels, outputs `(records, units)` and weights `(records,)`."""
    compiled = model._compile_metrics
    if not compiled.built or len(compiled._flat_metrics) != 1:
        compiled.update_state(y, outputs, sample_weight=weights)
        return
    for group, weighing in ((compiled._flat_metrics[0], None), (compiled._flat_weighted_metrics[0], weights)):
        for metric in group.metrics if group else ():
            records = y, outputs, weighing
            if not (add_records_to_mean(metric, *records) or add_confusions(metric, *records)):
                _update_at_once(metric, *records)


def metric_results(model: keras.Model) -> dict[str, Any]:
    """Values of loss and metrics by name: numbers, or arrays where a metric has several, as in Keras's own logs."""
    if getattr(model.get_metrics_result, "__func__", None) is not keras.Model.get_metrics_result:
        return {name: _number(value) for name, value in model.get_metrics_result().items()}
    results: dict[str, Any] = {}
    for metric in model.metrics:
        if metric is model._compile_metrics and (named := _by_name(metric)) is not None:
            results |= {name: _result(one) for name, one in named}
            continue
        result = _result(metric)
        results |= result if isinstance(result, dict) else {metric.name: result}
    return {name: _number(value) for name, value in results.items()}


def _by_name(compiled: Any) -> list[tuple[str, keras.metrics.Metric]] | None:
    """The metrics of one `compile`, by the names of their results; None where Keras has to number the names."""
    if not compiled.built:
        return None
    groups = [group for group in (*compiled._flat_metrics, *compiled._flat_weighted_metrics) if group]
    named = [
        (f"{group.output_name}_{metric.name}" if group.output_name else metric.name, metric)
        for group in groups
        for metric in group.metrics
    ]
    return named if len(dict(named)) == len(named) else None


def _result(metric: keras.metrics.Metric) -> Any:
    for result_of in (mean_result, confusion_result):
        if (result := result_of(metric)) is not None:
            return result
    if (compiled := _compiled(metric)) is not None:
        return compiled[1]([variable.value for variable in metric.variables])
    return metric.result()


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


# ---- Keras's other metrics: each of their operations would be compiled by itself


def _update_at_once(
    metric: keras.metrics.Metric, y: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None
) -> None:
    """`update_state`, as one compiled function where it is Keras's own."""
    if (compiled := _compiled(metric)) is None:
        metric.update_state(y, outputs, sample_weight=weights)
        return
    values = compiled[0]([variable.value for variable in metric.variables], y, outputs, weights)
    for variable, value in zip(metric.variables, values, strict=True):
        variable.assign(value)


Compiled = tuple["Callable[..., Any]", "Callable[..., Any]"]  # update, result
_compiled_metrics: weakref.WeakKeyDictionary[keras.metrics.Metric, Compiled] = weakref.WeakKeyDictionary()


def _compiled(metric: keras.metrics.Metric) -> Compiled | None:
    """A metric of Keras's own as functions of its variables' values; None of a user's, which may do anything."""
    replaced = {"update_state", "result"} & vars(metric).keys()
    if not is_of_keras(type(metric)) or not sums_over_records(metric) or not metric.variables or replaced:
        return None
    if (compiled := _compiled_metrics.get(metric)) is None:
        reference = weakref.ref(metric)  # the functions must not keep it alive

        def update(values: Any, y: Any, outputs: Any, weights: Any) -> Any:
            return reference().stateless_update_state(values, y, outputs, sample_weight=weights)  # type: ignore[union-attr]

        def result(values: Any) -> Any:
            return reference().stateless_result(values)  # type: ignore[union-attr]

        compiled = _compiled_metrics[metric] = jax.jit(update), jax.jit(result)
    return compiled
