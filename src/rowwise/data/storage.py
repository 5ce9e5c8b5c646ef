"""A shape → an empty float32 array, in memory or, where it is large, in a temporary file mapped into memory."""

from __future__ import annotations

import errno
import mmap
import os
import tempfile
from math import prod
from typing import IO, TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, finalize

import numpy as np

from rowwise.errors import SaveError, os_reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGE = 64 << 20  # bytes
RESIDENT = 3 << 28  # bytes of a mapped array that may be in memory while its rows are read in any order
ROWS = 1 << 16  # copied at once
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # how a file system says that there is no room

_FILES: WeakKeyDictionary[mmap.mmap, int] = WeakKeyDictionary()  # open as long as they are mapped


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
            array = np.memmap(file, np.float32, "r+", shape=shape)
            descriptor = os.dup(file.fileno())
    except OSError as cause:
        if cause.errno == errno.ENOMEM:
            raise MemoryError(size) from cause
        raise no_room(cause) from cause
    owner = _mapped(array)
    assert owner is not None
    _FILES[owner] = descriptor
    finalize(owner, os.close, descriptor)
    return array


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


def file_of(array: NDArray[Any]) -> tuple[int, int, int] | None:
    """The file that a contiguous array of more than `RESIDENT` bytes lies in, open, the byte that it begins at, and how
    many of its rows may be in memory.

    What is read from the file, rather than from the array, does not stay there. None for arrays that may wholly.
    """
    owner = _mapped(array)
    file = None if owner is None or array.nbytes <= RESIDENT else _FILES.get(owner)
    if file is None or owner is None:
        return None
    start = array.ctypes.data - np.frombuffer(owner, np.uint8).ctypes.data
    return file, start, RESIDENT * len(array) // array.nbytes


def _mapped(array: NDArray[Any]) -> mmap.mmap | None:
    """The mapped file that an array lies in; None for one in memory, or of which the file does not have the changes."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        if isinstance(owner, np.memmap) and owner.mode == "c":
            return None
        owner = owner.base
    return owner if isinstance(owner, mmap.mmap) else None
