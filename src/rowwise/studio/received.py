"""Pictures that the page sends one by one, each with its folders → that folder, as it lies on the user's disk."""

from __future__ import annotations

import secrets
import sys
import threading
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from rowwise.data.pictures.file import SUFFIXES
from rowwise.data.source import Source
from rowwise.errors import SaveError, UsageError, os_reason
from rowwise.text.visible import file_name

if TYPE_CHECKING:
    from rowwise.studio.shelf import Shelf

MOST = 20_000  # pictures of one folder
LONGEST = 80  # characters of a folder's name
DEEPEST = 6  # folders within one another


class Received:
    """A folder of pictures that grows; its files have numbers for names, whatever they were called."""

    def __init__(self, name: str, shelf: Shelf) -> None:
        self._shelf, self._shelved, self._name = shelf, secrets.token_hex(8), _plain(name) or "pictures"
        self.count = 0
        self._guard = threading.Lock()
        self._called: dict[Path, dict[str, str]] = {}  # of each folder those in it: what they were called, and are

    def add(self, name: str, content: bytes) -> None:
        """One picture, called `folder/…/class/file.png`; several threads may add at the same time.

        Folders whose names become the same by what is taken from them stay apart.

        Raises:
            UsageError: no picture by its name, no class, or too many. SaveError: the file system refuses.
        """
        parts = PurePosixPath(name).parts
        suffix = PurePosixPath(name).suffix.lower()
        within = [part for part in parts[1:-1] if _plain(part)] or [part for part in parts[:-1] if _plain(part)]
        with self._guard:
            known = suffix in SUFFIXES and 0 < len(within) <= DEEPEST and self.count < MOST
            if not known or not _plain(parts[-2]):
                raise UsageError("studio.picture", name=name[:60], known=", ".join(sorted(SUFFIXES)), most=f"{MOST:,}")
            number, self.count = self.count, self.count + 1
            place = self.folder
            for part in within:
                place /= self._folder_of(place, part)
        try:
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number:05}{suffix}").write_bytes(content)
        except OSError as cause:
            raise SaveError("run.unwritable", path=place.name, cause=os_reason(cause)) from cause

    @property
    def folder(self) -> Path:
        return self._shelf.folder(self._shelved) / self._name

    def remove(self) -> None:
        """Delete what has come: nobody learns from it."""
        if self.count:
            self._shelf.remove(self.folder.parent)

    def source(self) -> Source:
        """What loads them; UsageError where none has come."""
        if not self.count:
            raise UsageError("studio.pictures.none")
        return Source(str(self.folder)).checked()

    def _folder_of(self, parent: Path, called: str) -> str:
        """What the folder of that name within another is called here."""
        known = self._called.setdefault(parent, {})
        if called not in known:
            plain, number = _plain(called), 2
            free = plain
            while free in known.values():
                free, number = f"{plain} ({number})", number + 1
            known[called] = free
        return known[called]


def _plain(name: str) -> str:
    """A stranger's name as that of one folder, below its parent; empty where nothing is left of it.

    It is the class's name, which is shown: only what leads elsewhere is taken away, and what Windows refuses there.
    """
    name = "".join(sign if sign.isprintable() and sign not in "/\\" else "_" for sign in PurePosixPath(name).name)
    name = name[:LONGEST].strip(" .")
    return file_name(name) if name and sys.platform == "win32" else name
