"""A table's Dataset → its X by name: which column is which, one value of it, and how columns widen into features."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.columns import boolean
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset
    from rowwise.data.tables.schema import Column, Schema

MOST = 60  # columns of X shown
RECORDS = 32  # of the example's batch
NAMES = 6  # features named in a row
LONGEST = 30  # letters of a name


def columns_of(dataset: Dataset, records: int = RECORDS) -> list[dict[str, Any]]:
    """A dictionary for each column of X, as JSON takes it.

    Returns:
        `column` (its number in X), `name`, `value` (of the last record of a batch of `records`; None where it is
        missing), `level` (the value's name, where it is a category), `features` (the numbers of the features that it
        becomes) and `feature_names`.
    """
    schema = dataset.schema
    assert schema is not None
    row = dataset.x[min(records, len(dataset)) - 1]
    columns, numbers = [], _numbers(schema)
    for column, place in schema.used_and_placed:
        own = [numbers[column.name, name] for name in column.features]
        by_part = _by_part(column, own)
        for offset, name in enumerate(column.inputs):
            value = float(row[place + offset])
            columns.append(
                {
                    "column": place + offset,
                    "name": name,
                    "value": None if np.isnan(value) else value,
                    "level": _level(column, value),
                    "features": by_part[offset],
                    "feature_names": [schema.features[number] for number in by_part[offset]],
                }
            )
    return columns


def table_text(dataset: Dataset, records: int = RECORDS) -> str:
    """The same for people: the shapes of X before and after the preparation, a row a column, one value by name."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    schema = dataset.schema
    assert schema is not None
    rows, last = columns_of(dataset, records), min(records, len(dataset)) - 1
    lines = wrap(say("table.x", records=records, columns=len(schema.inputs)))
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column(say("table.column"), overflow="fold")
    table.add_column(f"X[{last}, …]", overflow="fold")
    table.add_column(say("table.becomes"), overflow="fold")
    for row in rows[:MOST]:
        table.add_row(f"{row['column']:>3}  {_short(row['name'])}", _value(row), _becomes(row))
    text = StringIO()
    Console(file=text, width=WIDTH, color_system=None, legacy_windows=False, markup=False).print(table)
    lines += ["", *(line.rstrip() for line in text.getvalue().splitlines())]
    if len(rows) > MOST:
        lines.append(say("schema.more", columns=f"{len(rows) - MOST:,}"))
    one = max(rows[:MOST], key=lambda row: (row["value"] is not None, len(row["features"]), row["column"]))
    lines += ["", *wrap(say("table.one", row=last, column=one["column"], name=_short(one["name"]), value=_value(one)))]
    key = "table.widened" if len(schema.features) != len(schema.inputs) else "table.prepared"
    lines += wrap(say(key, records=records, columns=len(schema.inputs), features=len(schema.features)))
    return "\n".join(lines)


def _numbers(schema: Schema) -> dict[tuple[str, str], int]:
    """Where each feature of each column stands."""
    pairs = [(c.name, name) for c in schema.used if not c.embedded for name in c.features]
    return {pair: number for number, pair in enumerate([*pairs, *((c.name, c.name) for c in schema.embedded)])}


def _by_part(column: Column, numbers: list[int]) -> list[list[int]]:
    """The features' numbers for each column of X; the indicator of a missing date goes with its first part."""
    if column.kind != "date":
        return [numbers]
    names, parts = list(column.features), []
    for name in column.inputs:
        parts.append([numbers[names.index(f)] for f in names if f in (name, f"{name} sin", f"{name} cos")])
    if column.indicated:
        parts[0].append(numbers[-1])
    return parts


def _level(column: Column, value: float) -> str | None:
    if np.isnan(value):
        return None
    if column.kind == "categorical":
        return column.levels[int(value)] if value < len(column.levels) else say("table.unknown")
    return boolean.word(column, value) if column.kind == "boolean" else None


def _value(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return say("table.missing")
    return f"{row['value']:.6g}" + (f" ({_short(row['level'])})" if row["level"] else "")


def _becomes(row: dict[str, Any]) -> str:
    numbers, names = row["features"], [_short(name) for name in row["feature_names"]]
    if not numbers:  # a category of which training had no level
        return "–"
    first, last = min(numbers), max(numbers)
    if len(names) == 1:
        return say("table.feature", number=first)
    shown = ", ".join(names[:NAMES]) + (", …" if len(names) > NAMES else "")
    return say(
        "table.features",
        numbers=f"{first}–{last}" if last - first == len(names) - 1 else ", ".join(map(str, numbers)),
        names=shown,
    )


def _short(name: str) -> str:
    name = "".join(letter if letter.isprintable() else "·" for letter in " ".join(name.split()))
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
