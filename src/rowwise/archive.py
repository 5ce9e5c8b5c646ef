"""A zip archive that a stranger may have made → its members, read within a budget, or a ValueError in words.

What the directory says of sizes is compared with what the file can hold before a byte is unpacked; while reading,
zipfile stops at the size announced and compares the checksum, so that no member unpacks to more than was allowed.
"""

from __future__ import annotations

import io
import stat
import zipfile
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from rowwise.files import open_regular
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = 1 << 20  # bytes unpacked at once
LARGEST_DIRECTORY = 2 << 20  # bytes: some 20,000 members
ALWAYS = 128 << 20  # bytes that any archive may unpack to
RATIO = 50  # how many times its own size a larger one may: deflate can reach 1,030, pictures and weights 1 to 20
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack to far more, or are rarely built into Python
ARCHIVES = (".zip", ".npz", ".keras", ".gz", ".bz2", ".xz", ".zst", ".7z", ".tar")
LOCAL_HEADER = 30  # bytes before a member's name
ENCRYPTED = 0x1  # a flag of a member


class _Bounded(io.BufferedReader):
    """A file that is read in blocks: zipfile would read a directory at once, as large as the file announces it."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > LARGEST_DIRECTORY:
            raise ValueError(say("archive.directory", found=f"{size:,}", most=f"{LARGEST_DIRECTORY:,}"))
        return super().read(size)


class Archive:
    """The members of an archive whose directory has been checked; read them within `open_archive`."""

    def __init__(self, file: IO[bytes], archive: zipfile.ZipFile) -> None:
        self._file, self._archive = file, archive
        self.members = {member.filename: member for member in archive.infolist()}

    def open(self, name: str) -> IO[bytes]:
        """A member's bytes, unpacked as they are read; its checksum is compared at its end."""
        return self._archive.open(self.members[name])

    def read(self, name: str, most: int) -> bytes:
        """All bytes of a member.

        Raises:
            ValueError: more than `most`.
        """
        if (size := self.members[name].file_size) > most:
            raise ValueError(say("archive.member", name=name, found=f"{size:,}", most=f"{most:,}"))
        content = io.BytesIO()
        self.copy(name, content)
        return content.getvalue()

    def copy(self, name: str, target: IO[bytes] | None = None) -> None:
        """Read a member to its end, so that its checksum is compared; into `target`, if any."""
        with self.open(name) as member:
            while block := member.read(BLOCK):
                if target is not None:
                    target.write(block)

    def stored_at(self, name: str) -> int | None:
        """Where in the file a member begins that is not packed; None for one that is."""
        member = self.members[name]
        if member.compress_type != zipfile.ZIP_STORED:
            return None
        self._file.seek(member.header_offset)
        header = self._file.read(LOCAL_HEADER)
        lengths = header[26:30]  # of the name and the extra field, which stand before the bytes
        return member.header_offset + len(header) + sum(int.from_bytes(lengths[at : at + 2], "little") for at in (0, 2))


@contextmanager
def open_archive(place: Path | bytes) -> Iterator[Archive]:
    """The archive in a regular file, or in its bytes, once its directory has been found harmless.

    Raises:
        OSError: it cannot be opened, or is no regular file. ValueError: what is wrong with the directory, in words.
        Exception: no archive, or a damaged one; zipfile, zlib and struct each have their own errors.
    """
    opened = io.BytesIO(place) if isinstance(place, bytes) else open_regular(place)
    with _Bounded(opened) as file, zipfile.ZipFile(file) as archive:
        size = file.seek(0, io.SEEK_END)
        _check(archive.infolist(), size)
        yield Archive(file, archive)


def _check(members: list[zipfile.ZipInfo], size: int) -> None:
    seen: set[str] = set()
    for member in members:
        name = member.filename
        path = PurePosixPath(name)
        if name != member.orig_filename or path.is_absolute() or {"..", "."} & set(name.split("/")) or "\\" in name:
            raise ValueError(say("archive.path", name=member.orig_filename))
        if ":" in name or stat.S_ISLNK(member.external_attr >> 16):
            raise ValueError(say("archive.path", name=name))
        if name.casefold() in seen:
            raise ValueError(say("archive.twice", name=name))
        seen.add(name.casefold())
        if path.suffix.lower() in ARCHIVES:
            raise ValueError(say("archive.nested", name=name))
        if member.flag_bits & ENCRYPTED:
            raise ValueError(say("archive.encrypted", name=name))
        if member.compress_type not in METHODS:
            raise ValueError(say("archive.method", name=name, found=member.compress_type))
    most = max(ALWAYS, RATIO * size)
    if (unpacked := sum(member.file_size for member in members)) > most:
        raise ValueError(say("archive.bomb", found=f"{unpacked:,}", size=f"{size:,}", most=f"{most:,}"))
    if sum(member.compress_size for member in members) > size:
        raise ValueError(say("archive.overlap"))
