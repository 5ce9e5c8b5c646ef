"""A Keras model → the same model trained by plain `model.fit`, on the batches every engine uses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.engine.callbacks import state_variables, step_listeners
from rowwise.engine.order import reseed
from rowwise.engine.schedule import IN_ORDER
from rowwise.engine.streams import Stream
from rowwise.models.keras_view import Bare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rowwise.engine.arrays import Arrays
    from rowwise.engine.augmented import Augmented
    from rowwise.engine.callbacks import StepListener
    from rowwise.engine.divergence import Watch
    from rowwise.engine.schedule import Schedule


PAUSE = 0.1  # seconds between two times that an epoch under way is told of, at least


class KerasFit:
    """A `Trainer` whose loop is Keras's own. It draws nothing: progress is one of the callbacks.

    Args:
        model: compiled Keras model.
        train: records, or a stream of batches.
        validation: the same, or None.
        batch_size: records a step; the last step takes what is left. A stream has batches of its own.
        watch: ends the training where it diverges.
        validation_batch_size: records a step of the validation; None for those of the training, as the other engines
            have it: a loss that sums depends on it.
        augmented: changes the records for each epoch.
    """

    compile_seconds = None  # Keras compiles within the first epoch

    def __init__(
        self,
        model: keras.Model,
        train: Arrays | Stream,
        validation: Arrays | Stream | None,
        batch_size: int,
        watch: Watch | None = None,
        validation_batch_size: int | None = None,
        augmented: Augmented | None = None,
    ) -> None:
        self._augmented = augmented
        self.model, self.train_on, self.validation, self.watch = model, train, validation, watch
        self.batch_size, self.validation_batch_size = batch_size, validation_batch_size or batch_size
        self._halt = Halt()

    @property
    def steps_done(self) -> int:
        return self._halt.steps_done

    def train(
        self,
        schedule: Schedule,
        callbacks: Sequence[keras.callbacks.Callback],
        stopped: Callable[[], bool],
        params: Mapping[str, Any],
    ) -> None:
        self._halt.stopped = stopped
        arguments, batches = self._trained_on(schedule)
        first = [
            EpochStart(schedule, batches, self._augmented),
            *([Watched(self.watch, self._state)] if self.watch else []),
        ]
        hear = (
            step_listeners(callbacks) if params.get("steps") else []
        )  # of a stream nobody may know how many there are
        told = [StepsTold(hear, params["steps"])] if hear else []
        every = [*first, *callbacks, *told, self._halt]
        params = {**params, "state": self._state}
        listed = keras.callbacks.CallbackList(every, add_history=True, model=self.model, **params)
        freq = schedule.validated
        try:
            self.model.fit(
                **arguments,
                **self._validated_on(),
                validation_freq=int(freq) if isinstance(freq, int | np.integer) else list(freq),
                epochs=schedule.epochs.stop,
                initial_epoch=schedule.epochs.start,
                callbacks=listed,
                verbose=0,
            )
        except Diverged:
            listed.on_train_end()

    def _trained_on(self, schedule: Schedule) -> tuple[dict[str, Any], Batches | None]:
        """The arguments of `model.fit`, and the batches whose order an epoch sets."""
        if isinstance(self.train_on, Stream):
            return self.train_on.arguments(schedule), None
        whole = -(-self.train_on.records // self.batch_size)
        if schedule.steps is not None and schedule.steps < whole and whole % schedule.steps:
            # Epochs of different lengths, which Keras allows no dataset of batches: the order is its own.
            parts = dict(zip(("x", "y", "sample_weight"), self.train_on.parts, strict=False))
            options = {"batch_size": self.batch_size, "shuffle": schedule.shuffle, "steps_per_epoch": schedule.steps}
            return {**parts, **options}, None
        batches = Batches(self.train_on, self.batch_size, schedule)
        alone = self.train_on.y is None and not isinstance(self.train_on.x, list | tuple)
        return {"x": Bare(batches, class_weight=None) if alone else batches, "shuffle": False}, batches

    def _validated_on(self) -> dict[str, Any]:
        if self.validation is None:
            return {}
        if isinstance(self.validation, Stream):
            return {"validation_data": self.validation.source, "validation_steps": self.validation.steps}
        if self.validation.sparse:
            return {"validation_data": Batches(self.validation, self.validation_batch_size, IN_ORDER)}
        return {"validation_data": self.validation.parts, "validation_batch_size": self.validation_batch_size}

    def _state(self) -> list[np.ndarray]:
        """Copies: Keras gives the buffers themselves away when the next step begins."""
        self.model.jax_state_sync()  # within an epoch the model's variables are empty
        return [np.array(variable.value) for variable in state_variables(self.model)]


class Batches(keras.utils.PyDataset):
    """The batches of the epoch under way: Keras asks for batch `index` of `len(self)`."""

    def __init__(self, train: Arrays, batch_size: int, schedule: Schedule) -> None:
        super().__init__()
        self.train, self.batch_size, self.schedule = train, batch_size, schedule
        self.begin(schedule.epochs.start)

    def begin(self, epoch: int) -> None:
        """The order of this epoch."""
        self.order = self.schedule.order(epoch, self.train.records, self.batch_size)

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
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

    def __init__(self, schedule: Schedule, batches: Batches | None, augmented: Augmented | None = None) -> None:
        super().__init__()
        self.schedule, self.batches, self.augmented = schedule, batches, augmented

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self.augmented is not None:
            self.augmented.begin(self.schedule.seed, epoch)
        if self.batches is not None:
            self.batches.begin(epoch)
        reseed(self.model, self.schedule.seed, epoch)


class StepsTold(keras.callbacks.Callback):
    """Tells of the epoch under way some times a second, as rowwise's own engines do between two blocks of steps."""

    def __init__(self, hear: Sequence[StepListener], steps: int) -> None:
        super().__init__()
        self._hear, self._steps = hear, steps
        self._epoch, self._next = 0, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        done = batch + 1
        if done < self._steps and time.perf_counter() < self._next:
            return
        figures = {name: float(value) for name, value in (logs or {}).items()}
        for listener in self._hear:
            listener(self._epoch, done, self._steps, figures)
        self._next = time.perf_counter() + PAUSE


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
