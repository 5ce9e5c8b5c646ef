"""(seed, epoch) → all the randomness of that epoch, the same for every engine: order of records, dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.models.dense import draws_its_seeds
from rowwise.models.keras_view import global_seed, seed_states, seeded_layers
from rowwise.text import say

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


def unheard_seeds(model: keras.Model, seed: int | None, shuffled: bool) -> list[str]:
    """What to say of seeds that a script gives elsewhere, since all randomness comes from that of `fit`.

    Args:
        seed: that of `fit`; None where it was left to rowwise.
        shuffled: whether the order of the records is drawn.
    """
    said, everywhere = [], global_seed()
    if everywhere and seed is None and (shuffled or seed_states(model)):
        said.append(say("fit.seed.everywhere", found=everywhere))
    own = {} if draws_its_seeds(model) else seeded_layers(model)
    return [*said, *(say("fit.seed.layer", name=name, found=found) for name, found in list(own.items())[:1])]
