"""Cleaned rows of a table, and its schema → the rows that have their targets, and y."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.column_names import listed
from rowwise.data.tables.cleaning import ROW
from rowwise.data.tables.columns.categorical import level_numbers
from rowwise.data.tables.dates.durations import as_seconds
from rowwise.data.tables.number_text import is_mark
from rowwise.data.tables.origins import dtype_from, whole_numbers
from rowwise.data.tables.parse import as_float32, as_numbers, as_texts, check_range
from rowwise.errors import DataError
from rowwise.text.visible import cut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.tables.decimal_sign import Signs
    from rowwise.data.tables.schema import Schema


def having_targets(rows: pl.DataFrame, schema: Schema, signs: Signs) -> pl.DataFrame:
    """The rows with all their targets: one without can be neither learned from nor measured on.

    The targets of a regression are Float64 in them, or Int128 where float64 would round them.
    """
    if schema.task != "regression" or not schema.targets:
        return rows.drop_nulls(list(schema.targets)) if schema.targets else rows
    numbers = [_target(rows, name, signs.of(name), schema.target_unit(name)) for name in schema.targets]
    dtype = np.dtype(dtype_from(schema.target_origins))
    if dtype.kind in "iu":
        origins = map(int, schema.target_origins)
        numbers = [_whole(rows, one, np.iinfo(dtype), origin) for one, origin in zip(numbers, origins, strict=True)]
    return rows.with_columns(numbers).drop_nulls(list(schema.targets))


def _target(rows: pl.DataFrame, name: str, decimal: str, unit: str) -> pl.Series:
    """Float64, null where the target is missing; durations as their seconds."""
    import polars as pl

    values = rows[name]
    numbers = as_numbers(values, decimal, unit)
    unread = values.is_not_null() & numbers.is_null()
    if unread.any() and values.dtype == pl.String:
        numbers = numbers.zip_with(~unread, as_seconds(values))
        unread &= numbers.is_null()
    if unread.any():
        unread &= ~is_mark(values)
        if unread.any():
            place = int(unread.arg_max() or 0)
            row = f"{rows[ROW][place]:,}"
            raise DataError("target.unreadable", name=name, found=str(values[place])[:30], record=row)
    return numbers


def _whole(rows: pl.DataFrame, numbers: pl.Series, limits: np.iinfo[Any], origin: int) -> pl.Series:
    """A target as whole numbers.

    Raises:
        DataError: one is not among those that its type holds, or not as far from its origin as int64 holds.
    """
    import polars as pl

    values = rows[numbers.name]
    whole = whole_numbers(values, numbers)
    least, most = max(limits.min, origin - 2**63), min(limits.max, origin + 2**63 - 1)
    within = whole.is_between(pl.lit(least, pl.Int128), pl.lit(most, pl.Int128)).fill_null(False)
    if (beyond := numbers.is_not_null() & ~within).any():
        place = int(beyond.arg_max() or 0)
        words = {"found": cut(str(values[place])), "record": f"{rows[ROW][place]:,}"}
        raise DataError("target.beyond", name=numbers.name, least=f"{least:,}", most=f"{most:,}", **words)
    return whole


def targets_of(rows: pl.DataFrame, schema: Schema) -> NDArray[Any]:
    """int32 `(records,)` class numbers; float32 `(records, targets)` 0 and 1 of several labels; or numbers `(records,)`
    or `(records, targets)`: float32, or as `origins.dtype_from` has it where the schema has origins for them."""
    if schema.classes:
        return level_numbers_of(rows, schema.targets[0], schema.classes).astype(np.int32)
    import polars as pl

    if schema.labels:
        known = zip(schema.targets, schema.labels, strict=True)
        return np.stack([level_numbers_of(rows, name, pair) for name, pair in known], axis=1)
    columns: list[NDArray[Any]] = [as_float32(rows[name].cast(pl.Float64)) for name in schema.targets]
    for name, floats in zip(schema.targets, columns, strict=True):
        check_range(name, floats, rows[name], rows[ROW])
    if schema.target_origins:
        dtype = dtype_from(schema.target_origins)
        columns = [_array(rows[name], dtype) for name in schema.targets]
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _array(numbers: pl.Series, dtype: type[np.number[Any]]) -> NDArray[Any]:
    import polars as pl

    if numbers.dtype != pl.Int128:
        return numbers.to_numpy().astype(dtype)
    return numbers.cast(pl.UInt64 if dtype is np.uint64 else pl.Int64).to_numpy()


def check_has_targets(place: str, columns: Sequence[str], schema: Schema, unread: Mapping[str, str]) -> None:
    """Raises DataError where a table, called `place`, lacks a target, or it holds no single values."""
    if lacking := [name for name in schema.targets if name not in columns]:
        raise DataError("table.lacks.target", path=place, names=listed(lacking, 5), found=listed(columns, 10))
    for name in schema.targets:
        if name in unread:
            raise DataError("table.nested", name=name, found=cut(unread[name]))


def level_numbers_of(rows: pl.DataFrame, name: str, known: tuple[str, ...]) -> NDArray[np.float32]:
    """`(records,)`: the number of each record's class, or 0 for no and 1 for yes."""
    numbers = level_numbers(rows[name], known)
    if len(numbers) and numbers.max() >= len(known):
        label = as_texts(rows[name])[int(numbers.argmax())]
        raise DataError("target.unknown", name=name, found=label, known=", ".join(known[:10]))
    return numbers


def check_targets(y: NDArray[Any], schema: Schema, learned: bool = False) -> None:
    """Raises DataError where targets `(records,)` or `(records, targets)` of another table are none of the schema's.

    Counts below 0; where they are `learned` by, numbers without a logarithm.
    """
    columns = zip(schema.targets, y.reshape(len(y), -1).T, strict=True)
    for name, numbers in columns if schema.counts or (learned and schema.target_scale == "log") else ():
        least = float(numbers.min())
        if schema.counts and least < 0:
            raise DataError("target.counts", name=name, found=f"{least:g}")
        if not schema.counts and least <= 0:
            raise DataError("target.log", name=name, found=f"{least:g}")
