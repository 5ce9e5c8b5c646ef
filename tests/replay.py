"""`python -m tests.replay --models 200`: drawn models, trained by each engine → how far from a replay batch by batch.

The replay is Keras's own `train_on_batch` over the batches of `epoch_order`. Models, losses, optimizers with their
clippings, accumulation, averages, loss scales and schedules, precisions and weights of records are drawn from a seed;
a model that an engine refuses is counted, and whatever differs is printed with the seed that draws it again.

Where a weight hardly has a gradient, Adam makes whole steps of its rounding: two trainings in float32 then differ by
more than the bounds though neither is wrong. Such a model is replayed in float64 as well, and an engine that is about
as near to that as Keras's own float32 is does not count as different. In bfloat16 the native engine rounds less often
than Keras (docs/en/native-engine.md), and is compared in the same way.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import warnings
from typing import Any, NamedTuple

# Within what XLA fuses it may keep more precision than bfloat16 has, and a loop is fused otherwise than a single step:
# off for both, so that both round where the model says.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_allow_excess_precision=false"

import rowwise  # isort: skip  # chooses Keras's backend

import jax
import keras
import numpy as np

from rowwise.engine import epoch_order
from rowwise.errors import UsageError

ENGINES = ("native", "whole_epoch", "keras")
OF_WEIGHTS, OF_FIGURES = 1.2e-5, 7e-7  # the largest differences allowed: absolute, and of figures above 1 relative
AS_NEAR_IN_BFLOAT16 = 10  # as below: a unit may be on the other side of a kink with either rounding
AS_NEAR = 3  # times the replay's own distance from a replay in float64: what is above is more than rounding
EPOCHS, FEATURES, CLASSES = 2, 7, 3
OPTIMIZERS: tuple[tuple[str, dict[str, list[Any]]], ...] = (
    ("SGD", {"momentum": [0.0, 0.9], "nesterov": [False, True]}),
    ("RMSprop", {"momentum": [0.0, 0.5], "centered": [False, True]}),
    ("Adam", {"amsgrad": [False, True], "beta_1": [0.9, 0.5]}),
    ("AdamW", {"weight_decay": [0.004, 0.1]}),
    *((name, {}) for name in ("Adadelta", "Adagrad", "Adamax", "Nadam", "Ftrl", "Lion", "Adafactor", "Lamb")),
)
LOSSES = {
    "softmax": ["sparse_categorical_crossentropy", "categorical_crossentropy", "smoothed"],
    "sigmoid": ["binary_crossentropy"],
    "linear": ["mean_squared_error", "mean_absolute_error", "huber", "logits"],
}


class Drawn(NamedTuple):
    """A model's makings: `make` gives the same one each time."""

    words: str
    make: Any
    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    batch_size: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the first model")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    trained, wrong, rounded = dict.fromkeys(ENGINES, 0), 0, 0
    largest = {"weights": 0.0, "figures": 0.0}
    for seed in range(arguments.seed, arguments.seed + arguments.models):
        drawn = draw(seed)
        model = drawn.make()
        expected = replayed(model, drawn, seed)
        for engine in ENGINES:
            made = as_new(model, drawn) if engine == "keras" else drawn.make()
            if (found := fitted(made, drawn, seed, engine)) is None:
                continue
            trained[engine] += 1
            weights, figures = differences(found, expected)
            largest = {"weights": max(largest["weights"], weights), "figures": max(largest["figures"], figures)}
            if weights <= OF_WEIGHTS and figures <= OF_FIGURES:
                continue
            print(f"seed {seed} {engine}: weights {weights:.1e}, figures {figures:.1e}: {drawn.words}", flush=True)
            if as_near(found, expected, drawn, seed, engine):
                rounded += 1
                print("  as near to a replay in float64 as Keras is in its own precision", flush=True)
            else:
                wrong += 1
        if (done := seed - arguments.seed + 1) % 10 == 0:
            print(f"{done} of {arguments.models} models; different from a replay: {wrong}", flush=True)
        keras.utils.clear_session()
        jax.clear_caches()
    print(f"{arguments.models} models; trained: {', '.join(f'{name} {count}' for name, count in trained.items())}")
    print(f"largest difference: weights {largest['weights']:.1e}, figures {largest['figures']:.1e}")
    print(f"different from a replay: {wrong}" + (f"; by rounding alone: {rounded}" if rounded else ""))
    return int(wrong > 0)


def draw(seed: int) -> Drawn:
    """Everything about one training, from its seed."""
    choose = random.Random(seed)
    numbers = np.random.default_rng(seed)
    end = choose.choice(list(LOSSES))
    loss = choose.choice(LOSSES[end])
    records = choose.choice([40, 64, 97])
    x = numbers.normal(size=(records, FEATURES)).astype("float32")
    classes = (x @ numbers.normal(size=(FEATURES, CLASSES))).argmax(1).astype("int32")
    y: np.ndarray = classes
    if loss not in ("sparse_categorical_crossentropy", "logits"):
        y = np.eye(CLASSES, dtype="float32")[classes]
    plain = choose.random() < 0.6
    parts = {
        "widths": [choose.choice([4, 9, 16]) for _ in range(choose.randint(0, 3))],
        "activation": choose.choice(["relu", "tanh", "elu", "sigmoid"] if plain else ["gelu", "swish", "selu"]),
        "between": None if plain else choose.choice([None, "BatchNormalization", "LayerNormalization"]),
        "residual": not plain and choose.random() < 0.4,
        "penalty": choose.choice([None, None, "l2", "l1"]),
        "policy": "float32" if plain else choose.choice(["float32", "float32", "mixed_bfloat16"]),
    }
    optimizer = drawn_optimizer(choose, plain)

    def make(dtype: str | None = None) -> keras.Model:
        keras.utils.set_random_seed(seed)
        model = network(parts, end, dtype)
        model.compile(optimizer(), loss_named(loss), metrics=["mae" if end != "softmax" and y.ndim > 1 else "accuracy"])
        return model

    weights = numbers.uniform(0.5, 2, records).astype("float32") if choose.random() < 0.3 else None
    batch_size = choose.choice([8, 16, 32])
    name = keras.optimizers.serialize(optimizer())["class_name"]
    return Drawn(f"{parts}, {loss}, {name}, batch_size={batch_size}", make, x, y, weights, batch_size)


def network(parts: dict[str, Any], end: str, dtype: str | None = None) -> keras.Model:
    """Dense layers in a row, with what was drawn between them; all of one dtype where one is given."""
    policy, x = dtype or parts["policy"], keras.Input((FEATURES,), dtype=dtype)
    inputs = x
    for width in parts["widths"]:
        before = x
        x = keras.layers.Dense(width, parts["activation"], kernel_regularizer=parts["penalty"], dtype=policy)(x)
        if parts["between"]:
            x = getattr(keras.layers, parts["between"])(dtype=policy)(x)
        if parts["residual"] and before.shape == x.shape:
            x = keras.layers.Add(dtype=policy)([x, before])
    return keras.Model(inputs, keras.layers.Dense(CLASSES, end, dtype=dtype or "float32")(x))


def loss_named(name: str) -> Any:
    """A loss for `compile`."""
    if name == "smoothed":
        return keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True) if name == "logits" else name


def drawn_optimizer(choose: random.Random, plain: bool) -> Any:
    """What makes the optimizer: half of the plain ones are such as the native engine knows."""
    name, options = choose.choice(OPTIMIZERS[:4] if plain else OPTIMIZERS)
    given = {option: choose.choice(values) for option, values in options.items()}
    extra: dict[str, Any] = choose.choice(
        [{}, {}, {"global_clipnorm": 0.5}]
        if plain
        else [
            {},
            {"clipnorm": 0.3},
            {"clipvalue": 0.05},
            {"global_clipnorm": 0.5},
            {"gradient_accumulation_steps": 3},
            {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": choose.choice([None, 3])},
            {"loss_scale_factor": 128.0},
        ]
    )
    scheduled, scaled = choose.random() < 0.3, not plain and choose.random() < 0.15

    def make() -> keras.optimizers.Optimizer:
        rate = keras.optimizers.schedules.ExponentialDecay(0.01, 5, 0.8) if scheduled else 0.01
        optimizer = getattr(keras.optimizers, name)(learning_rate=rate, **given, **extra)
        return keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=256.0) if scaled else optimizer

    return make


Result = tuple[list[np.ndarray], dict[str, list[float]]]


def as_new(model: keras.Model, drawn: Drawn) -> keras.Model:
    """The model that was trained, as `make` gives it, so that Keras need not compile its step once more."""
    new = drawn.make()
    new.optimizer.build(new.trainable_variables)
    model.set_weights(new.get_weights())
    for variable, value in zip(model.optimizer.variables, new.optimizer.variables, strict=True):
        variable.assign(value)
    return model


def replayed(model: keras.Model, drawn: Drawn, seed: int) -> Result:
    """Weights and figures of a loop of `train_on_batch`."""
    history: dict[str, list[float]] = {}
    for epoch in range(EPOCHS):
        order = epoch_order(seed, epoch, len(drawn.x))
        sums: dict[str, float] = {}
        for start in range(0, len(order), drawn.batch_size):
            rows = order[start : start + drawn.batch_size]
            weights = None if drawn.weights is None else drawn.weights[rows]
            model.reset_metrics()
            logs = model.train_on_batch(drawn.x[rows], drawn.y[rows], weights, return_dict=True)
            sums = {name: sums.get(name, 0.0) + float(value) * len(rows) for name, value in logs.items()}
        for name, value in sums.items():
            history.setdefault(name, []).append(value / len(order))
    model.optimizer.finalize_variable_values(model.trainable_variables)
    return model.get_weights(), history


def fitted(model: keras.Model, drawn: Drawn, seed: int, engine: str) -> Result | None:
    """The same by an engine; None where it says that it cannot."""
    options = {"epochs": EPOCHS, "batch_size": drawn.batch_size, "sample_weight": drawn.weights, "seed": seed}
    try:
        history = rowwise.fit(model, drawn.x, drawn.y, **options, engine=engine, on_divergence="continue", verbose=0)
    except UsageError as refused:
        if refused.key != "plan.refused":
            raise
        return None
    return model.get_weights(), history.history


def as_near(found: Result, expected: Result, drawn: Drawn, seed: int, engine: str) -> bool:
    """Whether an engine's result is about as near to a replay in float64 as the replay is that it was compared with."""
    in_bfloat16 = "bfloat16" in drawn.words
    if in_bfloat16 and engine != "native":  # which alone rounds less often than Keras does
        return False
    weights = drawn.make().get_weights()
    keras.config.set_floatx("float64")
    try:
        with jax.enable_x64(True):
            wide = drawn._replace(x=drawn.x.astype(float), y=drawn.y.astype(float))
            model = drawn.make("float64")
            model.set_weights(weights)
            exact = replayed(model, wide, seed)
    finally:
        keras.config.set_floatx("float32")
    ours, theirs = differences(found, exact), differences(expected, exact)
    times = AS_NEAR_IN_BFLOAT16 if in_bfloat16 else AS_NEAR
    return all(a <= max(bound, times * b) for a, b, bound in zip(ours, theirs, (OF_WEIGHTS, OF_FIGURES), strict=True))


def differences(one: Result, other: Result) -> tuple[float, float]:
    """The largest, of weights and of figures."""
    weights = max(float(np.abs(a.astype(float) - b).max()) for a, b in zip(one[0], other[0], strict=True))
    if one[1].keys() != other[1].keys():
        return weights, float("inf")
    pairs = ((a, b) for name in one[1] for a, b in zip(one[1][name], other[1][name], strict=True))
    return weights, max(abs(a - b) / max(1.0, abs(b)) for a, b in pairs)


if __name__ == "__main__":
    sys.exit(main())
