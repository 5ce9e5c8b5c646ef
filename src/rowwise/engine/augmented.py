"""Training records that are pictures → those of each epoch, augmented, in the place that the engine reads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from rowwise.cores import usable_cores
from rowwise.data.augmented_pictures import changed, mixed
from rowwise.engine.native import change_pictures, mix_pictures
from rowwise.errors import UsageError
from rowwise.figures import is_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.augmentation import Augmentation
    from rowwise.engine.arrays import Arrays

PIECE = 2048  # pictures that a thread changes at a time: what was drawn for them stays in its cache


class Augmented:
    """The pictures as they were given, and the array that holds those of the epoch under way; with mixup labels, too.

    Args:
        train: x uint8 `(records, height, width[, channels])`; for mixup y `(records, classes)`, floating.
        augmentation: what happens to them.

    Attributes:
        train: the same records, with that array for x, and for y where labels are blended.

    Raises:
        UsageError: the records are no pictures of bytes, or mixup has no labels to blend.
    """

    def __init__(self, train: Arrays, augmentation: Augmentation) -> None:
        given, labels = train.bare.x, train.bare.y
        if not isinstance(given, np.ndarray) or given.dtype != np.uint8 or not is_picture(given.shape[1:]):
            found = f"{given.dtype} {given.shape}" if isinstance(given, np.ndarray) else type(given).__name__
            raise UsageError("fit.augment.pictures", found=found)
        self._given = np.ascontiguousarray(given)
        self._changed = self._now = np.empty_like(self._given)
        self._augmentation = augmentation
        self._begun: tuple[int, int] | None = None
        self.train = train._replace(x=self._now)
        if augmentation.mixup:
            if (
                not isinstance(labels, np.ndarray)
                or labels.dtype.kind != "f"
                or labels.ndim != 2
                or labels.shape[1] < 2
            ):
                found = f"{labels.dtype} {labels.shape}" if isinstance(labels, np.ndarray) else type(labels).__name__
                raise UsageError("fit.augment.mixup", found=found)
            self._labels, self._labels_now = labels, np.array(labels)
            self._changed = np.empty_like(self._given)
            self.train = self.train._replace(y=self._labels_now)
        self.begin(0, 0)  # what is asked before the first epoch sees pictures of the same kind

    def begin(self, seed: int, epoch: int) -> None:
        """The arrays hold the pictures, and labels, of this epoch from now on."""
        if self._begun == (seed, epoch):
            return
        given, to, now, augmentation = self._given, self._changed, self._now, self._augmentation
        draw = augmentation.draw(seed, epoch, len(given))

        def change(start: int) -> None:
            rows = slice(start, start + PIECE)
            _change(given[rows], augmentation.meant(draw[rows], given.shape[1:]), to[rows])

        def mix(start: int) -> None:
            rows = slice(start, start + PIECE)
            flat, flat_now = (pictures.reshape(len(given), -1) for pictures in (to, now))
            blended = flat[rows], flat, partner[rows], weight[rows], flat_now[rows]
            if not mix_pictures(*blended):
                mixed(*blended)

        starts = range(0, len(given), PIECE)
        with ThreadPoolExecutor(max(1, min(usable_cores(), len(starts)))) as pool:
            list(pool.map(change, starts))  # raises what one of them has raised
            if augmentation.mixup:
                partner, weight = augmentation.mixed(seed, epoch, len(given))
                list(pool.map(mix, starts))
                share = (weight / 256).astype(self._labels.dtype)[:, None]
                self._labels_now[:] = self._labels * (1 - share) + self._labels[partner] * share
        self._begun = seed, epoch


def _change(x: NDArray[np.uint8], how: NDArray[np.int32], out: NDArray[np.uint8]) -> None:
    if not change_pictures(x.reshape(*x.shape[:3], -1), how, out.reshape(*out.shape[:3], -1)):
        changed(x, how, out)
