"""Epochs as they end → a bar on a terminal, one line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import keras

from rowwise.text import say

if TYPE_CHECKING:
    from rich.progress import TaskID


class Clock(keras.callbacks.Callback):
    """Seconds of each epoch, validation included: `seconds` grows by one number an epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.seconds.append(time.perf_counter() - self._start)


class Lines(keras.callbacks.Callback):
    """One line an epoch on standard error, or on standard output where that is a terminal."""

    def __init__(self, clock: Clock, records: int, epochs: int) -> None:
        super().__init__()
        self.clock, self.records, self.epochs = clock, records, epochs
        self.stream = sys.stdout if sys.stdout.isatty() else sys.stderr

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        seconds = self.clock.seconds[-1]
        head = f"{say('fit.epoch')} {epoch + 1:>{len(str(self.epochs))}}/{self.epochs}"
        print(f"{head}  {describe(logs or {})}  {rate(self.records, seconds)}", file=self.stream, flush=True)


class Bar(keras.callbacks.Callback):
    """A rich bar over the epochs, with the last epoch's figures, records a second and the time left."""

    def __init__(self, clock: Clock, records: int, epochs: int, initial_epoch: int) -> None:
        super().__init__()
        self.clock, self.records, self.epochs, self.initial_epoch = clock, records, epochs, initial_epoch
        self.task: TaskID | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        # Figures stand in a line of their own: beside the bar they would not fit 80 columns.
        self.bar = Progress(
            TextColumn(say("fit.epoch")),
            MofNCompleteColumn(),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=not sys.stdout.isatty()),
            # Refreshed by hand, an epoch at a time: a thread of its own would take turns with the training.
            auto_refresh=False,
        )
        self.task = self.bar.add_task("", total=self.epochs, completed=self.initial_epoch, rate="")
        self.bar.start()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        assert self.task is not None
        head = f"{say('fit.epoch')} {epoch + 1:>{len(str(self.epochs))}}  "
        self.bar.console.print(head + describe(logs or {}), highlight=False)
        self.bar.update(self.task, completed=epoch + 1, rate=rate(self.records, self.clock.seconds[-1]), refresh=True)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back; safe to call twice."""
        if self.task is not None:
            self.bar.stop()
            self.task = None


def reporter(verbose: Any, clock: Clock, records: int, epochs: int, initial_epoch: int) -> Bar | Lines | None:
    """Keras's `verbose`: 0 nothing, 1 a bar, 2 a line an epoch, "auto" a bar on a terminal and lines elsewhere."""
    if verbose == "auto":
        verbose = 1 if sys.stdout.isatty() or sys.stderr.isatty() else 2
    if not verbose:
        return None
    return Bar(clock, records, epochs, initial_epoch) if int(verbose) == 1 else Lines(clock, records, epochs)


def describe(logs: dict[str, float]) -> str:
    """`loss 0.3124  accuracy 0.8861  val_loss 0.3402`."""
    return "  ".join(f"{name} {float(value):.4g}" for name, value in logs.items())


def rate(records: int, seconds: float) -> str:
    """`181,000 records/s`."""
    return say("fit.rate", rate=f"{round(records / max(seconds, 1e-9), -2):,.0f}")
