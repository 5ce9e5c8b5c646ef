"""The IDX format, plain or gzipped → arrays.

An IDX file is two zero bytes, one for the type, one for the number of axes, each axis's size as a
big-endian 32-bit integer, then the values in row-major order. Source: the MNIST database's own page.
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.archive import ALWAYS, RATIO
from rowwise.errors import DataError, os_reason
from rowwise.files import read_small

if TYPE_CHECKING:
    from numpy.typing import NDArray

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAGIC = 4  # bytes: zero, zero, type, number of axes
MOST_AXES = 64  # as many as NumPy has
GZIP_MAGIC = b"\x1f\x8b"
GZIP = 31  # zlib's window bits for a gzip header and trailer, checksum compared
PEEK = 65536  # bytes of a gzip file that are enough for any IDX header
LARGEST = 2 * 1024**3  # bytes of values: a small gzip can announce far more than the memory holds


class Header(NamedTuple):
    """What an IDX file says of itself: its first value is at byte `start`, and the whole file has `size` bytes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        return self.start + self.dtype.itemsize * math.prod(self.shape)


def read_idx(path: Path, content: bytes | None = None) -> NDArray[Any]:
    """The array of an IDX file, in the machine's byte order.

    Args:
        path: the file; gzip is recognised by its first bytes, not by its name.
        content: its bytes, where they have been read already.

    Raises:
        DataError: missing, truncated or corrupt gzip, another format, fewer or more bytes than announced, or more
            than `LARGEST`. A gzip is never unpacked further than the IDX header in it announces.
    """
    raw = read_file(path) if content is None else content
    gzipped = raw[:2] == GZIP_MAGIC
    # Unpacked twice, first only a little: the header says how far the whole may go.
    header = _header(path, _unzip(path, raw[:PEEK], MAGIC + 4 * MOST_AXES, len(raw) <= PEEK) if gzipped else raw)
    most = min(LARGEST, max(ALWAYS, RATIO * len(raw))) if gzipped else LARGEST
    if header.size > most:
        raise DataError("idx.too_large", file=path, shape=header.shape, found=f"{header.size:,}", most=f"{most:,}")
    if gzipped:
        raw = _unzip(path, raw, header.size + 1)  # one more than announced, to see that there is no more
    if len(raw) != header.size:
        more = "idx.longer" if len(raw) > header.size else "idx.shorter"
        raise DataError(more, file=path, expected=f"{header.size:,}", found=f"{len(raw):,}", shape=header.shape)
    values = np.frombuffer(raw, header.dtype, offset=header.start).reshape(header.shape)
    return values.astype(header.dtype.newbyteorder("="), copy=False)


def read_file(path: Path) -> bytes:
    """All bytes of a file.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return read_small(Path(path), LARGEST + PEEK)
    except OSError as cause:
        raise DataError("idx.missing", file=path, cause=os_reason(cause)) from cause


def _header(path: Path, raw: bytes) -> Header:
    """The header at the beginning of `raw`.

    Raises:
        DataError: it is no IDX header, or cut off.
    """
    axes = raw[3] if len(raw) >= MAGIC else 0
    if raw[:2] != b"\0\0" or not 1 <= axes <= MOST_AXES or raw[2] not in TYPES:
        raise DataError("idx.magic", file=path, found=raw[:MAGIC].hex(" ") or "—")
    start = MAGIC + 4 * axes
    if len(raw) < start:
        raise DataError("idx.header", file=path, expected=start, found=len(raw))
    return Header(np.dtype(TYPES[raw[2]]), struct.unpack(f">{axes}I", raw[MAGIC:start]), start)


def _unzip(path: Path, raw: bytes, most: int, whole: bool = True) -> bytes:
    """The first `most` unpacked bytes of a gzip file; where `whole`, `raw` is all of it and must hold them or its end.

    Raises:
        DataError: corrupt, or cut off before its end.
    """
    unpacker = zlib.decompressobj(wbits=GZIP)
    try:
        content = unpacker.decompress(raw, most)
    except zlib.error as cause:
        raise DataError("idx.gzip", file=path, cause=cause) from cause
    if whole and not unpacker.eof and len(content) < most:
        raise DataError("idx.truncated", file=path, found=f"{len(content):,}")
    return content
