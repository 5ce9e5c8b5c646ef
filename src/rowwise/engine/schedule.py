"""What was asked of a training → which records each epoch takes in which order, and after which it is validated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rowwise.engine.order import epoch_order

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Schedule:
    """The epochs of one training.

    Attributes:
        epochs: their numbers, from 0.
        seed: with an epoch's number it fixes the order of records and what random layers do; see `order`.
        shuffle: whether records come in that order, or, where False, as they were given. `"batch"` keeps the batches
            and shuffles within each, as Keras does.
        steps: an epoch; None for as many as the records make. Keras's `steps_per_epoch`: an epoch goes on where the
            last one ended, and ends where the records do.
        validated: after every so many epochs, or after these, counted from 1: Keras's `validation_freq`.
    """

    epochs: range
    seed: int = 0
    shuffle: bool | str = True
    steps: int | None = None
    validated: int | Collection[int] = 1

    def order(self, epoch: int, records: int, batch_size: int) -> NDArray[np.int32]:
        """The numbers of the records that this epoch takes: batch b of it is `[b * batch_size : (b + 1) * batch_size]`.

        It depends on the epoch's number and nothing that went before: a resumed training is the same training. Of a
        stream, whose records nobody has counted, there is no order.
        """
        if self.steps is None or not records:
            return self._pass(epoch, records, batch_size)
        taken = self.steps * batch_size
        epochs_a_pass = -(-records // taken)
        start = epoch % epochs_a_pass * taken
        return self._pass(epoch // epochs_a_pass, records, batch_size)[start : start + taken]

    def steps_of(self, records: int, batch_size: int) -> int:
        """Steps of an epoch, of the longest where they differ."""
        whole = -(-records // batch_size)
        return whole if self.steps is None else min(self.steps, whole)

    def validates(self, epoch: int) -> bool:
        """Whether the model is validated after this epoch, from 0."""
        if isinstance(self.validated, int | np.integer):
            return (epoch + 1) % int(self.validated) == 0
        return epoch + 1 in self.validated

    def _pass(self, number: int, records: int, batch_size: int) -> NDArray[np.int32]:
        """All records once."""
        if not self.shuffle:
            return np.arange(records, dtype=np.int32)
        order = epoch_order(self.seed, number, records)
        return _within(order, batch_size) if self.shuffle == "batch" else order


def _within(order: NDArray[np.int32], batch_size: int) -> NDArray[np.int32]:
    """The records of each batch, as they were given, in the order in which `order` has them."""
    return order[np.argsort(order // batch_size, kind="stable")]


IN_ORDER = Schedule(range(1), shuffle=False)  # of a validation
