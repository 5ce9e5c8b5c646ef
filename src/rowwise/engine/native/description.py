"""A Keras model → its description for the native engine, or the part that the engine cannot run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.engine.native.compiled_description import (
    checked_loss,
    loss_description,
    optimizer_description,
)
from rowwise.engine.native.graph import RECORDS, steps_of
from rowwise.engine.native.layer_description import (
    BIASES,
    KERNELS,
    kernel_and_bias,
    moving_statistics,
)
from rowwise.engine.native.network_description import (
    LayerDescription,
    LossDescription,
    OptimizerDescription,
)
from rowwise.engine.native.step_description import Value, for_each, value_after
from rowwise.engine.protocol import Unsupported
from rowwise.models.keras_view import decays, layer_title
from rowwise.models.preparation import ScaledSquaredError
from rowwise.models.target_layers import loss_fits

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rowwise.models.target_layers import TargetLayer


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
    """

    layers: list[LayerDescription] = field(default_factory=list)
    parts: list[keras.Layer | None] = field(default_factory=list)
    prepare: Callable[[NDArray[Any]], NDArray[np.float32]] | None = None
    scale: float = 1.0
    offset: float = 0.0
    output_scale: tuple[float, ...] = ()
    output_offset: tuple[float, ...] = ()
    finish: TargetLayer | None = None
    dtype: str = "float32"  # of the input layer: Keras casts the records to it

    @property
    def variables(self) -> list[keras.Variable]:
        """Kernels and biases, gammas and betas, in the order of the engine's arrays."""
        return [variable for part in self.parts for variable in kernel_and_bias(part).values()]

    @property
    def statistics(self) -> list[keras.Variable]:
        """Moving means and variances, in the order of the engine's arrays."""
        return [variable for part in self.parts for variable in moving_statistics(part)]

    @property
    def takes_bytes(self) -> bool:
        """Whether records may stay bytes: where a zero stays zero, which the products skip."""
        takers = [layer for number, layer in enumerate(self.layers) if number + 1 in layer.back]
        return self.offset == 0 and all(layer.kind == "dense" and not layer.dropout for layer in takers)

    def add(self, layer: LayerDescription, takes: tuple[Value, ...], part: keras.Layer | None, shared: bool) -> Value:
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


def describe(model: keras.Model) -> DenseGraph:
    """The graph that the model computes.

    Raises:
        Unsupported: anything but Dense layers, with what may stand before, between, beside and after them.
    """
    steps = steps_of(model)
    if not model.built:
        raise Unsupported(f"{type(model).__name__}, built=False")
    takers = Counter(source for step in steps for source in step.sources)
    graph = DenseGraph(dtype=keras.backend.standardize_dtype(model.inputs[0].dtype))
    values = {RECORDS: Value(RECORDS, (None, *model.input_shape[1:]), takers[RECORDS] > 1)}
    for number, step in enumerate(steps):
        takes = [values[source] for source in step.sources]
        values[number] = value_after(graph, step.layer, takes, takers[number] > 1)
    if not any(layer.kind == "dense" for layer in graph.layers):
        raise Unsupported("Dense: 0")
    if values[len(steps) - 1].dropout:
        raise Unsupported("Dropout")
    return graph


def compiled(model: keras.Model, graph: DenseGraph) -> Compiled:
    """Loss and optimizer of a compiled model.

    Raises:
        Unsupported: another loss or optimizer, or an option of theirs that the engine does not have; variables that
            are frozen, or that no Dense layer has.
    """
    _check_trained(model, graph)
    last = graph.layers[-1]
    standardized = type(model.loss) is ScaledSquaredError
    if graph.finish is not None:
        if not loss_fits(graph.finish, model.loss):
            raise Unsupported(f"{layer_title(graph.finish)} + {getattr(model.loss, 'name', model.loss)}")
        loss = checked_loss(model, model.loss, graph.finish.loss)
        loss = replace(loss, levels=tuple(getattr(graph.finish, "levels", ())))
    elif standardized:
        if graph.output_scale != for_each(last.units, model.loss.scale):
            raise Unsupported(f"ScaledSquaredError, scale={model.loss.scale}")
        loss = checked_loss(model, model.loss, "mean_squared_error")
    else:
        loss = loss_description(model, last.activation)
        if graph.output_scale and loss.from_logits:
            raise Unsupported("Rescaling + from_logits")
    optimizer = optimizer_description(model)
    return Compiled(_with_decay(model, graph, optimizer), loss, optimizer, standardized)


def _check_trained(model: keras.Model, graph: DenseGraph) -> None:
    """Raises Unsupported where what the model trains is not exactly the kernels and biases of the graph."""
    trained = {id(variable) for variable in model.trainable_variables}
    for layer in graph.parts:
        for name, variable in kernel_and_bias(layer).items():
            if id(variable) not in trained:
                frozen = f"{name}.trainable" if getattr(layer, "trainable", True) else "trainable"
                raise Unsupported(f"{layer_title(layer)}, {frozen}=False")
        if (
            layer is not None and moving_statistics(layer) and not layer.trainable
        ):  # which Keras then takes in training too
            raise Unsupported(f"{layer_title(layer)}, trainable=False")
    if len({id(variable) for variable in graph.variables}) < len(graph.variables):
        raise Unsupported("Dense, one kernel in two layers")  # its gradients would have to be added up
    known = {id(variable) for variable in graph.variables}
    for variable in model.trainable_variables:
        if id(variable) not in known:
            raise Unsupported(f'Variable "{variable.path}"')


def uncompiled(graph: DenseGraph) -> Compiled:
    """For predictions, which need neither loss nor optimizer."""
    return Compiled(tuple(graph.layers), LossDescription(), OptimizerDescription(), standardized=False)


def _with_decay(model: keras.Model, graph: DenseGraph, optimizer: OptimizerDescription) -> tuple[LayerDescription, ...]:
    """The layers, with what the weight decay applies to."""
    if not optimizer.weight_decay:
        return tuple(graph.layers)
    described = []
    for part, description in zip(graph.parts, graph.layers, strict=True):
        applies = {name: decays(model.optimizer, variable) for name, variable in kernel_and_bias(part).items()}
        kernel, bias = (any(applies.get(name, False) for name in names) for names in (KERNELS, BIASES))
        described.append(replace(description, kernel_decays=kernel, bias_decays=bias))
    return tuple(described)
