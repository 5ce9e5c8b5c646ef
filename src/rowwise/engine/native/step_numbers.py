"""An optimizer and the steps that it has taken → the numbers of the next steps, the same for all weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax
import keras
import numpy as np

from rowwise.models.keras_view import learning_rate_of, nadam_product

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class StepNumbers:
    """Of each step.

    Attributes:
        rates: `(steps,)` its learning rate.
        corrections: `(steps, 5)` as `network.h` has them, for Adam, Nadam and averages.
        products: `(steps,)` of Nadam's momentums up to it; None for others.
    """

    rates: NDArray[np.float32]
    corrections: NDArray[np.float64]
    products: NDArray[np.float32] | None = None


def step_numbers(optimizer: keras.optimizers.Optimizer, done: int, steps: int) -> StepNumbers:
    """The numbers of the steps that come after `done`; betas are float32, as in Keras."""
    beta_1, beta_2 = (np.float64(np.float32(getattr(optimizer, name, 0.0))) for name in ("beta_1", "beta_2"))
    numbers = np.arange(done + 1, done + steps + 1)
    rates, corrections = _rates(optimizer, done, steps), np.zeros((steps, 5))
    corrections[:, 1] = 1 - beta_2**numbers
    if optimizer.use_ema:
        corrections[:, 3] = np.where(numbers > 1, optimizer.ema_momentum, 0)
        if every := optimizer.ema_overwrite_frequency:
            corrections[:, 4] = numbers % every == 0
    if not isinstance(optimizer, keras.optimizers.Nadam):
        corrections[:, 0] = 1 - beta_1**numbers
        return StepNumbers(rates, corrections)
    now, then = (beta_1 * (1 - 0.5 * 0.96**at) for at in (numbers, numbers + 1))
    before = np.float32(nadam_product(optimizer).value)
    products = np.multiply.accumulate(np.concatenate([[before], now.astype(np.float32)]), dtype=np.float32)[1:]
    product = products.astype(np.float64)
    corrections[:, 0] = then / (1 - product * then)
    corrections[:, 2] = (1 - now) / (1 - product)
    return StepNumbers(rates, corrections, products)


def count_steps(optimizer: keras.optimizers.Optimizer, done: int, taken: int, numbers: StepNumbers) -> None:
    """Let the optimizer know that it has `taken` steps more than `done`."""
    optimizer.iterations.assign(done + taken)
    if numbers.products is not None and taken:
        nadam_product(optimizer).assign(numbers.products[taken - 1])


def _rates(optimizer: keras.optimizers.Optimizer, done: int, steps: int) -> NDArray[np.float32]:
    schedule = learning_rate_of(optimizer)
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return np.full(steps, float(schedule.value), np.float32)
    numbers = np.arange(done, done + steps, dtype=np.int32)
    try:
        return np.array(jax.vmap(schedule)(numbers), np.float32)
    except Exception:  # a schedule of the user's own that asks for the step's value
        return np.array([float(schedule(step)) for step in numbers], np.float32)
