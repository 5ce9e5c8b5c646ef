"""A model that is being trained → one that can be looked into meanwhile: its weights are those of the last look."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.engine.prediction import Predictor
from rowwise.models.keras_view import layer_kind
from rowwise.shapes import trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rowwise.shapes import Trace


def _unset(layer: keras.Layer) -> keras.Layer:
    """The same layer, whose kernel is drawn from no distribution: JAX would compile that for a second or two."""
    config = layer.get_config()
    return type(layer).from_config(config | ({"kernel_initializer": "zeros"} if "kernel_initializer" in config else {}))


class Mirror:
    """A model of its own with the weights of another; any thread may look into it.

    Args:
        model: what is looked into, itself: one that nobody trains any more. `of` copies one that is to be trained.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self._guard = threading.Lock()
        self.dense = [layer for layer in model.layers if layer_kind(layer) == "Dense"]
        self._outputs = [Predictor(keras.Model(model.inputs[0], layer.output)) for layer in self.dense]
        self._front = keras.Model(model.inputs[0], self.dense[0].input)
        self._predictor = Predictor(model)

    @classmethod
    def of(cls, model: keras.Model) -> Mirror:
        """A mirror of a model that is about to be trained."""
        copy = keras.models.clone_model(model, clone_function=_unset)
        copy.set_weights(model.get_weights())
        return cls(copy)

    def take(self, values: Sequence[Any]) -> None:
        """Show these values: of the trainable weights, and maybe more, in the order of a training's state."""
        with self._guard:
            for variable, value in zip(self.model.trainable_variables, values, strict=False):
                variable.assign(value)

    @cached_property
    def layers(self) -> list[dict[str, Any]]:
        """Of each Dense layer its name, features, units and activation."""
        return [
            {
                "name": layer.name,
                "features": int(layer.kernel.shape[0]),
                "units": layer.units,
                "activation": getattr(layer.activation, "__name__", ""),
            }
            for layer in self.dense
        ]

    def weights(self, layer: int) -> NDArray[np.float32]:
        """`(features + 1, units)`: the kernel of a Dense layer, and in the last row its bias."""
        chosen = self.dense[layer]
        with self._guard:
            kernel = np.asarray(chosen.kernel, np.float32)
            bias = np.asarray(chosen.bias, np.float32) if chosen.use_bias else np.zeros(chosen.units, np.float32)
        return np.concatenate([kernel, bias[None]])

    def flow(self, x: NDArray[Any]) -> list[NDArray[np.float32]]:
        """What each Dense layer gives for x `(records, ...)`, `(records, units)` each; last, what the model gives."""
        with self._guard:
            return [predictor.outputs(x) for predictor in (*self._outputs, self._predictor)]

    def prepared(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """`(records, features)`: what the first Dense layer takes for x `(records, ...)`."""
        with self._guard:
            return np.asarray(self._front(x), np.float32)

    def classes(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """`(records,)`: what a classifier answers."""
        with self._guard:
            return self._predictor.predict(x).classes

    def trace(self, x: NDArray[Any], unit: int, layer: int) -> Trace:
        """How a unit of a Dense layer comes to its value for the one record of x `(1, ...)`."""
        with self._guard:
            return trace(self.model, x, 0, unit, self.dense[layer].name)
