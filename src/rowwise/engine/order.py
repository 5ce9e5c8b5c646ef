"""(seed, epoch) → the order of the records in that epoch, the same for every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def epoch_order(seed: int, epoch: int, records: int) -> NDArray[np.int32]:
    """`(records,)` int32: a permutation that depends on seed, epoch (from 0) and the number of records alone.

    Batch b of the epoch holds the records `order[b * batch_size : (b + 1) * batch_size]`. Because no
    state is carried from epoch to epoch, a resumed run sees the same batches as an uninterrupted one.
    """
    return np.random.default_rng([seed, epoch]).permutation(records).astype(np.int32)
