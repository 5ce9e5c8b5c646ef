"""A model and a table, however long → its rows in order with prediction and probabilities beside them."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.cleaning import cleaned
from rowwise.data.tables.encode import as_written, check_columns, encode_rows, oddity_notes
from rowwise.data.tables.file_signs import signs_of
from rowwise.data.tables.read import open_table
from rowwise.errors import DataError, ModelError
from rowwise.runs.table_sinks import Batch, Form
from rowwise.text import say, use_language

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.source import Source
    from rowwise.data.tables.read import Table
    from rowwise.data.tables.schema import Schema
    from rowwise.engine.prediction import Prediction
    from rowwise.runs.saved import Saved
    from rowwise.runs.table_sinks import Sink


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


def predict_table(saved: Saved, source: Source, sink: Sink) -> Written:
    """Hand `source`'s rows and what the model says of them to a sink, in batches: memory does not grow with the table.

    Args:
        saved: was trained on a table.
        source: a table that has the columns that the model was trained on; others are handed through.
        sink: of `runs.table_sinks`.

    Raises:
        ModelError: the model was not trained on a table. DataError: columns are lacking, or it cannot be read, or the
            sink cannot hold it. OSError: the sink could not be written.
    """
    if (schema := saved.schema) is None:
        raise ModelError("predict.no_table", model=saved.path)
    done, oddities = Written(), dict[str, Counter[str]]()
    with closing(sink), open_table(source, missing=schema.missing) as table:
        check_columns(table.name, table.columns, tuple(column.name for column in schema.used), table.unread)
        done.columns = added_names(schema, table, sink.language)
        signs = signs_of(table, schema, source.decimal)
        written = as_written(schema.read_with(signs), table, oddities)
        encoding = table.text.encoding if table.text else ""
        columns = (*table.columns, *done.columns)
        sink.begin(Form(table.separator, signs.file, source.encoding, encoding, columns))
        for rows in table.raw():
            clean = cleaned(rows, written.numeric, written.words, table.missing)
            x = encode_rows(written, clean, oddities)
            prediction = saved.predict(x)
            sink.add(Batch(rows, clean, written, partial(_beside, prediction, schema, done.columns)))
            done.records += len(rows)
        if not done.records:
            raise DataError("table.rows", path=table.name)
        done.notes = sink.end()
    positive = {name: {kind: n for kind, n in counts.items() if n} for name, counts in oddities.items()}
    done.counts = {name: counts for name, counts in positive.items() if counts}
    done.notes = [*oddity_notes(schema, oddities), *done.notes]
    if table.unread:
        done.notes.append(say("predict.table.unread", columns=", ".join(table.unread)))
    return done


def _beside(prediction: Prediction, schema: Schema, names: tuple[str, ...], rows: pl.DataFrame) -> pl.DataFrame:
    return with_prediction(rows, prediction, schema, names)


def added_names(schema: Schema, table: Table, lang: str) -> tuple[str, ...]:
    """What the new columns are called in a language, unlike those that are there."""
    taken, names = set(table.columns), []
    for name in prediction_names(schema, lang):
        free, number = name, 2
        while free in taken:
            free, number = f"{name} {number}", number + 1
        taken.add(free)
        names.append(free)
    return tuple(names)


def prediction_names(schema: Schema, lang: str) -> tuple[str, ...]:
    """Of the columns that `with_prediction` adds, in their order."""
    with use_language(lang):
        prediction, probability = say("predict.column.prediction"), say("predict.column.probability")
    if schema.labels:
        return tuple(f"{what} {name}" for name in schema.targets for what in (prediction, probability))
    if not schema.classes and len(schema.outputs) > 1:
        return tuple(f"{prediction} {name}" for name in schema.outputs)
    return (prediction, *(f"{probability} {name}" for name in schema.classes))


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
