"""A table's Dataset or file → the lines that a command says of it, and the predictions that it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.commands.output import written
from rowwise.commands.sources import told
from rowwise.data.source import TABLES, Source
from rowwise.errors import UsageError
from rowwise.runs.folder import SCHEMA
from rowwise.text import say

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    import keras

    from rowwise.commands.output import Output
    from rowwise.data.dataset import Dataset
    from rowwise.data.tables.schema import Schema


def about_table(data: Dataset, schema: Schema) -> list[str]:
    """What is to be predicted, how wide X is, and which columns are not used although nobody asked for that."""
    from rowwise.data.tables.load import not_used

    key = f"cli.task.{schema.task}"
    lines = [say(key, target=", ".join(schema.targets), classes=f"{len(schema.classes):,}")]
    widths = {"columns": len(schema.columns), "used": len(schema.used), "inputs": len(schema.inputs)}
    lines.append(say("cli.table.width", **widths, features=len(schema.features)))
    left = [f"{column.name} ({why})" for column, why in not_used(schema)]
    if left:
        shown = ", ".join(left[:8]) + (", …" if len(left) > 8 else "")
        lines.append(say("cli.not_used", columns=shown))
    return lines


def predict_tables(options: argparse.Namespace, model: keras.Model, schema: Schema, out: Output) -> int:
    """Write the table with its predictions to `--out`, whole or not at all, else to standard output; 0.

    Raises:
        UsageError: several tables, `--json` without a file, or `--out` is the table itself. DataError: a table that
            does not fit the model.
        SaveError: it cannot be written.
    """
    if len(options.files) > 1:
        raise UsageError("predict.table.several", count=len(options.files))
    if options.json and options.out is None:
        raise UsageError("predict.table.json")
    source = Source(str(options.files[0]))
    if source.kind != "table":
        raise UsageError("predict.table.kind", path=options.files[0], known=", ".join(TABLES))
    if options.out is not None and _same(options.out, options.files[0]):
        raise UsageError("predict.out.same", path=options.out)
    with told(out, source):
        from rowwise.runs.table_predictions import predict_table

        done = written(options.out, lambda write: predict_table(model, source, write))
    if options.out is not None:
        out.tell(say("predict.table.written", records=f"{done.records:,}", columns=len(done.columns), path=options.out))
    from rowwise.data.tables.encode import oddity_notes

    for note in oddity_notes(schema, done.oddities):
        out.warn(note)
    oddities = {name: {kind: n for kind, n in counts.items() if n} for name, counts in done.oddities.items()}
    out.json(
        {
            "schema": SCHEMA,
            "model": str(options.model),
            "records": done.records,
            "columns": done.columns,
            "oddities": {name: counts for name, counts in oddities.items() if counts},
            "out": str(options.out),
        }
    )
    return 0


def _same(one: Path, other: Path) -> bool:
    """Whether both name one file, by links too; a file that is not there yet is no other's."""
    try:
        return one.is_file() and one.samefile(other)
    except OSError:  # whoever reads or writes it will say why
        return False
