"""A Keras model → what its inputs and outputs mean: the value of white, logits or probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.dataset import PIXEL_MAX
from rowwise.models.keras_view import OF_NUMBERS, PROBABILITIES, activation_name, flat_layers, last_layer, loss_of
from rowwise.models.kinds import is_a

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

SCALING = ("Rescaling", "Normalization", "BatchNormalization")


def gives_logits(model: keras.Model, outputs: NDArray[np.float32]) -> bool:
    """Whether the model's outputs `(records, units)` are logits rather than probabilities.

    The last layer's activation says it, else the compiled loss: by its `from_logits`, or since it compares numbers.
    Without a loss of Keras's, a last layer without an activation gives logits. Only where nothing of that is known do
    the values decide: probabilities lie between 0 and 1 and, of several units, sum to 1.
    """
    end = activation_name(last_layer(model))
    if end in PROBABILITIES:
        return False
    from_logits = getattr(getattr(model, "loss", None), "from_logits", None)
    if isinstance(from_logits, bool):
        return from_logits
    loss = loss_of(model)
    if loss is not None and loss.name in OF_NUMBERS:
        return False
    if loss is None and end == "linear":
        return True
    inside = (outputs >= 0).all() and (outputs <= 1 + 1e-5).all()
    sums_to_one = outputs.shape[1] == 1 or np.allclose(outputs.sum(1), 1, atol=1e-3)
    return not (inside and sums_to_one)


def brightest_pixel(model: keras.Model) -> int:
    """The value of white in the pixels that the model takes: 255 where it scales them itself, or what it divides by.

    Else 1: without a layer for that, the course divides by 255 before training, and so does everybody.
    """
    for layer in flat_layers(model):
        if is_a(layer, "Rescaling") and np.ndim(layer.scale) == 0 and layer.offset == 0:
            return round(1 / layer.scale) if 0 < layer.scale < 1 / PIXEL_MAX else PIXEL_MAX
        if is_a(layer, *SCALING):
            return PIXEL_MAX
        if getattr(layer, "kernel", None) is not None:
            return 1
    return PIXEL_MAX
