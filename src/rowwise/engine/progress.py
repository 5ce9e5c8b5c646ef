"""Epochs as they end → a table that grows by a line an epoch, with a bar below it on a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import numpy as np

from rowwise.notebook import changing, in_notebook
from rowwise.text import say
from rowwise.text.terminal import WIDTH

if TYPE_CHECKING:
    from collections.abc import Mapping

NARROWEST = 6  # columns of a figure such as 0.5211
MOST_NUMBERS = 4  # of one metric that are drawn
LAST_ROWS = 10  # epochs below a notebook's bar
REFRESH = 0.25  # seconds: drawing more often would cost more than a small epoch


class Display(Protocol):
    """What shows the epochs of one training."""

    def epoch(self, number: int, logs: Mapping[str, Any], seconds: float) -> None:
        """Show an epoch that has ended: its number from 0, loss and metrics by name, and what it took."""

    def close(self) -> None:
        """Give the terminal back; safe to call twice."""


def display(verbose: int | str, records: int | None, epochs: int, initial_epoch: int = 0) -> Display | None:
    """Keras's `verbose`: 0 nothing, 1 a bar, 2 a line an epoch, "auto" a bar on a terminal or in a notebook and lines
    elsewhere.

    Args:
        verbose: as above.
        records: trained on in each epoch; None where that is not known.
        epochs: the number of the last one, counted from 1.
        initial_epoch: epochs that were done before.
    """
    if verbose in ("auto", 1) and in_notebook():
        return NotebookTable(Table(records, epochs), initial_epoch)
    if verbose == "auto":
        verbose = 1 if _stream().isatty() else 2
    if not verbose:
        return None
    table = Table(records, epochs)
    return Bar(table, initial_epoch) if int(verbose) == 1 else Lines(table)


class Table:
    """The head and the lines of the table: epoch, loss, metrics, validation, records a second."""

    def __init__(self, records: int | None, epochs: int) -> None:
        self.records, self.epochs = records, epochs
        self._head: list[str] = []

    def row(self, number: int, logs: Mapping[str, Any], seconds: float) -> tuple[list[str], list[str], list[int]]:
        """Of this epoch (from 0): the columns' names, its figures, and the least widths of these."""
        # Keras sorts its logs by name; people look for the loss first.
        names = sorted(logs, key=lambda name: (name.startswith("val_"), name.removeprefix("val_") != "loss"))
        place = f"{number + 1:>{len(str(self.epochs))}}/{self.epochs}"
        rate = "–" if self.records is None else f"{round(self.records / max(seconds, 1e-9), -2):,.0f}"
        head = [say("fit.epoch"), *names, say("fit.rate")]
        cells = [place, *(_figures(logs[name]) for name in names), rate]
        return head, cells, [len(place), *(_narrowest(logs[name]) for name in names), len("999,999")]

    def lines(self, number: int, logs: Mapping[str, Any], seconds: float) -> list[str]:
        """The line of this epoch (from 0); the head above it for the first one, or when the columns change."""
        from rich.cells import cell_len

        head, cells, least = self.row(number, logs, seconds)
        widths = [max(cell_len(title), width) for title, width in zip(head, least, strict=True)]

        gap = "  " if sum(widths) + 2 * len(widths) - 2 <= WIDTH else " "

        def line(words: list[str]) -> str:
            return gap.join(
                " " * (width - cell_len(word)) + word for word, width in zip(words, widths, strict=True)
            ).rstrip()

        new, self._head = self._head != head, head
        return [line(head), line(cells)] if new else [line(cells)]


class Lines:
    """The table on standard error, or on standard output where that is a terminal."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def epoch(self, number: int, logs: Mapping[str, Any], seconds: float) -> None:
        for line in self._table.lines(number, logs, seconds):
            print(line, file=_stream(), flush=True)

    def close(self) -> None:
        pass


class Bar:
    """The table, and below it a rich bar over the epochs with the time left; it is drawn when it is made."""

    def __init__(self, table: Table, initial_epoch: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._table, self._open = table, True
        self._bar = Progress(
            TextColumn(say("fit.epoch")),
            MofNCompleteColumn(),
            BarColumn(bar_width=None),
            TimeRemainingColumn(compact=True),
            console=Console(file=_stream()),
            # Refreshed by hand, an epoch at a time: a separate thread would compete with the training.
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=table.epochs, completed=initial_epoch)
        self._bar.start()

    def epoch(self, number: int, logs: Mapping[str, Any], seconds: float) -> None:
        for line in self._table.lines(number, logs, seconds):
            self._bar.console.print(line, highlight=False, soft_wrap=True)
        self._bar.update(self._task, completed=number + 1, refresh=True)

    def close(self) -> None:
        if self._open:  # rich would end its line again
            self._bar.stop()
        self._open = False


class NotebookTable:
    """A bar and the last epochs, which change in place below a notebook's cell, some times a second."""

    def __init__(self, table: Table, initial_epoch: int) -> None:
        self._table, self._show = table, changing()
        self._head: list[str] = []
        self._rows: list[list[str]] = []
        self._done, self._shown = initial_epoch, 0.0
        self._refresh()

    def epoch(self, number: int, logs: Mapping[str, Any], seconds: float) -> None:
        self._head, cells, _ = self._table.row(number, logs, seconds)
        self._rows = [*self._rows[1 - LAST_ROWS :], cells]
        self._done = number + 1
        if time.monotonic() - self._shown >= REFRESH:
            self._refresh()

    def close(self) -> None:
        self._refresh()

    def _refresh(self) -> None:
        from rowwise.pages.card import Bar as HtmlBar
        from rowwise.pages.card import Table as HtmlTable
        from rowwise.pages.card import card

        bar = HtmlBar(self._done, self._table.epochs)
        self._show(
            card(f"{say('fit.epoch')} {self._done}/{self._table.epochs}", bar, HtmlTable(self._head, self._rows))
        )
        self._shown = time.monotonic()


def _stream() -> TextIO:
    return sys.stdout if sys.stdout.isatty() else sys.stderr


def _narrowest(value: Any) -> int:
    """Columns that a metric's number, or its several numbers, may take."""
    return min(np.size(value), MOST_NUMBERS) * (NARROWEST + 1) - 1


def _figures(value: Any) -> str:
    """A metric's number, or its several numbers."""
    numbers = np.ravel(value).tolist()
    shown = "/".join(_figure(float(number)) for number in numbers[:MOST_NUMBERS])
    return shown + ("/…" if len(numbers) > MOST_NUMBERS else "")


def _figure(value: float) -> str:
    """Four decimals where that says something, else four digits: `0.5211`, `12.35`, `1.2e-05`."""
    return f"{value:.4f}" if 0.001 <= abs(value) < 10 or value == 0 else f"{value:.4g}"
