"""What gives batches instead of arrays (a generator, a PyDataset, tf.data, PyTorch's DataLoader, grain) → a Stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowwise.engine.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Stream:
    """Batches, made by an object of the user's while the training runs.

    Attributes:
        source: what Keras takes for x with no y beside it: its batches are `(x,)`, `(x, y)` or `(x, y, weights)`.
        steps: of a validation; None for as many as it gives. Those of a training are the schedule's.
        class_weight: class number → weight.
    """

    source: Any
    steps: int | None = None
    class_weight: Mapping[int, float] | None = None

    def arguments(self, schedule: Schedule) -> dict[str, Any]:
        """What `model.fit` is called with."""
        options: dict[str, Any] = {"x": self.source, "steps_per_epoch": schedule.steps}
        if self.class_weight is not None:
            options["class_weight"] = self.class_weight
        # The others shuffle themselves, and Keras warns that it does not.
        options["shuffle"] = schedule.shuffle if isinstance(self.source, keras.utils.PyDataset) else False
        return options

    def evaluate(self, model: keras.Model, callbacks: keras.callbacks.CallbackList) -> dict[str, float]:
        """Loss and metrics over its batches, by Keras, which calls the callbacks."""
        return model.evaluate(self.source, steps=self.steps, callbacks=callbacks, verbose=0, return_dict=True)


def is_stream(x: Any) -> bool:
    """Whether x gives batches rather than being records itself."""
    if isinstance(x, keras.utils.PyDataset):
        return True
    if hasattr(x, "shape") or hasattr(x, "__array__") or isinstance(x, list | tuple | dict | str | bytes):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__next__") or hasattr(x, "get_numpy_iterator")
