"""A Keras model → the same model trained by plain `model.fit`, on the batches every engine uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.engine.callbacks import state_variables
from rowwise.engine.order import epoch_order, reseed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rowwise.engine.arrays import Arrays
    from rowwise.engine.divergence import Watch


class KerasFit:
    """A `Trainer` whose loop is Keras's own. It draws nothing: progress is one of the callbacks.

    Args:
        model: compiled Keras model.
        train: x `(records, ...)`, y `(records,)` or `(records, outputs)`.
        validation: the same, or None.
        batch_size: records a step; the last step takes what is left.
        watch: ends the training where it diverges.
    """

    compile_seconds = None  # Keras compiles within the first epoch

    def __init__(
        self,
        model: keras.Model,
        train: Arrays,
        validation: Arrays | None,
        batch_size: int,
        watch: Watch | None = None,
    ) -> None:
        self.model, self.validation, self.watch = model, validation, watch
        self._batches = Batches(train, batch_size)
        self._halt = Halt()

    @property
    def steps_done(self) -> int:
        return self._halt.steps_done

    def train(
        self,
        seed: int,
        epochs: range,
        callbacks: Sequence[keras.callbacks.Callback],
        stopped: Callable[[], bool],
        params: Mapping[str, Any],
    ) -> None:
        self._halt.stopped = stopped
        first = [EpochStart(self._batches, seed), *([Watched(self.watch, self._state)] if self.watch else [])]
        every = [*first, *callbacks, self._halt]
        params = {**params, "state": self._state}
        listed = keras.callbacks.CallbackList(every, add_history=True, model=self.model, **params)
        try:
            self.model.fit(
                self._batches,
                validation_data=self.validation.parts if self.validation is not None else None,
                validation_batch_size=self._batches.batch_size,  # as the other engines: a loss that sums depends on it
                epochs=epochs.stop,
                initial_epoch=epochs.start,
                callbacks=listed,
                shuffle=False,
                verbose=0,
            )
        except Diverged:
            listed.on_train_end()

    def _state(self) -> list[np.ndarray]:
        """Copies: Keras gives the buffers themselves away when the next step begins."""
        return [np.array(variable.value) for variable in state_variables(self.model)]


class Batches(keras.utils.PyDataset):
    """The batches of the epoch under way: Keras asks for batch `index` of `len(self)`."""

    def __init__(self, train: Arrays, batch_size: int) -> None:
        super().__init__()
        self.train, self.batch_size = train, batch_size
        self.order = np.arange(len(train.x), dtype=np.int32)

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        return self.train.take(self.order[index * self.batch_size : (index + 1) * self.batch_size]).parts


class Diverged(Exception):
    """Ends `model.fit` before the other callbacks hear of the epoch."""


class Watched(keras.callbacks.Callback):
    """Asks the watch at the end of each epoch, before anybody else. Keras has given the model its state by then."""

    def __init__(self, watch: Watch, state: Callable[[], list[np.ndarray]]) -> None:
        super().__init__()
        self._watch, self._watched_state = watch, state
        self._begun = False

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if not self._begun:  # not in `on_train_begin`: another callback may give the model other weights there
            self._watch.begin(self._watched_state)
            self._begun = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        loss = (logs or {}).get("loss")
        if self._watch.stops(epoch, None if loss is None else float(loss), lambda: None):
            raise Diverged


class EpochStart(keras.callbacks.Callback):
    """Sets the randomness of each epoch. Keras resets its iterator more often than epochs end: a count would drift."""

    def __init__(self, batches: Batches, seed: int) -> None:
        super().__init__()
        self.batches, self.seed = batches, seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.batches.order = epoch_order(self.seed, epoch, len(self.batches.order))
        reseed(self.model, self.seed, epoch)


class Halt(keras.callbacks.Callback):
    """Ends the training between two steps: within one, Keras has given the model's buffers away and cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped: Callable[[], bool] = lambda: False
        self.steps_done = 0  # of the epoch under way; 0 between epochs

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self.stopped():
            raise KeyboardInterrupt

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.steps_done = batch + 1
        if self.stopped():
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.steps_done = 0
