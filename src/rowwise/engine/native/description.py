"""A Keras model → its description for the native engine, or the part that the engine cannot run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.engine.native.compiled_description import (
    check_methods,
    checked_loss,
    loss_description,
    optimizer_description,
)
from rowwise.engine.native.layer_description import (
    BIASES,
    KERNELS,
    activation_of,
    batch_normalization,
    dense,
    kernel_and_bias,
    moving_statistics,
)
from rowwise.engine.native.network_description import (
    LayerDescription,
    LossDescription,
    OptimizerDescription,
)
from rowwise.engine.protocol import Unsupported
from rowwise.models.encoding import Encoded, FeatureEncoding
from rowwise.models.input_scaling import Normalized
from rowwise.models.keras_view import (
    calls_of,
    decays,
    is_functional,
    layer_title,
)
from rowwise.models.preparation import Preparation, ScaledSquaredError
from rowwise.models.target_layers import TargetLayer, loss_fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray


@dataclass
class DenseChain:
    """What a model computes: a chain of Dense layers, and what stands before, between and after them.

    Attributes:
        layers: the Dense layers and normalizations, with their activations and the dropout before them.
        parts: the Keras layers behind them; None behind an addition, which stands where a dropout or an activation
            belongs to none of them.
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
        return self.offset == 0 and self.layers[0].kind == "dense" and not self.layers[0].dropout

    def add(self, layer: LayerDescription, part: keras.Layer | None = None) -> None:
        self.layers.append(layer)
        self.parts.append(part)

    def pass_on(self, units: int, dropout: float = 0.0) -> None:
        """Add a layer that gives what it takes, after dropout: an addition of one."""
        self.add(LayerDescription(units, units, kind="addition", dropout=dropout))


@dataclass(frozen=True)
class Compiled:
    """What `model.compile` adds to a chain.

    Attributes:
        layers: those of the chain, with what the optimizer's weight decay applies to.
        standardized: the loss takes the targets in standard deviations from their mean, which are then what the last
            Dense layer gives: the network trains without the scale of the outputs.
    """

    layers: tuple[LayerDescription, ...]
    loss: LossDescription
    optimizer: OptimizerDescription
    standardized: bool


def describe(model: keras.Model) -> DenseChain:
    """The chain that the model computes.

    Raises:
        Unsupported: anything but Dense layers in a row, with what may stand before, between and after them.
    """
    chain = DenseChain()
    layers = list(_chain(model))  # refuses what has no single input
    if not model.built:
        raise Unsupported(f"{type(model).__name__}, built=False")
    if len({id(layer) for layer in layers}) < len(layers):
        raise Unsupported("Sequential")  # one layer twice: its gradients would have to be added up
    chain.dtype = keras.backend.standardize_dtype(model.inputs[0].dtype)
    shape = (None, *model.input_shape[1:])
    dropout, activated = 0.0, True  # activated: the last layer has its activation, and takes no other
    for layer in layers:
        kind = type(layer)
        if kind is keras.layers.InputLayer:
            continue
        check_methods(layer, layer_title(layer))
        if layer.dtype_policy.name != "float32":
            raise Unsupported(f"{layer_title(layer)}, {layer.dtype_policy.name}")
        if getattr(layer, "activity_regularizer", None) is not None:
            raise Unsupported(f"{layer_title(layer)}, activity_regularizer")
        if kind is keras.layers.Identity:
            continue
        if chain.output_scale or chain.finish is not None:
            raise Unsupported(layer_title(layer))  # nothing may follow what the outputs became
        if kind in (keras.layers.Flatten, keras.layers.Reshape):
            shape = layer.compute_output_shape(shape)
            _only_before(chain, layer)
            if getattr(layer, "data_format", "channels_last") != "channels_last":
                raise Unsupported(f"{layer_title(layer)}, channels_first")
        elif kind is Preparation:
            if chain.layers or chain.prepare or dropout or (chain.scale, chain.offset) != (1.0, 0.0):
                raise Unsupported(layer_title(layer))
            chain.prepare, shape = layer.prepare, layer.compute_output_shape(shape)
        elif kind is FeatureEncoding:
            preparation = getattr(chain.prepare, "__self__", None)
            if chain.layers or dropout or not isinstance(preparation, Preparation):
                raise Unsupported(layer_title(layer))
            chain.prepare, shape = Encoded(preparation, layer), layer.compute_output_shape(shape)
        elif kind is keras.layers.Normalization:
            if chain.layers or chain.prepare or dropout or (chain.scale, chain.offset) != (1.0, 0.0):
                raise Unsupported(layer_title(layer))
            if len(shape) != 2 or layer.invert or not layer.built:
                raise Unsupported(f"{layer_title(layer)}, {shape}")
            chain.prepare = Normalized(layer)
        elif kind is keras.layers.Rescaling and chain.layers and not activated and not dropout:
            units = chain.layers[-1].units
            chain.output_scale = _for_each(units, layer.scale)
            chain.output_offset = _for_each(units, layer.offset)
        elif isinstance(layer, TargetLayer):
            if not chain.layers or activated or dropout:
                raise Unsupported(layer_title(layer))
            chain.finish = layer
        elif kind is keras.layers.Rescaling:
            _only_before(chain, layer)
            if dropout or (chain.scale, chain.offset) != (1.0, 0.0) or np.ndim(layer.scale) or np.ndim(layer.offset):
                raise Unsupported(layer_title(layer))
            chain.scale, chain.offset = float(layer.scale), float(layer.offset)
        elif kind is keras.layers.Dropout:
            if dropout or layer.noise_shape is not None or layer.rate >= 1:
                raise Unsupported(layer_title(layer))
            dropout = float(layer.rate)
        elif kind is keras.layers.Dense:
            if len(shape) != 2:
                raise Unsupported(f"{layer_title(layer)}, {shape}")
            shape = (None, layer.units)
            chain.add(dense(layer, dropout), layer)
            dropout, activated = 0.0, chain.layers[-1].activation != "linear"
        elif kind is keras.layers.BatchNormalization:
            if len(shape) != 2:
                raise Unsupported(f"{layer_title(layer)}, {shape}")
            if dropout:
                chain.pass_on(shape[1], dropout)
            chain.add(batch_normalization(layer, shape[1]), layer)
            dropout, activated = 0.0, False
        else:
            name, leak = activation_of(layer)
            if name == "linear":
                continue
            if not chain.layers or len(shape) != 2:
                raise Unsupported(layer_title(layer))
            if activated or dropout:
                chain.pass_on(shape[1], dropout)
            dropout = 0.0
            chain.layers[-1] = replace(chain.layers[-1], activation=name, leak=leak)
            activated = True
    if not any(layer.kind == "dense" for layer in chain.layers):
        raise Unsupported("Dense: 0")
    if dropout:
        raise Unsupported("Dropout")
    return chain


def compiled(model: keras.Model, chain: DenseChain) -> Compiled:
    """Loss and optimizer of a compiled model.

    Raises:
        Unsupported: another loss or optimizer, or an option of theirs that the engine does not have; variables that
            are frozen, or that no Dense layer has.
    """
    _check_trained(model, chain)
    last = chain.layers[-1]
    standardized = type(model.loss) is ScaledSquaredError
    if chain.finish is not None:
        if not loss_fits(chain.finish, model.loss):
            raise Unsupported(f"{layer_title(chain.finish)} + {getattr(model.loss, 'name', model.loss)}")
        loss = checked_loss(model, model.loss, chain.finish.loss)
        loss = replace(loss, levels=tuple(getattr(chain.finish, "levels", ())))
    elif standardized:
        if chain.output_scale != _for_each(last.units, model.loss.scale):
            raise Unsupported(f"ScaledSquaredError, scale={model.loss.scale}")
        loss = checked_loss(model, model.loss, "mean_squared_error")
    else:
        loss = loss_description(model, last.activation)
        if chain.output_scale and loss.from_logits:
            raise Unsupported("Rescaling + from_logits")
    optimizer = optimizer_description(model)
    return Compiled(_with_decay(model, chain, optimizer), loss, optimizer, standardized)


def _check_trained(model: keras.Model, chain: DenseChain) -> None:
    """Raises Unsupported where what the model trains is not exactly the kernels and biases of the chain."""
    trained = {id(variable) for variable in model.trainable_variables}
    for layer in chain.parts:
        for name, variable in kernel_and_bias(layer).items():
            if id(variable) not in trained:
                frozen = f"{name}.trainable" if getattr(layer, "trainable", True) else "trainable"
                raise Unsupported(f"{layer_title(layer)}, {frozen}=False")
        if (
            layer is not None and moving_statistics(layer) and not layer.trainable
        ):  # which Keras then takes in training too
            raise Unsupported(f"{layer_title(layer)}, trainable=False")
    if len({id(variable) for variable in chain.variables}) < len(chain.variables):
        raise Unsupported("Dense, one kernel in two layers")  # its gradients would have to be added up
    known = {id(variable) for variable in chain.variables}
    for variable in model.trainable_variables:
        if id(variable) not in known:
            raise Unsupported(f'Variable "{variable.path}"')


def uncompiled(chain: DenseChain) -> Compiled:
    """For predictions, which need neither loss nor optimizer."""
    return Compiled(tuple(chain.layers), LossDescription(), OptimizerDescription(), standardized=False)


def _chain(model: keras.Model) -> Iterator[Any]:
    """The layers in order, those of nested models too, where each has one input and one reader."""
    check_methods(model, layer_title(model))
    if model.dtype_policy.name != "float32":  # a model casts its inputs too
        raise Unsupported(f"{layer_title(model)}, {model.dtype_policy.name}")
    if getattr(model, "activity_regularizer", None) is not None:
        raise Unsupported(f"{layer_title(model)}, activity_regularizer")
    if type(model) is not keras.Sequential:
        # Inputs and outputs in a dictionary are no single tensor.
        if not is_functional(model) or not all(
            isinstance(s, keras.KerasTensor) for s in (_single(model.input), _single(model.output))
        ):
            raise Unsupported(type(model).__name__)
        readers: dict[int, int] = {}
        for operation in model.operations:
            calls = calls_of(operation)
            if not isinstance(operation, keras.layers.Layer) or len(calls) != 1 or len(calls[0].input_tensors) > 1:
                raise Unsupported(layer_title(operation))
            for tensor in calls[0].input_tensors:
                readers[id(tensor)] = readers.get(id(tensor), 0) + 1
        if any(count > 1 for count in readers.values()):
            raise Unsupported("Functional")
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _chain(layer)
        else:
            yield layer


def _single(tensors: Any) -> Any:
    """The tensor itself where a model has one, in a list or bare."""
    return tensors[0] if isinstance(tensors, list | tuple) and len(tensors) == 1 else tensors


def _with_decay(model: keras.Model, chain: DenseChain, optimizer: OptimizerDescription) -> tuple[LayerDescription, ...]:
    """The layers, with what the weight decay applies to."""
    if not optimizer.weight_decay:
        return tuple(chain.layers)
    described = []
    for part, description in zip(chain.parts, chain.layers, strict=True):
        applies = {name: decays(model.optimizer, variable) for name, variable in kernel_and_bias(part).items()}
        kernel, bias = (any(applies.get(name, False) for name in names) for names in (KERNELS, BIASES))
        described.append(replace(description, kernel_decays=kernel, bias_decays=bias))
    return tuple(described)


def _only_before(chain: DenseChain, layer: Any) -> None:
    if chain.layers and type(layer) is not keras.layers.Flatten:
        raise Unsupported(layer_title(layer))


def _for_each(units: int, value: Any) -> tuple[float, ...]:
    """A number for each unit, from one for all or one for each."""
    return tuple(float(one) for one in np.broadcast_to(np.asarray(value, np.float64), units))
