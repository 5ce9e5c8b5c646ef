"""The native engine on mixed_bfloat16 and in float32, in turns → seconds of an epoch; what models learn in each."""

from __future__ import annotations

from contextlib import contextmanager
from statistics import mean, median, stdev
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.engine import native
from rowwise.engine.native.bfloat16 import FLOAT32, MIXED, why_not
from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import keras

    from rowwise.data.dataset import Dataset

    Row = dict[str, Any]

# Hidden layers, records a step, and records of an epoch.
SHAPES = (
    ((512, 512), 128, 8192),
    ((512, 512), 1024, 8192),
    ((1024, 1024, 1024), 128, 4096),
    ((1024, 1024, 1024), 1024, 4096),
)
LEARNED = (512, 512)  # hidden layers of what is trained to compare accuracies
POLICIES = (FLOAT32, MIXED)


def model_of(train: Dataset, hidden: Sequence[int], policy: str, seed: int = 0) -> keras.Model:
    """A dense network of relu layers for pictures."""
    import keras

    keras.utils.set_random_seed(seed)
    with _policy(policy):
        layers = [keras.Input(train.shape), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
        layers += [keras.layers.Dense(units, "relu") for units in hidden]
        model = keras.Sequential([*layers, keras.layers.Dense(len(train.classes), "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@contextmanager
def _policy(name: str) -> Iterator[None]:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def speed(train: Dataset, repeats: int, shapes: Sequence[tuple[Sequence[int], int, int]] = SHAPES) -> list[Row]:
    """A row for each shape, and one thread or as many as the plan takes.

    Args:
        train: pictures.
        repeats: rounds after the first, which plans.
        shapes: hidden layers, records a step and records of an epoch.

    Raises:
        UsageError: nothing runs bfloat16 here.
    """
    _check()
    rows = []
    for hidden, batch_size, count in shapes:
        x, y = train.x[:count], train.y[:count]
        for threads in (1, None):
            models = {policy: model_of(train, hidden, policy) for policy in POLICIES}
            seconds: dict[str, list[float]] = {policy: [] for policy in POLICIES}
            for turn in range(repeats + 1):
                for policy in POLICIES if turn % 2 else reversed(POLICIES):
                    took = _epoch(models[policy], x, y, batch_size, threads, turn)
                    if turn:
                        seconds[policy].append(took)
            ratios = [one / other for one, other in zip(*seconds.values(), strict=True)]
            rows.append(
                {
                    "model": "-".join(map(str, (int(np.prod(train.shape)), *hidden, len(train.classes)))),
                    "batch_size": batch_size,
                    "threads": threads or "planned",
                    **{name: median(values) for name, values in seconds.items()},
                    "faster": median(ratios),
                }
            )
    return rows


def _epoch(model: Any, x: Any, y: Any, batch_size: int, threads: int | None, turn: int) -> float:
    from rowwise.engine import fit

    history = fit(
        model,
        (x, y),
        epochs=turn + 1,
        initial_epoch=turn,
        batch_size=batch_size,
        threads=threads,
        engine="native",
        verbose=0,
    )
    return float(history.rowwise["seconds"][-1])


def learned(
    train: Dataset, test: Dataset, seeds: int, epochs: int, batch_size: int, hidden: Sequence[int] = LEARNED
) -> list[Row]:
    """A row for each policy: accuracy on `test` over some seeds, with its spread.

    Raises:
        UsageError: nothing runs bfloat16 here.
    """
    from rowwise.engine import fit
    from rowwise.engine.prediction import predict

    _check()
    rows = []
    for policy in POLICIES:
        found = []
        for seed in range(seeds):
            model = model_of(train, hidden, policy, seed)
            fit(model, train, epochs=epochs, batch_size=batch_size, seed=seed, engine="native", verbose=0)
            found.append(float((predict(model, test).classes == test.y).mean()))
        spread = stdev(found) if seeds > 1 else 0.0
        rows.append(
            {"policy": policy, "accuracy": mean(found), "spread": spread, "least": min(found), "most": max(found)}
        )
    return rows


def missing() -> str:
    """Why there is nothing to measure; empty where there is."""
    return why_not() if native.instruction_sets() else native.why_missing


def _check() -> None:
    if reason := missing():
        raise UsageError("bench.bfloat16.missing", reason=reason)
