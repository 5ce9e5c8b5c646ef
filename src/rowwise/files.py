"""Bytes → a file that is there whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rowwise.errors import SaveError

if TYPE_CHECKING:
    from collections.abc import Callable

Done = TypeVar("Done")

PARTIAL = ".partial"  # ends the hidden name of whatever is not finished; a killed process may leave one


def unfinished(path: Path) -> Path:
    """A hidden name beside `path`, free, for what is to become `path` by renaming."""
    return path.parent / f".rowwise-{secrets.token_hex(6)}{PARTIAL}"


def check_place(path: Path) -> None:
    """Say at once that a file cannot be put there, before work goes into it.

    Raises:
        SaveError: `path` is a folder, the folder above its own is missing, or the file system lets nobody look.
    """
    folder = path.parent
    try:
        if path.is_dir():
            raise SaveError("file.is_folder", path=path)
        if not folder.is_dir() and (folder.exists() or not folder.parent.is_dir()):
            raise SaveError("file.folder", path=path, folder=folder)
    except OSError as cause:
        raise SaveError("file.save", path=path, cause=cause.strerror or cause) from cause


def atomic_write(path: Path, content: bytes) -> None:
    """Write beside `path` and rename: a reader sees the old file or the new one, never half of it.

    A file that is there is replaced. The folder itself is made where it is missing, none above it: a mistyped
    path must not grow a tree. A link is followed; a device or pipe, such as /dev/stdout, is written to.

    Raises:
        SaveError: no such place, or the file system refused; nothing is left behind.
    """
    check_place(path)
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # renaming would put a file in the device's place
            return
        path = path.resolve()
        made = not path.parent.exists()
        path.parent.mkdir(exist_ok=True)
        temporary = unfinished(path)
        try:
            write_through(temporary, content)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            if made:
                path.parent.rmdir()
            raise
    except OSError as cause:
        raise SaveError("file.save", path=path, cause=cause.strerror or cause) from cause


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
            done = make(file.write)
        if not device:
            partial.replace(place)
    except OSError as cause:
        raise SaveError("file.save", path=path, cause=cause.strerror or cause) from cause
    finally:
        if not device:
            partial.unlink(missing_ok=True)
    return done


def write_through(path: Path, content: bytes) -> None:
    """Write a new file down to the disk: a rename that follows must not arrive there before its content.

    Raises:
        OSError: as the file system says.
    """
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
