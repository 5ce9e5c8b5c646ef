"""(seed, epoch) → all the randomness of that epoch, the same for every engine: order of records, dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.models.keras_view import seed_states

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray


def epoch_order(seed: int, epoch: int, records: int) -> NDArray[np.int32]:
    """`(records,)` int32: a permutation that depends on seed, epoch (from 0) and the number of records alone.

    Batch b of the epoch holds the records `order[b * batch_size : (b + 1) * batch_size]`. Because no
    state is carried from epoch to epoch, a resumed run sees the same batches as an uninterrupted one.
    """
    return np.random.default_rng([seed, epoch]).permutation(records).astype(np.int32)


def reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Set the state of every random layer (Dropout, GaussianNoise, …) from seed, epoch and the layer's position.

    Keras does not save that state in a `.keras` file: carried on, a resumed run would drop other units.
    """
    for position, state in enumerate(seed_states(model)):
        random = np.random.default_rng([seed, epoch, position, 1])  # the 1 keeps it apart from the order's stream
        state.assign(random.integers(0, 2**32, state.shape, np.uint32))
