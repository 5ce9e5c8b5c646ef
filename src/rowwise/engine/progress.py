"""Epochs as they end → a table that grows by a line an epoch, with a bar below it on a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

import keras

from rowwise.text import say

if TYPE_CHECKING:
    from rich.progress import TaskID

    Logs = dict[str, float]

NARROWEST = 6  # columns of a figure such as 0.5211


class Clock(keras.callbacks.Callback):
    """Seconds of each epoch, validation included: `seconds` grows by one number an epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.seconds.append(time.perf_counter() - self._start)


class Table:
    """The head and the lines of the table: epoch, loss, metrics, validation, records a second."""

    def __init__(self, records: int, epochs: int) -> None:
        self.records, self.epochs = records, epochs
        self._columns: list[str] = []

    def lines(self, epoch: int, logs: Logs, seconds: float) -> list[str]:
        """The line of this epoch (from 0); the head above it for the first one, or when the columns change."""
        from rich.cells import cell_len

        # Keras sorts its logs by name; people look for the loss first.
        names = sorted(logs, key=lambda name: (name.startswith("val_"), name.removeprefix("val_") != "loss"))
        number = f"{epoch + 1:>{len(str(self.epochs))}}/{self.epochs}"
        head = [say("fit.epoch"), *names, say("fit.rate")]
        cells = [
            number,
            *(_figure(float(logs[name])) for name in names),
            f"{round(self.records / max(seconds, 1e-9), -2):,.0f}",
        ]
        wanted = (len(number), *[NARROWEST] * len(names), len("999,999"))
        widths = [max(cell_len(word), width) for word, width in zip(head, wanted, strict=True)]

        def line(words: list[str]) -> str:
            return "  ".join(
                " " * (width - cell_len(word)) + word for word, width in zip(words, widths, strict=True)
            ).rstrip()

        new, self._columns = self._columns != head, head
        return [line(head), line(cells)] if new else [line(cells)]


class Lines(keras.callbacks.Callback):
    """The table on standard error, or on standard output where that is a terminal."""

    def __init__(self, clock: Clock, table: Table) -> None:
        super().__init__()
        self.clock, self.table = clock, table

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        for line in self.table.lines(epoch, logs or {}, self.clock.seconds[-1]):
            print(line, file=_stream(), flush=True)


class Bar(keras.callbacks.Callback):
    """The table, and below it a rich bar over the epochs with the time left."""

    def __init__(self, clock: Clock, table: Table, initial_epoch: int) -> None:
        super().__init__()
        self.clock, self.table, self.initial_epoch = clock, table, initial_epoch
        self.task: TaskID | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn(say("fit.epoch")),
            MofNCompleteColumn(),
            BarColumn(bar_width=None),
            TimeRemainingColumn(compact=True),
            console=Console(file=_stream()),
            # Refreshed by hand, an epoch at a time: a thread of its own would take turns with the training.
            auto_refresh=False,
        )
        self.task = self.bar.add_task("", total=self.table.epochs, completed=self.initial_epoch)
        self.bar.start()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        assert self.task is not None
        for line in self.table.lines(epoch, logs or {}, self.clock.seconds[-1]):
            self.bar.console.print(line, highlight=False, soft_wrap=True)
        self.bar.update(self.task, completed=epoch + 1, refresh=True)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back; safe to call twice."""
        if self.task is not None:
            self.bar.stop()
            self.task = None


def reporter(verbose: Any, clock: Clock, records: int, epochs: int, initial_epoch: int) -> Bar | Lines | None:
    """Keras's `verbose`: 0 nothing, 1 a bar, 2 a line an epoch, "auto" a bar on a terminal and lines elsewhere."""
    if verbose == "auto":
        verbose = 1 if _stream().isatty() else 2
    if not verbose:
        return None
    table = Table(records, epochs)
    return Bar(clock, table, initial_epoch) if int(verbose) == 1 else Lines(clock, table)


def _stream() -> TextIO:
    return sys.stdout if sys.stdout.isatty() else sys.stderr


def _figure(value: float) -> str:
    """Four decimals where that says something, else four digits: `0.5211`, `12.35`, `1.2e-05`."""
    return f"{value:.4f}" if 0.001 <= abs(value) < 10 or value == 0 else f"{value:.4g}"
