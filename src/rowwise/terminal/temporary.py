"""Python's temporary files → a folder of this process, which the next command removes where a kill has left it."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rowwise.files import LOCK
from rowwise.locks import Lock, abandoned
from rowwise.runs.folder import RESCUED

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "rowwise-process-"


@contextmanager
def own_temporary_folder() -> Iterator[None]:
    """Within the block what Keras and others unpack lies in a folder that goes with it, or with the next such block.

    A model that was rescued there stays.
    """
    before = tempfile.tempdir
    folder, lock = None, None
    with suppress(OSError):  # a full disk, say: it is reported where something has to be written
        _tidy(Path(tempfile.gettempdir()))
        folder = Path(tempfile.mkdtemp(prefix=NAME))
        lock = Lock(folder / LOCK)
        tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        if lock is not None:
            lock.release()
        if folder is not None:
            _empty(folder)


def _tidy(place: Path) -> None:
    """Folders whose process is dead."""
    with suppress(OSError):
        for file in place.glob(f"{NAME}*/{LOCK}"):
            if abandoned(file):
                with suppress(OSError):
                    Lock(file).release()
                    _empty(file.parent)


def _empty(folder: Path) -> None:
    with suppress(OSError):  # not empty, or somebody has removed it
        for entry in folder.iterdir():
            if entry.name.startswith(RESCUED) and entry.is_dir():
                continue
            with suppress(OSError):  # on Windows a file that is still open or mapped: the next command removes it
                shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
        folder.rmdir()
