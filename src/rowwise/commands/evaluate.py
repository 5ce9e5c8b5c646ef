"""`rowwise evaluate` → the report of a saved model on test data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rowwise.commands.options import chosen, model_task, table_format
from rowwise.data.databases import without_password
from rowwise.data.source import Source
from rowwise.errors import UsageError
from rowwise.files import atomic_write, check_place
from rowwise.runs.command_lines import evaluation_command, training_command
from rowwise.runs.data_record import identity
from rowwise.runs.plan import option_names
from rowwise.runs.record import SCHEMA
from rowwise.runs.report_page import report_page
from rowwise.runs.saved import Saved
from rowwise.terminal.output import Output, called
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.terminal.polars_stderr import hide_panics
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.text import say


def _evaluate(
    model: Path,
    data: str | None,
    task: str | None,
    skip_bad: bool,
    html: Path | None,
    json: bool,
    **given: Any,
) -> int:
    """Measure on the data named, or on the run's own; with `--html` all of it as one page; 0.

    Raises:
        RowwiseError: a model or data that cannot be used, or that do not fit one another, or a page that cannot be
            written.
    """
    if html is not None:
        check_place(html)
    as_written = chosen(given)
    if data is None and as_written:
        raise UsageError("cli.source.none", options=option_names(as_written))
    source = None if data is None else replace(Source.used_on(data, as_written), skip_bad=skip_bad)
    if source is not None and source.kind == "named":
        source = source.checked()  # before seconds go into importing Keras
    with own_temporary_folder(), Output(json) as output:
        saved = Saved.open(model, task)
        with hide_panics(saved.schema is not None):
            train, test = saved.sets(source)
        output.tell(say("cli.measured", provenance=test.origin, records=f"{len(test):,}"))
        measured, notes = saved.as_taken(test)
        for note in notes:
            output.tell(note)

        from rowwise.measure import evaluate
        from rowwise.measure.as_text import importance_lines

        report = evaluate(saved.network, measured, train=train, task=task)
        importance = saved.importance(measured) if measured.schema is not None else None
        output.result("\n".join([str(report), *(importance_lines(importance) if importance else [])]))
        if html is not None:
            shown = None if data is None else without_password(data)
            again = evaluation_command(called(), model, shown, html, {"task": task} | as_written)
            trained = training_command(called(), saved.record)
            commands = [("report.repeat.train", trained)] if trained else []
            commands.append(("report.repeat.evaluate", again))
            content = report_page(saved, report, test, importance, commands).encode()
            atomic_write(html, content)
            from rowwise.shapes.ledger.as_text import size_text

            output.tell(say("report.written", path=html, size=size_text(len(content))))
        facts = {"model": str(model), "data": identity(measured), "test": report.to_dict()}
        facts |= {"importance": importance.to_dict()} if importance else {}
        output.json({"schema": SCHEMA, **facts})
    return 0


command = Command(
    "evaluate",
    "cli.help.evaluate",
    [
        Argument("model", "cli.help.model", "MODEL", type=Path),
        Argument("data", "cli.help.evaluate.data", "DATA", required=False),
        model_task(),
        Option("--skip-bad", "cli.help.skip_bad", is_flag=True),
        Option("--html", "cli.help.html", "FILE", type=Path),
        *table_format(),
        *common(json=True),
    ],
    _evaluate,
)
