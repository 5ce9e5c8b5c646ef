"""Bytes → a file that is there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from rowwise.errors import SaveError

if TYPE_CHECKING:
    from pathlib import Path


def atomic_write(path: Path, content: bytes) -> None:
    """Write beside `path` and rename: a reader sees the old file or the new one, never half of it.

    Raises:
        SaveError: the file system refused; nothing is left behind.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)  # mkstemp makes it private
        os.replace(temporary, path)
    except OSError as cause:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise SaveError("file.save", path=path, cause=cause.strerror or cause) from cause
