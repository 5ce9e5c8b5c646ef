"""rowwise's own callbacks, and what every callback learns about a training.

A callback that never looks at the model's weights says so by an attribute, `needs_weights = False`: giving the model
its weights takes longer than a small epoch. Any other callback finds the weights of its epoch in the model. One with a
method `on_interrupt` is called at the first Ctrl-C, when it is pressed. One with a method `on_steps` is called after
each block of steps, several times a second, with the epoch, the steps done, all steps, and the figures until then.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import keras

from rowwise.engine.progress import Display, display
from rowwise.notebook import said_to
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rowwise.engine.plan import Plan

    Logs = dict[str, float]
    StepListener = Callable[[int, int, int, dict[str, Any]], object]


class Clock(keras.callbacks.Callback):
    """Seconds of each epoch, validation included: `seconds` grows by one number an epoch."""

    needs_weights = False

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.seconds.append(time.perf_counter() - self._start)


class Progress(keras.callbacks.Callback):
    """Feeds the display of `progress` from the beginning of the training to its end, or to `close`."""

    needs_weights = False

    def __init__(self, clock: Clock, verbose: int | str, records: int | None, epochs: int, initial_epoch: int) -> None:
        super().__init__()
        self.clock, self.arguments = clock, (verbose, records, epochs, initial_epoch)
        self.display: Display | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.display = display(*self.arguments)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.display is not None:
            self.display.epoch(epoch, logs or {}, self.clock.seconds[-1])

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.close()

    def on_interrupt(self) -> None:
        if self.display is not None:
            print(f"\nrowwise: {say('fit.interrupted')}", file=said_to(), flush=True)

    def close(self) -> None:
        """Give the terminal back; safe to call twice."""
        if self.display is not None:
            self.display.close()


def need_weights(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether one of them may look at the model's weights when an epoch ends."""
    return any(getattr(callback, "needs_weights", True) for callback in callbacks)


def step_listeners(callbacks: Iterable[keras.callbacks.Callback]) -> list[StepListener]:
    """What those are called by that hear of each block of steps."""
    return [tell for callback in callbacks if (tell := getattr(callback, "on_steps", None)) is not None]


def tell_interrupted(callbacks: Iterable[keras.callbacks.Callback]) -> None:
    """Tell those that want to know that Ctrl-C was pressed."""
    for callback in callbacks:
        if (tell := getattr(callback, "on_interrupt", None)) is not None:
            tell()


def state_variables(model: keras.Model) -> list[keras.Variable]:
    """All that a training resumes from: weights and the optimizer's variables."""
    return [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]


def assign_state(model: keras.Model, state: Sequence[Any]) -> None:
    """Give the model the values of its `state_variables`, in their order."""
    for variable, value in zip(state_variables(model), state, strict=True):
        variable.assign(value)


@contextmanager
def holding_state(model: keras.Model, state: Sequence[Any] | None = None) -> Iterator[None]:
    """The model has this state while the block runs, or begins it with its own; then its own again."""
    own = [variable.value for variable in state_variables(model)]
    try:
        if state is not None:
            assign_state(model, state)
        yield
    finally:
        assign_state(model, own)


def params_of(plan: Plan, epochs: int, records: int | None, steps: int | None) -> dict[str, Any]:
    """What callbacks find as `params`: Keras's own `epochs`, `steps`, `verbose`, and the engine, why, and records.

    Of a stream nobody knows the records, and seldom the steps: None.

    A `Trainer` adds `state`: called between blocks, it gives the values of `state_variables` without a pause for the
    engine to give them to the model.
    """
    return {
        "verbose": 0,  # nothing of Keras's is to be drawn
        "epochs": epochs,
        "steps": steps,
        "engine": plan.engine,
        "engine_reason": plan.reason,
        "fell_back": plan.fell_back,
        "records": records,
    }
