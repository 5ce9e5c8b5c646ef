"""The configuration of a whole model, and the arrays of its file → a PlainModel."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from rowwise.models.plain import PlainLayer, PlainModel, PlainWeight, Shape
from rowwise.models.reading.arrays import places_of
from rowwise.models.reading.compiled import read_compiled
from rowwise.models.reading.fields import Fields, Unread, dtype, flag, only, parts_of, shape, text
from rowwise.models.reading.layers import Read, read_input, read_layer

if TYPE_CHECKING:
    from rowwise.models.reading.arrays import Stored

RECORDS = -1  # as the source of a step
Steps = list[tuple[Read, tuple[int, ...], tuple[Shape, ...]]]


def read_model(config: Any, stored: Stored) -> PlainModel:
    """The model that Keras would make of the two.

    Raises:
        Unread: that is not known exactly.
    """
    with Fields(config) as fields:
        kind = fields.take("class_name", only("Sequential", "Functional"))
        given = fields.take("config", lambda config: config)
        fields.take("registered_name", only(None, "Functional"))
        fields.take("module", only("keras", "keras.models", "keras.src.models.functional"))
        build = fields.take("build_config", lambda build: build, None)
        compiled = fields.take("compile_config", lambda compiled: compiled, None)
    name, first, steps, order = _sequential(given) if kind == "Sequential" else _functional(given)
    if build not in (None, {"input_shape": None}, {"input_shape": list(first.output_shape)}):
        raise Unread(f"build_config {build!r:.60}")
    names = [first.name, *(read.name for read, _, _ in steps)]
    if len(set(names)) < len(names) or not steps:
        raise Unread("names")
    made = [_with_weights(read, takes, stored, place) for (read, _, takes), place in _placed(steps, order)]
    layers = dict(zip(names[1:], made, strict=True))
    own = [layers.get(one, first) for one in order]
    read = read_compiled(compiled) if compiled else None
    trained = [weight.shape for layer in own for weight in layer.weights if weight.trainable]
    if read is not None and stored.shapes("optimizer", read.name) != read.slots(trained):
        raise Unread("optimizer")
    if stored.shapes("", name):
        raise Unread("vars")
    return PlainModel(
        name,
        first,
        tuple((layer, sources) for layer, (_, sources, _) in zip(made, steps, strict=True)),
        own,
        read.loss if read is not None else None,
        read is not None,
        read.optimizer if read is not None else None,
    )


Chain = tuple[str, PlainLayer, Steps, list[str]]


def _sequential(config: Any) -> Chain:
    """The name, the input, the steps, and the names of `model.layers`, of a Sequential."""
    with Fields(config) as fields:
        name = fields.take("name", text)
        fields.take("trainable", flag, True)
        fields.take("dtype", dtype)
        given, *rest = parts_of(fields.take("layers", parts_of)) or [None]
        built = fields.take("build_input_shape", shape)
    first = read_input(given)
    if built != first.output_shape:
        raise Unread(f"build_input_shape {built}")
    steps: Steps = []
    takes = first.output_shape
    for number, value in enumerate(rest):
        read = read_layer(value, (takes,))
        steps.append((read, (number - 1,), (takes,)))
        takes = read.output
    return name, first, steps, [read.name for read, _, _ in steps]


def _functional(config: Any) -> Chain:
    """The same of a Functional: each layer is called once, on layers that stand before it."""
    with Fields(config) as fields:
        name = fields.take("name", text)
        fields.take("trainable", flag)
        given, *rest = parts_of(fields.take("layers", parts_of)) or [None]
        inputs, outputs = (fields.take(side, _tensor_of_model) for side in ("input_layers", "output_layers"))
    value, called = _call_of(given)
    first = read_input(value)
    if inputs != first.name or called != []:
        raise Unread("input_layers")
    steps: Steps = []
    numbers, shapes = {first.name: RECORDS}, {first.name: first.output_shape}
    for value in rest:
        value, called = _call_of(value)
        (call,) = called if len(called) == 1 else (None,)
        sources, takes = _sources(call, shapes)
        read = read_layer(value, takes)
        numbers[read.name], shapes[read.name] = len(steps), read.output
        steps.append((read, tuple(numbers[source] for source in sources), takes))
    used = set(chain.from_iterable(sources for _, sources, _ in steps))
    if numbers.get(outputs) != len(steps) - 1 or used != {*range(RECORDS, len(steps) - 1)}:
        raise Unread("output_layers")
    order = [read.name for read, _, _ in steps if read.is_layer]
    return name, first, steps, [first.name, *order]


def _tensor_of_model(value: Any) -> str:
    """The name of the one layer."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        (value,) = value
    if not isinstance(value, list) or value[1:] != [0, 0]:
        raise Unread(f"{value!r:.60}")
    return text(value[0])


def _call_of(value: Any) -> tuple[Any, list[Any]]:
    """A layer of a graph as an object alone, and how it is called."""
    with Fields(value) as fields:
        called, name = fields.take("inbound_nodes", parts_of), fields.take("name", text)
        layer = fields.rest()
    if not isinstance(layer.get("config"), dict) or layer["config"].get("name") != name:
        raise Unread(name)
    return layer, called


def _sources(call: Any, shapes: dict[str, Shape]) -> tuple[list[str], tuple[Shape, ...]]:
    """The names of the layers whose outputs a call takes, and the shapes of these."""
    with Fields(call) as fields:
        arguments = fields.take("args", parts_of)
        with Fields(fields.take("kwargs", lambda kwargs: kwargs)) as options:
            options.take("training", only(None, False), None)
            options.take("mask", only(None), None)
    tensors = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
    names, takes = [], []
    for tensor in tensors:
        with Fields(tensor) as fields:
            fields.take("class_name", only("__keras_tensor__"))
            given = Fields(fields.take("config", lambda config: config))
        with given:
            name = given.take("keras_history", _tensor_of_model)
            given.take("dtype", only("float32"))
            if given.take("shape", shape) != shapes.get(name):
                raise Unread(name)
        names.append(name)
        takes.append(shapes[name])
    if not names or (len(names) > 1 and len(set(names)) < len(names)):
        raise Unread("inbound_nodes")
    return names, tuple(takes)


def _placed(steps: Steps, order: list[str]) -> list[tuple[tuple[Read, tuple[int, ...], tuple[Shape, ...]], str]]:
    """The steps, each with the place of its weights in the file; of additions that are no layers, none."""
    kinds = {read.name: read.kind for read, _, _ in steps}
    named = [name for name in order if name in kinds]
    head = len(order) - len(named)  # the input of a graph is a layer of its own there
    places = places_of([*["InputLayer"] * head, *(kinds[name] for name in named)])[head:]
    by_name = dict(zip(named, places, strict=True))
    return [(step, by_name.get(step[0].name, "")) for step in steps]


def _with_weights(read: Read, takes: tuple[Shape, ...], stored: Stored, place: str) -> PlainLayer:
    """The layer as it was trained."""
    shapes = [*read.weights.trained.values(), *read.weights.others.values()]
    arrays = stored.read(place, read.name, shapes) if place else []
    if read.layer is not None:
        return read.layer
    names = (*read.weights.trained, *read.weights.others)
    trained = [read.trainable] * len(read.weights.trained) + [False] * len(read.weights.others)
    weights = tuple(map(PlainWeight, names, arrays, trained))
    return PlainLayer(read.kind, read.name, takes, read.output, read.settings, weights)
