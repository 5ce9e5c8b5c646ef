"""Some files of a folder → their digests and headers, or their records: what `workers` does, here or in a process.

Such a process imports this module, Pillow and NumPy, not the caller's program. What it answers depends on nothing but
the step and the files.
"""

from __future__ import annotations

import hashlib
import math
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rowwise.data.pictures.file import brightest_value, read_header
from rowwise.errors import DataError, os_reason
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from rowwise.data.pictures.file import Header

LARGEST_FILE = 512 * 1024**2  # bytes
INT32_MAX = 2**31 - 1
SMALL_FILE = 1024**2  # bytes: read once for all; of a larger one the digest is taken piece by piece


class Unusable(NamedTuple):
    """A file that is no picture that can be used: its row, and why, as the catalogue's key and values."""

    row: int
    kind: str
    values: dict[str, str]

    @classmethod
    def of(cls, row: int, error: DataError) -> Unusable:
        """By what reading the file raised."""
        values = {key: str(value) for key, value in error.values.items() if key != "file"}
        return cls(row, error.key.rpartition(".")[2], values)

    def reason(self) -> str:
        """Why, in words."""
        return say(f"folder.bad.{self.kind}", **self.values)


class Headers(NamedTuple):
    """Of each file its SHA-256, empty where it cannot be read, and its header, None where it is no picture.

    `brightest`: the largest value of a picture of more than 8 bits, rounded up, 1 at least; 0 for all others.
    """

    digests: list[bytes]
    headers: list[Header | None]
    brightest: list[int]


@dataclass(frozen=True)
class ReadHeaders:
    """The step that reads digests and headers."""

    folder: str

    def __call__(self, start: int, names: Sequence[str]) -> Headers:
        """Of the files `names`."""
        answer = Headers([], [], [])
        for name in names:
            path, digest, header, brightest = os.path.join(self.folder, name), b"", None, 0
            with suppress(OSError, DataError):  # decoding it will say why
                with open(path, "rb", buffering=0) as file:
                    small = os.fstat(file.fileno()).st_size <= SMALL_FILE
                    content = file.read() if small else None
                    sha = hashlib.file_digest(file, "sha256") if content is None else hashlib.sha256(content)
                digest = sha.digest()
                header = read_header(path, content)
                if header.deep:  # one of 8 bits needs no decoding
                    brightest = int(min(max(1, math.ceil(brightest_value(path, content))), INT32_MAX))
            answer.digests.append(digest)
            answer.headers.append(header)
            answer.brightest.append(brightest)
        return answer


class Decoded(NamedTuple):
    """Of each file its SHA-256, empty where it cannot be read, None where it is too large to look; and the unusable."""

    digests: list[bytes | None]
    unusable: list[Unusable]


@dataclass(frozen=True)
class DecodeRecords:
    """The step that decodes pictures and writes their records into a file; black ones for those that are unusable.

    Attributes:
        folder: where the files are.
        shape: of a record.
        record: `(path, shape, notes, content) → record`, a function that can be pickled.
        file, offset: where the records are to be, and how many bytes stand before the first.
    """

    folder: str
    shape: tuple[int, ...]
    record: Callable[[str, tuple[int, ...], list[str], bytes | None], NDArray[np.uint8]]
    file: str
    offset: int

    def __call__(self, start: int, names: Sequence[str]) -> Decoded:
        """Of the files `names`.

        Raises:
            OSError: the records cannot be written.
        """
        size = math.prod(self.shape)
        records = bytearray(size * len(names))
        answer = Decoded([], [])
        for place, name in enumerate(names):
            path, digest = os.path.join(self.folder, name), None
            try:
                content = _content(path)
                digest = hashlib.sha256(content).digest()
                records[place * size : (place + 1) * size] = self.record(path, self.shape, [], content).tobytes()
            except OSError as cause:
                digest = b""
                answer.unusable.append(Unusable(start + place, "unreadable", {"cause": os_reason(cause)}))
            except DataError as error:
                answer.unusable.append(Unusable.of(start + place, error))
            answer.digests.append(digest)
        with open(self.file, "r+b") as file:
            file.seek(self.offset + start * size)
            file.write(records)
        return answer


def _content(path: str) -> bytes:
    """The file's bytes.

    Raises:
        DataError: too many. OSError: it cannot be read.
    """
    with open(path, "rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_size > LARGEST_FILE:
            raise DataError("folder.bad.large_file", most=f"{LARGEST_FILE:,}")
        return file.read()
