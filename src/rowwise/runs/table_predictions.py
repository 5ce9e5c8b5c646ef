"""A model and a table, however long → its rows in order with prediction and probabilities beside them, as CSV."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.cleaning import cleaned
from rowwise.data.tables.encode import as_written, check_columns, encode_rows, oddity_notes
from rowwise.data.tables.file_signs import signs_of
from rowwise.data.tables.formulas import harmless_cells, harmless_names
from rowwise.data.tables.parse import as_numbers
from rowwise.data.tables.read import open_table
from rowwise.errors import DataError, ModelError
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.source import Source
    from rowwise.data.tables.read import Table
    from rowwise.data.tables.schema import Schema
    from rowwise.engine.prediction import Prediction
    from rowwise.runs.saved import Saved


@dataclass
class Written:
    """What was written.

    Attributes:
        records: how many.
        columns: the names of the columns added.
        counts: by column of the table, how many values are `missing`, `unknown` levels or `unreadable`, where any are.
        notes: what of that is news to somebody who knows the training records, in words.
    """

    records: int = 0
    columns: tuple[str, ...] = ()
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def predict_table(saved: Saved, source: Source, write: Callable[[bytes], object]) -> Written:
    """Write `source`'s rows and what the model says of them, in batches: memory does not grow with the table.

    Texts that a spreadsheet would compute have an apostrophe before them: see `data.tables.formulas`.

    Args:
        saved: was trained on a table.
        source: a table that has the columns that the model was trained on; others are handed through.
        write: is given CSV in UTF-8 piece by piece, its separator that of the table, a comma where it has none; the
            sign before fractions is the table's, too.

    Raises:
        ModelError: the model was not trained on a table. DataError: columns are lacking, or it cannot be read.
        OSError: `write` could not.
    """
    if (schema := saved.schema) is None:
        raise ModelError("predict.no_table", model=saved.path)
    done, oddities, formulas = Written(), dict[str, Counter[str]](), 0
    with open_table(source, missing=schema.missing) as table:
        check_columns(table.name, table.columns, tuple(column.name for column in schema.used), table.unread)
        done.columns = added_names(schema, table)
        signs = signs_of(table, schema, source.decimal)
        written = as_written(schema.read_with(signs), table, oddities)
        form: dict[str, Any] = {
            "separator": table.separator or ",",
            "decimal_comma": table.separator != "" and signs.file == ",",
        }
        for rows in table.raw():
            clean = cleaned(rows, written.numeric, written.words, table.missing)
            x = encode_rows(written, clean, oddities)
            predicted = with_prediction(rows, saved.predict(x), schema, done.columns)
            numbers = {column.name for column in clean if column.dtype.is_numeric()} | _in_units(written, clean)
            predicted, changed = harmless_cells(predicted, numbers)
            predicted.columns = harmless_names(predicted.columns)
            formulas += changed
            write(predicted.write_csv(include_header=not done.records, **form).encode())
            done.records += len(rows)
    if not done.records:
        raise DataError("table.rows", path=table.name)
    positive = {name: {kind: n for kind, n in counts.items() if n} for name, counts in oddities.items()}
    done.counts = {name: counts for name, counts in positive.items() if counts}
    done.notes = oddity_notes(schema, oddities)
    if formulas:
        done.notes.append(say("predict.table.formulas", count=f"{formulas:,}"))
    if table.unread:
        done.notes.append(say("predict.table.unread", columns=", ".join(table.unread)))
    return done


def _in_units(schema: Schema, rows: pl.DataFrame) -> set[str]:
    """The columns whose texts are all numbers in the unit of the training, such as `-5 kg`."""
    columns = (column for column in schema.used if column.kind == "numeric" and column.unit)
    return {
        column.name
        for column in columns
        if as_numbers(rows[column.name], column.decimal, column.unit).null_count() == rows[column.name].null_count()
    }


def added_names(schema: Schema, table: Table) -> tuple[str, ...]:
    """What the new columns are called, unlike those that are there."""
    taken, names = set(table.columns), []
    for name in prediction_names(schema):
        free, number = name, 2
        while free in taken:
            free, number = f"{name} {number}", number + 1
        taken.add(free)
        names.append(free)
    return tuple(names)


def prediction_names(schema: Schema) -> tuple[str, ...]:
    """Of the columns that `with_prediction` adds, in their order."""
    if schema.labels:
        return tuple(f"{what} {name}" for name in schema.targets for what in ("prediction", "probability"))
    if not schema.classes and len(schema.outputs) > 1:
        return tuple(f"prediction {name}" for name in schema.outputs)
    return ("prediction", *(f"probability {name}" for name in schema.classes))


def answers(schema: Schema, labels: NDArray[np.bool_]) -> list[list[str]]:
    """Of labels `(records, labels)`, a list a label: no and yes as the table spelled them."""
    return [
        np.array(pair, object)[given.astype(int)].tolist() for pair, given in zip(schema.labels, labels.T, strict=True)
    ]


def with_prediction(rows: pl.DataFrame, prediction: Prediction, schema: Schema, names: tuple[str, ...]) -> pl.DataFrame:
    """The rows with the new columns."""
    import polars as pl

    if schema.labels:
        columns = zip(answers(schema, prediction.labels), prediction.probabilities.T, strict=True)
        pairs = zip(names[::2], names[1::2], columns, strict=True)
        return rows.with_columns(
            series
            for answer, probability, (texts, numbers) in pairs
            for series in (pl.Series(answer, texts, dtype=pl.String), pl.Series(probability, numbers))
        )
    if schema.classes:
        classes = np.array(schema.classes, object)[prediction.classes]
        added = [pl.Series(names[0], classes.tolist(), dtype=pl.String)]
        numbers: Any = prediction.probabilities
    else:
        added, numbers = [], prediction.values if prediction.values.shape[1] else prediction.probabilities
    added += [pl.Series(name, numbers[:, place]) for place, name in enumerate(names[len(added) :])]
    return rows.with_columns(added)
