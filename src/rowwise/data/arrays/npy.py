"""A file in NumPy's own format → its header, or an array whose values are mapped into memory; nothing is unpickled."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = b"\x93NUMPY"
READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class Header(NamedTuple):
    """What an array says of itself; its values start at byte `start` and take `size` bytes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: str
    start: int

    @property
    def size(self) -> int:
        return self.dtype.itemsize * math.prod(self.shape)


def read_header(file: IO[bytes]) -> Header:
    """What the array in `file` says of itself: whether its values are there has not been checked.

    Raises:
        Exception: it is none. NumPy parses it as Python, with errors of many kinds.
    """
    version = np.lib.format.read_magic(file)
    if version not in READERS:  # a later one is for the names of a structure's fields only
        raise ValueError(f"format {version}")
    shape, fortran, dtype = READERS[version](file)
    if min(shape, default=0) < 0:
        raise ValueError(f"shape {shape}")
    return Header(dtype, shape, "F" if fortran else "C", file.tell())


def mapped(path: Path, header: Header) -> NDArray[Any]:
    """The array of a file, read when it is used.

    Raises:
        ValueError: Python objects, or fewer values than announced.
    """
    _refuse_objects(header)
    if not header.size:
        return np.zeros(header.shape, header.dtype)
    return np.memmap(path, header.dtype, "r", header.start, header.shape, header.order)  # type: ignore[call-overload]


def unpacked(content: bytes | bytearray, header: Header) -> NDArray[Any]:
    """The same of a file's bytes: a view of them.

    Raises:
        ValueError: Python objects, or fewer values than announced.
    """
    _refuse_objects(header)
    values = np.frombuffer(content, header.dtype, math.prod(header.shape), header.start)
    return values.reshape(header.shape, order=header.order)  # type: ignore[call-overload]


def _refuse_objects(header: Header) -> None:
    """Bytes taken for pointers to Python objects would crash the program."""
    if header.dtype.hasobject:
        raise ValueError("Python objects")
