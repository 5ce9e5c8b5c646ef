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
from rowwise.data.overlap import fingerprints, warn_of_repeated
from rowwise.data.splits import folds_of, held_out
from rowwise.data.storage import ROWS, empty, release
from rowwise.data.tables.cleaning import ROW
from rowwise.data.tables.encode import as_written, check_columns, encode_rows, oddity_notes
from rowwise.data.tables.file_signs import signs_of
from rowwise.data.tables.infer_schema import check_options, infer_columns, infer_schema, settle_dates
from rowwise.data.tables.left_out import tell_left_out, tell_unseen, words_beside_classes
from rowwise.data.tables.origins import dtype_from
from rowwise.data.tables.profile import profiles_of
from rowwise.data.tables.rare_classes import warn_of_rare_classes
from rowwise.data.tables.read import open_table
from rowwise.data.tables.schema import Schema
from rowwise.data.tables.split_keys import GROUP_KEYS, group_keys, time_keys
from rowwise.data.tables.statistics import fitted, renumbered
from rowwise.data.tables.target_scales import scale_of
from rowwise.data.tables.targets import check_has_targets, check_targets, having_targets, targets_of
from rowwise.data.tables.weights import check_parts, check_weights, tell_weightless, with_weights
from rowwise.errors import DataError, UsageError, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rowwise.data.source import Source
    from rowwise.data.tables.decimal_sign import Signs
    from rowwise.data.tables.profile import Profile
    from rowwise.data.tables.read import Limits, Table


@dataclass(frozen=True, eq=False)
class Records:
    """A table's records that have their targets.

    Attributes:
        x: `(records, columns)`.
        y: `(records,)` or `(records, targets)`.
        keys: `(records,)`: groups or times, where the records are split by these.
        rows: `(records,)`: rows of the table; None where they are 1, 2, 3 and so on, none left out.
        left_out: rows without a target.
        weights: `(records,)`; None where all count alike.
        weightless: rows without a weight, which are left out, too.
    """

    x: NDArray[np.float32]
    y: NDArray[Any]
    keys: NDArray[Any] | None
    rows: NDArray[np.int32] | None
    left_out: int = 0
    weights: NDArray[np.float32] | None = None
    weightless: int = 0


def load(
    source: Source, limits: Limits | None = None, block_rows: int = ROWS, schema: Schema | None = None
) -> tuple[Dataset, Dataset]:
    """`(train, test)`.

    Args:
        limits: of memory while the table is read.
        block_rows: copied at once.
        schema: of a run, which the table is read by as it was for its training; None: the table's own.

    Raises:
        DataError: no rows, a target that is missing, has one value or too many, columns that cannot be used or read.
        UsageError: an option that names no column, or contradicts the values.

    Warns:
        Suspicious: test records that stand among the training records as well; classes without a training or test
            record; records without a target, which are left out.
    """
    return divided(read(source, limits, schema), block_rows=block_rows, limits=limits)


@dataclass(frozen=True, eq=False)
class TableRead:
    """A table that was read, before its records are divided.

    Attributes:
        source: with the columns' own names. The file need not be there any more.
        called: what the Datasets are called.
        name, columns, about: of the table, for the provenance of what is made of it.
        read_by: what the columns are; without statistics unless `settled`.
        settled: whether it is the schema of a run, which the table was read by as it was for its training.
        records: that have their targets.
    """

    source: Source
    called: str
    name: str
    columns: int
    about: dict[str, Any]
    read_by: Schema
    settled: bool
    records: Records


def read(source: Source, limits: Limits | None = None, schema: Schema | None = None) -> TableRead:
    """The table, read once; `divided` may then cut it into folds again and again. Arguments and errors as of `load`."""
    with open_table(source, limits) as table:
        source = table.source
        check_options(table, source)
        profiles, signs = profiles_of(table, source)
        if schema is None:
            tell_unseen(profiles, table.missing)
        settle_dates(profiles, source, warn=schema is None)
        read_by = schema or infer_schema(table, source, profiles, signs)
        records = _encoded(table, read_by, source, profiles, signs)
    tell_left_out(read_by, records.left_out, _total(records), words_beside_classes(profiles, read_by))
    tell_weightless(source.weight, records.weightless, _total(records))
    return TableRead(
        source, source.name, table.name, len(table.columns), table.about, read_by, schema is not None, records
    )


def divided(
    table: TableRead, fold: int | None = None, block_rows: int = ROWS, limits: Limits | None = None
) -> tuple[Dataset, Dataset]:
    """`(train, test)` of a table that was read, as `load` gives them; of this fold, where one is given."""
    source = table.source if fold is None else replace(table.source, fold=fold)
    records, read_by, schema = table.records, table.read_by, table.read_by
    learned, test = _divided(records, read_by, source)
    new_numbers: dict[int, NDArray[np.float32]] = {}
    if not table.settled:
        schema, new_numbers = _learned_schema(replace(table, source=source), np.flatnonzero(learned), block_rows)
    prints = np.empty(len(records.x), np.uint64)
    parts = []
    for mask, part in ((learned, "train"), (test, "test")):
        chosen = np.flatnonzero(mask)
        x = empty((len(chosen), records.x.shape[1]))
        for start in range(0, len(chosen), block_rows):
            places = chosen[start : start + block_rows]
            block = records.x[places]
            prints[places] = fingerprints(_with_targets(block, schema.from_origins(records.y[places])))
            x[start : start + len(places)] = renumbered(block, new_numbers)
            release(x)
            release(records.x)
        parts.append(_dataset(source, schema, table, chosen, x, part))
    prints_of_test = prints[test]
    if source.test_file:
        parts[1] = _other_table(source, source.test_file, schema, limits)
        prints_of_test = fingerprints(_with_targets(parts[1].x, schema.from_origins(parts[1].y)))
    warn_of_repeated(prints[learned], prints_of_test, lambda: tuple(_with_targets(part.x, part.y) for part in parts))  # type: ignore[arg-type, return-value]
    warn_of_rare_classes(parts[0], parts[1], source)
    check_parts(parts[0], parts[1], source)
    return parts[0], parts[1]


def whole(table: TableRead, block_rows: int = ROWS) -> Dataset:
    """All records of a table that was read, to be learned from: who asks for them tests on others, or elsewhere."""
    records, everything = table.records, np.arange(len(table.records.x))
    schema, new_numbers = _learned_schema(table, everything, block_rows)
    x = empty(records.x.shape)
    for start in range(0, len(x), block_rows):
        places = slice(start, start + block_rows)
        x[places] = renumbered(records.x[places], new_numbers)
        release(x)
        release(records.x)
    data = _dataset(table.source, schema, table, everything, x, "train")
    return replace(data, source={**data.source, "split": {"by": "nothing"}})


def _learned_schema(
    table: TableRead, learned: NDArray[np.intp], block_rows: int
) -> tuple[Schema, dict[int, NDArray[np.float32]]]:
    """The schema with the statistics of the records `learned`, and by column of X the new numbers of its levels."""
    records, source = table.records, table.source
    schema, new_numbers = fitted(table.read_by, records.x, learned, block_rows)
    if source.target_scale:
        schema = replace(schema, target_scale=scale_of(source, records.y[learned]))
    return schema, new_numbers


def load_validation(source: Source, train: Dataset) -> Dataset:
    """All records of `source.validation_file`, read as the training records were.

    Raises:
        DataError: as `read_as`, or none of them counts.

    Warns:
        Suspicious: as `load`, of records that stand among the training records as well.
    """
    assert train.schema is not None
    held = replace(_other_table(source, source.validation_file, train.schema, None), part="validation")
    both = [_with_targets(part.x, train.schema.from_origins(part.y)) for part in (train, held)]
    prints = [fingerprints(part) for part in both]
    warn_of_repeated(prints[0], prints[1], lambda: (both[0], both[1]), "validation")
    check_parts(train, held, source)
    check_targets(held.y, train.schema, learned=True)
    return held


def survey(source: Source) -> tuple[Schema, int]:
    """What the columns of a table without a target are, with the statistics of all records; and how many those are.

    Raises:
        DataError, UsageError: as `load`.
    """
    with open_table(source) as table:
        source = table.source
        check_options(table, source)
        profiles, signs = profiles_of(table, source)
        tell_unseen(profiles, table.missing)
        settle_dates(profiles, source)
        columns = infer_columns(table, source, profiles)
        schema = Schema(columns, (), decimal=signs.shown, separator=table.separator, missing=table.missing)
        records = _encoded(table, schema, source, profiles, signs)
    return fitted(schema, records.x, np.arange(len(records.x)))[0], len(records.x)


def read_as(schema: Schema, source: Source, limits: Limits | None = None) -> tuple[Dataset, dict[str, Counter[str]]]:
    """All records of another table, read as a model with that schema was trained; and its oddities, as `Encoded`'s.

    Raises:
        DataError: it lacks columns or targets, has other classes, or cannot be read.
    """
    source = replace(source, target=schema.targets)
    oddities: dict[str, Counter[str]] = {}
    xs, ys, numbers, weights = [], [], [], []
    total, weightless, words = 0, 0, dict[str, Counter[str]]()
    with open_table(source, limits, schema.missing) as table:
        check_columns(table.name, table.columns, [column.name for column in schema.used], table.unread)
        check_has_targets(table.name, table.columns, schema, table.unread)
        weighted = schema.weight in table.columns
        if schema.weight and not weighted:
            warn_user(say("weight.lacking", place=table.name, name=schema.weight))
        signs = signs_of(table, schema, source.decimal)
        written = as_written(schema.read_with(signs), table, oddities)
        for batch in table.batches(written.numeric, written.words, numbered=True, seen=words):
            rows = having_targets(batch, schema, signs)
            total += len(batch)
            if weighted:
                having = len(rows)
                unit = schema.column_of_weights.unit
                rows, of_rows = with_weights(rows, schema.weight, signs.of(schema.weight), unit)
                weights.append(of_rows)
                weightless += having - len(rows)
            numbers.append(rows[ROW].to_numpy())
            xs.append(encode_rows(written, rows, oddities))
            ys.append(targets_of(rows, schema))
        if weighted and total:
            check_weights(np.concatenate(weights), schema.weight)
        if not sum(map(len, xs)):
            raise DataError("table.rows", path=table.name)
        x, y = np.concatenate(xs), np.concatenate(ys)
        check_targets(y, schema)
        counted = np.concatenate(weights) if weighted else None
        left_out = total - weightless - len(x)
        records = Records(x, y, None, np.concatenate(numbers), left_out, counted, weightless)
        tell_left_out(schema, records.left_out, total, words)
        tell_weightless(schema.weight, weightless, total)
        other = TableRead(source, source.name, table.name, len(table.columns), table.about, schema, True, records)
        return _dataset(source, schema, other, np.arange(len(records.x)), records.x, "test"), oddities


def _encoded(table: Table, schema: Schema, source: Source, profiles: Mapping[str, Profile], signs: Signs) -> Records:
    """The second pass over the table."""
    most = next(iter(profiles.values())).records
    x = empty((most, len(schema.inputs)))
    targets = max(len(schema.targets), 1)
    y = np.zeros(
        most if targets == 1 else (most, targets),
        np.int32 if schema.classes else dtype_from(schema.target_origins),
    )
    weights = np.empty(most, np.float32) if source.weight else None
    keys = np.empty(most, np.uint64 if source.group else np.int64) if source.split_by else None
    numbers = np.empty(most, np.int32)
    end = left_out = 0
    for batch in table.batches(schema.numeric, schema.words, numbered=True):
        with_targets = having_targets(batch, schema, signs)
        left_out += len(batch) - len(with_targets)
        if weights is not None:
            unit = schema.column_of_weights.unit
            with_targets, of_rows = with_weights(with_targets, source.weight, signs.of(source.weight), unit)
            weights[end : end + len(with_targets)] = of_rows
        start, end = end, end + len(with_targets)
        x[start:end] = encode_rows(schema, with_targets)
        numbers[start:end] = with_targets[ROW].to_numpy()
        if schema.targets:
            y[start:end] = targets_of(with_targets, schema)
        if keys is not None and source.group:
            keys[start:end] = group_keys(with_targets[source.group])
        elif keys is not None:
            keys[start:end] = time_keys(with_targets[source.time], source.time, profiles[source.time])
        release(x)
    if weights is not None and left_out < most:
        check_weights(weights[:end], source.weight)
    if not end:
        raise DataError("table.rows", path=table.name)
    rows = None if numbers[end - 1] == end else numbers[:end]
    if weights is not None:
        weights = weights[:end]
    keys = None if keys is None else keys[:end]
    return Records(x[:end], y[:end], keys, rows, left_out, weights, most - end - left_out)


def _total(records: Records) -> int:
    """Rows of the table, those without a target or a weight among them."""
    return len(records.x) + records.left_out + records.weightless


def _divided(records: Records, schema: Schema, source: Source) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """`(records,)` each: what is learned from, and what is tested on."""
    by, total = source.split_by, len(records.x)
    labels = records.y if schema.classes else None
    if source.test_file:
        return np.ones(total, bool), np.zeros(total, bool)
    if source.folds:
        folds = folds_of(total, source.folds, source.seed, labels, records.keys, by)
        test, learned = folds == source.fold, folds != source.fold
        if by == "time":
            learned = folds < source.fold
    else:
        test = held_out(total, source.test, source.seed, labels, records.keys, by)
        learned = ~test
    if not test.any() or not learned.any():
        if source.folds:
            raise UsageError("data.split.folds", records=f"{total:,}", fold=source.fold, folds=source.folds)
        if by:
            raise UsageError(f"split.{by}.one", name=source.group or source.time, records=total)
        raise UsageError("data.split.empty", records=total, fraction=source.test)
    return learned, test


def _other_table(source: Source, file: str, schema: Schema, limits: Limits | None) -> Dataset:
    """The records of a table beside the source's, read as those that are learned from."""
    other, oddities = read_as(schema, replace(source, place=file, test_file="", frame=None), limits)
    for note in oddity_notes(schema, oddities):
        warn_user(note)
    return other


def _with_targets(x: NDArray[np.float32], y: NDArray[Any]) -> NDArray[np.float32]:
    """`(records, columns + targets)`; 0 for -0, which is the same number."""
    return np.concatenate([x, y.reshape(len(y), -1).astype(np.float32)], axis=1) + np.float32(0)


def _dataset(
    source: Source,
    schema: Schema,
    table: TableRead,
    chosen: NDArray[Any],
    x: NDArray[np.float32],
    part: str,
) -> Dataset:
    """The records whose numbers are `chosen`; `x` has their rows, with the levels of the final schema."""
    by, records = source.split_by, table.records
    y, keys = records.y[chosen], None if records.keys is None else records.keys[chosen]
    rows = (chosen + 1).astype(np.int32) if records.rows is None else records.rows[chosen]
    weights = None if records.weights is None else records.weights[chosen]
    for array in (x, y, keys, rows, weights):
        if array is not None:
            array.flags.writeable = False
    about = table.about | ({"without_target": records.left_out} if records.left_out else {})
    about |= {"without_weight": records.weightless} if records.weightless else {}
    split: dict[str, Any] = {"by": by or "records", "test": source.test, "seed": source.seed}
    if source.test_file:
        split = {"by": "file", "file": source.test_file}
    elif source.folds:
        split |= {"folds": source.folds, "fold": source.fold}
    if by == "group":
        split["keys"] = GROUP_KEYS
    return Dataset(
        table.called,
        x,
        y,
        schema.classes,
        part=part,
        source=about | {"split": split, "load": source.to_dict()},
        schema=schema,
        targets=() if schema.classes else schema.targets,
        keys=keys,
        split_by=by,
        rows=rows,
        weights=weights,
        **provenance_fields("table.provenance", place=table.name, records=f"{len(records.x):,}", columns=table.columns),
    )
