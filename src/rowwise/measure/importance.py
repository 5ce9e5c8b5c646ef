"""A model and a table's records → how much the model needs each column: its values are shuffled, the measure worsens.

Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019), by the measure that the task is judged by: the
log loss of probabilities, which tells of every shift and not only of answers that flip; R² of numbers, D² of counts,
the pinball loss of quantiles. A column is one of the table, not of X: all features that it becomes are shuffled
together. Of two columns that say the same, neither looks important.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.errors import UsageError
from rowwise.measure.columns import check_count, columns_of
from rowwise.measure.spread import plain_measures
from rowwise.text.near import did_you_mean

if TYPE_CHECKING:
    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.measure import AnyReport

REPEATS = 5
MOST_RECORDS = 5_000
MOST_PREDICTED = 5_000_000  # records in all: some seconds
JUDGED_BY = ("loss", "pinball", "d2", "r2", "accuracy")  # the first of these that a report has
RISES = ("loss", "pinball", "deviance", "mae", "rmse")  # what is worse the higher it is


class ColumnImportance(NamedTuple):
    """How far the measure worsens when the column is shuffled: mean and standard deviation over the repeats."""

    name: str
    mean: float
    std: float


@dataclass(frozen=True)
class Importance:
    """The columns, the most important first.

    Attributes:
        measure: what worsens, as a report calls it: `"loss"`, `"r2"`, `"accuracy"` and so on.
        figure: its value for the records as they are.
        records: how many were used, drawn from `seed`.
    """

    measure: str
    figure: float
    columns: tuple[ColumnImportance, ...]
    records: int
    repeats: int
    seed: int

    @property
    def rises(self) -> bool:
        """Whether the measure worsens by rising."""
        return self.measure in RISES

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        settings = {name: getattr(self, name) for name in ("measure", "figure", "records", "repeats", "seed")}
        return {**settings, "columns": [column._asdict() for column in self.columns]}


def importance(
    model: keras.Model,
    data: Dataset,
    repeats: int = REPEATS,
    seed: int = 0,
    task: str | None = None,
    measure: str | None = None,
) -> Importance:
    """Of every column of `data`, whose x is `(records, columns)`.

    Args:
        repeats: how often each column is shuffled.
        task: as in `rowwise.predict`.
        measure: one that the report has, such as `"accuracy"` or `"roc_auc"`; None for that which the task is judged
            by.

    Raises:
        DataError: no table. UsageError: the report has no such measure; no repeats, or a negative seed. ShapeError,
            ModelError: as `rowwise.predict`.
    """
    check_count("repeats", repeats, 1)
    check_count("seed", seed, 0)
    columns = columns_of(data)
    from rowwise.engine.prediction import Predictor
    from rowwise.measure import judge

    predict = Predictor(model, task=task).predict
    random = np.random.default_rng(seed)
    most = max(1, min(MOST_RECORDS, MOST_PREDICTED // (repeats * len(columns))))
    rows = np.sort(random.permutation(len(data))[:most])
    some = data[rows]
    x = np.array(some.x)
    report = judge(predict(x), some)
    measure = _measure(report, measure)

    def figure_of(x: Any) -> float:
        return _figure(judge(predict(x), some), measure)

    figure, sign = _figure(report, measure), -1 if measure in RISES else 1
    importances = []
    for column in columns:
        falls = []
        for _ in range(repeats):
            shuffled = x.copy()
            shuffled[:, column.places] = x[random.permutation(len(x))][:, column.places]
            falls.append(sign * (figure - figure_of(shuffled)))
        importances.append(ColumnImportance(column.name, float(np.mean(falls)), float(np.std(falls))))
    importances.sort(key=lambda column: -column.mean)
    return Importance(measure, figure, tuple(importances), len(x), repeats, seed)


def _measure(report: AnyReport, wanted: str | None) -> str:
    found = plain_measures(report)
    if wanted is None:
        return next((name for name in JUDGED_BY if name in found), next(iter(found)))
    if wanted not in found:
        raise UsageError("importance.measure", found=wanted, near=did_you_mean(wanted, found), known=", ".join(found))
    return wanted


def _figure(report: AnyReport, measure: str) -> float:
    plain = getattr(report, "plain", None)  # of numbers
    return float(getattr(report, measure) if plain is None else plain[measure])
