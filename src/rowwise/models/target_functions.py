"""What the last Dense layer gives, z → what a table's target is, in NumPy: counts, quantiles, a log scale, classes.

Layers of Keras that are saved with a model compute the same (`models.target_layers`). The native engine trains and
predicts z: `finish` makes the model's outputs of it, `targets` what its loss compares z with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from rowwise.models.plain import PlainLayer, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

TINY = 1e-30  # less than any rate or number on a log scale: what has no logarithm is told apart from 0 by it


class TargetFunction:
    """Base of those here: `(records, units)` → `(records, outputs)`."""

    loss: ClassVar[str] = ""  # the native engine's, of z

    take: Callable[..., None]  # holds the settings that the layer was made with; raises TypeError for others

    def finish(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the model gives."""
        raise NotImplementedError

    def targets(self, y: NDArray[Any]) -> NDArray[np.float32]:
        """What the loss of z compares z `(records, units)` with, of targets `(records,)` or `(records, outputs)`."""
        raise NotImplementedError

    def gives(self, units: int) -> int:
        """How many numbers it gives of so many; raises ValueError where it cannot take them."""
        return units


class Counts(TargetFunction):
    """Counts: `scale · exp(z)`, a log link; `scale` is the mean of the training records, or one for each target."""

    loss = "poisson_deviance"
    scale: float | list[float]

    def take(self, scale: float | Sequence[float]) -> None:
        self.scale = as_floats(scale)

    def finish(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            counts: NDArray[np.float32] = np.exp(z) * np.array(self.scale, np.float32)
        return counts

    def targets(self, y: NDArray[Any]) -> NDArray[np.float32]:
        return (y.reshape(len(y), -1) / np.array(self.scale)).astype(np.float32)

    def gives(self, units: int) -> int:
        return _each(units, self.scale)


class LogNumbers(TargetFunction):
    """Numbers above 0: `exp(scale · z + offset)`, of which scale and offset are what the logarithms of the training
    records deviate by and their mean. Where z is a mean, as the squared error makes it, this is a median."""

    loss = "mean_squared_error"
    scale: float | list[float]
    offset: float | list[float]

    def take(self, scale: float | Sequence[float], offset: float | Sequence[float]) -> None:
        self.scale, self.offset = as_floats(scale), as_floats(offset)

    def finish(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            numbers: NDArray[np.float32] = np.exp(
                z * np.array(self.scale, np.float32) + np.array(self.offset, np.float32)
            )
        return numbers

    def targets(self, y: NDArray[Any]) -> NDArray[np.float32]:
        logs = np.log(np.maximum(y.reshape(len(y), -1).astype(np.float64), TINY))
        return ((logs - np.array(self.offset)) / np.array(self.scale)).astype(np.float32)

    def gives(self, units: int) -> int:
        return _each(units, self.scale, self.offset)


class Quantiles(TargetFunction):
    """Quantiles that cannot cross: the first is z, each next one is softplus(z) above the one before; then times
    `scale` plus `offset`. `levels` are theirs, rising."""

    loss = "pinball"
    levels: list[float]
    scale: float
    offset: float

    def take(self, levels: Sequence[float], scale: float, offset: float) -> None:
        self.levels = [float(level) for level in levels]
        self.scale, self.offset = float(scale), float(offset)

    def finish(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        steps = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
        steps[:, 0] = z[:, 0]
        return np.cumsum(steps, axis=1) * np.float32(self.scale) + np.float32(self.offset)

    def targets(self, y: NDArray[Any]) -> NDArray[np.float32]:
        standardized = ((y.reshape(len(y), 1).astype(np.float64) - self.offset) / self.scale).astype(np.float32)
        return np.ascontiguousarray(np.broadcast_to(standardized, (len(y), len(self.levels))))


class OrderedLevels(TargetFunction):
    """Probabilities `(records, classes)` of ordered classes, of `classes - 1` numbers z.

    sigmoid(z) of a class is the probability that a record which has come so far goes on to a higher one (continuation
    ratios; Shi, Cao and Raschka 2021 train the same as CORN): the probabilities of going beyond a class only fall.
    """

    loss = "ordered_crossentropy"
    classes: int

    def take(self, classes: int) -> None:
        self.classes = int(classes)

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

    def gives(self, units: int) -> int:
        if units != self.classes - 1:
            raise ValueError(f"OrderedClasses: {units}, {self.classes}")
        return self.classes


FUNCTIONS: dict[str, type[TargetFunction]] = {  # by the names of the layers
    "CountsOfLogs": Counts,
    "NumbersOfLogs": LogNumbers,
    "RisingQuantiles": Quantiles,
    "OrderedClasses": OrderedLevels,
}


def plain_target_layer(kind: str, name: str, takes: Shape, settings: Mapping[str, Any]) -> PlainLayer:
    """The layer of one of FUNCTIONS as a file has it.

    Raises:
        ValueError, TypeError: settings that are none of its, or that do not go with what it takes.
    """
    _, units = takes
    assert units is not None
    layer = _PLAIN[kind].__new__(_PLAIN[kind])
    layer.take(**settings)
    PlainLayer.__init__(layer, kind, name, (takes,), (None, layer.gives(units)))
    return layer


def as_floats(scale: float | Sequence[float]) -> float | list[float]:
    """A scale, one for all targets or one each, as a configuration keeps it."""
    return [float(one) for one in scale] if isinstance(scale, Sequence) else float(scale)


def _each(units: int, *numbers: float | list[float]) -> int:
    """`units`, where the numbers are one for all of them or one for each."""
    if any(isinstance(given, list) and len(given) not in (1, units) for given in numbers):
        raise ValueError(f"{units}: {numbers!r:.80}")
    return units


_PLAIN: dict[str, Any] = {name: type(f"Plain{name}", (own, PlainLayer), {}) for name, own in FUNCTIONS.items()}
