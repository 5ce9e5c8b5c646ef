"""A table and how to read it → two Datasets with their schema, whose statistics come from the training rows alone.

The table is read twice, in batches: once to see what its columns are, once to encode them. What is large lies in
temporary files mapped into memory.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import Dataset, provenance_fields
from rowwise.data.splits import held_out
from rowwise.data.storage import ROWS, empty, release
from rowwise.data.tables.encode import as_numbers, as_texts, dates, encode, float32, level_numbers, sorted_levels
from rowwise.data.tables.profile import check_columns, column_of, profiles, task_of
from rowwise.data.tables.read import ROW, open_table
from rowwise.data.tables.schema import Schema
from rowwise.data.tables.statistics import fitted, renumbered
from rowwise.errors import DataError, UsageError, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.source import Source
    from rowwise.data.tables.profile import Profile
    from rowwise.data.tables.read import Table
    from rowwise.data.tables.schema import Column


@dataclass(frozen=True, eq=False)
class Read:
    """Records that have their targets: x `(records, columns)`, y, the groups or times of a split, rows of the table."""

    x: NDArray[np.float32]
    y: NDArray[Any]
    keys: NDArray[Any] | None
    rows: NDArray[np.int32] | None  # None: 1, 2, 3 and so on, none left out


def load(source: Source) -> tuple[Dataset, Dataset]:
    """`(train, test)`.

    Raises:
        DataError: no rows, a target that is missing, has one value or too many, columns that cannot be used or read.
        UsageError: an option that names no column, or contradicts the values.

    Warns:
        Suspicious: test records that stand among the training records as well.
    """
    with open_table(source) as table:
        check_columns(table, source)
        found = profiles(table)
        schema = schema_of(table, source, found)
        read = _read(table, schema, source, found)
    test = _held_out(read, schema, source)
    schema, numbers = fitted(schema, read.x, np.flatnonzero(~test))
    hashes = np.empty(len(read.x), np.uint64)
    parts = []
    for chosen, part in ((~test, "train"), (test, "test")):
        rows = np.flatnonzero(chosen)
        x = empty((len(rows), read.x.shape[1]))
        for start in range(0, len(rows), ROWS):
            block = rows[start : start + ROWS]
            taken = read.x[block]
            hashes[block] = _hashes(taken, read.y[block])
            x[start : start + len(block)] = renumbered(taken, numbers)
            release(x)
            release(read.x)
        parts.append(_dataset(source, schema, table, read, rows, x, part))
    _warn_of_duplicates(hashes[~test], hashes[test])
    return parts[0], parts[1]


def survey(source: Source) -> tuple[Schema, int]:
    """What the columns of a table without a target are, with the statistics of all records; and how many those are.

    Raises:
        DataError, UsageError: as `load`.
    """
    with open_table(source) as table:
        check_columns(table, source)
        found = profiles(table)
        schema = Schema(tuple(column_of(name, found[name], source) for name in table.columns), ())
        read = _read(table, schema, source, found)
    return fitted(schema, read.x, np.arange(len(read.x)))[0], len(read.x)


def schema_of(table: Table, source: Source, found: dict[str, Profile]) -> Schema:
    """What the columns are; the statistics are still lacking.

    Raises:
        DataError, UsageError: as `load`.
    """
    task = task_of(source, found)
    columns = tuple(column_of(name, found[name], source) for name in table.columns if name not in source.target)
    schema = Schema(
        columns,
        source.target,
        sorted_levels(found[source.target[0]].values) if task == "classification" else (),
    )
    folded = Counter(name.casefold() for name in schema.classes)
    alike = [name for name in schema.classes if folded[name.casefold()] > 1]
    if alike:
        warn_user(say("target.alike", name=source.target[0], classes=", ".join(alike[:6])))
    if not schema.used:
        reasons = ", ".join(f"{c.name}: {say(f'schema.dropped.{c.reason}')}" for c in columns[:5])
        raise DataError("table.no_features", path=table.name, reasons=reasons or "–")
    return schema


def encode_rows(
    schema: Schema, rows: pl.DataFrame, oddities: dict[str, Counter[str]] | None = None
) -> NDArray[np.float32]:
    """`(records, columns of X)` of cleaned rows that have the schema's columns.

    Args:
        oddities: by column, what could not be used: filled here, as `values.encode` counts it.
    """
    counts = oddities if oddities is not None else {}
    columns = [encode(column, rows[column.name], counts.setdefault(column.name, Counter())) for column in schema.used]
    return np.concatenate([np.empty((len(rows), 0), np.float32), *columns], axis=1)


def read_as(schema: Schema, source: Source) -> tuple[Dataset, dict[str, Counter[str]]]:
    """All records of another table, read as a model with that schema was trained; and what could not be used.

    Raises:
        DataError: it lacks columns or targets, has other classes, or cannot be read.
    """
    source = replace(source, target=schema.targets)
    oddities: dict[str, Counter[str]] = {}
    xs, ys, numbers = [], [], []
    with open_table(source) as table:
        check_has(table, (*(column.name for column in schema.used), *schema.targets))
        for rows in table.batches(schema.numeric, numbered=True):
            kept = _with_targets(rows, schema)
            numbers.append(kept[ROW].to_numpy())
            xs.append(encode_rows(schema, kept, oddities))
            ys.append(_targets(kept, schema, "."))
        if not sum(map(len, xs)):
            raise DataError("table.rows", path=table.name)
        read = Read(np.concatenate(xs), np.concatenate(ys), None, np.concatenate(numbers))
        return _dataset(source, schema, table, read, np.arange(len(read.x)), read.x, "test"), oddities


def read_x(schema: Schema, source: Source) -> NDArray[np.float32]:
    """`(records, columns of X)` of a table, which needs no target.

    Raises:
        DataError: it lacks columns, has no rows, or cannot be read.

    Warns:
        Suspicious: values that cannot be used as training knew the columns.
    """
    oddities: dict[str, Counter[str]] = {}
    with open_table(source) as table:
        check_has(table, tuple(column.name for column in schema.used))
        blocks = [encode_rows(schema, rows, oddities) for rows in table.batches(schema.numeric)]
        if not sum(map(len, blocks)):
            raise DataError("table.rows", path=table.name)
    for note in oddity_notes(schema, oddities):
        warn_user(note)
    return np.concatenate(blocks)


def check_has(table: Table, names: tuple[str, ...]) -> None:
    """Raises DataError where the table lacks one of these columns."""
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        listed = ", ".join(lacking[:5]) + (", …" if len(lacking) > 5 else "")
        raise DataError("table.lacks", path=table.name, names=listed, found=", ".join(table.columns[:10]))


def _read(table: Table, schema: Schema, source: Source, found: dict[str, Profile]) -> Read:
    records = next(iter(found.values())).records
    x = empty((records, len(schema.inputs)))
    targets = max(len(schema.targets), 1)
    y = np.zeros(records if targets == 1 else (records, targets), np.int32 if schema.classes else np.float32)
    keys = np.empty(records, np.uint64 if source.group else np.int64) if source.group or source.time else None
    numbers = np.empty(records, np.int32)
    done = 0
    for rows in table.batches(schema.numeric, numbered=True):
        kept = _with_targets(rows, schema)
        here = slice(done, done + len(kept))
        x[here] = encode_rows(schema, kept)
        numbers[here] = kept[ROW].to_numpy()
        if schema.targets:
            y[here] = _targets(kept, schema, found[schema.targets[0]].decimal)
        if keys is not None:
            keys[here] = _keys(kept, source, found)
        done += len(kept)
        release(x)
    if not done:
        raise DataError("table.rows", path=table.name)
    all_there = numbers[done - 1] == done
    return Read(x[:done], y[:done], None if keys is None else keys[:done], None if all_there else numbers[:done])


def _with_targets(rows: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """A record that lacks a target can be neither learned from nor measured on."""
    import polars as pl

    kept = rows.drop_nulls(list(schema.targets)) if schema.targets else rows
    if schema.classes:
        return kept
    finite = [pl.col(name).is_finite() for name in schema.targets if rows[name].dtype.is_float()]
    return kept.filter(*finite) if finite else kept


def _targets(rows: pl.DataFrame, schema: Schema, decimal: str) -> NDArray[Any]:
    """int32 `(records,)` class numbers, or float32 `(records,)` or `(records, targets)`."""
    if schema.classes:
        numbers = level_numbers(rows[schema.targets[0]], schema.classes, Counter())
        if len(numbers) and numbers.max() >= len(schema.classes):
            label = as_texts(rows[schema.targets[0]])[int(numbers.argmax())]
            raise DataError("target.unknown", name=schema.targets[0], found=label, known=", ".join(schema.classes[:10]))
        return numbers.astype(np.int32)
    columns = []
    for name in schema.targets:
        column = float32(name, as_numbers(rows[name], decimal))
        if np.isnan(column).any():
            text = str(rows[name][int(np.isnan(column).argmax())])
            raise DataError("target.unreadable", name=name, found=text[:30])
        columns.append(column)
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _keys(rows: pl.DataFrame, source: Source, found: dict[str, Profile]) -> NDArray[Any]:
    import polars as pl

    if source.group:
        return as_texts(rows[source.group]).hash(seed=0).to_numpy()
    values, profile = rows[source.time], found[source.time]
    if profile.numeric:
        moments = as_numbers(values, profile.decimal) * 1_000
    elif profile.patterns or values.dtype.is_temporal():
        moments = dates(values, profile.patterns[0] if values.dtype == pl.String else "")
    else:
        raise UsageError("split.time.kind", name=source.time, found=next(iter(profile.values or {""}))[:30])
    numbers = moments.cast(pl.Int64, strict=False)
    if numbers.null_count():
        raise DataError("split.time.missing", name=source.time, count=f"{profile.missing:,}")
    return numbers.to_numpy()


def _held_out(read: Read, schema: Schema, source: Source) -> NDArray[np.bool_]:
    by = source.split_by
    test = held_out(len(read.x), source.test, source.seed, read.y if schema.classes else None, read.keys, by)
    if not test.any() or test.all():
        if by:
            raise UsageError(f"split.{by}.one", name=source.group or source.time, records=len(read.x))
        raise UsageError("data.split.empty", records=len(read.x), fraction=source.test)
    return test


def _dataset(
    source: Source, schema: Schema, table: Table, read: Read, rows: NDArray[Any], x: NDArray[np.float32], part: str
) -> Dataset:
    by = source.split_by
    y, keys = read.y[rows], None if read.keys is None else read.keys[rows]
    numbers = (rows + 1).astype(np.int32) if read.rows is None else read.rows[rows]
    for array in (x, y, keys, numbers):
        if array is not None:
            array.flags.writeable = False
    return Dataset(
        source.name,
        x,
        y,
        schema.classes,
        part=part,
        source={**table.about, "split": {"by": by or "records", "test": source.test, "seed": source.seed}},
        schema=schema,
        targets=() if schema.classes else schema.targets,
        keys=keys,
        split_by=by,
        rows=numbers,
        **provenance_fields(
            "table.provenance", place=table.name, records=f"{len(read.x):,}", columns=len(table.columns)
        ),
    )


def _hashes(x: NDArray[np.float32], y: NDArray[Any]) -> NDArray[np.uint64]:
    import polars as pl

    values = np.concatenate([x, y.reshape(len(y), -1).astype(np.float32)], axis=1)
    return pl.from_numpy(values).hash_rows(seed=0).to_numpy()


def _warn_of_duplicates(train: NDArray[np.uint64], test: NDArray[np.uint64]) -> None:
    train.sort()
    test.sort()  # in order, they are looked up without jumping about in memory
    places = np.searchsorted(train, test)
    twice = int((train[np.minimum(places, len(train) - 1)] == test).sum())
    if twice:
        warn_user(say("split.duplicates", count=f"{twice:,}", records=f"{len(test):,}"))


def oddity_notes(schema: Schema, oddities: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What of a table could not be used as training knew it; values that training records lacked too are no news."""
    known = {column.name for column in schema.used if column.missing}
    return [
        say(f"predict.table.{kind}", name=name, count=f"{count:,}")
        for name, counts in oddities.items()
        for kind, count in counts.items()
        if count and not (kind == "missing" and name in known)
    ]


def not_used(schema: Schema) -> list[tuple[Column, str]]:
    """The columns that were dropped without being asked to, and why in words."""
    return [
        (column, say(f"schema.dropped.{column.reason}"))
        for column in schema.columns
        if column.kind == "dropped" and column.reason not in ("asked", "group")
    ]
