"""A shape → an empty float32 array, in memory or, where it is large, in a temporary file mapped into memory."""

from __future__ import annotations

import errno
import mmap
import os
import tempfile
from math import prod
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import SaveError, os_reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGE = 64 << 20  # bytes
ROWS = 1 << 16  # copied at once
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # how a file system says that there is no room


def empty(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Its values are whatever was there. The file of a large one has no name and is gone with the array.

    Raises:
        SaveError: the temporary folder has no room for it.
        MemoryError: the process may not have so much memory, mapped or not.
    """
    size = prod(shape) * 4
    if size < LARGE:
        return np.empty(shape, np.float32)
    try:
        with tempfile.TemporaryFile(prefix="rowwise-") as file:
            allocate(file, 0, size)
            return np.memmap(file, np.float32, "r+", shape=shape)
    except OSError as cause:
        if cause.errno == errno.ENOMEM:
            raise MemoryError(size) from cause
        raise no_room(cause) from cause


def no_room(cause: OSError) -> SaveError:
    """The temporary folder, if there is one, is full or cannot be written."""
    try:
        path = tempfile.gettempdir()
    except OSError:  # nothing can be written anywhere
        path = "TMPDIR"
    return SaveError("table.room", path=path, cause=os_reason(cause))


def allocate(file: IO[bytes], start: int, size: int) -> None:
    """Take `size` bytes of the disk for a file, from `start` on: in a file with holes a full disk is a bus error later.

    Raises:
        OSError: the disk has no room for them.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), start, size)
        return
    file.seek(start)
    for begin in range(0, size, LARGE):
        file.write(bytes(min(LARGE, size - begin)))
    file.flush()


def take_rows(array: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
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
