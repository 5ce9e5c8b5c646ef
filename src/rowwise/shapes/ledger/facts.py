"""A model → the facts of its layers: kinds, names, shapes, weights.

The only module that reads Keras's objects for the ledger. From here on plain values are counted, drawn and explained,
so that the course's model can be explained without importing Keras.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rowwise.models.plain import PlainModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import keras

    from rowwise.shapes.shape_text import Shape


@dataclass(frozen=True)
class Weight:
    """One array of a layer: a kernel, a bias, a running mean."""

    name: str
    shape: tuple[int, ...]
    trainable: bool = True

    @property
    def numbers(self) -> int:
        """How many it has."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class LayerFacts:
    """One call of one layer, as plain values.

    Attributes:
        kind: what it computes, by the name of Keras's or rowwise's class, such as `"Dense"`; empty for a computation of
            the user's own, whatever its class is called.
        name: the layer's own.
        inputs, outputs: the shapes it takes and gives, the axis of records (None) first; empty where the
            layer has not met data yet.
        weights: in Keras's order; none for a nested model, whose layers follow with their own.
        config: the settings that the ledger uses.
        sources: names of the layers whose outputs it takes.
        depth: 0 in the model itself, 1 in a model nested in it, and so on.
        shared: whether the weights were listed at an earlier call already.
        itemsize: bytes of one output number.
        batch: of an input layer, the number of records that it was built for; None where it takes any number.
        built: whether its weights are known: True for a layer without any, False for one that waits for data.
        inside: of a frozen model of more than `FOLDED` layers, which is one row: the facts of these.
        class_name: what it is called where people read of it; empty where that is `kind`.
    """

    kind: str
    name: str
    inputs: tuple[Shape, ...] = ()
    outputs: tuple[Shape, ...] = ()
    weights: tuple[Weight, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    depth: int = 0
    shared: bool = False
    itemsize: int = 4
    built: bool = True
    batch: int | None = None
    class_name: str = ""
    inside: tuple[LayerFacts, ...] = ()

    @property
    def title(self) -> str:
        """The class's name as people read it."""
        return self.class_name or self.kind


FOLDED = 20  # layers: a frozen model of more is a backbone, of which nobody wants to read each
# The settings that equations and sentences use.
_SETTINGS = (
    "units",
    "activation",
    "use_bias",
    "scale",
    "offset",
    "rate",
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "groups",
    "depth_multiplier",
    "pool_size",
    "input_dim",
    "output_dim",
    "num_heads",
    "key_dim",
    "axis",
    "equation",
    "target_shape",
    "dims",
    "n",
    "size",
    "cropping",
    "mask_value",
    "stddev",
    "stateful",
)


def read(model: keras.Model | PlainModel) -> tuple[LayerFacts, ...]:
    """The facts of every layer in the order of computation, nested models opened; `model` may be unbuilt."""
    if isinstance(model, PlainModel):
        return tuple(_of_plain(model))
    return tuple(_of_model(model, 0, set()))


def _of_plain(model: PlainModel) -> Iterator[LayerFacts]:
    """As of the Keras model that the file is of."""
    names = [*(layer.name for layer, _ in model.steps), model.input.name]  # the last of which -1 is
    for layer, sources in [(model.input, ()), *model.steps]:
        weights = tuple(Weight(weight.name, weight.shape, weight.trainable) for weight in layer.weights)
        shapes = (layer.input_shapes, (layer.output_shape,))
        yield LayerFacts(
            layer.kind, layer.name, *shapes, weights, _settings(layer), tuple(names[source] for source in sources)
        )


def course(
    shape: Sequence[int] = (28, 28),
    hidden: Sequence[int] = (100, 30),
    classes: int = 10,
    activation: str = "relu",
    rescaled: bool = True,
) -> tuple[LayerFacts, ...]:
    """What `read` gives for the model of `rowwise.dense` for pictures, without building it or importing Keras.

    Args:
        shape: of one picture, or of one row of at least 64 pixels.
        hidden, activation: as in `rowwise.dense`.
        classes: units of the last layer.
        rescaled: whether the records are integers, which `rowwise.dense` rescales.
    """
    record: Shape = (None, *shape)
    widths = [math.prod(shape), *hidden, classes]
    flat: Shape = (None, widths[0])
    rows = [
        LayerFacts("InputLayer", "records", (), (record,)),
        LayerFacts("Rescaling", "rescaling", (record,), (record,), config={"scale": 1 / 255, "offset": 0.0}),
        LayerFacts("Flatten", "flatten", (record,), (flat,)),
    ]
    if not rescaled:
        del rows[1]
    names = [*(f"hidden_{number}" for number in range(1, len(hidden) + 1)), "classes"]
    for name, (features, units) in zip(names, pairwise(widths), strict=True):
        weights = (Weight("kernel", (features, units)), Weight("bias", (units,)))
        config = {"units": units, "activation": "softmax" if name == "classes" else activation, "use_bias": True}
        rows.append(LayerFacts("Dense", name, ((None, features),), ((None, units),), weights, config))
    return (rows[0], *(replace(row, sources=(before.name,)) for before, row in pairwise(rows)))


def _of_model(model: Any, depth: int, listed: set[int]) -> Iterator[LayerFacts]:
    """One LayerFacts for each call within the model; `listed` holds the weights that were counted already."""
    from rowwise.models.keras_view import graph_calls

    for layer, call in graph_calls(model):
        facts = _of_call(layer, call, depth, listed)
        yield facts
        if _is_model(layer) and not facts.shared and not facts.inside:
            yield from _of_model(layer, depth + 1, listed)


def _of_call(layer: Any, call: Any, depth: int, listed: set[int]) -> LayerFacts:
    from rowwise.models.keras_view import layer_kind

    kind, nested = layer_kind(layer), _is_model(layer)
    variables = list(getattr(layer, "weights", ()))
    shared = bool(variables) and all(id(variable) in listed for variable in variables)
    inside = tuple(_of_model(layer, depth + 1, set())) if nested and not shared and not layer.trainable else ()
    if sum(1 + len(one.inside) for one in inside) <= FOLDED:
        inside = ()
    if not nested or inside:
        listed.update(map(id, variables))
    if inside:
        weights: tuple[Weight, ...] = (Weight("weights", (layer.count_params(),), False),)
    else:
        weights = () if nested else tuple(Weight(_name(v, layer), tuple(v.shape), bool(v.trainable)) for v in variables)
    inputs, outputs = (_shapes(call.input_tensors), _shapes(call.output_tensors)) if call is not None else ((), ())
    if call is None and kind == "Dense" and weights:  # a subclass of Model calls it: the kernel has both
        features, units = weights[0].shape
        inputs, outputs = ((None, features),), ((None, units),)
    return LayerFacts(
        kind,
        layer.name,
        inputs,
        outputs,
        weights,
        _settings(layer),
        tuple(_source(tensor) for tensor in call.input_tensors) if call is not None else (),
        depth,
        shared,
        _itemsize(call.output_tensors if call is not None else ()),
        call is not None or bool(variables) or bool(getattr(layer, "built", True)),
        _batch(layer),
        class_name="" if type(layer).__name__ == kind else type(layer).__name__,
        inside=inside,
    )


def _is_model(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.Model)


def _shapes(tensors: Iterable[Any]) -> tuple[Shape, ...]:
    # A model that got data before an Input has the first batch's size in its shapes; no kernel depends on it.
    return tuple((None, *tensor.shape[1:]) if len(tensor.shape) else () for tensor in tensors)


def _batch(layer: Any) -> int | None:
    """16 after `Input(batch_shape=(16, 784))`, or after 16 records as the first data of a model without an Input."""
    import keras

    shape = layer.batch_shape if isinstance(layer, keras.layers.InputLayer) else None
    return shape[0] if isinstance(shape, tuple) and shape else None


def _name(variable: Any, layer: Any) -> str:
    """`kernel`; `query/kernel` where the layer has sublayers."""
    _, _, inside = str(variable.path).rpartition(f"{layer.name}/")
    return inside or str(variable.name)


def _settings(layer: Any) -> dict[str, Any]:
    """From the layer's attributes: `get_config` of a user's layer may raise, or build what it describes."""
    from rowwise.models.keras_view import attention_sizes

    settings = {name: getattr(layer, name) for name in _SETTINGS if hasattr(layer, name)}
    if callable(activation := settings.get("activation")):
        settings["activation"] = getattr(activation, "__name__", type(activation).__name__)
    for name, value in attention_sizes(layer).items():
        settings.setdefault(name, value)
    return {name: value for name, value in settings.items() if not callable(value) and not hasattr(value, "path")}


def _source(tensor: Any) -> str:
    from rowwise.models.keras_view import producer

    layer = producer(tensor)
    return str(layer.name) if layer is not None else ""


def _itemsize(tensors: Sequence[Any]) -> int:
    """Bytes of one number of the first output, 4 where that is not known."""
    bits = "".join(c for c in str(tensors[0].dtype) if c.isdigit()) if tensors else ""
    return max(int(bits) // 8, 1) if bits else 4
