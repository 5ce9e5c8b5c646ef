"""An engine → all its epochs: order of records, callbacks, validation, History, interruption; once for all engines."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import keras

from rowwise.engine.callbacks import need_weights
from rowwise.engine.order import reseed
from rowwise.engine.streams import Stream
from rowwise.models.keras_view import initial_epoch_of, metric_results

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rowwise.engine.callbacks import Clock
    from rowwise.engine.divergence import Watch
    from rowwise.engine.plan import Plan
    from rowwise.engine.protocol import Engine, Trainer
    from rowwise.engine.schedule import Schedule


class EpochLoop:
    """A `Trainer` made of an `Engine`, which trains one epoch at a time.

    Args:
        engine: what it is made of.
        watch: ends the training where it diverges.
        validation: a stream to validate with is read by Keras; records are the engine's.
    """

    def __init__(self, engine: Engine, watch: Watch | None = None, validation: Any = None) -> None:
        self.engine, self.watch = engine, watch
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
        params = {**params, "state": self.engine.state}
        listed = keras.callbacks.CallbackList(list(callbacks), add_history=True, model=model, **params)
        settled = need_weights(callbacks)
        model.stop_training = False
        logs: dict[str, float] = {}
        watch = self.watch
        listed.on_train_begin()
        if watch is not None:
            watch.begin(self.engine.state)  # a callback may have given the model other weights
        try:
            for epoch in range(initial_epoch_of(model, schedule.epochs.start), schedule.epochs.stop):
                model.reset_metrics()
                reseed(model, schedule.seed, epoch)
                listed.on_epoch_begin(epoch)
                self._train_epoch(schedule, epoch, stopped)
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

    def _train_epoch(self, schedule: Schedule, epoch: int, stopped: Callable[[], bool]) -> None:
        """Raises KeyboardInterrupt where it was stopped before the epoch's last step."""
        engine = self.engine
        self._within_epoch = True
        order = schedule.order(epoch, engine.records, engine.batch_size)
        with closing(engine.blocks(order)) as blocks:
            for _ in blocks:
                if stopped():
                    break
            else:
                return
        if engine.steps_done < -(-len(order) // engine.batch_size) or not len(order):
            raise KeyboardInterrupt


def record_run(model: keras.Model, plan: Plan, clock: Clock, trainer: Trainer) -> None:
    """Note in the model's History how it was trained: `history.rowwise`."""
    history = getattr(model, "history", None)
    if history is None:
        return
    history.rowwise = {
        "engine": plan.engine,
        "reason": plan.reason,
        "seconds": clock.seconds,
        "compile_seconds": trainer.compile_seconds,
    }
    if trainer.steps_done:
        history.rowwise["interrupted"] = {"epoch": len(history.epoch), "steps": trainer.steps_done}
    if trainer.watch is not None and trainer.watch.found is not None:
        history.rowwise["diverged"] = trainer.watch.found
