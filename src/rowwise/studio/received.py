"""Pictures that the page sends one by one, each with the name of its class → a folder with a folder a class."""

from __future__ import annotations

import secrets
import shutil
import sys
import threading
from pathlib import PurePosixPath

from rowwise.data.pictures.file import SUFFIXES
from rowwise.data.source import Source
from rowwise.environment import cache_folder
from rowwise.errors import SaveError, UsageError, os_reason
from rowwise.text.visible import file_name

MOST = 20_000  # pictures of one folder
LONGEST = 80  # characters of a class's name


class Received:
    """A folder of pictures that grows; its files have numbers for names, whatever they were called."""

    def __init__(self, name: str) -> None:
        self.folder = cache_folder() / "studio" / secrets.token_hex(8) / (_plain(name) or "pictures")
        self.count = 0
        self._guard = threading.Lock()

    def add(self, name: str, content: bytes) -> None:
        """One picture, called `…/class/file.png`; several threads may add at the same time.

        Raises:
            UsageError: no picture by its name, no class, or too many. SaveError: the file system refuses.
        """
        parts = PurePosixPath(name).parts
        suffix, label = PurePosixPath(name).suffix.lower(), _plain(parts[-2]) if len(parts) > 1 else ""
        with self._guard:
            if suffix not in SUFFIXES or not label or self.count >= MOST:
                raise UsageError("studio.picture", name=name[:60], known=", ".join(sorted(SUFFIXES)), most=f"{MOST:,}")
            number, self.count = self.count, self.count + 1
        place = self.folder / label / f"{number:05}{suffix}"
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        except OSError as cause:
            raise SaveError("run.unwritable", path=label, cause=os_reason(cause)) from cause

    def remove(self) -> None:
        """Delete what has come: nobody learns from it."""
        shutil.rmtree(self.folder.parent, ignore_errors=True)

    def source(self) -> Source:
        """What loads them; UsageError where none has come."""
        if not self.count:
            raise UsageError("studio.pictures.none")
        return Source(str(self.folder)).checked()


def _plain(name: str) -> str:
    """A stranger's name as that of one folder, below its parent; empty where nothing is left of it.

    It is the class's name, which is shown: only what leads elsewhere is taken away, and what Windows refuses there.
    """
    name = "".join(sign if sign.isprintable() and sign not in "/\\" else "_" for sign in PurePosixPath(name).name)
    name = name[:LONGEST].strip(" .")
    return file_name(name) if name and sys.platform == "win32" else name
