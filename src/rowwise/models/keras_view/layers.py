"""A Keras model → its layers: in which order, how they are wired, what activation and kernel they have.

Classes are known by their names, so that a model which was read without Keras is looked at without Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.models.kinds import OURS, is_a, kind_of
from rowwise.models.plain import PlainLayer, PlainModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras

Shape = tuple[int | None, ...]

# Layers that are an activation by themselves, and the name of the function in keras.activations.
ACTIVATION_LAYERS = {"Softmax": "softmax", "ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu"}
OLDER_KERAS = ("tf_keras.", "tensorflow.", "keras.engine.", "keras.src.engine.")  # modules of Keras 2's classes
WRAPPED_BY_KERAS = ("build", "quantize")  # methods that Keras itself sets on every layer
COMPUTING = ("call", "__call__", "update_step", "apply", "update_state", "result")
PASSIVE = ("Dropout", "Identity")  # they give what they take, once the model is trained


def layers_of(model: Any) -> list[Any]:
    """The layers of a model, in order; none of a layer that is trained by itself, with a Trainer's methods beside."""
    return list(getattr(model, "layers", []))


def flat_layers(model: Any) -> Iterator[Any]:
    """The layers that compute, in order; a nested model's layers stand in its place."""
    for layer in layers_of(model):
        yield from flat_layers(layer) if hasattr(layer, "layers") else (layer,)


def last_layer(model: Any) -> Any | None:
    """The last layer that has a say in what a trained model gives; None where there is none."""
    layers = [layer for layer in flat_layers(model) if not is_a(layer, *PASSIVE)]
    return layers[-1] if layers else None


def layer_title(layer: Any) -> str:
    """`Dense "hidden_1"`, as messages name a layer."""
    return f'{layer.kind if isinstance(layer, PlainLayer) else type(layer).__name__} "{layer.name}"'


def is_of_keras(kind: type) -> bool:
    """Whether the class is one that Keras itself defines."""
    return kind.__module__.startswith("keras.")


def layer_kind(layer: Any) -> str:
    """The name of the class, of Keras or rowwise, whose computation a layer has; empty where it has a custom one.

    A subclass that leaves `call` as it is computes what its base does, whatever it is called; a user's own class does
    not, though it be called Dense.
    """
    if isinstance(layer, PlainLayer):
        return layer.kind
    own = next(base for base in type(layer).__mro__ if base.__module__.partition(".")[0] in ("keras", "rowwise"))
    same = all(getattr(type(layer), name, None) is getattr(own, name, None) for name in ("call", "__call__"))
    return own.__name__ if same and "call" not in vars(layer) else ""


def own_method(part: Any) -> str | None:
    """A method of a layer, model, loss, metric or optimizer that is not the one its class was written with.

    Set on the object, `layer.call = …`, or on Keras's class by somebody else: it may compute anything. None where all
    are Keras's, or rowwise's, own.
    """
    kind = type(part)
    for name in vars(part):
        if name not in WRAPPED_BY_KERAS and callable(getattr(kind, name, None)):
            return name
    own = kind.__module__.startswith(("keras.", "rowwise."))
    for name in COMPUTING if own else ():
        module = getattr(getattr(kind, name, None), "__module__", "keras.")
        if not module.startswith(("keras.", "rowwise.")):
            return name
    return None


def activation_name(layer: Any) -> str:
    """What a layer ends with, as keras.activations calls it, or the name of the user's own function; empty for none."""
    for kind, name in ACTIVATION_LAYERS.items():
        if is_a(layer, kind):
            return name
    return getattr(attribute(layer, "activation"), "__name__", "")


def attribute(layer: Any, name: str) -> Any | None:
    """An attribute of a layer that may be the user's own: None where it has none, or fails to say."""
    try:
        return getattr(layer, name, None)
    except Exception:
        return None


def has_keras_activation(layer: Any) -> bool:
    """Whether the activation is one of Keras's, applied to all that the layer gives."""
    if is_a(layer, "Dense", "Activation"):
        return str(getattr(layer.activation, "__module__", "")).startswith(OURS)
    return is_a(layer, *ACTIVATION_LAYERS)


def dense_kernels(model: Any) -> list[keras.Variable]:
    """The kernels `(inputs, units)` of the model's Dense layers that are built, in order."""
    dense = (layer for layer in flat_layers(model) if is_a(layer, "Dense"))
    return [layer.kernel for layer in dense if layer.built]


def attention_sizes(layer: Any) -> dict[str, int]:
    """`num_heads` and `key_dim` of an attention layer that keeps them to itself; empty for any other."""
    return {name: getattr(layer, f"_{name}") for name in ("num_heads", "key_dim") if hasattr(layer, f"_{name}")}


def input_shape(model: keras.Model) -> Shape | None:
    """The shape of the model's one input, the axis of records first; None where it is not known."""
    shape = getattr(model, "input_shape", None) if model.built else None
    return shape if is_shape(shape) else None


def is_shape(shape: Any) -> bool:
    """Whether it is the shape of one tensor, and not a list or dictionary of several."""
    return isinstance(shape, tuple) and all(isinstance(size, int | None) for size in shape)


def is_model(model: Any) -> bool:
    """Whether Keras trains it: a Model, or a Layer that was given a Trainer's methods beside."""
    trained = all(hasattr(model, name) for name in ("compile", "fit", "train_step"))
    return isinstance(model, PlainModel) or is_a(model, "Model") or (is_a(model, "Layer") and trained)


def is_of_older_keras(model: Any) -> bool:
    """Whether a model was made by Keras 2, which TensorFlow brings as `tf_keras`, and once brought as `tf.keras`."""
    return any(base.__module__.startswith(OLDER_KERAS) for base in type(model).__mro__)


def is_functional(model: Any) -> bool:
    """Whether `keras.Model(inputs, outputs)` made it. What derives from that class may override `call`."""
    return kind_of(model) == "Functional"


def is_addition(operation: Any) -> bool:
    """Whether it adds up what it takes, a layer or `a + b`; one that takes a single tensor adds a number to it."""
    return kind_of(operation) == "Add"


def calls_of(operation: Any) -> list[Any]:
    """Every call by which a layer became part of a graph; each has `input_tensors` and `output_tensors`."""
    return list(operation._inbound_nodes)


def producer(tensor: Any) -> Any | None:
    """The layer whose output a symbolic tensor is; None for any other tensor."""
    return tensor._keras_history.operation if hasattr(tensor, "_keras_history") else None


def graph_calls(model: Any) -> Iterator[tuple[Any, Any | None]]:
    """(layer, call) in the order of computation, nested models unopened; a layer that is called twice comes twice.

    The call is None where the model has no graph: it is not built, or has its own `call`.
    """
    graph = getattr(model, "_functional", None) or model  # a Sequential keeps its graph one step further in
    nodes = {id(node) for level in getattr(graph, "_nodes_by_depth", {}).values() for node in level}
    for layer in getattr(graph, "operations", None) or layers_of(model):
        if not nodes and is_a(layer, "InputLayer"):
            continue
        calls = [call for call in calls_of(layer) if not nodes or id(call) in nodes]
        for call in calls or [None]:
            yield layer, call
