"""Defer Ctrl-C until the block ends; a second one interrupts at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def deferred(note: Callable[[], object], interrupted_before: bool = False) -> Iterator[Callable[[], bool]]:
    """Let the block end despite a first Ctrl-C; a second one interrupts it at once.

    A caller's own handler, such as that of `rowwise train`, stays in place: nothing is deferred then.

    Args:
        note: called at the first, to say so.
        interrupted_before: there was a first one before the block.

    Yields:
        Whether there was one.
    """
    interrupted = False

    def first(number: int, frame: Any) -> None:
        nonlocal interrupted
        interrupted = True
        signal.signal(signal.SIGINT, before)
        with suppress(RuntimeError):  # the signal may have interrupted another print
            note()

    if (
        interrupted_before or threading.current_thread() is not threading.main_thread()
    ):  # only the main thread gets signals
        yield lambda: interrupted_before
        return
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield lambda: interrupted_before
        return
    signal.signal(signal.SIGINT, first)
    try:
        yield lambda: interrupted
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(frozen=True)
class Stop:
    """What a training looks at as at a `threading.Event`: whether it is to end."""

    is_set: Callable[[], bool]
