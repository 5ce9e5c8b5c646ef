"""What gives batches instead of arrays (a generator, a PyDataset, tf.data, PyTorch's DataLoader, grain) → a Stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import Dataset

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras

    from rowwise.engine.schedule import Schedule
    from rowwise.models.keras_view import EpochBatches


@dataclass(frozen=True, eq=False)
class Stream:
    """Batches, made by an object of the user's while the training runs.

    Attributes:
        source: what Keras takes for x with no y beside it: its batches are `(x,)`, `(x, y)` or `(x, y, weights)`.
        steps: of an epoch or a validation; None for as many as it gives.
        class_weight: class number → weight.
    """

    source: Any
    steps: int | None = None
    class_weight: Mapping[int, float] | None = None

    def batches(self, schedule: Schedule) -> EpochBatches:
        """Those of each epoch, as Keras reads them."""
        from rowwise.models.keras_view import EpochBatches

        return EpochBatches(self.source, schedule.steps, self._shuffled(schedule), self.class_weight)

    def arguments(self, schedule: Schedule) -> dict[str, Any]:
        """What `model.fit` is called with."""
        options: dict[str, Any] = {"x": self.source, "steps_per_epoch": schedule.steps}
        if self.class_weight is not None:
            options["class_weight"] = self.class_weight
        return {**options, "shuffle": self._shuffled(schedule)}

    def evaluate(self, model: keras.Model, callbacks: keras.callbacks.CallbackList) -> dict[str, float]:
        """Loss and metrics over its batches, by Keras, which calls the callbacks."""
        return model.evaluate(self._adapter, steps=self.steps, callbacks=callbacks, verbose=0, return_dict=True)

    @cached_property
    def _adapter(self) -> Any:
        """What Keras keeps through a training: it has read a generator's first batches."""
        from rowwise.models.keras_view import EpochBatches

        return EpochBatches(self.source).adapter

    def _shuffled(self, schedule: Schedule) -> bool | str:
        """The others shuffle themselves, and Keras warns that it does not."""
        import keras

        return schedule.shuffle if isinstance(self.source, keras.utils.PyDataset) else False


def as_stream(x: Any) -> Any:
    """The source of batches that x is; None where it is something else. Any iterator is taken for a generator."""
    if isinstance(x, np.ndarray | Dataset):  # without a question to Keras, which it may be that nobody has imported
        return None
    from rowwise.models.keras_view import gives_batches

    if gives_batches(x):
        return x
    return (batch for batch in x) if isinstance(x, Iterator) else None
