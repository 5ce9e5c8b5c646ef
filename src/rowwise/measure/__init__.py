"""A model and records with their true classes or numbers → a Report or a RegressionReport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import Dataset
from rowwise.errors import DataError, ModelError, ShapeError
from rowwise.measure.regression import RegressionReport, measure_numbers
from rowwise.measure.report import Report, measure, of_probabilities

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from rowwise.engine.arrays import Records
    from rowwise.engine.prediction import Prediction

__all__ = ["RegressionReport", "Report", "evaluate", "judge", "measure", "measure_numbers", "score", "score_numbers"]


def evaluate(
    model: keras.Model,
    data: Records,
    batch_size: int = 1024,
    train: Dataset | None = None,
    threads: int | None = None,
) -> Report | RegressionReport:
    """Predict every record and compare with its label, or with its numbers where the model predicts numbers.

    Args:
        model: output `(None, classes)` of probabilities or logits, `(None, 1)` of the second class's, or
            `(None, targets)`.
        data: a Dataset, or `(x, y)` with y class numbers `(records,)`, one-hot `(records, classes)`, or numbers
            `(records,)` or `(records, targets)`.
        batch_size: records a step; the result does not depend on it.
        train: the training records, if the baseline is to take the classes' shares or the mean from there.
        threads: as in `rowwise.predict`.

    Raises:
        ShapeError: the records do not fit the model, or the labels its classes.
        DataError: no records. ModelError: the model is of another task than the data, or gives NaN.
    """
    import keras

    from rowwise.engine.arrays import as_arrays
    from rowwise.engine.prediction import predict
    from rowwise.shapes.checks.check import check_records

    check_records(model, data, finite=False, loss=False, silent=False)
    x = as_arrays(data, keras.config.floatx(), "data").x
    return judge(predict(model, x, batch_size, threads), data, train)


def judge(prediction: Prediction, data: Records, train: Dataset | None = None) -> Report | RegressionReport:
    """The report of predictions that were made already; raises as `evaluate`."""
    numbers = prediction.values.shape[1] > 0
    if isinstance(data, Dataset) and numbers != (data.task == "regression"):
        raise ModelError("measure.task.numbers" if numbers else "measure.task.classes")
    return score_numbers(prediction.values, data, train) if numbers else score(prediction.probabilities, data, train)


def score_numbers(values: NDArray[Any], data: Records, train: Dataset | None = None) -> RegressionReport:
    """The report of predicted numbers `(records, targets)`; raises as `evaluate`."""
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
    means = None if train is None else train.y.reshape(len(train), -1).astype(np.float64).mean(0)
    return measure_numbers(y, values, names, provenance, means)


def score(probabilities: NDArray[Any], data: Records, train: Dataset | None = None) -> Report:
    """The report of predicted probabilities `(records, classes)`; raises as `evaluate`."""
    if isinstance(data, Dataset):
        y, names, names_ko, provenance = data.y, data.classes, data.classes_ko, data.provenance
    else:
        y = np.asarray(data[1])
        y = y.argmax(1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1).astype(np.int64)
        names, names_ko, provenance = (), (), ""
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
    prior = None if train is None or len(train.classes) != width else train.counts / len(train)
    return of_probabilities(y, probabilities, names, names_ko, provenance, prior)
