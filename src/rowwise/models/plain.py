"""A trained model as plain values, under the names that Keras's objects have: what predicts, without Keras.

`models.reading` makes one of a `.keras` file. It holds only what is known exactly, and only what asks nothing more of a
model than its layers, their settings and their weights may take it in place of a Keras model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Shape = tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class PlainWeight:
    """One array of a layer, as a Keras variable: `value` never changes."""

    name: str
    value: NDArray[Any]
    trainable: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.value, dtype, copy=copy)


class PlainLayer:
    """A layer of Keras's or rowwise's; its settings and its weights are attributes, by their names there.

    Attributes:
        kind: the name of its class.
        name: its own.
        weights: in Keras's order.
        input_shapes, output_shape: the axis of records (None) first.
    """

    built = True

    def __init__(
        self,
        kind: str,
        name: str,
        input_shapes: tuple[Shape, ...],
        output_shape: Shape,
        settings: Mapping[str, Any] | None = None,
        weights: tuple[PlainWeight, ...] = (),
    ) -> None:
        self.kind, self.name, self.weights = kind, name, list(weights)
        self.input_shapes, self.output_shape = input_shapes, output_shape
        vars(self).update(settings or {}, **{weight.name: weight for weight in weights})

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """What it gives; the shape that it takes is known."""
        return self.output_shape

    def get_weights(self) -> list[NDArray[Any]]:
        """The arrays themselves."""
        return [weight.value for weight in self.weights]


@dataclass(frozen=True, eq=False)
class PlainLoss:
    """A loss that a model was compiled with: the name of its function, empty for one of rowwise's that has none."""

    kind: str
    name: str
    from_logits: bool = False
    ignored: int | None = None


@dataclass(frozen=True, eq=False)
class PlainTensor:
    """What a model takes or gives."""

    shape: Shape
    dtype: str = "float32"


@dataclass(frozen=True, eq=False)
class PlainModel:
    """A chain or a graph of layers with one input and one output.

    Attributes:
        input: the layer that stands for the records.
        steps: the layers in the order of computation, and the numbers of the steps whose outputs each takes; -1 for
            the records.
        layers: in Keras's order, as `model.layers`: a Sequential has none for its input.
        loss: what it was compiled with; None where it was not.
    """

    name: str
    input: PlainLayer
    steps: tuple[tuple[PlainLayer, tuple[int, ...]], ...]
    layers: list[PlainLayer]
    loss: PlainLoss | str | None = None
    compiled: bool = False
    optimizer: str | None = None
    built: bool = field(default=True, init=False)

    @property
    def input_shape(self) -> Shape:
        return self.input.output_shape

    @property
    def output_shape(self) -> Shape:
        return self.steps[-1][0].output_shape

    @property
    def inputs(self) -> list[PlainTensor]:
        return [PlainTensor(self.input_shape)]

    @property
    def outputs(self) -> list[PlainTensor]:
        return [PlainTensor(self.output_shape)]

    @property
    def weights(self) -> list[PlainWeight]:
        return [weight for layer in self.layers for weight in layer.weights]

    def count_params(self) -> int:
        """Numbers in all weights."""
        return sum(math.prod(weight.shape) for weight in self.weights)
