"""The validation loss of each epoch → the best one's state, and the end of a training that no longer improves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras

from rowwise.engine.callbacks import assign_state

if TYPE_CHECKING:
    from collections.abc import Sequence

MONITOR = "val_loss"  # of Keras's logs


class BestEpoch(keras.callbacks.Callback):
    """Keeps weights and optimizer state of the epoch with the lowest validation loss; stops `patience` epochs later.

    As Keras's EarlyStopping(restore_best_weights=True), but the model need not be given its weights after each epoch,
    and a resumed training stops and restores exactly as an uninterrupted one. Without validation records it does
    nothing.

    Args:
        patience: epochs in a row without a lower validation loss after which the training stops.
        done: epochs before this training, where it is resumed.
        epoch: the best of those, from 1; 0 for none.
        loss: its validation loss.
        state: its state, as `params["state"]` gives it; None where that is the model's.
        restores: whether the model has the best epoch's state when the training ends; else `restore` gives it to it.
    """

    needs_weights = False  # `params["state"]` gives them where they are wanted

    def __init__(
        self,
        patience: int,
        done: int = 0,
        epoch: int = 0,
        loss: float = math.inf,
        state: Sequence[Any] | None = None,
        restores: bool = False,
    ) -> None:
        super().__init__()
        self._restores = restores
        self.patience, self.epoch, self.loss, self.state = patience, epoch, loss, state
        self._done = done
        self.stopped = bool(epoch) and done - epoch >= patience

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        if self.epoch and self.state is None:
            self.state = self.params["state"]()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._done = epoch + 1
        loss = (logs or {}).get(MONITOR, math.nan)
        if loss < self.loss:
            self.loss, self.epoch, self.state = float(loss), self._done, self.params["state"]()
        elif self.epoch and self._done - self.epoch >= self.patience:
            self.stopped = True
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self._restores:
            self.restore(self.model)

    @property
    def is_last(self) -> bool:
        """Whether no epoch after the best one has ended."""
        return self.epoch in (0, self._done)

    def restore(self, model: keras.Model) -> None:
        """Give the model the state of the best epoch, if there is one."""
        if self.epoch and self.state is not None:
            assign_state(model, self.state)


def best_of(losses: Sequence[float]) -> int:
    """The number, from 1, of the epoch that `BestEpoch` keeps of these validation losses; 0 for none."""
    best, lowest = 0, math.inf
    for number, loss in enumerate(losses, 1):
        if loss < lowest:
            best, lowest = number, loss
    return best
