"""A step of a Keras model and what it takes → what the native engine computes for it, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.engine.native.bfloat16 import check_float32, is_mixed, rounded
from rowwise.engine.native.graph import RECORDS
from rowwise.engine.native.layer_description import NORMALIZATIONS, activation_of, check_methods, dense, normalization
from rowwise.engine.native.network_description import LayerDescription
from rowwise.engine.protocol import Unsupported
from rowwise.models.input_scaling import Normalized
from rowwise.models.keras_view import is_addition, layer_title
from rowwise.models.kinds import is_a, kind_of
from rowwise.models.piecewise import Encoded
from rowwise.models.table_features import TableFeatures
from rowwise.models.target_functions import TargetFunction

if TYPE_CHECKING:
    from rowwise.engine.native.description import DenseGraph


@dataclass(frozen=True)
class Value:
    """What a step gives.

    Attributes:
        layer: the layer of the graph whose outputs they are; RECORDS for the records.
        shape: the axis of records first.
        shared: whether several steps take the layer's outputs: none of them may then become a part of it.
        dropout: share of the numbers that training sets to zero before anybody takes them.
    """

    layer: int
    shape: tuple[Any, ...]
    shared: bool
    dropout: float = 0.0


def value_after(graph: DenseGraph, layer: Any, takes: list[Value], shared: bool) -> Value:
    """What a Keras layer gives; the graph has then what computes it.

    Args:
        takes: its inputs.
        shared: whether several steps take what it gives.

    Raises:
        Unsupported: the engine cannot compute it, or not there.
    """
    if is_a(layer, "Layer"):
        _check_layer(layer)
    kind = kind_of(layer)
    if kind == "InputLayer":
        return takes[0]
    if kind != "Dense" and kind not in NORMALIZATIONS:
        _check_policy(graph, layer, takes)
    if kind == "Identity":
        return _passed(graph, takes[0], shared)
    if graph.output_scale or graph.finish is not None:
        raise Unsupported(layer_title(layer))  # nothing may follow what the outputs became
    if is_addition(layer):
        return _added(graph, layer, takes, shared)
    (value,) = takes
    if isinstance(layer, TargetFunction) or (kind == "Rescaling" and _is_plain(graph, value)):
        _finish(graph, layer, value)
        return value
    if kind in ("Flatten", "Reshape") or kind in PREPARING:
        shape = _prepared(graph, layer, value)
        return replace(_passed(graph, value, shared), shape=shape)
    if kind == "Dropout":
        if layer.noise_shape is not None or layer.rate >= 1:
            raise Unsupported(layer_title(layer))
        if value.shared:  # what others take stays as it is
            return _dropped(graph, replace(value, dropout=float(layer.rate)), shared)
        value = replace(_dropped(graph, value), dropout=float(layer.rate))
        return _passed(graph, value, shared)
    if kind == "Dense":
        _check_flat(layer, value)
        return graph.add(dense(layer, value.dropout), (value,), layer, shared)
    if kind in NORMALIZATIONS:
        _check_flat(layer, value)
        value = _dropped(graph, value)
        return graph.add(normalization(layer, value.shape[1]), (value,), layer, shared)
    name, leak = activation_of(layer)
    if name == "linear":
        return _passed(graph, value, shared)
    _check_flat(layer, value)
    if value.shared or not _is_plain(graph, value):
        value = graph.add(_pass(graph, value), (value,), None, shared)
    rounds = is_mixed(layer)
    graph.layers[value.layer] = replace(graph.layers[value.layer], activation=name, leak=leak, rounds_outputs=rounds)
    return replace(value, shared=shared)


def _check_layer(layer: Any) -> None:
    check_methods(layer, layer_title(layer))
    if getattr(layer, "activity_regularizer", None) is not None:
        raise Unsupported(f"{layer_title(layer)}, activity_regularizer")


def _added(graph: DenseGraph, layer: Any, takes: list[Value], shared: bool) -> Value:
    if len(takes) < 2:  # a number is the other
        raise Unsupported(layer_title(layer))
    for value in takes:
        if len(value.shape) != 2 or value.shape[1] != takes[0].shape[1]:  # which Keras broadcasts
            raise Unsupported(f"{layer_title(layer)}, {', '.join(str(one.shape) for one in takes)}")
    takes = [_dropped(graph, value) for value in takes]
    # Keras's operation + gives bfloat16 of two that are in it; a layer, what its policy says.
    rounds = is_mixed(layer) if is_a(layer, "Layer") else all(_is_rounded(graph, value) for value in takes)
    sum_of_all = replace(_pass(graph, takes[0]), bfloat16=rounds, rounds_outputs=rounds)
    return graph.add(sum_of_all, tuple(takes), None, shared)


def _pass(graph: DenseGraph, value: Value) -> LayerDescription:
    """A layer that gives what it takes, after dropout: an addition, of one."""
    units, rounds = value.shape[1], _is_rounded(graph, value)
    return LayerDescription(
        units, units, kind="addition", dropout=value.dropout, bfloat16=rounds, rounds_outputs=rounds
    )


def _passed(graph: DenseGraph, value: Value, shared: bool) -> Value:
    """What a layer gives that changes nothing."""
    if shared and value.dropout:  # one mask for all that take it
        return _dropped(graph, value, shared)
    return replace(value, shared=value.shared or shared)


def _dropped(graph: DenseGraph, value: Value, shared: bool = False) -> Value:
    """The value after dropout, where there is any, as the outputs of a layer of its own."""
    if not value.dropout:
        return value
    if len(value.shape) != 2:
        raise Unsupported(f"Dropout, {value.shape}")
    return graph.add(_pass(graph, value), (value,), None, shared)


def _is_rounded(graph: DenseGraph, value: Value) -> bool:
    """Whether its numbers are bfloat16's."""
    return graph.mixed if value.layer == RECORDS else graph.layers[value.layer].rounds_outputs


def _check_policy(graph: DenseGraph, layer: Any, takes: list[Value]) -> None:
    """Raises Unsupported where a layer would round what nothing here rounds, or not what everything here does: one that
    is neither Dense nor a normalization is computed where its inputs are."""
    if not is_a(layer, "Layer"):
        return
    mixed, rounded = is_mixed(layer), [_is_rounded(graph, value) for value in takes]
    of_records = any(value.layer == RECORDS for value in takes)
    if (mixed and not all(rounded)) or (not mixed and any(rounded) and (of_records or kind_of(layer) == "Dropout")):
        raise Unsupported(f"{layer_title(layer)}, {layer.dtype_policy.name}")


def _is_plain(graph: DenseGraph, value: Value) -> bool:
    """Whether the value is a layer's outputs without activation and dropout."""
    return value.layer != RECORDS and not value.dropout and graph.layers[value.layer].activation == "linear"


def _check_flat(layer: Any, value: Value) -> None:
    if len(value.shape) != 2:
        raise Unsupported(f"{layer_title(layer)}, {value.shape}")


def _finish(graph: DenseGraph, layer: Any, value: Value) -> None:
    """What the model makes of the last layer's outputs."""
    if not _is_plain(graph, value) or value.shared:
        raise Unsupported(layer_title(layer))
    check_float32(layer)
    graph.layers[value.layer] = replace(graph.layers[value.layer], rounds_outputs=False)
    if isinstance(layer, TargetFunction):
        graph.finish = layer
    else:
        units = graph.layers[value.layer].units
        graph.output_scale, graph.output_offset = for_each(units, layer.scale), for_each(units, layer.offset)


# Layers that stand before all others; Flatten and Reshape may follow where they change nothing.
PREPARING = ("Preparation", "FeatureEncoding", "Normalization", "Rescaling")


def _prepared(graph: DenseGraph, layer: Any, value: Value) -> tuple[Any, ...]:
    """The shape of the records, after a layer that is applied to all of them."""
    kind, title = kind_of(layer), layer_title(layer)
    shape: tuple[Any, ...] = layer.compute_output_shape(value.shape)
    if kind == "Flatten" and getattr(layer, "data_format", "channels_last") != "channels_last":
        raise Unsupported(f"{title}, channels_first")
    if kind == "Flatten" and value.layer != RECORDS:
        return shape
    if value.layer != RECORDS or value.shared:
        raise Unsupported(title)
    if kind in ("Flatten", "Reshape"):
        return shape
    scaled = (graph.scale, graph.offset) != (1.0, 0.0)
    if value.dropout or scaled:
        raise Unsupported(title)
    if kind == "Rescaling":
        if np.ndim(layer.scale) or np.ndim(layer.offset):
            raise Unsupported(title)
        scale, offset = float(layer.scale), float(layer.offset)
        graph.scale, graph.offset = (rounded(scale), rounded(offset)) if graph.mixed else (scale, offset)
        return shape
    check_float32(layer)
    if kind == "FeatureEncoding":
        preparation = getattr(graph.prepare, "__self__", None)
        if not isinstance(preparation, TableFeatures):
            raise Unsupported(title)
        graph.prepare = Encoded(preparation, layer)
    elif graph.prepare:
        raise Unsupported(title)
    elif kind == "Preparation":
        graph.prepare = layer.prepare
    elif len(value.shape) != 2 or layer.invert or not layer.built:
        raise Unsupported(f"{title}, {value.shape}")
    else:
        graph.prepare = Normalized(layer)
    return shape


def for_each(units: int, value: Any) -> tuple[float, ...]:
    """A number for each unit, from one for all or one for each."""
    return tuple(float(one) for one in np.broadcast_to(np.asarray(value, np.float64), units))
