"""Pictures, and what `augmentation` has drawn for each → the pictures changed, in NumPy.

`engine/native/pictures.h` has the same arithmetic, twenty times as fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 1024  # pictures at a time


def changed(x: NDArray[np.uint8], how: NDArray[np.int32], out: NDArray[np.uint8]) -> None:
    """Write pictures x `(pictures, height, width[, channels])`, changed as `drawn` says, into `out`, of the same shape.

    Between pixels a value is the weighted mean of the four around it, in 256ths; beyond the edge it is that of the
    edge.
    """
    for start in range(0, len(x), CHUNK):
        rows = slice(start, start + CHUNK)
        out[rows] = _changed(x[rows], how[rows].astype(np.int64))


def mixed(
    own: NDArray[np.uint8],
    x: NDArray[np.uint8],
    partner: NDArray[np.int32],
    weight: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> None:
    """Write pictures `own` `(pictures, values)`, into each of which one of x is blended, into `out`.

    Args:
        own, x: bytes; those of x are any number of pictures.
        partner: `(pictures,)`: which one of x.
        weight: `(pictures,)`: its share, in 256ths.
        out: as `own`.
    """
    for start in range(0, len(own), CHUNK):
        rows = slice(start, start + CHUNK)
        share = weight[rows, None].astype(np.uint16)
        out[rows] = (own[rows] * (256 - share) + x[partner[rows]] * share + 128) >> 8


def _changed(x: NDArray[np.uint8], how: NDArray[np.int64]) -> NDArray[np.uint8]:
    height, width = x.shape[1:3]
    pictures = x.reshape(len(x), height, width, -1)
    y, across = np.arange(height)[:, None], np.arange(width)[None, :]
    a, b, c, d, ty, tx, top, bottom, left, right, grey = how.T[:, :, None, None]
    number = np.arange(len(x))[:, None, None]
    at = a * y + b * across + ty, c * y + d * across + tx
    first = [place >> 16 for place in at]
    fraction_y, fraction_x = (((place >> 8) & 255)[..., None] for place in at)

    def pixels(down: int, aside: int) -> NDArray[np.int64]:
        rows = np.clip(first[0] + down, 0, height - 1)
        return pictures[number, rows, np.clip(first[1] + aside, 0, width - 1)].astype(np.int64)

    upper = pixels(0, 0) * (256 - fraction_x) + pixels(0, 1) * fraction_x
    lower = pixels(1, 0) * (256 - fraction_x) + pixels(1, 1) * fraction_x
    values = (upper * (256 - fraction_y) + lower * fraction_y + (1 << 15)) >> 16
    erased = (y >= top) & (y < bottom) & (across >= left) & (across < right)
    return np.where(erased[..., None], grey[..., None], values).astype(np.uint8).reshape(x.shape)
