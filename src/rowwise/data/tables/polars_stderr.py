"""What Polars's engine prints of its own accord over a damaged file → nothing, where an error of ours says it."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STDERR = 2  # Rust writes there, whatever `sys.stderr` is
_lock = threading.Lock()
_within = 0  # blocks under way, in all threads
_kept: tuple[int, IO[bytes]] | None = None  # the real standard error, and what takes its place


@contextmanager
def panics_hushed() -> Iterator[None]:
    """Standard error is held back until the block ends; if it fails, a panic's text is dropped for its error."""
    _begin()
    failed = True
    try:
        yield
        failed = False
    finally:
        _end(failed)


def _begin() -> None:
    global _within, _kept
    with _lock:
        _within += 1
        if _within == 1:
            _flush()
            with suppress(OSError):  # standard error is closed: nothing can be printed
                _kept = os.dup(STDERR), tempfile.TemporaryFile()  # noqa: SIM115
                os.dup2(_kept[1].fileno(), STDERR)


def _end(failed: bool) -> None:
    global _within, _kept
    with _lock:
        _within -= 1
        if _within or _kept is None:
            return
        _flush()
        (real, file), _kept = _kept, None
        os.dup2(real, STDERR)
        os.close(real)
        with file:
            file.seek(0)
            text = file.read()
        if text and not (failed and b"panicked at" in text):
            with suppress(OSError):
                os.write(STDERR, text)


def _flush() -> None:
    with suppress(AttributeError, OSError, ValueError):  # there is none, or it is closed
        sys.stderr.flush()
