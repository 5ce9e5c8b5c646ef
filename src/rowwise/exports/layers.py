"""A layer of a trained Keras model → the steps that compute it, for each kind of layer that can be exported."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.errors import ModelError
from rowwise.exports.activations import activation, elu, leaky_relu, plain
from rowwise.models.encoding import FeatureEncoding
from rowwise.models.keras_view import layer_kind, layer_title, own_method
from rowwise.models.preparation import Columns, Preparation
from rowwise.models.table_features import computed
from rowwise.models.target_layers import CountsOfLogs, NumbersOfLogs, OrderedClasses, RisingQuantiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowwise.exports.tracing import Traced

K = keras.layers
# What a trained model hands through as it is.
PASSIVE: tuple[type[Any], ...] = (
    *(K.Identity, K.Dropout, K.AlphaDropout, K.GaussianDropout, K.GaussianNoise, K.ActivityRegularization),
    *(K.SpatialDropout1D, K.SpatialDropout2D, K.SpatialDropout3D),
)


def steps_of_layer(layer: Any, takes: list[Traced]) -> Traced:
    """What a layer makes of its inputs.

    Raises:
        ModelError: a layer that cannot be exported, named: the user's own, of a kind that is not here, or with an
            option that is not here.
    """
    x = takes[0]
    x.tracer.layer = layer.name
    if not layer_kind(layer) or own_method(layer) is not None:
        raise refused(layer, "export.layer.own")
    if layer.dtype_policy.name != "float32" or getattr(layer, "quantization_mode", None) is not None:
        raise refused(
            layer, "export.layer.type", found=getattr(layer, "quantization_mode", None) or layer.dtype_policy.name
        )
    if isinstance(layer, PASSIVE):
        return x
    for kind, several in MERGING.items():
        if isinstance(layer, kind):
            return several(layer, takes)
    for kind, one in COMPUTING.items():
        if isinstance(layer, kind) and len(takes) == 1:
            return one(layer, x)
    raise refused(layer, "export.layer.kind")


def refused(layer: Any, key: str = "export.layer.kind", **values: Any) -> ModelError:
    """The sentence that names the layer."""
    return ModelError(key, layer=layer_title(layer), **values)


def activated(layer: Any, function: Any, x: Traced) -> Traced:
    """What an activation function makes of x."""
    found = activation(function)
    if found is None or (len(x.shape) > 1 and function in (keras.activations.softmax, keras.activations.log_softmax)):
        raise refused(layer, "export.layer.activation", name=getattr(function, "__name__", type(function).__name__))
    return found(x)


def _preparation(layer: Preparation, x: Traced) -> Traced:
    return computed(x.tracer, x.tracer.cast(x, "float32"), layer.recipe)


def _encoding(layer: FeatureEncoding, x: Traced) -> Traced:
    return layer.computed(x.tracer, x)


def _some_columns(layer: Columns, x: Traced) -> Traced:
    return x[:, layer.first : layer.last]


def _dense(layer: Any, x: Traced) -> Traced:
    if len(x.shape) != 1:
        raise refused(layer, "export.layer.shape", shape=(None, *x.shape))
    x = x.tracer.matmul(x, x.tracer.constant(np.asarray(layer.kernel, np.float32), f"{layer.name}.kernel"))
    if layer.use_bias:
        x = x.tracer.step("add", x, x.tracer.constant(np.asarray(layer.bias, np.float32), f"{layer.name}.bias"))
    return activated(layer, layer.activation, x)


def _embedding(layer: Any, x: Traced) -> Traced:
    if x.shape != (1,) or layer.mask_zero:
        raise refused(layer, "export.layer.shape", shape=(None, *x.shape))
    table = np.asarray(layer.embeddings, np.float32)
    name = x.tracer.constant(table, f"{layer.name}.embeddings")
    return x.tracer.step("rows", x, name, columns=table.shape[1]).shaped((1, table.shape[1]))


def _relu(layer: Any, x: Traced) -> Traced:
    if layer.threshold:
        raise refused(layer, "export.layer.option", option=f"threshold={layer.threshold}")
    x = leaky_relu(x, float(layer.negative_slope)) if layer.negative_slope else plain("relu")(x)
    return x if layer.max_value is None else x.tracer.step("minimum", x, float(layer.max_value))


def _prelu(layer: Any, x: Traced) -> Traced:
    return leaky_relu(x, np.broadcast_to(np.asarray(layer.alpha, np.float32), x.shape).ravel())


def _softmax(layer: Any, x: Traced) -> Traced:
    if layer.axis not in (-1, 1) or len(x.shape) != 1:
        raise refused(layer, "export.layer.shape", shape=(None, *x.shape))
    return plain("softmax")(x)


def _reshaped(layer: Any, x: Traced) -> Traced:
    if getattr(layer, "data_format", "channels_last") != "channels_last" and len(x.shape) > 2:
        raise refused(layer, "export.layer.option", option="data_format=channels_first")
    return x.shaped(tuple(layer.compute_output_shape((None, *x.shape))[1:]))


def _over(x: Traced, values: Any) -> Any:
    """For each column of x what `values`, one number or an array that Keras would broadcast, has there."""
    array = np.asarray(values, np.float32)
    return array.reshape(()) if array.size == 1 else np.broadcast_to(array, (1, *x.shape)).ravel()


def _rescaling(layer: Any, x: Traced) -> Traced:
    x = x * _over(x, layer.scale)
    return x if not np.any(layer.offset) else x + _over(x, layer.offset)


def _normalization(layer: Any, x: Traced) -> Traced:
    if not layer.built:
        raise refused(layer)
    deviation = np.maximum(np.sqrt(np.asarray(layer.variance, np.float32)), np.float32(keras.backend.epsilon()))
    mean = _over(x, layer.mean)
    return x * _over(x, deviation) + mean if layer.invert else (x - mean) / _over(x, deviation)


def _batch_normalization(layer: Any, x: Traced) -> Traced:
    axis = layer.axis % (len(x.shape) + 1) - 1
    shape = [size if place == axis else 1 for place, size in enumerate(x.shape)]

    def over(values: Any) -> Any:
        return _over(x, np.asarray(values, np.float32).reshape(1, *shape))

    scale = 1 / np.sqrt(np.asarray(layer.moving_variance, np.float64) + layer.epsilon)
    scale = scale * np.asarray(layer.gamma) if layer.scale else scale
    x = (x - over(layer.moving_mean)) * over(scale)
    return x + over(layer.beta) if layer.center else x


def _layer_normalization(layer: Any, x: Traced) -> Traced:
    if len(x.shape) != 1 or getattr(layer, "rms_scaling", False):
        raise refused(layer, "export.layer.shape", shape=(None, *x.shape))
    count = float(x.array.columns)
    centred = x - x.tracer.step("row_sum", x, columns=1) / count
    variance = x.tracer.step("row_sum", centred * centred, columns=1) / count
    x = centred / x.tracer.sqrt(variance + float(layer.epsilon))
    x = x * np.asarray(layer.gamma, np.float32) if layer.scale else x
    return x + np.asarray(layer.beta, np.float32) if layer.center else x


def _counts(layer: CountsOfLogs, z: Traced) -> Traced:
    return z.tracer.step("exp", z) * _over(z, layer.scale)


def _numbers_of_logs(layer: NumbersOfLogs, z: Traced) -> Traced:
    return z.tracer.step("exp", z * _over(z, layer.scale) + _over(z, layer.offset))


def _quantiles(layer: RisingQuantiles, z: Traced) -> Traced:
    ops, units = z.tracer, z.array.columns
    steps = ops.concatenate([z[:, :1], plain("softplus")(z[:, 1:])]) if units > 1 else z
    sums = ops.matmul(steps, np.triu(np.ones((units, units), np.float32)))  # of those up to each
    return sums * layer.scale + layer.offset


def _ordered(layer: OrderedClasses, z: Traced) -> Traced:
    ops, going_on = z.tracer, plain("sigmoid")(z)
    one = ops.where(ops.isnan(z[:, :1]), 1.0, 1.0)
    reached = [one]
    for place in range(z.array.columns):
        reached.append(reached[-1] * going_on[:, place : place + 1])
    return ops.concatenate(reached) * ops.concatenate([plain("sigmoid")(-z), one])


def _concatenated(layer: Any, takes: list[Traced]) -> Traced:
    shapes = {taken.shape[:-1] for taken in takes}
    if layer.axis not in (-1, len(takes[0].shape)) or len(shapes) > 1 or math.prod(takes[0].shape[:-1]) != 1:
        raise refused(layer, "export.layer.shape", shape=(None, *takes[0].shape))
    columns = sum(taken.shape[-1] for taken in takes)
    return takes[0].tracer.concatenate(takes).shaped((*takes[0].shape[:-1], columns))


def _merged(operation: str) -> Callable[[Any, list[Traced]], Traced]:
    def merged(layer: Any, takes: list[Traced]) -> Traced:
        if len({taken.shape for taken in takes}) > 1:
            raise refused(layer, "export.layer.shape", shape=(None, *takes[1].shape))
        total = takes[0]
        for taken in takes[1:]:
            total = total.tracer.step(operation, total, taken)
        return total / float(len(takes)) if isinstance(layer, K.Average) else total

    return merged


MERGING: dict[type[Any], Callable[[Any, list[Any]], Any]] = {
    K.Concatenate: _concatenated,
    K.Add: _merged("add"),
    K.Subtract: _merged("subtract"),
    K.Multiply: _merged("multiply"),
    K.Average: _merged("add"),
    K.Maximum: _merged("maximum"),
    K.Minimum: _merged("minimum"),
}
COMPUTING: dict[type[Any], Callable[[Any, Any], Any]] = {
    Preparation: _preparation,
    FeatureEncoding: _encoding,
    Columns: _some_columns,
    CountsOfLogs: _counts,
    NumbersOfLogs: _numbers_of_logs,
    RisingQuantiles: _quantiles,
    OrderedClasses: _ordered,
    K.Dense: _dense,
    K.Embedding: _embedding,
    K.Activation: lambda layer, x: activated(layer, layer.activation, x),
    K.ReLU: _relu,
    K.LeakyReLU: lambda layer, x: leaky_relu(x, float(layer.negative_slope)),
    K.ELU: lambda layer, x: elu(x, float(layer.alpha)),
    K.PReLU: _prelu,
    K.Softmax: _softmax,
    K.Flatten: _reshaped,
    K.Reshape: _reshaped,
    K.Rescaling: _rescaling,
    K.Normalization: _normalization,
    K.BatchNormalization: _batch_normalization,
    K.LayerNormalization: _layer_normalization,
}
