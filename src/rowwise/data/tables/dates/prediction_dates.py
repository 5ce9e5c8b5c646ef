"""The dates of a table that a model is given, in whatever order it has day and month → the schema that reads them.

The model's own order holds, unless the file proves another: a file of one row can prove nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from rowwise.data.tables.dates.evidence import DateEvidence, has_numbers
from rowwise.data.tables.dates.grammar import ORDERS, grain_of, order_of, pattern_of
from rowwise.data.tables.dates.order import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import polars as pl

    from rowwise.data.tables.schema import Column, Schema

LOOKED_AT = 1_000  # rows
UNDECIDED = "undecided"  # what is counted of values in whose order neither model nor file decides


def dates_as_written(
    schema: Schema,
    heads: Sequence[pl.DataFrame],
    batches: Callable[[], Iterable[pl.DataFrame]],
    oddities: dict[str, Counter[str]],
    asked: str = "",
) -> Schema:
    """The schema with its dates written as in the table.

    Args:
        heads: the first rows; where no date there has an order to be found, the rest is not looked at.
        batches: gives all rows; texts have no spaces around them.
        oddities: by column; how many dates stand in another order than in training is counted here, as one of
            `ORDERS`; or in an unknown order, as `UNDECIDED`.
        asked: one of `ORDERS`, which goes before all that the table shows.

    Raises:
        UsageError: a column has dates in another order than the one asked for.
    """
    import polars as pl

    columns = [column for column in schema.used if column.kind == "date" and grain_of(column.pattern) == "day"]
    asking = [column.name for column in columns if any(_wait(head[column.name]) for head in heads)]
    if not asking:
        return schema
    evidence = {name: DateEvidence() for name in asking}
    for rows in batches():
        for name, one in evidence.items():
            present = rows[name].drop_nulls()
            if present.dtype == pl.String:
                one.add_texts(present, range(len(present)))
    choices = {name: candidates for name, one in evidence.items() if (candidates := one.candidates)}
    proven = {candidates[0] for candidates in choices.values() if len(candidates) == 1}
    if asked:
        settle({name: evidence[name] for name in choices}, asked)
        choices, proven = {name: [asked] for name in choices}, {asked}
        oddities = {}  # what was asked for is no news
    changed = {
        column.name: _as_in_file(column, evidence[column.name], choices[column.name], proven, oddities)
        for column in columns
        if column.name in choices
    }
    return replace(schema, columns=tuple(changed.get(column.name, column) for column in schema.columns))


def _wait(values: pl.Series) -> bool:
    """Whether there are dates whose numbers may stand in any order."""
    import polars as pl

    return values.dtype == pl.String and has_numbers(values.drop_nulls())


def _as_in_file(
    column: Column,
    one: DateEvidence,
    candidates: list[str],
    proven: set[str],
    oddities: dict[str, Counter[str]],
) -> Column:
    own = next((order for order, letters in ORDERS.items() if letters == order_of(column.pattern)), "")
    order = candidates[0] if len(candidates) == 1 else ""
    if not order and len(proven) == 1 and proven <= set(candidates):
        order = next(iter(proven))
    order = order or (own if own in candidates else "")
    if not order:
        oddities.setdefault(column.name, Counter())[UNDECIDED] += one.looked_at
        return column
    if own and order != own:
        oddities.setdefault(column.name, Counter())[order] += one.reads[order].count
    return replace(column, pattern=pattern_of(one.sample, ORDERS[order]))
