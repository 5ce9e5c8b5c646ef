"""Bytes → a file that is there whole or not at all."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from rowwise.errors import SaveError

if TYPE_CHECKING:
    from pathlib import Path

PARTIAL = ".partial"  # ends the hidden name of whatever is not finished; a killed process may leave one


def unfinished(path: Path) -> Path:
    """A hidden name beside `path`, free, for what is to become `path` by renaming."""
    return path.parent / f".rowwise-{secrets.token_hex(6)}{PARTIAL}"


def atomic_write(path: Path, content: bytes) -> None:
    """Write beside `path` and rename: a reader sees the old file or the new one, never half of it.

    Raises:
        SaveError: the file system refused; nothing is left behind.
    """
    temporary = unfinished(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_through(temporary, content)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)  # renamed, it is gone already
    except OSError as cause:
        raise SaveError("file.save", path=path, cause=cause.strerror or cause) from cause


def write_through(path: Path, content: bytes) -> None:
    """Write a new file down to the disk: a rename that follows must not arrive there before its content.

    Raises:
        OSError: as the file system says.
    """
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
