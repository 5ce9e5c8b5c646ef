"""A table's schema → what an exported model is handed of it, and how that becomes the model's own columns X.

By default X comes as one array: numbers as they stand in the table, categories as the numbers of their levels. Or each
column is an input of its own, categories as texts. Either way numbers are counted from their origin here, in float64
where float32 could not hold them, and what stood for a missing value in the training's table (such as -999) does here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.missing_words import MISSING, numbers_among
from rowwise.data.tables.origins import EXACT_64
from rowwise.exports.kinds import COLUMNS, FLOATS, MATRIX
from rowwise.exports.program import DOUBLE, FLOAT, TEXT, WHOLE
from rowwise.exports.tracing import Traced, Tracer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.data.tables.schema import Column, Schema

RECORDS = "records"
LOWEST = -(2**63)  # a 64-bit whole number has no NaN: this one means a missing value


@dataclass(frozen=True)
class ColumnIn:
    """One number that is handed in for each record.

    Attributes:
        name: the table's column, with the part of a date behind it.
        column: of the schema.
        subtract: what is subtracted from it within the program.
        counted_from: what the caller has to subtract: float64 could not hold the number itself.
        missing: numbers that mean a missing value.
    """

    name: str
    column: Column
    subtract: float
    counted_from: float
    missing: tuple[float, ...]


def columns_in(schema: Schema, kind: str = MATRIX) -> list[ColumnIn]:
    """The columns of X, in order, as inputs of one of INPUTS or as FLOATS.

    One by one they may hold 64-bit whole numbers, which reach further than float64; as FLOATS they hold float32 alone.
    """
    columns = []
    for column in schema.used:
        numbers = column.kind in ("numeric", "boolean")
        known = schema.words.get(column.name, frozenset())
        sentinels = numbers_among(word for word in schema.missing if word not in known) if numbers else {}
        origin = column.origin if column.kind == "numeric" else 0.0
        most = {MATRIX: EXACT_64, COLUMNS: 2**63, FLOATS: 0}[kind]
        beyond = abs(origin) >= most
        names = column.inputs if column.kind == "date" else (column.name,)
        columns += [
            ColumnIn(name, column, 0.0 if beyond else origin, origin if beyond else 0.0, tuple(sentinels))
            for name in names
        ]
    return columns


def table_columns(tracer: Tracer, schema: Schema, kind: str) -> Traced:
    """The model's X, `(records, columns)` float32, of the inputs, which are of one of INPUTS, or FLOATS."""
    columns = columns_in(schema, kind)
    if kind == COLUMNS:
        return tracer.concatenate([_alone(tracer, schema, column) for column in columns])
    double = any(column.subtract for column in columns)
    x = tracer.input(RECORDS, len(columns), DOUBLE if double else FLOAT)
    x = _without_sentinels(x, columns)
    if double:
        x = x - np.array([column.subtract for column in columns])
    return tracer.cast(x, FLOAT)


def _without_sentinels(x: Traced, columns: Sequence[ColumnIn]) -> Traced:
    """NaN for the numbers that mean a missing value."""
    most = max(len(column.missing) for column in columns)
    for place in range(most):
        of_each = [column.missing[place] if place < len(column.missing) else np.nan for column in columns]
        x = _hidden(x, np.array(of_each))  # nothing equals NaN
    return x


def _hidden(x: Traced, values: Any) -> Traced:
    found = x.tracer.equal(x, values)
    return x.tracer.step("where", found, np.nan, x, columns=x.array.columns, type=x.array.type)


def _alone(tracer: Tracer, schema: Schema, given: ColumnIn) -> Traced:
    """One column of X, of an input of its own."""
    column = given.column
    if column.kind == "categorical":
        words = [word for word in (*MISSING, *schema.missing) if word not in column.levels]
        numbers = [*range(len(column.levels)), *(np.nan for _ in words)]
        x = tracer.input(given.name, 1, TEXT)
        default = float(len(column.levels))
        options = {"keys": (*column.levels, *words), "values": tuple(map(float, numbers)), "default": default}
        return tracer.step("lookup", x, columns=1, type=FLOAT, **options)
    if abs(given.subtract) >= EXACT_64:
        whole = tracer.input(given.name, 1, WHOLE)
        distance = tracer.step("subtract", whole, tracer.constant(np.int64(int(given.subtract))), columns=1, type=WHOLE)
        lowest = tracer.constant(np.int64(LOWEST))
        missing = tracer.step("equal", whole, lowest)
        return tracer.where(missing, np.nan, tracer.cast(distance, FLOAT))
    x = tracer.input(given.name, 1, DOUBLE if given.subtract else FLOAT)
    for value in given.missing:
        x = _hidden(x, value)
    return tracer.cast(x - given.subtract if given.subtract else x, FLOAT)
