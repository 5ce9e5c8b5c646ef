"""A model and records → classes and probabilities, or numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import PIXEL_MAX
from rowwise.data.source import is_frame
from rowwise.errors import ModelError, warn_user
from rowwise.shapes.checks.losses import flat_layers, loss_of

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray


# What Keras's losses that compare numbers are called: a model compiled with one predicts numbers.
OF_NUMBERS = (
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("mean_squared_logarithmic_error", "huber", "log_cosh", "poisson"),
)


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
    from rowwise.data.tables.encode import encode, oddity_notes
    from rowwise.models.preparation import preparation_of

    if (preparation := preparation_of(model)) is None:
        raise ModelError("predict.no_table", model=model.name)
    encoded = encode(preparation.schema, table)
    for note in oddity_notes(preparation.schema, encoded.oddities):
        warn_user(note)
    return encoded.x


def is_regression(model: keras.Model) -> bool:
    """Whether the model predicts numbers: its loss compares numbers, and no softmax or sigmoid ends it.

    One that is not compiled does where it ends in a Rescaling, as those of `rowwise.dense` do.
    """
    layers = [layer for layer in flat_layers(model) if type(layer).__name__ not in ("Dropout", "Identity")]
    if type(layers[-1]).__name__ == "Rescaling" and len(layers) > 1:
        return True
    if {type(layers[-1]).__name__.lower(), _activation(layers[-1])} & {"softmax", "sigmoid"}:
        return False
    loss = loss_of(model) if model.compiled else None
    return loss is not None and loss.name in OF_NUMBERS


def _activation(layer: keras.Layer) -> str:
    return getattr(getattr(layer, "activation", None), "__name__", "")


def gives_logits(model: keras.Model, outputs: NDArray[np.float32]) -> bool:
    """Whether the model's outputs `(records, units)` are logits rather than probabilities.

    The last layer's activation says it, else the compiled loss's `from_logits`; only where neither is known
    do the values decide: probabilities lie between 0 and 1 and, of several units, sum to 1.
    """
    last = list(flat_layers(model))[-1]
    if {type(last).__name__.lower(), _activation(last)} & {"softmax", "sigmoid"}:
        return False
    from_logits = getattr(getattr(model, "loss", None), "from_logits", None)
    if isinstance(from_logits, bool):
        return from_logits
    inside = (outputs >= 0).all() and (outputs <= 1 + 1e-5).all()
    sums = outputs.shape[1] == 1 or np.allclose(outputs.sum(1), 1, atol=1e-3)
    return not (inside and sums)


def brightest_pixel(model: keras.Model) -> int:
    """The value of white in the pixels that the model takes: 255 where it scales them itself, else 1.

    Without a layer for that, the course divides by 255 before training, and so does everybody.
    """
    for layer in flat_layers(model):
        if type(layer).__name__ in ("Rescaling", "Normalization", "BatchNormalization"):
            return PIXEL_MAX
        if getattr(layer, "kernel", None) is not None:
            return 1
    return PIXEL_MAX
