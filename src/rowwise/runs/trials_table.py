"""The trials of a search → a table for the terminal, for a page, and as CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from rowwise.runs.trial import COMPLETE
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.runs.trial import Trial

SHOWN = 10  # in the terminal, the best first


def shown(value: Any) -> str:
    """A parameter as people write it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def parameters_text(trial: Trial) -> str:
    """`width 256, layers 2, dropout 0.1`."""
    return ", ".join(f"{name} {shown(value)}" for name, value in trial.parameters.items())


def trial_lines(trials: Sequence[Trial]) -> list[str]:
    """The best trials, two lines each, in at most 80 columns; then how many were pruned."""
    from rowwise.text.terminal import WIDTH, wrap

    ranked = sorted((one for one in trials if one.state == COMPLETE), key=lambda one: (one.loss, one.number))
    lines = []
    for one in ranked[:SHOWN]:
        words = {"number": one.number, "loss": f"{one.loss:.4f}", "best": one.best_epoch, "epochs": one.epochs}
        lines.append(say("tune.line", **words))
        lines += ["    " + line for line in wrap(parameters_text(one), WIDTH - 4)]
    counts = {state: sum(one.state == state for one in trials) for state in ("complete", "pruned", "failed")}
    return [*lines, say("tune.counts", trials=len(trials), **counts)]


def table_of(trials: Sequence[Trial]) -> tuple[list[str], list[list[str]]]:
    """A head, and a row a trial, the best first."""
    names = list(trials[0].parameters) if trials else []
    head = [say(f"tune.head.{name}") for name in ("trial", "state", "loss", "best", "epochs", "seconds")]
    ranked = sorted(trials, key=lambda one: (one.state != COMPLETE, one.loss is None, one.loss or 0.0, one.number))
    rows = [
        [
            str(one.number),
            say(f"tune.{one.state}"),
            "" if one.loss is None else f"{one.loss:.5f}",
            str(one.best_epoch),
            str(one.epochs),
            f"{one.seconds:.1f}",
            *(shown(one.parameters[name]) for name in names),
        ]
        for one in ranked
    ]
    return [*head, *names], rows


def csv_of(trials: Sequence[Trial]) -> bytes:
    """A row a trial, by number."""
    names = list(trials[0].parameters) if trials else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "state", "validation_loss", "best_epoch", "epochs", "seconds", *names])
    for one in trials:
        loss = "" if one.loss is None else repr(one.loss)
        figures = [one.number, one.state, loss, one.best_epoch, one.epochs, f"{one.seconds:.3f}"]
        writer.writerow([*figures, *(one.parameters[name] for name in names)])
    return text.getvalue().encode()
