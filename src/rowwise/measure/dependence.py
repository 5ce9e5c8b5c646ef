"""A model and a table's records → what it says on average as one column takes this value or that.

Partial dependence (Friedman 2001): every record gets the value, the rest of it stays, and the predictions are averaged.
It shows what the model has learned, also where the records that it imagines are unlikely: a small house of 12 rooms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.measure.columns import check_count, columns_named, columns_of, sample
from rowwise.measure.outputs import outputs_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

POINTS = 12  # values of a column
MOST_RECORDS = 1_000
MOST_PREDICTED = 2_000_000  # records in all


@dataclass(frozen=True, eq=False)
class Dependence:
    """What the model says on average by the value of one column.

    Attributes:
        name: of the column.
        values: as the table writes them.
        numbers: the same as numbers; None where they do not stand on a line.
        averages: `(values, outputs)`: probabilities, or numbers in the target's unit.
        outputs: the names of the classes, labels or targets.
        records: how many were averaged.
    """

    name: str
    values: tuple[str, ...]
    numbers: tuple[float, ...] | None
    averages: NDArray[np.float64]
    outputs: tuple[str, ...]
    records: int

    @property
    def range(self) -> float:
        """How far the average moves at most, over all outputs."""
        return float(np.ptp(self.averages, axis=0).max()) if len(self.averages) else 0.0

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        points = [
            {"value": text, "averages": dict(zip(self.outputs, row, strict=True))}
            for text, row in zip(self.values, self.averages.tolist(), strict=True)
        ]
        return {"column": self.name, "records": self.records, "points": points}


def partial_dependence(
    model: keras.Model,
    data: Dataset,
    columns: Sequence[str] | None = None,
    points: int = POINTS,
    seed: int = 0,
    task: str | None = None,
) -> tuple[Dependence, ...]:
    """Of these columns of `data`, whose x is `(records, columns)`; None for all.

    Args:
        points: values of a column at most: quantiles of its numbers, its most frequent levels.
        seed: of the draw, where there are more records than are averaged.
        task: as in `rowwise.predict`.

    Raises:
        DataError: no table. UsageError: no such column, fewer than one point, or a negative seed. ShapeError,
            ModelError: as `rowwise.predict`.
    """
    check_count("points", points, 1)
    check_count("seed", seed, 0)
    chosen = columns_of(data)
    if columns is not None:
        chosen = columns_named(chosen, columns)
    from rowwise.engine.prediction import Predictor

    predict = Predictor(model, task=task).predict
    most = max(1, min(MOST_RECORDS, MOST_PREDICTED // max(points * len(chosen), 1)))
    x = np.array(data.x[sample(len(data), most, seed)])
    found = []
    for column in chosen:
        values = column.values(np.asarray(data.x), points)
        changed = np.tile(x, (len(values), 1))
        changed[:, column.places] = np.repeat(values, len(x), axis=0)
        if not len(values):
            continue
        outputs = outputs_of(predict(changed), data.class_names, data.targets)
        averages = outputs.numbers.reshape(len(values), len(x), -1).mean(1, dtype=np.float64)
        origin = column.column.origin if column.column is not None else 0.0
        numbers = tuple((values[:, 0].astype(float) + origin).tolist()) if column.is_number else None
        texts = tuple(column.text(value) for value in values)
        found.append(Dependence(column.name, texts, numbers, averages, outputs.names, len(x)))
    return tuple(found)
