"""A model and a table's records → how much the model needs each column: its values are shuffled, the figure falls.

Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019): accuracy, or R² for numbers, less what is left
of it when the values of one column are shuffled among the records. A column is one of the table, not of X: all features
that it becomes are shuffled together. Of two columns that say the same, neither looks important.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.engine.prediction import Prediction

REPEATS = 5
MOST_RECORDS = 5_000
MOST_PREDICTED = 5_000_000  # records in all: some seconds


class ColumnImportance(NamedTuple):
    """How far the figure falls when the column is shuffled: mean and standard deviation over the repeats."""

    name: str
    mean: float
    std: float


@dataclass(frozen=True)
class Importance:
    """The columns, the most important first.

    Attributes:
        measure: `"accuracy"` or `"r2"`: what falls.
        figure: its value for the records as they are.
        records: how many were used, drawn from `seed`.
    """

    measure: str
    figure: float
    columns: tuple[ColumnImportance, ...]
    records: int
    repeats: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        settings = {name: getattr(self, name) for name in ("measure", "figure", "records", "repeats", "seed")}
        return {**settings, "columns": [column._asdict() for column in self.columns]}


def importance(
    model: keras.Model, data: Dataset, repeats: int = REPEATS, seed: int = 0, task: str | None = None
) -> Importance:
    """Of every column of `data`, whose x is `(records, columns)`; `task` as in `rowwise.predict`.

    Raises:
        DataError: no table. ShapeError, ModelError: as `rowwise.predict`.
    """
    if data.x.ndim != 2:
        raise DataError("measure.importance", found=data.x.shape)
    from rowwise.engine.prediction import Predictor

    predict = Predictor(model, task=task).predict
    columns = _columns(data)
    random = np.random.default_rng(seed)
    most = max(1, min(MOST_RECORDS, MOST_PREDICTED // (repeats * len(columns))))
    rows = np.sort(random.permutation(len(data))[:most])
    x, y = np.array(data.x[rows]), data.y[rows]
    weights = None if data.weights is None else data.weights[rows]
    predicted = predict(x)
    measure = "r2" if data.targets and predicted.task != "multilabel" else "accuracy"
    figure_of = _figure(predicted.task, measure, y, weights, len(predicted.quantiles))
    figure = figure_of(predicted)
    importances = []
    for name, places in columns:
        falls = []
        for _ in range(repeats):
            shuffled = x.copy()
            shuffled[:, places] = x[random.permutation(len(x))][:, places]
            falls.append(figure - figure_of(predict(shuffled)))
        importances.append(ColumnImportance(name, float(np.mean(falls)), float(np.std(falls))))
    importances.sort(key=lambda column: -column.mean)
    return Importance(measure, figure, tuple(importances), len(x), repeats, seed)


def _columns(data: Dataset) -> list[tuple[str, list[int]]]:
    """The columns of the table, each with its places in X."""
    if data.schema is None:
        return [(f"x{place}", [place]) for place in range(data.x.shape[1])]
    columns, place = [], 0
    for column in data.schema.used:
        columns.append((column.name, list(range(place, place + len(column.inputs)))))
        place += len(column.inputs)
    return columns


def _figure(
    task: str, measure: str, y: NDArray[Any], weights: NDArray[Any] | None, quantiles: int
) -> Callable[[Prediction], float]:
    """What takes a prediction of the records whose truth is `y`, and gives its accuracy or R², weighted."""

    def mean(values: NDArray[Any]) -> NDArray[Any]:
        average: NDArray[Any] = values.mean(0) if weights is None else np.average(values, 0, weights)
        return average

    if task == "multilabel":
        return lambda prediction: float(mean(prediction.labels == (y == 1)).mean())
    if measure == "accuracy":
        return lambda prediction: float(mean(prediction.classes == y))
    true = y.reshape(len(y), -1).astype(np.float64)
    each = 1 if weights is None else weights[:, None]
    spread = np.maximum((each * (true - mean(true)) ** 2).sum(0), 1e-300)
    if quantiles:  # the middle one
        return lambda p: float((1 - (each * (p.values[:, [quantiles // 2]] - true) ** 2).sum(0) / spread).mean())
    return lambda prediction: float((1 - (each * (prediction.values - true) ** 2).sum(0) / spread).mean())
