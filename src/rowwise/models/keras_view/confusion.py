"""Keras's metrics that count confusions at thresholds, by NumPy: Keras's way compiles some forty programs of XLA.

What is positive is Keras's to the bit: an output above the threshold in float32, and, where thresholds are evenly
distributed (`AUC`), above the place that rounding the output gives. Sums are formed in float64 and kept in float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = dict[str, NDArray[np.float64]]  # by the name of the metric's variable: `(thresholds, ...)`

_COUNTS = {
    keras.metrics.TruePositives: "true_positives",
    keras.metrics.FalsePositives: "false_positives",
    keras.metrics.TrueNegatives: "true_negatives",
    keras.metrics.FalseNegatives: "false_negatives",
}
_RATIOS = {keras.metrics.Precision: "false_positives", keras.metrics.Recall: "false_negatives"}  # tp / (tp + these)
_CURVES = (
    keras.metrics.AUC,
    keras.metrics.PrecisionAtRecall,
    keras.metrics.RecallAtPrecision,
    keras.metrics.SensitivityAtSpecificity,
    keras.metrics.SpecificityAtSensitivity,
)


def add_confusions(
    metric: keras.metrics.Metric, y: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None
) -> bool:
    """Add records to a metric's counts; False where the metric, or what it is given, is left to Keras.

    Args:
        metric: any of Keras's.
        y: labels, `(records,)` or `(records, outputs)`; what is not 0 is true.
        outputs: `(records, outputs)`.
        weights: `(records,)`, or None.
    """
    if not _plain(metric, y, outputs, weights):
        return False
    y, number = y.reshape(outputs.shape), getattr(metric, "class_id", None)
    if number is not None:
        if not 0 <= number < outputs.shape[1]:
            return False
        y, outputs = y[:, [number]], outputs[:, [number]]
    weighing = np.ones(len(y)) if weights is None else weights.astype(np.float64)
    if getattr(metric, "multi_label", False):
        columns = [_counts(metric, y[:, [one]], outputs[:, [one]], weighing) for one in range(y.shape[1])]
        counts = {name: np.stack([column[name] for column in columns], axis=1) for name in columns[0]}
    else:
        counts = _counts(metric, y, outputs, weighing)
    for name, variable in _variables(metric).items():
        held = np.asarray(variable.value)
        variable.assign(held + counts[name].astype(held.dtype))
    return True


def confusion_result(metric: keras.metrics.Metric) -> Any | None:
    """What such a metric gives, as Keras computes it; None where it is left to Keras."""
    kind = type(metric)
    if "result" in vars(metric) or metric.dtype != "float32" or not (kind in _RATIOS or kind is keras.metrics.AUC):
        return None
    held = {name: np.asarray(variable.value) for name, variable in _variables(metric).items()}
    if kind in _RATIOS:
        ratio = _divided(held["true_positives"], held["true_positives"] + held[_RATIOS[kind]])
        return ratio if len(ratio) > 1 else ratio[0]
    if metric.multi_label or metric.curve.value != "ROC":
        return None
    x = _divided(held["false_positives"], held["false_positives"] + held["true_negatives"])
    y = _divided(held["true_positives"], held["true_positives"] + held["false_negatives"])
    how = metric.summation_method.value
    if how == "interpolation":
        heights = (y[:-1] + y[1:]) / np.float32(2)
    else:
        heights = (np.minimum if how == "minoring" else np.maximum)(y[:-1], y[1:])
    return np.float32(np.sum((x[:-1] - x[1:]) * heights, dtype=np.float64))


def _plain(metric: keras.metrics.Metric, y: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None) -> bool:
    """Whether it is one of these metrics, and the arrays are of the shapes and dtypes that these are written for."""
    kind = type(metric)
    if not (kind in _COUNTS or kind in _RATIOS or kind in _CURVES) or "update_state" in vars(metric):
        return False
    if getattr(metric, "top_k", None) is not None or getattr(metric, "label_weights", None) is not None:
        return False
    if getattr(metric, "_from_logits", False) or not getattr(metric, "_built", True) or metric.dtype != "float32":
        return False
    if outputs.dtype != np.float32 or outputs.ndim != 2 or y.dtype.kind not in "biuf" or not len(y):
        return False
    if weights is not None and weights.shape != (len(outputs),):
        return False
    if np.isnan(outputs).any():
        return False
    return y.shape == outputs.shape or (y.ndim == 1 and outputs.shape == (len(y), 1))


def _variables(metric: keras.metrics.Metric) -> dict[str, keras.Variable]:
    """The metric's counts by what they count."""
    if (name := _COUNTS.get(type(metric))) is not None:
        return {name: metric.accumulator}
    names = _COUNTS.values()
    return {name: variable for name in names if (variable := getattr(metric, name, None)) is not None}


def _counts(
    metric: keras.metrics.Metric, y: NDArray[Any], outputs: NDArray[np.float32], weights: NDArray[np.float64]
) -> Counts:
    """`(thresholds,)` each: how much the records weigh that are truly or falsely above or below each threshold."""
    places, count = _places(metric, outputs.ravel())
    weights = np.repeat(weights, outputs.shape[1])
    true = y.ravel() != 0
    counts: Counts = {}
    for truth, above, below in (
        (true, "true_positives", "false_negatives"),
        (~true, "false_positives", "true_negatives"),
    ):
        weighed = np.bincount(places[truth], weights[truth], minlength=count + 1)
        counts[below] = weighed.cumsum()[:-1]
        counts[above] = weighed[::-1].cumsum()[::-1][1:]
    order = _order(metric)
    return {name: values[order] for name, values in counts.items()}


def _places(metric: keras.metrics.Metric, outputs: NDArray[np.float32]) -> tuple[NDArray[np.intp], int]:
    """How many of the sorted thresholds each output is above, and how many there are."""
    thresholds = np.asarray(metric.thresholds, np.float64)
    if not metric._thresholds_distributed_evenly:
        return np.searchsorted(np.sort(thresholds.astype(np.float32)), outputs, side="left"), len(thresholds)
    steps = np.float32(len(thresholds) - 1)
    places = np.ceil(np.clip(outputs, np.float32(0), np.float32(1)) * steps)
    if thresholds[0] < 0 or thresholds[-1] > 1:  # every output is above the first
        places = np.maximum(places, np.float32(1))
    return places.astype(np.intp), len(thresholds)


def _order(metric: keras.metrics.Metric) -> NDArray[np.intp] | slice:
    """For each threshold its place among the sorted ones."""
    if metric._thresholds_distributed_evenly:
        return slice(None)
    return np.argsort(np.argsort(np.asarray(metric.thresholds, np.float32), kind="stable"), kind="stable")


def _divided(numerator: NDArray[np.float32], denominator: NDArray[np.float32]) -> NDArray[np.float32]:
    """The quotient, 0 where the denominator is."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator != 0)
