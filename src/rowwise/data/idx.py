"""The IDX format, plain or gzipped → arrays, and back.

An IDX file is two zero bytes, one for the type, one for the number of axes, each axis's size as a
big-endian 32-bit integer, then the values in row-major order. Source: the MNIST database's own page.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import DataError
from rowwise.files import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC = b"\x1f\x8b"
LARGEST = 4 * 1024**3  # bytes once unpacked: a small gzip can hold far more than the memory


def read_idx(path: Path, content: bytes | None = None) -> NDArray[Any]:
    """The array of an IDX file, in the machine's byte order.

    Args:
        path: the file; gzip is recognised by its first bytes, not by its name.
        content: its bytes, where they have been read already.

    Raises:
        DataError: missing, truncated or corrupt gzip, another format, fewer or more bytes than announced.
    """
    try:
        raw = path.read_bytes() if content is None else content
    except OSError as cause:
        raise DataError("idx.missing", file=path, cause=cause.strerror) from cause
    if raw[:2] == GZIP_MAGIC:
        raw = _unzip(path, raw)
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in TYPES or not raw[3]:
        raise DataError("idx.magic", file=path, found=raw[:4].hex(" ") or "—")
    axes = raw[3]
    start = 4 + 4 * axes
    if len(raw) < start:
        raise DataError("idx.size", file=path, expected=start, found=len(raw), shape=f"{axes} axes")
    shape = struct.unpack(f">{axes}I", raw[4:start])
    dtype = np.dtype(TYPES[raw[2]])
    expected = start
    size = dtype.itemsize
    for axis in shape:
        size *= axis
    expected += size
    if len(raw) != expected:
        raise DataError("idx.size", file=path, expected=expected, found=len(raw), shape=shape)
    return np.frombuffer(raw, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def write_idx(path: Path, array: NDArray[Any]) -> None:
    """Write an IDX file, plain, whole or not at all.

    Raises:
        DataError: a type that IDX has no code for. SaveError: the file system refused.
    """
    codes = {np.dtype(text).newbyteorder("="): code for code, text in TYPES.items()}
    code = codes.get(array.dtype.newbyteorder("="))
    if code is None or not 1 <= array.ndim <= 255:
        raise DataError("idx.dtype", file=path, found=array.dtype)
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    atomic_write(path, header + array.astype(TYPES[code], copy=False).tobytes())


def _unzip(path: Path, raw: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(raw, LARGEST)
    except zlib.error as cause:
        raise DataError("idx.gzip", file=path, cause=cause) from cause
    if unpacker.unconsumed_tail:
        raise DataError("idx.too_large", file=path, most=LARGEST)
    if not unpacker.eof:
        raise DataError("idx.truncated", file=path, found=len(content))
    return content
