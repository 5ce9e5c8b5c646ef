"""A model and records with their true classes, numbers or labels → a report of that task."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from rowwise.call import called_as_in_keras
from rowwise.data.dataset import Dataset, checked_weights
from rowwise.errors import DataError, ModelError, ShapeError, UsageError
from rowwise.measure.multilabel import MultiLabelReport, measure_labels
from rowwise.measure.quantiles import QuantileReport, measure_quantiles, quantiles_of
from rowwise.measure.regression import RegressionReport, measure_numbers
from rowwise.measure.report import Report, measure, of_probabilities

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from rowwise.engine.arrays import Records
    from rowwise.engine.prediction import Prediction
    from rowwise.models.task import Task

AnyReport: TypeAlias = Report | RegressionReport | MultiLabelReport | QuantileReport

__all__ = [
    "AnyReport",
    "MultiLabelReport",
    "QuantileReport",
    "RegressionReport",
    "Report",
    "evaluate",
    "judge",
    "measure",
    "measure_labels",
    "measure_numbers",
    "score",
    "score_labels",
    "score_numbers",
]


@called_as_in_keras(("batch_size", "train", "threads", "task"), {"data": "x"})
def evaluate(
    model: keras.Model,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    verbose: int | str = "auto",
    sample_weight: Any = None,
    steps: int | None = None,
    callbacks: Any = None,
    return_dict: bool = False,
    *,
    train: Dataset | None = None,
    threads: int | None = None,
    task: str | None = None,
) -> Any:
    """Predict every record and compare with its class, its numbers or its labels.

    It is called as `Model.evaluate` is. The task follows from the model's loss and its last layer, and from the labels
    where these do not say enough; the report says which it was, and why.

    Args:
        model: output `(None, classes)` of probabilities or logits, `(None, 1)` of the second class's,
            `(None, targets)`, or `(None, labels)`.
        x: records as for `fit`, or with their labels: a Dataset, or `(x, y)`.
        y: class numbers `(records,)`, one-hot `(records, classes)`, numbers `(records,)` or `(records, targets)`, or
            zeros and ones `(records, labels)`.
        batch_size: records a step; a report does not depend on it.
        return_dict: Keras's own loss and metrics by name in place of a report: of any model that `fit` trains, over
            batches of 32 unless `batch_size` says otherwise.
        sample_weight: `(records,)`: how much each record counts in every measure, as in scikit-learn; with
            `return_dict` as in Keras.
        steps, callbacks: as in Keras, with `return_dict`.
        verbose: as in Keras, with `return_dict`; a report is made in silence.
        train: the training records, if the baseline is to take the classes' shares or the mean from there.
        threads, task: as in `rowwise.predict`.

    Returns:
        A `Report`, `RegressionReport` or `MultiLabelReport`; with `return_dict` a dict.

    Raises:
        CallError: an argument that there is not. ShapeError: the records do not fit the model, or the labels its
        classes. DataError: no records. ModelError: the model is of another task than the data, or gives NaN.
        UsageError: an unknown task, or one that the model's outputs cannot mean; what a report cannot count.
    """
    from rowwise.engine.arrays import as_arrays
    from rowwise.engine.prediction import interpreted, predict_proba
    from rowwise.engine.streams import as_stream
    from rowwise.models.keras_settings import floatx
    from rowwise.models.task import task_of, with_labels
    from rowwise.shapes.checks.check import check_records

    if return_dict:
        from rowwise.engine.evaluation import keras_results

        return keras_results(model, x, y, batch_size, verbose, sample_weight, steps, callbacks)
    stream = "x" if as_stream(x) is not None else ""
    for name, value in (("steps", steps), ("callbacks", callbacks), (stream, x)):
        if name and value is not None:
            raise UsageError("evaluate.report", name=name)
    data = x if y is None else (x, y)
    check_records(model, data, finite=False, loss=False, silent=False)
    x = as_arrays(data, floatx(), "data").x
    outputs = predict_proba(model, x, batch_size, threads)
    units, y = outputs.shape[-1], data.y if isinstance(data, Dataset) else np.asarray(data[1])
    known = task_of(model, units, task)
    known = with_labels(known, y, units, targets=isinstance(data, Dataset) and bool(data.targets))
    if sample_weight is not None:
        data = _with_weights(data, y, sample_weight)
    return judge(interpreted(model, outputs, known), data, train, known)


def _with_weights(data: Any, y: NDArray[Any], sample_weight: Any) -> Any:
    """The records with their weights: a Dataset, or `(x, y, weights)`."""
    if isinstance(data, Dataset):
        if data.weights is not None:
            raise UsageError("fit.dataset.weights")
        return replace(data, weights=sample_weight)
    weights = checked_weights(sample_weight, len(y), "sample_weight")
    if not weights.any():
        raise DataError("weight.zero", name="sample_weight")
    return (*data[:2], weights)


def judge(prediction: Prediction, data: Records, train: Dataset | None = None, basis: Task | None = None) -> AnyReport:
    """The report of predictions that were made already; raises as `evaluate`."""
    report: AnyReport
    if prediction.task == "multilabel":
        report = score_labels(prediction, data, train)
    elif prediction.quantiles:
        _check_task(data, numbers=True)
        report = score_quantiles(prediction, data, train)
    elif numbers := prediction.values.shape[1] > 0 and prediction.task not in ("binary", "multiclass"):
        _check_task(data, numbers)
        report = score_numbers(prediction.values, data, train, prediction.differences)
    else:
        _check_task(data, numbers)
        report = (
            score(
                prediction.probabilities,
                data,
                train,
                prediction.thresholds,
                prediction.temperatures,
                prediction.ordered,
            )
            if not prediction.values.shape[1]
            else _of_margins(prediction, data)
        )
    if isinstance(report, Report):
        report = replace(report, aim=prediction.aim)
    of_one_task = bool(prediction.quantiles) or (isinstance(report, RegressionReport) and report.counts)
    if basis is not None and basis.key == "task.from.table" and of_one_task:
        basis = None  # no other can be named
    return replace(report, basis=basis)


def _check_task(data: Records, numbers: bool) -> None:
    if isinstance(data, Dataset) and numbers != (data.task == "regression"):
        raise ModelError("measure.task.numbers" if numbers else "measure.task.classes")


def score_labels(prediction: Prediction, data: Records, train: Dataset | None = None) -> MultiLabelReport:
    """The report of predicted labels; raises as `evaluate`."""
    predicted, provenance = prediction.labels, ""
    names: tuple[str, ...] = ()
    if isinstance(data, Dataset):
        y, provenance = data.y, data.provenance
        names = data.targets if len(data.targets) == predicted.shape[1] else ()
    else:
        y = np.asarray(data[1])
    shares = None if train is None or train.y.shape[1:] != predicted.shape[1:] else mean_of(train.y == 1, train)
    probabilities = None if prediction.values.shape[1] else prediction.probabilities
    report = measure_labels(y, predicted, probabilities, names, provenance, shares, *_weights(data))
    report = replace(report, thresholds=prediction.thresholds, temperatures=prediction.temperatures)
    return replace(report, aim=prediction.aim)


def score_numbers(
    values: NDArray[Any],
    data: Records,
    train: Dataset | None = None,
    differences: NDArray[np.float32] | None = None,
) -> RegressionReport:
    """The report of predicted numbers `(records, targets)`; raises as `evaluate`.

    Args:
        differences: as a Prediction's.
    """
    if not np.isfinite(values).all():
        raise ModelError("measure.nan.numbers")
    if isinstance(data, Dataset):
        y, names, provenance = data.y.reshape(len(data), -1), data.targets, data.provenance
    else:
        y = np.asarray(data[1])
        y = y.reshape(len(y), -1)
        names, provenance = ("y",) if y.shape[1] == 1 else tuple(f"y{column}" for column in range(y.shape[1])), ""
    if values.shape[1] != y.shape[1]:
        raise ShapeError("measure.targets", outputs=values.shape[1], targets=y.shape[1])
    learned, origins = None if train is None else train.y.reshape(len(train), -1), None
    if differences is not None and isinstance(data, Dataset) and data.schema is not None and y.dtype.kind in "iu":
        y, values, origins = data.schema.from_origins(y), differences, np.array(data.schema.target_origins)
        learned = None if learned is None else data.schema.from_origins(learned)
    means = None if train is None or learned is None else mean_of(learned.astype(np.float64), train)
    report = measure_numbers(y, values, names, provenance, means, *_weights(data), origins)
    counts = isinstance(data, Dataset) and data.schema is not None and data.schema.counts
    return replace(report, counts=counts)


def score_quantiles(prediction: Prediction, data: Records, train: Dataset | None = None) -> QuantileReport:
    """The report of predicted quantiles `(records, quantiles)` of one target; raises as `evaluate`."""
    values, levels = prediction.values, prediction.quantiles
    if not np.isfinite(values).all():
        raise ModelError("measure.nan.numbers")
    y = data.y if isinstance(data, Dataset) else np.asarray(data[1])
    if y.size != len(values) or not y.size:
        raise ShapeError("measure.targets", outputs=1, targets=y.reshape(len(y), -1).shape[1] if len(y) else 0)
    name, provenance = (data.targets[0], data.provenance) if isinstance(data, Dataset) else ("y", "")
    answers = None if train is None else quantiles_of(train.y.reshape(-1), levels, train.weights)
    return measure_quantiles(y, values, levels, name, provenance, answers, *_weights(data))


def score(
    probabilities: NDArray[Any],
    data: Records,
    train: Dataset | None = None,
    thresholds: tuple[float, ...] = (),
    temperatures: tuple[float, ...] = (),
    ordered: bool = False,
) -> Report:
    """The report of predicted probabilities `(records, classes)`; raises as `evaluate`.

    Args:
        thresholds, temperatures, ordered: as a Prediction's.
    """
    y, names, names_ko, provenance = _classes_of(data)
    if not len(probabilities):
        raise DataError("measure.records", true=y.shape, predicted=probabilities.shape)
    if np.isnan(probabilities).any():
        raise ModelError("measure.nan")
    width = probabilities.shape[1]
    names = names or tuple(map(str, range(width)))
    if int(y.min()) < 0:
        raise DataError("data.labels.range", name="y", last=width - 1, found=int(y.min()), count=int((y < 0).sum()))
    if len(names) != width or int(y.max()) >= width:
        raise ShapeError("measure.classes", units=width, classes=max(len(names), int(y.max()) + 1))
    prior = None
    if train is not None and len(train.classes) == width:
        counted = train.counts if train.weights is None else np.bincount(train.y, train.weights, width)
        prior = counted / counted.sum()
    decided = thresholds[0] if thresholds else None, temperatures[0] if temperatures else None
    return of_probabilities(y, probabilities, names, names_ko, provenance, prior, *_weights(data), *decided, ordered)


def _of_margins(prediction: Prediction, data: Records) -> Report:
    """The report of classes whose margins are no probabilities."""
    y, names, names_ko, provenance = _classes_of(data)
    width = max(prediction.values.shape[1], 2)
    names = names or tuple(map(str, range(width)))
    if len(names) != width or int(y.max()) >= width:
        raise ShapeError("measure.classes", units=width, classes=max(len(names), int(y.max()) + 1))
    weights, weighted_by = _weights(data)
    return measure(
        y, prediction.classes, names, names_ko, provenance=provenance, weights=weights, weighted_by=weighted_by
    )


def _weights(data: Records) -> tuple[NDArray[Any] | None, str]:
    """How much each record `(records,)` counts, and what that is called."""
    if isinstance(data, Dataset):
        return data.weights, data.schema.weight if data.schema is not None else ""
    return (data[2], "sample_weight") if len(data) > 2 else (None, "")


def mean_of(values: NDArray[Any], data: Dataset) -> NDArray[np.float64]:
    """Over the records `(records, …)`, each counting by its weight."""
    mean: NDArray[np.float64] = values.mean(0) if data.weights is None else np.average(values, 0, data.weights)
    return mean


def _classes_of(data: Records) -> tuple[NDArray[Any], tuple[str, ...], tuple[str, ...], str]:
    """True classes `(records,)` by number, their names in both languages, and where the data come from.

    Raises:
        DataError: labels that are no class numbers.
    """
    if isinstance(data, Dataset):
        return data.y, data.classes, data.classes_ko, data.provenance
    y = np.asarray(data[1])
    if y.ndim == 2 and y.shape[1] > 1:
        return y.argmax(1), (), (), ""
    y = y.reshape(-1)
    if y.dtype.kind == "f" and (fractions := y != np.trunc(y)).any():
        raise DataError("measure.fractions", found=f"{y[fractions][0]:g}")
    if len(y) and y.min() == -1 and y.max() <= 1 and not (y == 0).any():
        y = y > 0  # as the hinge losses take them
    return y.astype(np.int64), (), (), ""
