"""A Dataset → a compiled `keras.Sequential` of Dense layers that takes its records as they are."""

from __future__ import annotations

import math
import operator
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from rowwise.data.dataset import PIXEL_MAX, Dataset
from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras


def dense(
    dataset: Dataset,
    hidden: Sequence[int] = (100, 30),
    activation: str = "relu",
    dropout: float = 0.0,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 1e-3,
    seed: int | None = None,
) -> keras.Sequential:
    """Input → Rescaling(1/255) → Flatten → Dense, … → Dense(classes, softmax), compiled.

    The optimizer is Adam, the loss sparse categorical cross-entropy (labels are class numbers), the
    metric accuracy. Rescaling is left out for records that are not integers.

    Args:
        dataset: records `(records, ...)`; the input is `(None, ...)`, the output `(None, classes)`.
        hidden: units of each hidden layer, first to last; empty for logistic regression.
        activation: of the hidden layers, by Keras's names.
        dropout: share of each hidden layer's outputs set to 0 while training, 0 <= dropout < 1.
        learning_rate: Adam's; a number or one of Keras's schedules.
        seed: same seed, same initial weights and dropout; None draws anew.

    Raises:
        UsageError: no Dataset, a width that is not a positive integer, an unknown activation, a dropout outside
            [0, 1), a negative seed.
    """
    import keras

    if not isinstance(dataset, Dataset):
        raise UsageError("model.dataset", found=type(dataset).__name__)
    widths = _widths(hidden)
    if not (isinstance(dropout, Real) and 0 <= dropout < 1):
        raise UsageError("model.dropout", found=repr(dropout))
    schedule = isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule)
    if not schedule and not (isinstance(learning_rate, Real) and 0 < learning_rate < math.inf):
        raise UsageError("model.learning_rate", found=repr(learning_rate))
    if seed is not None and not (isinstance(seed, Integral) and seed >= 0):
        raise UsageError("model.seed", found=repr(seed))
    try:
        keras.activations.get(activation)
    except ValueError:
        raise UsageError("model.activation", found=activation) from None

    seeds = keras.random.SeedGenerator(seed) if seed is not None else None

    def layer(units: int, name: str, activation: str) -> keras.layers.Dense:
        return keras.layers.Dense(
            units, activation=activation, kernel_initializer=keras.initializers.GlorotUniform(seed=draw()), name=name
        )

    def draw() -> int | None:
        # Each layer needs a seed of its own, or equal layers would start equal.
        return None if seeds is None else int(keras.random.randint((), 0, 2**31 - 1, seed=seeds))

    layers: list[keras.Layer] = [keras.Input(dataset.shape, name="records")]
    if dataset.x.dtype.kind in "iu":
        layers.append(keras.layers.Rescaling(1 / PIXEL_MAX, name="rescaling"))
    layers.append(keras.layers.Flatten(name="flatten"))
    for number, units in enumerate(widths, 1):
        layers.append(layer(units, f"hidden_{number}", activation))
        if dropout:
            layers.append(keras.layers.Dropout(dropout, seed=draw(), name=f"dropout_{number}"))
    layers.append(layer(len(dataset.classes), "classes", "softmax"))
    model = keras.Sequential(layers, name="dense")
    model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _widths(hidden: Sequence[int] | int) -> list[int]:
    try:
        given: list[Any] = [hidden] if isinstance(hidden, Integral) else list(hidden)  # type: ignore[arg-type]
        widths = [operator.index(width) for width in given if not isinstance(width, bool)]
    except TypeError:  # None, a float, text
        raise UsageError("model.hidden", found=repr(hidden)) from None
    if len(widths) != len(given) or min(widths, default=1) < 1:
        raise UsageError("model.hidden", found=repr(hidden))
    return widths
