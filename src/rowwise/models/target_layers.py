"""What the last Dense layer gives, z → what a table's target is: counts, quantiles, a log scale, ordered classes.

Each layer stands after the last Dense layer, learns nothing, and is saved with the model, so that its outputs are in
the target's own units. The same arithmetic runs in NumPy, `finish`, and the other way round, `targets`: the native
engine trains and predicts z. The losses compare targets and outputs in their own units, as the measures do, but are
divided by what the targets vary by, so that they do not depend on the unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TINY = 1e-30  # less than any rate or number on a log scale: what has no logarithm is told apart from 0 by it


class TargetLayer(keras.Layer):
    """Base of the layers here: `(None, units)` → `(None, outputs)`."""

    loss: ClassVar[str] = ""  # the native engine's, of z

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trainable": False, "dtype": "float32", **options})

    def finish(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `call`, in NumPy."""
        raise NotImplementedError

    def targets(self, y: NDArray[Any]) -> NDArray[np.float32]:
        """What the loss of z compares z `(records, units)` with, of targets `(records,)` or `(records, outputs)`."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape


@keras.saving.register_keras_serializable("rowwise")
class CountsOfLogs(TargetLayer):
    """Counts: `scale · exp(z)`, a log link; `scale` is the mean of the training records, or one for each target."""

    loss = "poisson_deviance"

    def __init__(self, scale: float | Sequence[float], **options: Any) -> None:
        super().__init__(**options)
        self.scale = as_floats(scale)

    def call(self, z: Any) -> Any:
        return keras.ops.exp(z) * keras.ops.convert_to_tensor(self.scale, "float32")

    def finish(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            counts: NDArray[np.float32] = np.exp(z) * np.array(self.scale, np.float32)
        return counts

    def targets(self, y: NDArray[Any]) -> NDArray[np.float32]:
        return (y.reshape(len(y), -1) / np.array(self.scale)).astype(np.float32)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable("rowwise")
class NumbersOfLogs(TargetLayer):
    """Numbers above 0: `exp(scale · z + offset)`, of which scale and offset are what the logarithms of the training
    records deviate by and their mean. Where z is a mean, as the squared error makes it, this is a median."""

    loss = "mean_squared_error"

    def __init__(self, scale: float | Sequence[float], offset: float | Sequence[float], **options: Any) -> None:
        super().__init__(**options)
        self.scale, self.offset = as_floats(scale), as_floats(offset)

    def call(self, z: Any) -> Any:
        scale, offset = (keras.ops.convert_to_tensor(part, "float32") for part in (self.scale, self.offset))
        return keras.ops.exp(z * scale + offset)

    def finish(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            numbers: NDArray[np.float32] = np.exp(
                z * np.array(self.scale, np.float32) + np.array(self.offset, np.float32)
            )
        return numbers

    def targets(self, y: NDArray[Any]) -> NDArray[np.float32]:
        logs = np.log(np.maximum(y.reshape(len(y), -1).astype(np.float64), TINY))
        return ((logs - np.array(self.offset)) / np.array(self.scale)).astype(np.float32)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


@keras.saving.register_keras_serializable("rowwise")
class RisingQuantiles(TargetLayer):
    """Quantiles that cannot cross: the first is z, each next one is softplus(z) above the one before; then times
    `scale` plus `offset`. `levels` are theirs, rising."""

    loss = "pinball"

    def __init__(self, levels: Sequence[float], scale: float, offset: float, **options: Any) -> None:
        super().__init__(**options)
        self.levels = [float(level) for level in levels]
        self.scale, self.offset = float(scale), float(offset)

    def call(self, z: Any) -> Any:
        ops = keras.ops
        steps = ops.concatenate([z[:, :1], ops.softplus(z[:, 1:])], axis=1)
        return ops.cumsum(steps, axis=1) * self.scale + self.offset

    def finish(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        steps = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
        steps[:, 0] = z[:, 0]
        return np.cumsum(steps, axis=1) * np.float32(self.scale) + np.float32(self.offset)

    def targets(self, y: NDArray[Any]) -> NDArray[np.float32]:
        standardized = ((y.reshape(len(y), 1).astype(np.float64) - self.offset) / self.scale).astype(np.float32)
        return np.ascontiguousarray(np.broadcast_to(standardized, (len(y), len(self.levels))))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "levels": self.levels, "scale": self.scale, "offset": self.offset}


@keras.saving.register_keras_serializable("rowwise")
class OrderedClasses(TargetLayer):
    """Probabilities `(None, classes)` of ordered classes, of `classes - 1` numbers z.

    sigmoid(z) of a class is the probability that a record which has come so far goes on to a higher one (continuation
    ratios; Shi, Cao and Raschka 2021 train the same as CORN): the probabilities of going beyond a class only fall.
    """

    loss = "ordered_crossentropy"

    def __init__(self, classes: int, **options: Any) -> None:
        super().__init__(**options)
        self.classes = int(classes)

    def call(self, z: Any) -> Any:
        ops = keras.ops
        one = ops.ones_like(z[:, :1])
        reached = ops.concatenate([one, ops.cumprod(ops.sigmoid(z), axis=1)], axis=1)
        return reached * ops.concatenate([ops.sigmoid(-z), one], axis=1)

    def finish(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        small = np.exp(-np.abs(z))
        on, off = (np.where(sign * z >= 0, 1, small) / (1 + small) for sign in (1, -1))
        one = np.ones((len(z), 1), np.float32)
        reached = np.concatenate([one, np.cumprod(on, axis=1)], axis=1)
        return (reached * np.concatenate([off, one], axis=1)).astype(np.float32)

    def targets(self, y: NDArray[Any]) -> NDArray[np.float32]:
        """Of each class but the last: 1 where a record goes on from it, 0 where it is the record's, -1 beyond that."""
        own, number = y.reshape(len(y), 1), np.arange(self.classes - 1)
        return np.where(number < own, 1, np.where(number == own, 0, -1)).astype(np.float32)

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


def loss_fits(layer: TargetLayer, loss: Any) -> bool:
    """Whether a compiled loss is the one that the layer's `loss` is in terms of z."""
    if type(layer) is OrderedClasses:
        return loss == "sparse_categorical_crossentropy" or type(loss) is keras.losses.SparseCategoricalCrossentropy
    if type(layer) is RisingQuantiles:
        return type(loss) is PinballLoss and (loss.levels, loss.scale) == (layer.levels, layer.scale)
    if type(layer) is CountsOfLogs:
        return type(loss) is PoissonDeviance and loss.scale == layer.scale
    return type(layer) is NumbersOfLogs and type(loss) is SquaredLogError and loss.scale == layer.scale


def as_floats(scale: float | Sequence[float]) -> float | list[float]:
    """A loss's scale, one for all targets or one each, as its configuration keeps it."""
    return [float(one) for one in scale] if isinstance(scale, Sequence) else float(scale)


def aligned(y_true: Any, y_pred: Any, scale: Any) -> tuple[Any, Any, Any]:
    """What a loss takes and its scale: all three as tensors, of one type and of shapes that go together."""
    y_pred = keras.ops.convert_to_tensor(y_pred)
    y_true = keras.ops.reshape(keras.ops.cast(y_true, y_pred.dtype), keras.ops.shape(y_pred))
    return y_true, y_pred, keras.ops.convert_to_tensor(scale, y_pred.dtype)
