"""What Polars prints on standard error when it meets a damaged file → nothing, where an error of ours says it.

A panic of its threads is printed by Rust, to file descriptor 2, whatever `sys.stderr` is: so the descriptor itself is
redirected. That acts on the whole process, which a command may do and a library may not.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from rowwise.terminal.address_space import POLARS, check_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

STDERR = 2
_lock = threading.Lock()
_blocks = 0  # under way, in all threads
_redirected: tuple[int, IO[bytes]] | None = None  # the real standard error, and the file that takes its place


@contextmanager
def hide_panics(reads_table: bool) -> Iterator[None]:
    """Standard error is held back until the block ends; if it fails after a panic, what was printed is dropped.

    Where the block reads no table, nothing is held back.

    Raises:
        UsageError: the process may not have the addresses that Polars needs.
    """
    if not reads_table:
        yield
        return
    check_addresses(POLARS)
    _enter()
    failed = True
    try:
        yield
        failed = False
    finally:
        _leave(failed)


def _enter() -> None:
    global _blocks, _redirected
    with _lock:
        _blocks += 1
        if _blocks == 1:
            _flush()
            with suppress(OSError):  # standard error is closed: nothing can be printed
                _redirected = os.dup(STDERR), tempfile.TemporaryFile()  # noqa: SIM115
                os.dup2(_redirected[1].fileno(), STDERR)


def _leave(failed: bool) -> None:
    global _blocks, _redirected
    with _lock:
        _blocks -= 1
        if _blocks or _redirected is None:
            return
        _flush()
        (real, file), _redirected = _redirected, None
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
