"""Tables and pictures that the page sends → folders of the cache; those that no saved run names go with the studio."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from rowwise.environment import cache_folder
from rowwise.errors import SaveError, os_reason
from rowwise.files import LOCK
from rowwise.locks import Lock, abandoned

if TYPE_CHECKING:
    from pathlib import Path

KEPT = "kept"  # a file in the folders that stay: a run finds its data there


class Shelf:
    """The folders of one studio. A folder is locked while somebody's studio has it; any thread may ask."""

    def __init__(self) -> None:
        self._locks: dict[Path, Lock | None] = {}  # None: another studio, which has the same table, removes it

    def folder(self, name: str) -> Path:
        """The folder of that name, made where it is missing; raises SaveError."""
        folder = _shelves() / name
        if folder in self._locks:
            return folder
        try:
            # Of a version that removed nothing: some run may name it.
            if folder.exists() and not (folder / LOCK).exists():
                (folder / KEPT).touch()
            folder.mkdir(parents=True, exist_ok=True)
            with suppress(BlockingIOError):
                self._locks[folder] = None
                self._locks[folder] = Lock(folder / LOCK)
        except OSError as cause:
            raise SaveError("run.unwritable", path=folder, cause=os_reason(cause)) from cause
        return folder

    def keep(self, place: Path) -> None:
        """Let the folder stay that `place` lies in, if it is one of a shelf; raises OSError."""
        folder = next((one for one in (place, *place.parents) if one.parent == _shelves()), None)
        if folder is not None:
            (folder / KEPT).touch()

    def clear(self) -> None:
        """Remove what nobody kept."""
        while self._locks:
            folder, lock = self._locks.popitem()
            if lock is not None:
                lock.release()
                _remove(folder)

    def remove(self, folder: Path) -> None:
        """Remove a folder of this studio at once."""
        if (lock := self._locks.pop(folder, None)) is not None:
            lock.release()
            _remove(folder)


def tidy() -> None:
    """Remove what studios have left that were killed."""
    with suppress(OSError):
        for file in _shelves().glob(f"*/{LOCK}"):
            if abandoned(file):
                with suppress(OSError):
                    Lock(file).release()
                    _remove(file.parent)


def _shelves() -> Path:
    return cache_folder() / "studio"


def _remove(folder: Path) -> None:
    if not (folder / KEPT).exists():
        shutil.rmtree(folder, ignore_errors=True)
