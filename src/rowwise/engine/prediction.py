"""A model and records → classes and probabilities, or numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.source import TABLES, Source, is_frame
from rowwise.errors import ModelError, UsageError
from rowwise.models.inputs_outputs import gives_logits, is_regression

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says of each record.

    Attributes:
        probabilities: `(records, classes)` float32; no columns for regression.
        values: `(records, targets)` float32, in the targets' own units; no columns for classification.
    """

    probabilities: NDArray[np.float32]
    values: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))

    @property
    def classes(self) -> NDArray[np.int64]:
        """`(records,)`: the most probable class's number."""
        return self.probabilities.argmax(1)

    def top(self, most: int = 3) -> list[list[tuple[int, float]]]:
        """For each record its most probable classes and their probabilities, most probable first."""
        order = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :most]
        return [
            [(int(c), float(row[c])) for c in columns] for row, columns in zip(self.probabilities, order, strict=True)
        ]


def predict(model: keras.Model, x: Any, batch_size: int = 1024) -> Prediction:
    """Classes and probabilities of x `(records, ...)`, pixels as in training; the numbers of a model for regression.

    A classifier that ends without softmax or sigmoid gives logits: they are turned into probabilities here.

    Args:
        model: a Keras model with one input and one output.
        x: records as an array; of a model that was trained on a table also a table, as `rowwise.load` takes it.
        batch_size: records a step.

    Raises:
        ShapeError: x does not fit the model's input. ModelError: no classifier, or its outputs are NaN.
        DataError: a table that lacks columns, or cannot be read.
    """
    from rowwise.engine import predict_proba

    if isinstance(x, str | Path) or is_frame(x):
        x = _records_of(model, x)
    outputs = predict_proba(model, x, batch_size)
    if outputs.ndim != 2:
        raise ModelError("predict.outputs", found=outputs.shape)
    if np.isnan(outputs).any():
        raise ModelError("measure.nan")
    if is_regression(model):
        return Prediction(np.empty((len(outputs), 0), np.float32), outputs)
    logits = gives_logits(model, outputs)
    if outputs.shape[1] == 1:  # one unit: the second class's
        second = 1 / (1 + np.exp(-outputs)) if logits else outputs
        return Prediction(np.hstack([1 - second, second]))
    if logits:
        outputs = np.exp(outputs - outputs.max(1, keepdims=True))
        outputs /= outputs.sum(1, keepdims=True)
    return Prediction(outputs)


def _records_of(model: keras.Model, table: Any) -> NDArray[np.float32]:
    """`(records, columns)` of a file or DataFrame, read as the model's own data were."""
    from rowwise.data.tables.load import read_x
    from rowwise.models.preparation import preparation_of

    if (preparation := preparation_of(model)) is None:
        raise ModelError("predict.no_table", model=model.name)
    frame = is_frame(table)
    source = Source("table" if frame else str(table), frame=table if frame else None)
    if source.kind != "table":
        raise UsageError("predict.table.kind", path=table, known=", ".join(TABLES))
    return read_x(preparation.schema, source)
