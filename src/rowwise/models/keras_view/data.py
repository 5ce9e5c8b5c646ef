"""What gives batches → Keras's own iterator over them, which trains, resets and warns as `model.fit` does."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

import keras
from keras.src.trainers import data_adapters
from keras.src.trainers.data_adapters import data_adapter, py_dataset_adapter
from keras.src.trainers.epoch_iterator import EpochIterator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def gives_batches(x: Any) -> bool:
    """Whether Keras takes x for a source of batches, rather than for records."""
    if isinstance(x, keras.utils.PyDataset | data_adapter.DataAdapter | types.GeneratorType):
        return True
    known = ("is_tf_dataset", "is_torch_dataloader", "is_grain_dataset")  # those that this release has
    return any(getattr(data_adapters, name)(x) for name in known if hasattr(data_adapters, name))


class Bare(py_dataset_adapter.PyDatasetAdapter):
    """A PyDataset of `(x,)` → batches of x alone: so `fit` gives a train_step one array that has no labels."""

    def _standardize_batch(self, batch: Any) -> Any:
        return batch[0]


class EpochBatches:
    """The batches of one source, epoch after epoch; `build` looks at the first batch.

    Args:
        source: what `gives_batches` says yes to.
        steps: an epoch; None for as many as there are.
        shuffle: whether a PyDataset's batches are shuffled.
        class_weight: class number → weight.
    """

    def __init__(
        self,
        source: Any,
        steps: int | None = None,
        shuffle: bool | str = False,
        class_weight: Mapping[int, float] | None = None,
    ) -> None:
        self._iterator = EpochIterator(source, steps_per_epoch=steps, shuffle=shuffle, class_weight=class_weight)

    @property
    def adapter(self) -> Any:
        """What Keras takes in the source's stead, with nothing lost that was read already."""
        return self._iterator.data_adapter

    @property
    def steps(self) -> int | None:
        """An epoch; None where that is not known before the first has ended."""
        return self._iterator.num_batches

    def build(self, model: keras.Model) -> Any:
        """Make the model's variables from the first batch, as Keras does, and give that batch."""
        for _, _, batches in self._iterator:
            model._symbolic_build(data_batch=batches[0])
            self._iterator.reset()
            return batches[0]
        raise ValueError("no batches")

    def epoch(self) -> Iterator[Any]:
        """The batches of the next epoch: `(x,)`, `(x, y)` or `(x, y, weights)` of NumPy arrays, or a dict."""
        with self._iterator.catch_stop_iteration():
            for _, _, batches in self._iterator:
                yield from batches
