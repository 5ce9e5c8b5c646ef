"""A Keras layer with weights, or an activation → its description for the native engine, or what the engine has not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.engine.native.bfloat16 import is_mixed
from rowwise.engine.native.network_description import ACTIVATIONS, LayerDescription
from rowwise.engine.protocol import Unsupported
from rowwise.models.activations import FUNCTIONS
from rowwise.models.keras_view import layer_title, own_method
from rowwise.models.kinds import is_a, is_plain, kind_of

if TYPE_CHECKING:
    import keras

LEAKS = {"leaky_relu": 0.2, "elu": 1.0}  # the defaults of Keras's functions of these names

# Of layers with weights: their two variables, in the engine's order.
KERNELS, BIASES = ("kernel", "gamma"), ("bias", "beta")


def check_methods(part: Any, title: str) -> None:
    """Raises Unsupported where the user has replaced a method of it."""
    if not is_plain(part) and (name := own_method(part)):
        raise Unsupported(f"{title}, {name}")


def kernel_and_bias(layer: Any) -> dict[str, Any]:
    """What a layer trains, by name, in the engine's order: kernel and bias, or gamma and beta; those that it has."""
    return {name: variable for name in KERNELS + BIASES if (variable := getattr(layer, name, None)) is not None}


def moving_statistics(layer: Any) -> list[Any]:
    """What a layer keeps of the batches that it has seen."""
    return [layer.moving_mean, layer.moving_variance] if is_a(layer, "BatchNormalization") else []


def dense(layer: keras.layers.Dense, dropout: float) -> LayerDescription:
    """`dropout` is that of its inputs."""
    _check_options(layer, "kernel_constraint", "bias_constraint", "lora_rank", "quantization_mode")
    name = function_name(layer, layer.activation)
    kernel, bias = (_penalty(layer, regularizer) for regularizer in (layer.kernel_regularizer, layer.bias_regularizer))
    return LayerDescription(
        inputs=int(layer.kernel.shape[0]),
        units=int(layer.kernel.shape[1]),
        activation=name,
        leak=LEAKS.get(name, 0.0),
        bias=bool(layer.use_bias),
        dropout=dropout,
        kernel_l1=kernel[0],
        kernel_l2=kernel[1],
        bias_l1=bias[0],
        bias_l2=bias[1],
        bfloat16=is_mixed(layer),
        rounds_outputs=is_mixed(layer),
    )


NORMALIZATIONS = {
    "BatchNormalization": "batch_normalization",
    "LayerNormalization": "layer_normalization",
}


def normalization(layer: keras.Layer, units: int) -> LayerDescription:
    """Of one of NORMALIZATIONS, of inputs `(records, units)`."""
    _check_options(layer, "gamma_constraint", "beta_constraint")
    if getattr(layer, "rms_scaling", False):
        raise Unsupported(f"{layer_title(layer)}, rms_scaling")
    if layer.axis not in (-1, 1, [-1], [1]):
        raise Unsupported(f"{layer_title(layer)}, axis={layer.axis}")
    gamma, beta = (_penalty(layer, regularizer) for regularizer in (layer.gamma_regularizer, layer.beta_regularizer))
    return LayerDescription(
        kind=NORMALIZATIONS[kind_of(layer)],
        inputs=units,
        units=units,
        kernel=bool(layer.scale),
        bias=bool(layer.center),
        momentum=float(getattr(layer, "momentum", 0.0)),
        epsilon=float(layer.epsilon),
        kernel_l1=gamma[0],
        kernel_l2=gamma[1],
        bias_l1=beta[0],
        bias_l2=beta[1],
        bfloat16=is_mixed(layer),
        rounds_outputs=is_mixed(layer),
    )


def _check_options(layer: keras.Layer, *names: str) -> None:
    for name in names:
        if getattr(layer, name, None) is not None:
            raise Unsupported(f"{layer_title(layer)}, {name}")


def _penalty(layer: keras.Layer, regularizer: Any) -> tuple[float, float]:
    if regularizer is None:
        return 0.0, 0.0
    if kind_of(regularizer) not in ("L1", "L2", "L1L2"):
        raise Unsupported(f"{layer_title(layer)}, {type(regularizer).__name__}")
    return float(getattr(regularizer, "l1", 0.0)), float(getattr(regularizer, "l2", 0.0))


def function_name(layer: Any, function: Any) -> str:
    """One of ACTIVATIONS."""
    if (name := getattr(function, "__name__", "")) in ACTIVATIONS and function is FUNCTIONS[name]:
        return name
    import keras

    for name in ACTIVATIONS:
        if function is getattr(keras.activations, name):
            return name
    raise Unsupported(f"{layer_title(layer)}, {getattr(function, '__name__', type(function).__name__)}")


def activation_of(layer: Any) -> tuple[str, float]:
    """Name and leak of a layer that is an activation by itself."""
    kind = kind_of(layer)
    if kind == "Activation":
        name = function_name(layer, layer.activation)
        return name, LEAKS.get(name, 0.0)
    if kind == "ReLU" and layer.max_value is None and not layer.threshold:
        leak = float(layer.negative_slope)
        return ("leaky_relu", leak) if leak else ("relu", 0.0)
    if kind == "LeakyReLU":
        return "leaky_relu", float(layer.negative_slope)
    if kind == "ELU":
        return "elu", float(layer.alpha)
    if kind == "Softmax" and layer.axis == -1:
        return "softmax", 0.0
    raise Unsupported(layer_title(layer))
