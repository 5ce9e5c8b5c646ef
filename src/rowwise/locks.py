"""A file locked by a living process → whether what it stands for is in use: the system lets go when a process dies."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TRIES, PAUSE = 10, 0.01  # seconds between them
FAR = (1 << 31) - 2  # the byte that Windows locks, as far away as it counts: nobody else can read or write it

if sys.platform == "win32":
    import msvcrt

    def _locked(descriptor: int) -> bool:
        place = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, place, os.SEEK_SET)  # whoever writes into the file goes on where it was
        return True

else:
    import fcntl

    def _locked(descriptor: int) -> bool:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True


class Lock:
    """A file that this process holds until `release`, or until it dies. It names its owner.

    Args:
        path: of the file, made where it is missing.

    Raises:
        BlockingIOError: a living process holds it.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        for _ in range(TRIES):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            try:
                free = _held_soon(self._descriptor)
                if free and _is_at(self._descriptor, path):
                    os.ftruncate(self._descriptor, 0)
                    os.write(self._descriptor, f"{os.getpid()}\n".encode())
                    return
            except BaseException:
                os.close(self._descriptor)
                raise
            os.close(self._descriptor)
            if not free:
                break
        raise BlockingIOError

    def release(self) -> None:
        """Let go, and remove the file; safe to call twice, also where a signal ended the first call."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            if os.name == "nt":  # where no open file can be removed
                os.close(descriptor)
            with suppress(OSError):
                self.path.unlink()
            if os.name != "nt":
                os.close(descriptor)


def held(path: Path) -> bool:
    """Whether a living process holds the file; False where it is missing."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not hold(descriptor)
    finally:
        os.close(descriptor)


def abandoned(path: Path) -> bool:
    """Whether a process that is dead held the file; False where it is missing, or empty: then one is about to take it,
    which writes its number as soon as it has it."""
    return bool(owner(path)) and not held(path)


def owner(path: Path) -> str:
    """The number of the process that holds, or held, the file; empty where it is unknown."""
    with suppress(OSError, UnicodeError):
        return path.read_text("ascii")[:100].strip()
    return ""


def _held_soon(descriptor: int) -> bool:
    """Whoever asks `held` has the lock for that moment: it is tried again before another process is blamed."""
    for _ in range(TRIES):
        if hold(descriptor):
            return True
        time.sleep(PAUSE)
    return hold(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    """Not where an owner who has just ended has taken it away."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def hold(descriptor: int) -> bool:
    """Lock an open file until it is closed; False where another has it. Some file systems have none: then True."""
    try:
        return _locked(descriptor)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
