"""A model and records → classes and probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.dataset import PIXEL_MAX
from rowwise.errors import ModelError
from rowwise.shapes.labels import flat_layers

if TYPE_CHECKING:
    import keras
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says of each record.

    Attributes:
        probabilities: `(records, classes)` float32.
    """

    probabilities: NDArray[np.float32]

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


def predict(model: keras.Model, x: ArrayLike, batch_size: int = 1024) -> Prediction:
    """Classes and probabilities of x `(records, ...)`, pixels as in training.

    A model that ends without softmax or sigmoid gives logits: they are turned into probabilities here.

    Raises:
        ShapeError: x does not fit the model's input. ModelError: no classifier, or its outputs are NaN.
    """
    from rowwise.engine import predict_proba

    outputs = predict_proba(model, x, batch_size)
    if outputs.ndim != 2:
        raise ModelError("predict.outputs", found=outputs.shape)
    if np.isnan(outputs).any():
        raise ModelError("measure.nan")
    logits = gives_logits(model, outputs)
    if outputs.shape[1] == 1:  # one unit: the second class's
        second = 1 / (1 + np.exp(-outputs)) if logits else outputs
        return Prediction(np.hstack([1 - second, second]))
    if logits:
        outputs = np.exp(outputs - outputs.max(1, keepdims=True))
        outputs /= outputs.sum(1, keepdims=True)
    return Prediction(outputs)


def gives_logits(model: keras.Model, outputs: NDArray[np.float32]) -> bool:
    """Whether the model's outputs `(records, units)` are logits rather than probabilities.

    The last layer's activation says it, else the compiled loss's `from_logits`; only where neither is known
    do the values decide: probabilities lie between 0 and 1 and, of several units, sum to 1.
    """
    last = list(flat_layers(model))[-1]
    name = type(last).__name__.lower()
    activation = getattr(getattr(last, "activation", None), "__name__", "")
    if {name, activation} & {"softmax", "sigmoid"}:
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
