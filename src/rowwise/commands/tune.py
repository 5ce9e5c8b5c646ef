"""`rowwise tune` → many settings tried on a table's validation records, and the best of them as a TOML file."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rowwise.commands.options import reading, settings, with_settings
from rowwise.runs.plan import plan_training
from rowwise.terminal.address_space import KERAS, check_addresses
from rowwise.terminal.argument_types import POSITIVE, whole
from rowwise.terminal.output import Output, called
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.terminal.polars_stderr import hide_panics
from rowwise.terminal.signals import OVER, StopSignals
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.text import say

TRIALS = 30


def _tune(
    data: str,
    trials: int | None,
    timeout: float | None,
    out: Path | None,
    engine: str | None,
    quiet: bool,
    json: bool,
    **given: Any,
) -> int:
    """Try the settings, say each, write the table and the best; 0, or 128 and the number of the signal that ended it.

    Raises:
        RowwiseError: options, data or places that cannot be used; Optuna is missing.
    """
    plan = plan_training(data, with_settings(given))
    check_addresses(KERAS)
    from rowwise.runs.trials_table import parameters_text
    from rowwise.runs.tuning import TrialEnded, tune

    with own_temporary_folder(), Output(json, quiet) as output, StopSignals(lambda: None) as signals:
        signals.patient = True

        def observe(event: TrialEnded) -> None:
            trial = event.trial
            words = {"number": trial.number, "trials": event.trials, "parameters": parameters_text(trial)}
            loss = "–" if trial.loss is None else f"{trial.loss:.4f}"
            key = f"cli.tune.{trial.state}"
            output.tell(say(key, loss=loss, best=trial.best_epoch, epochs=trial.epochs, **words))

        with ExitStack() as reading_data:
            reading_data.enter_context(hide_panics(plan.source is not None and plan.source.kind == "table"))
            more: dict[str, Any] = {"timeout": timeout, "out": out, "engine": engine or "auto"}
            more |= {"observer": observe, "stop": signals.event, "loaded": reading_data.close}
            found = tune(plan, trials or TRIALS, **more)
        output.result(repr(found))
        key = "cli.tune.saved" if found.best else "cli.tune.none"
        output.tell(say(key, path=found.path, options=found.options, data=data, command=called()))
        if found.interrupted:
            output.tell(say("cli.tune.more", path=found.path))
        output.json(found.to_dict())
    return OVER + signals.number if signals.number else 0


command = Command(
    "tune",
    "cli.help.tune",
    [
        Argument("data", "cli.help.tune.data", "DATA"),
        Option("--trials", "cli.help.trials", "N", type=whole(1), values={"default": TRIALS}),
        Option("--timeout", "cli.help.timeout", "SECONDS", type=POSITIVE),
        *settings("cli.help.tune.epochs"),
        Option("--out", "cli.help.tune.out", "DIR", type=Path),
        *reading(),
        *common(json=True, quiet=True),
    ],
    _tune,
)
