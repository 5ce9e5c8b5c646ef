"""An engine → all its epochs: order of records, callbacks, validation, History, interruption; once for all engines."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import keras

from rowwise.engine.callbacks import need_weights, step_listeners
from rowwise.engine.history_card import attach_card
from rowwise.engine.model_changes import Changes, may_change
from rowwise.engine.order import reseed
from rowwise.engine.streams import Stream
from rowwise.models.keras_view import initial_epoch_of, metric_results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rowwise.engine.augmented import Augmented
    from rowwise.engine.callbacks import Clock, StepListener
    from rowwise.engine.divergence import Divergence, Watch
    from rowwise.engine.plan import Plan
    from rowwise.engine.protocol import Engine, Trainer
    from rowwise.engine.schedule import Schedule


@dataclass(frozen=True)
class Interrupted:
    """The epoch, from 0, that a training was stopped in, and how many of its steps are in the weights."""

    epoch: int
    steps: int


@dataclass(frozen=True)
class TrainingNotes(Mapping[str, Any]):
    """How a model was trained: `model.history.rowwise`; what is None is not among its keys.

    Attributes:
        engine: its name.
        reason: why that one.
        seconds: of each epoch.
        compile_seconds: None where it is unknown.
        interrupted: None where the training ended between two epochs.
        diverged: None where it did not.
    """

    engine: str
    reason: str
    seconds: list[float]
    compile_seconds: float | None
    interrupted: Interrupted | None = None
    diverged: Divergence | None = None

    def __getitem__(self, name: str) -> Any:
        if not any(name == key for key in self):
            raise KeyError(name)
        value = getattr(self, name)
        return asdict(value) if isinstance(value, Interrupted) else value

    def __iter__(self) -> Iterator[str]:
        return (at.name for at in fields(self) if at.name == "compile_seconds" or getattr(self, at.name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class EpochLoop:
    """A `Trainer` made of an `Engine`, which trains one epoch at a time.

    Args:
        engine: what it is made of.
        watch: ends the training where it diverges.
        validation: a stream to validate with is read by Keras; records are the engine's.
        remade: gives the engine for the model as a callback has left it; None where none may change it.
        augmented: changes the engine's records for each epoch.
    """

    def __init__(
        self,
        engine: Engine,
        watch: Watch | None = None,
        validation: Any = None,
        remade: Callable[[], Engine] | None = None,
        augmented: Augmented | None = None,
    ) -> None:
        self._augmented = augmented
        self.engine, self.watch, self._remade = engine, watch, remade
        self._stream = validation if isinstance(validation, Stream) else None
        self._within_epoch = False

    @property
    def compile_seconds(self) -> float:
        return self.engine.compile_seconds

    @property
    def steps_done(self) -> int:
        return self.engine.steps_done if self._within_epoch else 0

    def train(
        self,
        schedule: Schedule,
        callbacks: Sequence[keras.callbacks.Callback],
        stopped: Callable[[], bool],
        params: Mapping[str, Any],
    ) -> None:
        model = self.engine.model
        params = {**params, "state": self._state}
        listed = keras.callbacks.CallbackList(list(callbacks), add_history=True, model=model, **params)
        settled, hear = need_weights(callbacks), step_listeners(callbacks)
        model.stop_training = False
        logs: dict[str, float] = {}
        watch = self.watch
        changes = Changes(model) if self._remade is not None and may_change(callbacks) else None
        listed.on_train_begin()
        if watch is not None:
            watch.begin(self._state)  # a callback may have given the model other weights
        try:
            for epoch in range(initial_epoch_of(model, schedule.epochs.start), schedule.epochs.stop):
                model.reset_metrics()
                reseed(model, schedule.seed, epoch)
                listed.on_epoch_begin(epoch)
                if changes is not None and self._remade is not None and changes.changed():
                    self.engine.settle()
                    self.engine = self._remade()
                if self._augmented is not None:
                    self._augmented.begin(schedule.seed, epoch)
                    self.engine.renew()
                self._train_epoch(schedule, epoch, stopped, hear)
                if settled:
                    self.engine.settle()
                ended = metric_results(model)
                if watch is not None and watch.stops(epoch, ended.get("loss"), self.engine.settle):
                    self._within_epoch = False  # it counts for nothing
                    break
                logs = ended
                if schedule.validates(epoch):
                    logs |= {f"val_{name}": value for name, value in self._validate(listed).items()}
                listed.on_epoch_end(epoch, logs)
                self._within_epoch = False
                if stopped() or model.stop_training:
                    break
        finally:
            self.engine.settle()
            model.optimizer.finalize_variable_values(model.trainable_weights)
        listed.on_train_end(logs)

    def _state(self) -> list[Any]:
        return self.engine.state()

    def _validate(self, listed: keras.callbacks.CallbackList) -> dict[str, float]:
        """Loss and metrics by name, of whatever there is to validate with."""
        if self._stream is not None:
            self.engine.settle()
            return self._stream.evaluate(self.engine.model, listed)
        if not self.engine.validates:
            return {}
        listed.on_test_begin()
        held = self.engine.validate()
        listed.on_test_end(held)
        return held

    def _train_epoch(
        self, schedule: Schedule, epoch: int, stopped: Callable[[], bool], hear: Sequence[StepListener]
    ) -> None:
        """Raises KeyboardInterrupt where it was stopped before the epoch's last step."""
        engine = self.engine
        self._within_epoch = True
        order = schedule.order(epoch, engine.records, engine.batch_size)
        if engine.model.stop_training:  # Keras looks whether a callback has asked for it when a step has ended
            order = order[: engine.batch_size * engine.model.steps_per_execution]
        steps = -(-len(order) // engine.batch_size)
        with closing(engine.blocks(order)) as blocks:
            for done in blocks:
                for listener in hear:
                    listener(epoch, done, steps, engine.so_far())
                if stopped():
                    break
            else:
                return
        if engine.steps_done < steps or not len(order):
            raise KeyboardInterrupt


def record_run(model: keras.Model, plan: Plan, clock: Clock, trainer: Trainer) -> None:
    """Note in the model's History how it was trained: `history.rowwise`; no callback keeps the engine alive."""
    history = getattr(model, "history", None)
    if history is None:
        return
    history.params.pop("state", None)  # the callbacks have the same dict
    steps = trainer.steps_done
    history.rowwise = TrainingNotes(
        plan.engine,
        plan.reason,
        clock.seconds,
        trainer.compile_seconds,
        Interrupted(len(history.epoch), steps) if steps else None,
        None if trainer.watch is None else trainer.watch.found,
    )
    attach_card(history)
