"""A shape → an empty float32 array, in memory or, where it is large, in a temporary file mapped into memory."""

from __future__ import annotations

import mmap
import tempfile
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import SaveError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGE = 64 << 20  # bytes
ROWS = 1 << 16  # copied at once


def empty(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Its values are whatever was there. The file of a large one has no name and is gone with the array.

    Raises:
        SaveError: the temporary folder has no room for it.
    """
    if prod(shape) * 4 < LARGE:
        return np.empty(shape, np.float32)
    try:
        with tempfile.TemporaryFile(prefix="rowwise-") as file:
            return np.memmap(file, np.float32, "w+", shape=shape)
    except OSError as cause:
        raise SaveError("table.room", path=tempfile.gettempdir(), cause=cause.strerror or cause) from cause


def taken(array: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """`array[rows]`. A mapped array is read block by block, each released after it; a large result is mapped too."""
    if _mapped(array) is None or array.dtype != np.float32:
        return array[rows]
    result = empty((len(rows), *array.shape[1:]))
    for start in range(0, len(rows), ROWS):
        block = slice(start, start + ROWS)
        result[block] = array[rows[block]]
        release(result)
        release(array)
    return result


def release(array: NDArray[Any]) -> None:
    """Let the system take back the memory of a mapped array's pages; what they hold stays in its file."""
    owner = _mapped(array)
    if owner is not None and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)


def _mapped(array: NDArray[Any]) -> mmap.mmap | None:
    """The mapped file that an array lies in; None for one in memory."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return owner if isinstance(owner, mmap.mmap) else None
