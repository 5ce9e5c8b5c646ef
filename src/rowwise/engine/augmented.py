"""Training records that are pictures → those of each epoch, augmented, in the place that the engine reads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from rowwise.cores import usable_cores
from rowwise.data.augmented_pictures import changed
from rowwise.engine.native import change_pictures
from rowwise.errors import UsageError
from rowwise.figures import is_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.augmentation import Augmentation
    from rowwise.engine.arrays import Arrays

PIECE = 2048  # pictures that a thread changes at a time: what was drawn for them stays in its cache


class Augmented:
    """The pictures as they were given, and the array that holds those of the epoch under way.

    Args:
        train: x uint8 `(records, height, width[, channels])`.
        augmentation: what happens to them.

    Attributes:
        train: the same records, with that array for x.

    Raises:
        UsageError: the records are no pictures of bytes.
    """

    def __init__(self, train: Arrays, augmentation: Augmentation) -> None:
        given = train.bare.x
        if not isinstance(given, np.ndarray) or given.dtype != np.uint8 or not is_picture(given.shape[1:]):
            found = f"{given.dtype} {given.shape}" if isinstance(given, np.ndarray) else type(given).__name__
            raise UsageError("fit.augment.pictures", found=found)
        self._given = np.ascontiguousarray(given)
        self._now = np.empty_like(self._given)
        self._augmentation = augmentation
        self._begun: tuple[int, int] | None = None
        self.begin(0, 0)  # what is asked before the first epoch sees pictures of the same kind
        self.train = train._replace(x=self._now)

    def begin(self, seed: int, epoch: int) -> None:
        """The array holds the pictures of this epoch from now on."""
        if self._begun == (seed, epoch):
            return
        given, now, augmentation = self._given, self._now, self._augmentation
        draw = augmentation.draw(seed, epoch, len(given))

        def change(start: int) -> None:
            rows = slice(start, start + PIECE)
            _change(given[rows], augmentation.meant(draw[rows], given.shape[1:]), now[rows])

        starts = range(0, len(given), PIECE)
        with ThreadPoolExecutor(max(1, min(usable_cores(), len(starts)))) as pool:
            list(pool.map(change, starts))  # raises what one of them has raised
        self._begun = seed, epoch


def _change(x: NDArray[np.uint8], how: NDArray[np.int32], out: NDArray[np.uint8]) -> None:
    if not change_pictures(x.reshape(*x.shape[:3], -1), how, out.reshape(*out.shape[:3], -1)):
        changed(x, how, out)
