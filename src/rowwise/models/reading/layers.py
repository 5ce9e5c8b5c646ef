"""The configuration of a layer, and the shapes that it takes → a layer without its weights, and what these must be."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.models.activations import FUNCTIONS
from rowwise.models.keras_settings import EPSILON
from rowwise.models.model_config import MOST_OUTPUTS
from rowwise.models.piecewise import PlainEncoding
from rowwise.models.plain import PlainLayer, Shape
from rowwise.models.reading.fields import (
    Fields,
    Unread,
    dtype,
    flag,
    holds_no_objects,
    number,
    numbers,
    only,
    optional,
    positive,
    seed,
    shape,
    share,
    text,
    whole,
)
from rowwise.models.reading.parameters import take_parameters
from rowwise.models.table_features import PlainPreparation
from rowwise.models.target_functions import FUNCTIONS as OF_TARGETS
from rowwise.models.target_functions import plain_target_layer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Weights:
    """Those that a layer must have: shapes by name, in Keras's order, the trained ones before the others."""

    trained: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    others: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Read:
    """A layer as its configuration has it.

    Attributes:
        settings: what `PlainLayer` has as attributes.
        output: the shape that it gives.
        layer: complete already, of those that have no weights and a class of their own.
        trainable: as its configuration says.
        is_layer: whether it is one, and no bare addition.
    """

    kind: str
    name: str
    output: Shape
    settings: Mapping[str, Any] = field(default_factory=dict)
    weights: Weights = field(default_factory=Weights)
    layer: PlainLayer | None = None
    trainable: bool = True
    is_layer: bool = True


Own = tuple[Shape, dict[str, Any], Weights]


def read_layer(value: Any, takes: tuple[Shape, ...]) -> Read:
    """The layer that Keras would make; raises Unread where that is not known exactly.

    Args:
        value: an object of Keras's, as its `config.json` has it, without what says where it stands in a model.
        takes: the shapes of its inputs.
    """
    if any(math.prod(size or 1 for size in shape) > MOST_OUTPUTS for shape in takes):  # before anything is made of them
        raise Unread(f"{takes}")
    with Fields(value) as fields:
        module, kind = fields.take("module", text), fields.take("class_name", text)
        registered = fields.take("registered_name", optional(str))
        config = Fields(fields.take("config", lambda config: config))
        fields.take("build_config", _build_of(takes), None)
    if (module, kind, registered) == ("keras.src.ops.numpy", "Add", "Add"):
        with config:
            name = config.take("name", text)
            return Read("Add", name, _added(takes), is_layer=False)
    with config:
        name, trainable = config.take("name", text), config.take("trainable", flag)
        config.take("dtype", dtype)
        if kind == "Add" and (module, registered) == ("keras.layers", None):
            return Read(kind, name, _added(takes), trainable=trainable)
        (given,) = takes
        if registered == f"rowwise>{kind}" and module in OURS.get(kind, ()):
            layer = _own(kind, name, given, config.rest())
            return Read(kind, name, layer.output_shape, layer=layer, trainable=trainable)
        if (module, registered) != ("keras.layers", None) or kind not in LAYERS:
            raise Unread(f"{module}.{kind}")
        output, settings, weights = LAYERS[kind](config, given)
        return Read(kind, name, output, settings, weights, trainable=trainable)


def _build_of(takes: tuple[Shape, ...]) -> Callable[[Any], None]:
    shapes = [list(shape) for shape in takes]

    def check(value: Any) -> None:
        if value != {"input_shape": shapes if len(shapes) > 1 else shapes[0]}:
            raise Unread(f"build_config {value!r:.60}")

    return check


def _added(takes: tuple[Shape, ...]) -> Shape:
    if len(takes) < 2 or len(set(takes)) > 1:
        raise Unread(f"Add {takes}")
    return takes[0]


OURS = {
    "Preparation": ("rowwise.models.preparation",),
    "FeatureEncoding": ("rowwise.models.encoding",),
    **dict.fromkeys(OF_TARGETS, ("rowwise.models.target_layers",)),
}


def _own(kind: str, name: str, takes: Shape, settings: dict[str, Any]) -> PlainLayer:
    """One of rowwise's layers, which the file names by where its class stood when it was written."""
    holds_no_objects(settings)
    try:
        if kind == "Preparation":
            return PlainPreparation(name, takes, settings)
        if kind == "FeatureEncoding":
            return PlainEncoding(name, takes, settings)
        if len(takes) != 2:
            raise Unread(f"{kind} {takes}")
        return plain_target_layer(kind, name, takes, settings)
    except (ValueError, TypeError, KeyError, OverflowError) as cause:  # Keras says in its own words what is wrong
        raise Unread(f"{kind}: {cause}") from cause


def _dense(config: Fields, takes: Shape) -> Own:
    units, bias = config.take("units", whole), config.take("use_bias", flag)
    activation = FUNCTIONS[config.take("activation", only(*FUNCTIONS))]
    take_parameters(config, "kernel", "bias")
    config.take("quantization_config", only(None), None)
    features = _features(takes)
    arrays = {"kernel": (features, units)} | ({"bias": (units,)} if bias else {})
    none = dict.fromkeys(("kernel_regularizer", "bias_regularizer"))
    return (None, units), {"units": units, "use_bias": bias, "activation": activation, **none}, Weights(arrays)


def _batch_normalization(config: Fields, takes: Shape) -> Own:
    size, settings, arrays = _normalization(config, takes, only(-1, 1))
    settings["momentum"] = config.take("momentum", number)
    take_parameters(config, "moving_mean", "moving_variance")
    for name in ("synchronized", "renorm"):
        config.take(name, only(False), None)
    config.take("renorm_clipping", only(None), None)
    config.take("renorm_momentum", number, None)
    return takes, settings, Weights(arrays, {"moving_mean": (size,), "moving_variance": (size,)})


def _layer_normalization(config: Fields, takes: Shape) -> Own:
    _, settings, arrays = _normalization(config, takes, only(-1, 1, [-1], [1]))
    config.take("rms_scaling", only(False), None)
    return takes, settings, Weights(arrays)


def _normalization(
    config: Fields, takes: Shape, axis: Callable[[Any], Any]
) -> tuple[int, dict[str, Any], dict[str, tuple[int, ...]]]:
    size = _features(takes)
    settings = {"axis": config.take("axis", axis), "epsilon": config.take("epsilon", positive)}
    settings |= {"center": config.take("center", flag), "scale": config.take("scale", flag)}
    take_parameters(config, "gamma", "beta")
    arrays: dict[str, tuple[int, ...]] = {
        name: (size,) for name, there in (("gamma", "scale"), ("beta", "center")) if settings[there]
    }
    return size, settings | dict.fromkeys(("gamma_regularizer", "beta_regularizer")), arrays


def _features(takes: Shape) -> int:
    """Of records `(None, features)`."""
    if len(takes) != 2 or takes[1] is None:
        raise Unread(f"{takes}")
    return takes[1]


def _dropout(config: Fields, takes: Shape) -> Own:
    config.take("seed", seed)
    config.take("noise_shape", only(None))
    return takes, {"rate": config.take("rate", share), "noise_shape": None}, Weights()


def _flatten(config: Fields, takes: Shape) -> Own:
    kind = config.take("data_format", only("channels_last"))
    return (None, math.prod(size for size in takes if size)), {"data_format": kind}, Weights()


def _reshape(config: Fields, takes: Shape) -> Own:
    target = config.take("target_shape", lambda value: value)
    if not isinstance(target, list) or not target:
        raise Unread(f"target_shape {target!r:.60}")
    sizes = tuple(map(whole, target))
    if math.prod(sizes) != math.prod(size for size in takes if size):
        raise Unread(f"target_shape {target!r:.60}")
    return (None, *sizes), {"target_shape": sizes}, Weights()


def _rescaling(config: Fields, takes: Shape) -> Own:
    settings = {name: config.take(name, numbers) for name in ("scale", "offset")}
    if any(isinstance(value, list) and (len(takes) != 2 or len(value) != takes[1]) for value in settings.values()):
        raise Unread(f"Rescaling {takes}")
    return takes, settings, Weights()


def _standardization(config: Fields, takes: Shape) -> Own:
    """Keras's Normalization; one that has been adapted has weights, which its configuration does not show."""
    size = _features(takes)
    config.take("axis", only(-1, [-1]))
    config.take("invert", only(False))
    moments = {}
    for name in ("mean", "variance"):
        values = config.take(name, numbers)
        if isinstance(values, list) and len(values) != size:
            raise Unread(f"Normalization {takes}")
        moments[name] = np.broadcast_to(np.asarray(values, np.float32), (1, size))
    if not (moments["variance"] > EPSILON**2).all():
        raise Unread("Normalization variance")
    return takes, {"invert": False, **moments}, Weights()


def _activation(config: Fields, takes: Shape) -> Own:
    return takes, {"activation": FUNCTIONS[config.take("activation", only(*FUNCTIONS))]}, Weights()


def _relu(config: Fields, takes: Shape) -> Own:
    settings = {"max_value": config.take("max_value", only(None)), "threshold": config.take("threshold", only(0, 0.0))}
    return takes, settings | {"negative_slope": config.take("negative_slope", share)}, Weights()


def _leaky_relu(config: Fields, takes: Shape) -> Own:
    return takes, {"negative_slope": config.take("negative_slope", share)}, Weights()


def _elu(config: Fields, takes: Shape) -> Own:
    return takes, {"alpha": config.take("alpha", positive)}, Weights()


def _softmax(config: Fields, takes: Shape) -> Own:
    return takes, {"axis": config.take("axis", only(-1))}, Weights()


def _identity(config: Fields, takes: Shape) -> Own:
    return takes, {}, Weights()


LAYERS: dict[str, Callable[[Fields, Shape], Own]] = {
    "Dense": _dense,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "Dropout": _dropout,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Rescaling": _rescaling,
    "Normalization": _standardization,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "ELU": _elu,
    "Softmax": _softmax,
    "Identity": _identity,
}


def read_input(value: Any) -> PlainLayer:
    """The layer that stands for the records."""
    with Fields(value) as fields:
        fields.take("module", only("keras.layers"))
        fields.take("class_name", only("InputLayer"))
        fields.take("registered_name", only(None))
        config = Fields(fields.take("config", lambda config: config))
    with config:
        name = config.take("name", text)
        config.take("dtype", only("float32"))
        for option in ("sparse", "ragged", "optional"):
            config.take(option, only(False), None)
        records = config.take("batch_shape", shape)
    return PlainLayer("InputLayer", name, (), records, {"batch_shape": records})
