"""Keras's callbacks → the events of a training's epochs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import keras

from rowwise.runs.events import EpochEnded, StepsDone, StopRequested, TrainingBegan

if TYPE_CHECKING:
    from rowwise.runs.events import Observer


class EpochEvents(keras.callbacks.Callback):
    """Tells an observer when the training begins, how it goes on, and when each epoch ends."""

    needs_weights = False  # so that they need not be given to the model after each epoch

    def __init__(self, tell: Observer, initial_epoch: int) -> None:
        super().__init__()
        self._tell, self._initial_epoch = tell, initial_epoch

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        params = self.params
        self._tell(
            TrainingBegan(
                engine=params["engine"],
                reason=params["engine_reason"],
                fell_back=params["fell_back"],
                records=params["records"],
                initial_epoch=self._initial_epoch,
                epochs=params["epochs"],
                weights=params["state"],
            )
        )

    def on_interrupt(self) -> None:
        self._tell(StopRequested(training=True))

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._begun = time.perf_counter()

    def on_steps(self, epoch: int, done: int, steps: int, figures: dict[str, float]) -> None:
        self._tell(StepsDone(epoch + 1, done, steps, figures))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        self._tell(EpochEnded(epoch + 1, figures, time.perf_counter() - self._begun))
