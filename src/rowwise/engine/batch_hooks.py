"""Steps trained many at once → the batch hooks of callbacks, called as if each step had just ended.

A block of steps is trained, and then every hook is called with the logs of its step. Whoever only reads logs notices
nothing. A hook that looks at the model, or changes it, from wherever it has it, is noticed before it reads anything:
the block is trained once more up to that step, the model is given that state, and the steps that follow start from
what the hook has left. So nothing is known of a callback beforehand, and all of them see what Keras would show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from rowwise.engine.model_state import assign_values, read_state, step_variables
from rowwise.models.keras_view import before_use, works_within_epochs

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from rowwise.engine.device_records import Steps
    from rowwise.engine.model_state import State

    Logs = dict[str, Any]
    Run = Callable[[State, int, int], tuple[State, Logs]]  # state, first step, the one after the last → state, logs

LARGEST = 64  # steps that are trained before their hooks are called
HOOKS = {
    "train": ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
}
SAVERS = tuple(
    getattr(keras.callbacks, name)
    for name in ("ModelCheckpoint", "BackupAndRestore", "OrbaxCheckpoint")
    if hasattr(keras.callbacks, name)
)
STOPS = {"train": "stop_training", "test": "stop_evaluating"}  # what a callback sets in the model to end it


def heard_hook(callback: keras.callbacks.Callback, kinds: Iterable[str] = HOOKS) -> str | None:
    """The name of a hook of the callback's that is to be called at every batch, or None."""
    # These define batch hooks that do nothing unless they were asked to work within the epoch.
    if isinstance(callback, SAVERS) and getattr(callback, "save_freq", None) == "epoch":
        return None
    if isinstance(callback, keras.callbacks.TensorBoard) and not works_within_epochs(callback):
        return None
    if getattr(callback, "log_every_epoch", None) is True and getattr(callback, "log_every_n_steps", 0) is None:
        return None  # MLflow's
    for name in (name for kind in kinds for name in HOOKS[kind]):
        method = getattr(callback, name, None)
        if method is not None and getattr(method, "__func__", method) is not getattr(keras.callbacks.Callback, name):
            return name
    return None


class BatchHooks:
    """Those of the callbacks that hear of every batch of a training ("train") or of its validations ("test")."""

    def __init__(self, callbacks: Sequence[keras.callbacks.Callback], kind: str) -> None:
        self._callbacks = [callback for callback in callbacks if heard_hook(callback, (kind,))]
        self._begin, self._end, self._stop = f"on_{kind}_batch_begin", f"on_{kind}_batch_end", STOPS[kind]
        self._size = 1  # steps of the next block: more and more, as long as no hook uses the model
        self.done, self.stopped = 0, False

    def __bool__(self) -> bool:
        return bool(self._callbacks)

    def called_over(self, steps: Iterable[Steps], function: Callable[..., Any], model: keras.Model) -> Generator[int]:
        """Take all the steps of an epoch, or of a validation, and call the hooks of each.

        Yields how many of them the model's state has, block by block; ends early where a callback has asked for it.

        Args:
            function: state, data, rows, first step, the one after the last → what `logged` gives.
        """
        self.done, self.stopped = 0, False
        for data, rows, count, _ in steps:

            def run(state: State, first: int, last: int, data: Any = data, rows: Any = rows) -> Any:
                return function(state, data, rows, np.int32(first), np.int32(last))

            yield from self._blocks(model, run, int(count))
            if self.stopped:
                return

    def _blocks(self, model: keras.Model, run: Run, steps: int) -> Generator[int]:
        before, at, begun = self.done, 0, False
        while at < steps and not self.stopped:
            block = _Block(model, run, at, min(at + self._size, steps))
            try:
                at, begun, used = self._called(block, before, begun)
            finally:  # whatever a hook raises: as in Keras, the model has what was trained by then
                block.reach()
                self.done = before + block.at
            self._size = 1 if used else min(2 * self._size, LARGEST)
            yield self.done

    def _called(self, block: _Block, before: int, begun: bool) -> tuple[int, bool, bool]:
        """Call the hooks of a block, up to the first that uses the model.

        Returns:
            The steps that the model has then, whether the hooks of the next step's beginning were called, and whether
            a hook used the model.
        """
        model = block.model
        with before_use([variable for group in block.groups for variable in group], block.reach) as reach:
            for step in range(block.first, block.last):
                for hook in (self._begin, self._end)[begun:]:
                    begins = hook == self._begin
                    block.at = step if begins else step + 1
                    logs = {} if begins else block.logs_of(step)
                    for callback in self._callbacks:
                        getattr(callback, hook)(before + step, logs=logs)
                    if getattr(model, self._stop):
                        self.stopped = not begins
                        reach()
                    if block.reached is not None:
                        return block.at, begins, True
                begun = False
        return block.last, False, False


class _Block:
    """Some steps, trained, of which the model knows nothing yet: it has the state before the first."""

    def __init__(self, model: keras.Model, run: Run, first: int, last: int) -> None:
        self.model, self.first, self.last = model, first, last
        self.at = first  # the steps that a hook which is called now may take for done
        self.reached: int | None = None  # the steps that the model has been given
        self.groups = step_variables(model)  # as they are now: a hook may freeze a layer
        self._run, self._before = run, read_state(model)
        self._after, logs = jax.block_until_ready(run(self._before, first, last))
        self._logs = {name: np.asarray(values) for name, values in sorted(logs.items())}

    def reach(self) -> None:
        """Give the model the state it has after `at` steps.

        Where it was given an earlier one, by a thread that looked at it beside the hooks, it goes on from what it has.
        """
        at, reached = self.at, self.reached
        self.reached = at
        if reached is not None:
            if reached < at:
                assign_values(self.groups, self._run(read_state(self.model), reached, at)[0])
        elif at == self.last:
            assign_values(self.groups, self._after)
        elif at > self.first:
            assign_values(self.groups, self._run(self._before, self.first, at)[0])

    def logs_of(self, step: int) -> Logs:
        """Figures by name, as Keras gives them to callbacks: those of the epoch so far."""
        values = {name: every[step - self.first] for name, every in self._logs.items()}
        return {name: float(value) if not np.ndim(value) else value for name, value in values.items()}


def logged(step: Callable[[State, Any], tuple[Logs, State]], state: State, batch_of: Any, first: Any, last: Any) -> Any:
    """The loop over `step` from the first step to before the last → the state then, and the logs of each step.

    The logs have room for `LARGEST` steps, which must be enough; the first step's are at 0.
    """
    example = jax.eval_shape(lambda: step(state, batch_of(first))[0])
    room = jax.tree.map(lambda value: jnp.zeros((LARGEST, *value.shape), value.dtype), example)

    def one(number: jax.Array, carry: Any) -> Any:
        logs, new = step(carry[0], batch_of(number))
        kept = jax.tree.map(lambda every, value: every.at[number - first].set(value), carry[1], logs)
        return new, kept

    return jax.lax.fori_loop(first, last, one, (state, room))
