"""SIGINT, SIGTERM, SIGHUP → the end of a command: at once or, where there is something to save, once it is saved.

A signal that the parent process ignores, as `nohup` does, stays ignored.

A signal is an exception wherever Python is just then: maybe a callback whose exceptions Python prints and forgets
(of the garbage collector, of a weak reference, a `__del__`, one that C has called): it is then raised anew outside.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from rowwise.terminal.streams import silence

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
OVER = 128  # what a shell adds to a signal's number to make an exit code
MOST = 2  # signals that are overlooked while the command ends
SHOW_CURSOR = "\x1b[?25h"
AGAIN = 0.01  # seconds until a signal that was swallowed is raised anew

_swallowed: set[int] = set()  # signals whose exceptions were, until they are raised anew


class Ended(KeyboardInterrupt):
    """A signal ended the command; the text says what stays, where anything does."""

    def __init__(self, number: int, text: str = "") -> None:
        super().__init__(*filter(None, [text]))
        self.exit_code = OVER + number


def end_at_once() -> None:
    """SIGTERM and SIGHUP end this process as Ctrl-C does, by an exception: what it has begun to write is taken back."""

    def end(number: int, frame: Any) -> None:
        _let_terminal_go(number)
        raise Ended(number)

    for number in _heard():
        if number != signal.SIGINT:
            signal.signal(number, end)
        elif signal.getsignal(number) is signal.SIG_DFL:  # until here: see rowwise.__main__
            signal.signal(number, signal.default_int_handler)
    _raise_anew()


def ignore_all() -> None:
    """The process has ended but for its exit code: a late signal would only print a traceback."""
    for number in _heard():
        signal.signal(number, signal.SIG_IGN)


class StopSignals:
    """Within the block the first signal sets `event` and is noted; before `patient` is set, and the second time, it is
    a KeyboardInterrupt. Another signal then ends the process at once.

    Attributes:
        event: what `rowwise.runs.training.train` takes as `stop`.
        number: of the first signal; 0 for none.
        patient: whether there is something that could be saved.
    """

    def __init__(self, note: Callable[[], object]) -> None:
        self.event, self.number, self.patient = threading.Event(), 0, False
        self._note, self._before = note, dict[int, Any]()
        self._raised, self._more = False, 0

    def __enter__(self) -> Self:
        _swallowed.clear()
        if threading.current_thread() is threading.main_thread():  # which alone gets signals
            for number in _heard():
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def interruption_is_over(self) -> None:
        """The KeyboardInterrupt ended the training only: what comes now may be interrupted once more."""
        self._raised, self._more = False, 0

    def _hear(self, number: int, frame: Any) -> None:
        if number in _swallowed:  # it was heard, and counted, before
            _swallowed.discard(number)
            raise Ended(number)
        self.number = self.number or number
        _let_terminal_go(number)
        if self._raised:
            self._more += 1
            if self._more > MOST:
                if sys.__stderr__ is not None and sys.__stderr__.isatty():
                    os.write(sys.__stderr__.fileno(), SHOW_CURSOR.encode())
                os._exit(OVER + self.number)
        elif self.patient and not self.event.is_set():
            self.event.set()
            with suppress(RuntimeError):  # the signal may have interrupted another print
                self._note()
        else:
            self._raised = True
            raise Ended(number)


def _heard() -> list[int]:
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def _raise_anew() -> None:
    """What ends the command is no exception to be printed and forgotten."""
    others = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            others(unraisable)
            return
        number = getattr(unraisable.exc_value, "exit_code", OVER + signal.SIGINT) - OVER
        _swallowed.add(number)
        _thread.start_new_thread(_signal_again, (number,))  # takes no lock that the main thread may hold just now

    sys.unraisablehook = hook


def _signal_again(number: int) -> None:
    time.sleep(AGAIN)
    _thread.interrupt_main(signal.Signals(number))  # nothing where it is ignored by now


def _let_terminal_go(number: int) -> None:
    """After SIGHUP there is no terminal: what is printed would fail."""
    if number == getattr(signal, "SIGHUP", None):
        for stream in (sys.__stdout__, sys.__stderr__):
            with suppress(OSError, ValueError):
                if stream is not None and stream.isatty():
                    silence(stream)
