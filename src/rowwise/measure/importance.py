"""A model and a table's records → how much the model needs each column: its values are shuffled, the figure falls.

Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019): accuracy, or R² for numbers, less what is left
of it when one column's values are dealt out anew among the records. By columns of the table, not of X widened: all
that a column becomes is shuffled together. Of two columns that say the same, neither looks important.
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

REPEATS = 5
MOST_RECORDS = 5_000
MOST_PREDICTED = 5_000_000  # records in all: some seconds


class ColumnImportance(NamedTuple):
    """How far the figure falls without the column: mean and standard deviation over the repeats."""

    name: str
    mean: float
    std: float


@dataclass(frozen=True)
class Importance:
    """The columns, the most important first.

    Attributes:
        measure: `"accuracy"` or `"r2"`: what falls.
        figure: that of the records as they are.
        records: how many were taken, drawn from seed.
    """

    measure: str
    figure: float
    columns: tuple[ColumnImportance, ...]
    records: int
    repeats: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        known = {name: getattr(self, name) for name in ("measure", "figure", "records", "repeats", "seed")}
        return {**known, "columns": [column._asdict() for column in self.columns]}


def importance(model: keras.Model, data: Dataset, repeats: int = REPEATS, seed: int = 0) -> Importance:
    """Of every column of `data`, whose x is `(records, columns)`.

    Raises:
        DataError: no table. ShapeError, ModelError: as `rowwise.predict`.
    """
    from rowwise.engine.prediction import predict

    if data.x.ndim != 2:
        raise DataError("measure.importance", found=data.x.shape)
    columns = _columns(data)
    random = np.random.default_rng(seed)
    most = max(1, min(MOST_RECORDS, MOST_PREDICTED // (repeats * len(columns))))
    rows = np.sort(random.permutation(len(data))[:most])
    x, y = np.array(data.x[rows]), data.y[rows]
    figure = _figure(data, y)
    whole = figure(predict(model, x))
    found = []
    for name, places in columns:
        falls = []
        for _ in range(repeats):
            dealt = x.copy()
            dealt[:, places] = x[random.permutation(len(x))][:, places]
            falls.append(whole - figure(predict(model, dealt)))
        found.append(ColumnImportance(name, float(np.mean(falls)), float(np.std(falls))))
    found.sort(key=lambda column: -column.mean)
    measure = "r2" if data.targets else "accuracy"
    return Importance(measure, whole, tuple(found), len(x), repeats, seed)


def _columns(data: Dataset) -> list[tuple[str, list[int]]]:
    """The columns of the table, each with its places in X."""
    if data.schema is None:
        return [(f"x{place}", [place]) for place in range(data.x.shape[1])]
    found, place = [], 0
    for column in data.schema.used:
        found.append((column.name, list(range(place, place + len(column.inputs)))))
        place += len(column.inputs)
    return found


def _figure(data: Dataset, y: NDArray[Any]) -> Callable[[Any], float]:
    if not data.targets:
        return lambda prediction: float((prediction.classes == y).mean())
    true = y.reshape(len(y), -1).astype(np.float64)
    spread = np.maximum(((true - true.mean(0)) ** 2).sum(0), 1e-300)
    return lambda prediction: float((1 - ((prediction.values - true) ** 2).sum(0) / spread).mean())
