"""A Dataset → a compiled `keras.Sequential` of Dense layers that takes its records as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.data.dataset import PIXEL_MAX
from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

    from rowwise.data.dataset import Dataset


def dense(
    dataset: Dataset,
    hidden: Sequence[int] = (100, 30),
    activation: str = "relu",
    dropout: float = 0.0,
    learning_rate: float = 1e-3,
    seed: int | None = None,
) -> keras.Sequential:
    """Input → Rescaling(1/255) → Flatten → Dense, … → Dense(classes, softmax), compiled.

    The optimizer is Adam, the loss sparse categorical cross-entropy (labels are class numbers), the
    metric accuracy. Rescaling is left out for records that are not uint8.

    Args:
        dataset: records `(records, ...)`; the input is `(None, ...)`, the output `(None, classes)`.
        hidden: units of each hidden layer, first to last; empty for logistic regression.
        activation: of the hidden layers, by Keras's names.
        dropout: share of each hidden layer's outputs set to 0 while training, 0 <= dropout < 1.
        learning_rate: Adam's.
        seed: same seed, same initial weights and dropout; None draws anew.

    Raises:
        UsageError: a width that is not a positive integer, an unknown activation, a dropout outside [0, 1).
    """
    import keras

    widths = [hidden] if isinstance(hidden, int) else list(hidden)
    for width in widths:
        if isinstance(width, bool) or not isinstance(width, int) or width < 1:
            raise UsageError("model.hidden", found=width)
    if not 0 <= dropout < 1:
        raise UsageError("model.dropout", found=dropout)
    if not learning_rate > 0:
        raise UsageError("model.learning_rate", found=learning_rate)
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
