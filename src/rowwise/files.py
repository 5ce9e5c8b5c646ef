"""Bytes → a file that is there whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rowwise.errors import SaveError, os_reason
from rowwise.locks import held, hold
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Done = TypeVar("Done")

PARTIAL = ".partial"  # how the hidden name of what is not finished ends; a killed process may leave such a file
LOCK = "rowwise.lock"  # in a folder that is being written
# Seconds without a lock after which a file, or a folder, belongs to no living process.
SETTLED, FORGOTTEN = 60, 24 * 3600


BLOCK = 1 << 16  # bytes
# What a path may lead to that is no ordinary file: reading it could wait for ever, or never end.
IRREGULAR = (
    (stat.S_ISDIR, "file.is.folder"),
    (stat.S_ISFIFO, "file.is.pipe"),
    (stat.S_ISSOCK, "file.is.socket"),
    (lambda mode: not stat.S_ISREG(mode), "file.is.device"),
)


def open_regular(path: Path) -> io.FileIO:
    """An ordinary file, to be read.

    Raises:
        OSError: it cannot be opened, or is a folder, a pipe, a socket or a device; `strerror` says which.
    """
    check_regular(path)
    return io.FileIO(path)


def check_regular(path: Path) -> None:
    """Raises OSError where nothing can be read, or no ordinary file stands: a pipe, say, nobody may ever write to."""
    try:
        mode = path.stat().st_mode
    except ValueError as cause:  # a path with a zero byte in it
        raise OSError(errno.EINVAL, str(cause), str(path)) from cause
    for matches, key in IRREGULAR:
        if matches(mode):
            raise OSError(errno.EINVAL, say(key), str(path))


def read_small(path: Path, most: int) -> bytes:
    """All bytes of an ordinary file that has no reason to be long.

    Raises:
        OSError: as `open_regular`, or more than `most` bytes.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        # Room is made for as much as is asked for; some of a system's own files say nothing of their size.
        content = b"" if size > most else file.read(max(size, BLOCK) + 1)
    if max(size, len(content)) > most:
        raise OSError(errno.EFBIG, say("file.long", found=f"{size:,}", most=f"{most:,}"), str(path))
    return content


def unfinished(path: Path) -> Path:
    """A free hidden name beside `path`, for what will become `path` by renaming; what dead ones left goes."""
    tidy(path.parent)
    return path.parent / f".rowwise-{os.urandom(6).hex()}{PARTIAL}"


def tidy(folder: Path) -> None:
    """Remove the unfinished files and folders that dead processes have left in `folder`, never a living one's."""
    now = time.time()
    with suppress(OSError):
        for entry in folder.glob(f".rowwise-*{PARTIAL}"):
            with suppress(OSError):
                age = now - entry.lstat().st_mtime
                if not entry.is_dir():
                    if age > SETTLED and not held(entry):
                        entry.unlink()
                elif age > (SETTLED if (entry / LOCK).exists() else FORGOTTEN) and not held(entry / LOCK):
                    shutil.rmtree(entry, ignore_errors=True)


def remove_unused(files: Iterable[Path], seconds: float, most: int | None = None) -> None:
    """Delete those unused for so many seconds, and beyond `most` the longest unused; another process may do the same.

    Using a file is changing it, or touching it as it is read.
    """
    now, found = time.time(), []
    with suppress(OSError):
        for file in files:
            with suppress(OSError):
                found.append((now - file.stat().st_mtime, file))
    for place, (age, file) in enumerate(sorted(found)):
        if age > seconds or (most is not None and place >= most):
            with suppress(OSError):
                file.unlink()


def check_place(path: Path) -> None:
    """Refuse a path where no file can be written, before any work is done for it.

    Raises:
        SaveError: `path` is a folder, the folder above its own is missing, or the file system does not let us look.
    """
    folder = path.parent
    try:
        if path.is_dir():
            raise SaveError("file.is_folder", path=path)
        if not folder.is_dir() and (folder.exists() or not folder.parent.is_dir()):
            raise SaveError("file.folder", path=path, folder=folder)
    except OSError as cause:
        raise SaveError("file.save", path=path, cause=os_reason(cause)) from cause


def atomic_write(path: Path, content: bytes) -> None:
    """Write beside `path` and rename: a reader sees the old file or the new one, never half of it.

    An existing file is replaced. A missing folder is created, none above it: a mistyped path must not grow a tree.
    A link is followed; a device or pipe, such as /dev/stdout, is written to.

    Raises:
        SaveError: as `check_place`, or the file system refused; nothing is left behind.
    """
    check_place(path)
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # renaming would put a file in the device's place
            return
        path = path.resolve()
        new_folder = not path.parent.exists()
        path.parent.mkdir(exist_ok=True)
        temporary = unfinished(path)
        try:
            write_through(temporary, content)
            os.replace(temporary, path)
            sync(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            if new_folder:
                path.parent.rmdir()
            raise
    except OSError as cause:
        raise SaveError("file.save", path=path, cause=os_reason(cause)) from cause


def write_whole(path: Path, make: Callable[[Callable[[bytes], object]], Done]) -> Done:
    """What `make(write)` gives, once all that it wrote is at `path`: for content that does not fit in memory.

    A link is followed; a device or pipe is written to as it comes.

    Raises:
        SaveError: no such place, or the file system refused; nothing is left behind then, or when `make` fails.
    """
    check_place(path)
    device = path.exists() and not path.is_file()  # renaming would put a file in its place
    place = path if device else path.resolve()
    partial = place if device else unfinished(place)
    try:
        place.parent.mkdir(exist_ok=True)
        with partial.open("wb") as file:
            if not device:
                hold(file.fileno())
            done = make(file.write)
            if not device:
                file.flush()
                os.fsync(file.fileno())
        if not device:
            partial.replace(place)
    except OSError as cause:
        raise SaveError("file.save", path=path, cause=os_reason(cause)) from cause
    finally:
        if not device:
            partial.unlink(missing_ok=True)
    return done


def write_through(path: Path, content: bytes) -> None:
    """Write a new file and wait until it is on the disk: a rename that follows must not get there before the content.

    Raises:
        OSError: as the file system says.
    """
    with path.open("xb") as file:
        hold(file.fileno())
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name == "nt":  # Windows opens no folders
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
