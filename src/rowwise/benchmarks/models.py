"""Models beyond plain chains of Dense layers → seconds of an epoch, and of a first fit, by rowwise and Keras."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.benchmarks.contestants import STEPS_PER_EXECUTION
from rowwise.benchmarks.timing import output, seconds_of, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    Made = tuple[keras.Model, Any, Any]  # a model that is not compiled, x and y
    Row = dict[str, Any]

BATCH_SIZES = (32, 128)
RECORDS, PICTURES = 8192, 2048
EPOCHS = 5  # a fit: what a fit costs beside its epochs counts as it does for those who train for a few
FIRST_FIT = Path(__file__).with_name("first_fit_script.py")


def models(repeats: int, against: list[str]) -> list[Row]:
    """Seconds of an epoch after warm-up of each kind of model, trained in turn: a row for kind, batch size and trainer.

    They are those of a fit of `EPOCHS`, divided by these. `rowwise.fit` takes the engine it chooses. The ratio is the
    median of the ratios within each round.
    """
    rows: list[Row] = []
    for (kind, make), batch_size in itertools.product(KINDS.items(), BATCH_SIZES):
        run = {"rowwise": _rowwise(make(), batch_size)}
        for steps in (STEPS_PER_EXECUTION, 1) if "keras" in against else ():
            name = "keras" + (f", steps_per_execution={steps}" if steps > 1 else "")
            run[name] = _keras(make(), batch_size, steps)
        seconds: dict[str, list[float]] = {name: [] for name in run}
        for turn, (name, epochs) in itertools.product(range(repeats + 1), run.items()):
            took = seconds_of(epochs)
            if turn:  # the first compiles
                seconds[name].append(took / EPOCHS)
        rows += [{"model": kind, "batch_size": batch_size, **row} for row in side_by_side(seconds, "rowwise")]
    return rows


def first(repeats: int) -> list[Row]:
    """Seconds of the first fit of a process, one epoch of 2,000 records, in turn; importing Keras is not counted."""
    seconds: dict[str, list[float]] = {"rowwise, native": [], "rowwise, whole_epoch": [], "keras": []}
    for turn, (name, taken) in itertools.product(range(repeats + 1), seconds.items()):
        took = float(output([sys.executable, str(FIRST_FIT), name.split(", ")[-1]]))
        if turn:  # the first fills the caches of the system
            taken.append(took)
    return side_by_side(seconds, "keras")


def _rowwise(made: Made, batch_size: int) -> Callable[[], object]:
    from rowwise.engine import fit

    model, x, y = made
    _compile(model, 1)
    numbers = itertools.count()

    def epochs() -> object:
        done = next(numbers) * EPOCHS
        return fit(model, x, y, batch_size=batch_size, epochs=done + EPOCHS, initial_epoch=done, verbose=0)

    return epochs


def _keras(made: Made, batch_size: int, steps: int) -> Callable[[], object]:
    model, x, y = made
    _compile(model, steps)
    return lambda: model.fit(x, y, batch_size=batch_size, epochs=EPOCHS, verbose=0)


def _compile(model: keras.Model, steps: int) -> None:
    loss = "binary_crossentropy" if model.output_shape[-1] == 1 else "sparse_categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"], steps_per_execution=steps)


def _normalized() -> Made:
    """Dense, BatchNormalization, ReLU, Dropout, twice."""
    from keras import Input, Sequential, layers

    blocks = [
        layer
        for units in (128, 64)
        for layer in (layers.Dense(units), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.3))
    ]
    random = np.random.default_rng(0)
    x, y = random.normal(size=(RECORDS, 32)).astype("float32"), random.integers(0, 5, RECORDS)
    return Sequential([Input((32,)), *blocks, layers.Dense(5, "softmax")]), x, y


def _residual() -> Made:
    """Three blocks of two Dense layers, to which their inputs are added."""
    from keras import Input, Model, layers

    inputs = Input((32,))
    h = layers.Dense(64, "relu")(inputs)
    for _ in range(3):
        block = layers.Dense(64)(layers.Dense(64, "relu")(h))
        h = layers.ReLU()(layers.Add()([h, block]))
    random = np.random.default_rng(0)
    x, y = random.normal(size=(RECORDS, 32)).astype("float32"), random.integers(0, 5, RECORDS)
    return Model(inputs, layers.Dense(5, "softmax")(h)), x, y


def _convolutional() -> Made:
    """Two convolutions with max-pooling over pictures of 28 × 28, and a Dense layer."""
    from keras import Input, Sequential, layers

    blocks = [
        layer for filters in (16, 32) for layer in (layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D())
    ]
    end = [layers.Flatten(), layers.Dropout(0.5), layers.Dense(10, "softmax")]
    random = np.random.default_rng(0)
    x, y = random.random((PICTURES, 28, 28, 1), dtype="float32"), random.integers(0, 10, PICTURES)
    return Sequential([Input((28, 28, 1)), *blocks, *end]), x, y


def _table() -> Made:
    """Numbers and two categories, which are embedded."""
    from keras import Input, Model, layers

    numbers, levels = Input((8,), name="numbers"), {"a": 50, "b": 200}
    inputs = {name: Input((), dtype="int32", name=name) for name in levels}
    embedded = [layers.Embedding(count, 16)(inputs[name]) for name, count in levels.items()]
    h = layers.Concatenate()([numbers, *embedded])
    for units in (64, 32):
        h = layers.Dense(units, "relu")(h)
    random = np.random.default_rng(0)
    x: dict[str, Any] = {"numbers": random.normal(size=(RECORDS, 8)).astype("float32")}
    x |= {name: random.integers(0, count, RECORDS).astype("int32") for name, count in levels.items()}
    y = random.integers(0, 2, RECORDS).astype("float32")
    return Model({"numbers": numbers, **inputs}, layers.Dense(1, "sigmoid")(h)), x, y


def _tokens() -> Made:
    """Forty tokens of 5,000, embedded and averaged."""
    from keras import Input, Sequential, layers

    embedded = [layers.Embedding(5000, 16), layers.GlobalAveragePooling1D()]
    end = [layers.Dense(16, "relu"), layers.Dense(1, "sigmoid")]
    random = np.random.default_rng(0)
    x, y = random.integers(0, 5000, (RECORDS, 40)).astype("int32"), random.integers(0, 2, RECORDS).astype("float32")
    return Sequential([Input((40,), dtype="int32"), *embedded, *end]), x, y


KINDS: dict[str, Callable[[], Made]] = {
    "batch normalization": _normalized,
    "residual": _residual,
    "convolution": _convolutional,
    "embedding, table": _table,
    "embedding, tokens": _tokens,
}
