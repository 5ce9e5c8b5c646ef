"""A model, of Keras or as a file has it → its description for the native engine, or the part that it cannot run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from rowwise.engine.native.bfloat16 import check_runs, is_mixed
from rowwise.engine.native.graph import RECORDS, Step, steps_of
from rowwise.engine.native.layer_description import kernel_and_bias, moving_statistics
from rowwise.engine.native.network_description import (
    LayerDescription,
    LossDescription,
    OptimizerDescription,
)
from rowwise.engine.native.step_description import Value, value_after
from rowwise.engine.protocol import Unsupported
from rowwise.models.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import keras
    import numpy as np
    from numpy.typing import NDArray

    from rowwise.models.plain import PlainLayer, PlainModel, PlainWeight
    from rowwise.models.target_functions import TargetFunction

    Part: TypeAlias = keras.Layer | PlainLayer
    Variable: TypeAlias = keras.Variable | PlainWeight


@dataclass
class DenseGraph:
    """What a model computes: Dense layers in a row or with additions, and what stands before, between and after them.

    Attributes:
        layers: the Dense layers, normalizations and additions, with their activations and the dropout before them. An
            addition of one stands where a dropout or an activation belongs to no other layer.
        parts: the Keras layers behind them; None behind an addition.
        prepare: applied to all records before anything else, once; None where there is nothing to prepare.
        scale, offset: applied to the records before the first layer.
        output_scale, output_offset: applied to the outputs, unit by unit; empty where they stay as they are.
        finish: what the model makes of the last Dense layer's outputs, where it makes targets of them; else None.
        dtype: what the records must be, where it is not float32.
        mixed: whether the model's policy is mixed_bfloat16; layers may have another.
    """

    layers: list[LayerDescription] = field(default_factory=list)
    parts: list[Part | None] = field(default_factory=list)
    prepare: Callable[[NDArray[Any]], NDArray[np.float32]] | None = None
    scale: float = 1.0
    offset: float = 0.0
    output_scale: tuple[float, ...] = ()
    output_offset: tuple[float, ...] = ()
    finish: TargetFunction | None = None
    dtype: str = "float32"  # of the input layer: Keras casts the records to it
    mixed: bool = False

    @property
    def variables(self) -> list[Variable]:
        """Kernels and biases, gammas and betas, in the order of the engine's arrays."""
        return [variable for part in self.parts for variable in kernel_and_bias(part).values()]

    @property
    def statistics(self) -> list[Variable]:
        """Moving means and variances, in the order of the engine's arrays."""
        return [variable for part in self.parts for variable in moving_statistics(part)]

    @property
    def takes_bytes(self) -> bool:
        """Whether records may stay bytes: where a zero stays zero, which the products skip."""
        takers = [layer for number, layer in enumerate(self.layers) if number + 1 in layer.back]
        return self.offset == 0 and all(layer.kind == "dense" and not layer.dropout for layer in takers)

    def add(
        self, layer: LayerDescription, takes: tuple[Value, ...], part: keras.Layer | PlainLayer | None, shared: bool
    ) -> Value:
        """Add a layer that takes these values; returns what it gives, which several take where it is `shared`."""
        back = tuple(len(self.layers) - value.layer for value in takes)
        self.layers.append(replace(layer, back=back))
        self.parts.append(part)
        return Value(len(self.layers) - 1, (None, layer.units), shared)


@dataclass(frozen=True)
class Compiled:
    """What `model.compile` adds to a graph.

    Attributes:
        layers: those of the graph, with what the optimizer's weight decay applies to.
        standardized: the loss takes the targets in standard deviations from their mean, which are then what the last
            Dense layer gives: the network trains without the scale of the outputs.
    """

    layers: tuple[LayerDescription, ...]
    loss: LossDescription
    optimizer: OptimizerDescription
    standardized: bool


def describe(model: keras.Model | PlainModel) -> DenseGraph:
    """The graph that the model computes.

    Raises:
        Unsupported: anything but Dense layers, with what may stand before, between, beside and after them.
    """
    graph = DenseGraph(dtype=str(model.inputs[0].dtype), mixed=is_mixed(model))
    *_, (_, _, last) = _followed(model, graph)
    if not any(layer.kind == "dense" for layer in graph.layers):
        raise Unsupported("Dense: 0")
    if last.dropout:
        raise Unsupported("Dropout")
    check_runs(graph)
    return graph


def around(model: keras.Model | PlainModel, layer: str) -> tuple[DenseGraph, DenseGraph]:
    """What the model computes before a Dense layer of its own, and up to its outputs.

    The first has no layers where it is the records, prepared and scaled, that the Dense layer takes.

    Raises:
        Unsupported: as `describe`, or there is no such layer that is computed on its own.
    """
    graph = DenseGraph(dtype=str(model.inputs[0].dtype), mixed=is_mixed(model))
    for step, takes, value in _followed(model, graph):
        if step.layer.name == layer and kind_of(step.layer) == "Dense":
            check_runs(graph)
            return _up_to(graph, takes[0]), _up_to(graph, value)
    raise Unsupported(layer)


def _up_to(graph: DenseGraph, value: Value) -> DenseGraph:
    """The graph with the layers alone that `value` is made of."""
    sources = [[number - back for back in layer.back] for number, layer in enumerate(graph.layers)]
    needed, waiting = set[int](), [value.layer]
    while waiting:
        if (number := waiting.pop()) != RECORDS and number not in needed:
            needed.add(number)
            waiting += sources[number]
    kept = sorted(needed)
    place = {RECORDS: RECORDS, **{number: at for at, number in enumerate(kept)}}
    layers = [
        replace(graph.layers[number], back=tuple(place[number] - place[source] for source in sources[number]))
        for number in kept
    ]
    return replace(graph, layers=layers, parts=[graph.parts[number] for number in kept])


def _followed(model: keras.Model | PlainModel, graph: DenseGraph) -> Iterator[tuple[Step, list[Value], Value]]:
    """Each step, what it takes and what it gives; the graph has then what computes it."""
    steps = steps_of(model)
    if not model.built:
        raise Unsupported(f"{type(model).__name__}, built=False")
    takers = Counter(source for step in steps for source in step.sources)
    values = {RECORDS: Value(RECORDS, (None, *model.input_shape[1:]), takers[RECORDS] > 1)}
    for number, step in enumerate(steps):
        takes = [values[source] for source in step.sources]
        values[number] = value_after(graph, step.layer, takes, takers[number] > 1)
        yield step, takes, values[number]


def uncompiled(graph: DenseGraph) -> Compiled:
    """For predictions, which need neither loss nor optimizer."""
    return Compiled(tuple(graph.layers), LossDescription(), OptimizerDescription(), standardized=False)
