"""The configuration of a model → the shapes that it would have, without any memory for them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import keras

from rowwise.models.keras_view.layers import calls_of, flat_layers

if TYPE_CHECKING:
    from collections.abc import Iterator


class Unbuilt(NamedTuple):
    """What a model would take.

    Attributes:
        weights: (path, shape) of each weight that its file must hold.
        largest: (layer, numbers) of the largest output that one record gives.
    """

    weights: list[tuple[str, tuple[int, ...]]]
    largest: tuple[str, int]


def shapes_of_config(config: dict[str, Any]) -> Unbuilt:
    """The shapes of what `config` describes; nothing is allocated, since JAX only follows the shapes.

    Raises:
        Exception: as Keras does for an invalid configuration.
    """
    made: list[Any] = []
    jax.eval_shape(lambda: made.append(keras.saving.deserialize_keras_object(config, safe_mode=True)))
    (model,) = made
    weights = [(weight.path, tuple(weight.shape)) for weight in model.weights]
    return Unbuilt(weights, max(_outputs(model), key=lambda one: one[1], default=("", 0)))


def _outputs(model: Any) -> Iterator[tuple[str, int]]:
    for layer in flat_layers(model):
        for call in calls_of(layer):
            for tensor in call.output_tensors:
                yield layer.name, prod(size for size in tensor.shape[1:] if size is not None)
