"""What the last Dense layer gives → what a table's target is, as layers that Keras saves with a model; their losses.

Each layer stands after the last Dense layer, learns nothing, and computes what `models.target_functions` says, so that
the model's outputs are in the target's own units. The losses compare targets and outputs in their own units, as the
measures do, but are divided by what the targets vary by, so that they do not depend on the unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from rowwise.models.target_functions import (
    TINY,
    Counts,
    LogNumbers,
    OrderedLevels,
    Quantiles,
    TargetFunction,
    as_floats,
)


class TargetLayer(keras.Layer):
    """Base of the layers here: `(None, units)` → `(None, outputs)`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trainable": False, "dtype": "float32", **options})

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape


@keras.saving.register_keras_serializable("rowwise")
class CountsOfLogs(Counts, TargetLayer):
    """Counts, on a log link."""

    def __init__(self, scale: float | Sequence[float], **options: Any) -> None:
        super().__init__(**options)
        self.take(scale)

    def call(self, z: Any) -> Any:
        return keras.ops.exp(z) * keras.ops.convert_to_tensor(self.scale, "float32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable("rowwise")
class NumbersOfLogs(LogNumbers, TargetLayer):
    """Numbers above 0, on a log scale."""

    def __init__(self, scale: float | Sequence[float], offset: float | Sequence[float], **options: Any) -> None:
        super().__init__(**options)
        self.take(scale, offset)

    def call(self, z: Any) -> Any:
        scale, offset = (keras.ops.convert_to_tensor(part, "float32") for part in (self.scale, self.offset))
        return keras.ops.exp(z * scale + offset)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


@keras.saving.register_keras_serializable("rowwise")
class RisingQuantiles(Quantiles, TargetLayer):
    """Quantiles that cannot cross."""

    def __init__(self, levels: Sequence[float], scale: float, offset: float, **options: Any) -> None:
        super().__init__(**options)
        self.take(levels, scale, offset)

    def call(self, z: Any) -> Any:
        ops = keras.ops
        steps = ops.concatenate([z[:, :1], ops.softplus(z[:, 1:])], axis=1)
        return ops.cumsum(steps, axis=1) * self.scale + self.offset

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "levels": self.levels, "scale": self.scale, "offset": self.offset}


@keras.saving.register_keras_serializable("rowwise")
class OrderedClasses(OrderedLevels, TargetLayer):
    """Probabilities `(None, classes)` of ordered classes, of `classes - 1` numbers z."""

    def __init__(self, classes: int, **options: Any) -> None:
        super().__init__(**options)
        self.take(classes)

    def call(self, z: Any) -> Any:
        ops = keras.ops
        one = ops.ones_like(z[:, :1])
        reached = ops.concatenate([one, ops.cumprod(ops.sigmoid(z), axis=1)], axis=1)
        return reached * ops.concatenate([ops.sigmoid(-z), one], axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], self.classes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "classes": self.classes}


@keras.saving.register_keras_serializable("rowwise")
class PoissonDeviance(keras.losses.Loss):
    """The mean over the targets of `2 (y log(y / p) - y + p) / scale`, `scale` being the targets' means."""

    def __init__(self, scale: float | Sequence[float], **options: Any) -> None:
        super().__init__(**{"name": "poisson_deviance", **options})
        self.scale = as_floats(scale)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        ops = keras.ops
        y_true, y_pred, scale = aligned(y_true, y_pred, self.scale)
        true, rate = y_true / scale, y_pred / scale
        logs = ops.log(ops.maximum(true, TINY)) - ops.log(ops.maximum(rate, TINY))
        return ops.mean(2 * (true * logs - true + rate), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable("rowwise")
class SquaredLogError(keras.losses.Loss):
    """The mean over the targets of `((log y - log p) / scale)²`, `scale` being what their logarithms deviate by."""

    def __init__(self, scale: float | Sequence[float], **options: Any) -> None:
        super().__init__(**{"name": "squared_log_error", **options})
        self.scale = as_floats(scale)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        ops = keras.ops
        y_true, y_pred, scale = aligned(y_true, y_pred, self.scale)
        logs = ops.log(ops.maximum(y_true, TINY)) - ops.log(ops.maximum(y_pred, TINY))
        return ops.mean(ops.square(logs / scale), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable("rowwise")
class PinballLoss(keras.losses.Loss):
    """The mean over quantiles of the pinball loss, divided by `scale`, the target's standard deviation.

    Of one quantile of level τ: τ (y - q) where y is above it, (1 - τ) (q - y) elsewhere.
    """

    def __init__(self, levels: Sequence[float], scale: float, **options: Any) -> None:
        super().__init__(**{"name": "pinball", **options})
        self.levels, self.scale = [float(level) for level in levels], float(scale)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        ops = keras.ops
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.reshape(ops.cast(y_true, y_pred.dtype), (-1, 1))
        levels = ops.convert_to_tensor(self.levels, y_pred.dtype)
        error = (y_true - y_pred) / self.scale
        return ops.mean(ops.where(error >= 0, levels * error, (levels - 1) * error), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "levels": self.levels, "scale": self.scale}


def loss_fits(layer: TargetFunction, loss: Any) -> bool:
    """Whether a compiled loss is the one that the layer's `loss` is in terms of z."""
    if type(layer) is OrderedClasses:
        return loss == "sparse_categorical_crossentropy" or type(loss) is keras.losses.SparseCategoricalCrossentropy
    if type(layer) is RisingQuantiles:
        return type(loss) is PinballLoss and (loss.levels, loss.scale) == (layer.levels, layer.scale)
    if type(layer) is CountsOfLogs:
        return type(loss) is PoissonDeviance and loss.scale == layer.scale
    return type(layer) is NumbersOfLogs and type(loss) is SquaredLogError and loss.scale == layer.scale


def aligned(y_true: Any, y_pred: Any, scale: Any) -> tuple[Any, Any, Any]:
    """What a loss takes and its scale: all three as tensors, of one type and of shapes that go together."""
    y_pred = keras.ops.convert_to_tensor(y_pred)
    y_true = keras.ops.reshape(keras.ops.cast(y_true, y_pred.dtype), keras.ops.shape(y_pred))
    return y_true, y_pred, keras.ops.convert_to_tensor(scale, y_pred.dtype)
