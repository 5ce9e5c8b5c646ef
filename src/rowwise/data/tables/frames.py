"""A DataFrame of pandas, or a list of dictionaries → a DataFrame of Polars."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.column_names import checked_names, label_name
from rowwise.data.tables.dates.zones import in_zone
from rowwise.data.tables.parse import as_text
from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl
    from numpy.typing import NDArray

LARGEST_EXACT = 2**53  # up to it float64 holds every whole number
NO_SINGLE_VALUE = (bytes, bytearray, memoryview, list, tuple, dict, set, frozenset, np.ndarray)
LONGEST = datetime.timedelta(microseconds=2**63 - 1)  # of a column of durations


def from_pandas(frame: Any) -> tuple[pl.DataFrame, dict[str, tuple[str, ...]]]:
    """The frame, and the names that several columns had: see `checked_names`.

    Column by column through NumPy: pandas, which rowwise does not need, is not asked for more.

    Raises:
        UsageError: no DataFrame. DataError: too many columns.
    """
    import polars as pl

    labels = enumerate(frame.columns, 1)
    names, repeated = checked_names("DataFrame", [label_name(label, number) for number, label in labels])
    columns = {}
    try:
        for place, name in enumerate(names):
            column = frame.iloc[:, place]
            if (zone := getattr(column.dtype, "tz", None)) is not None:
                columns[name] = in_zone(name, np.asarray(column, "datetime64[ns]"), zone)
                continue
            if str(column.dtype) == "category":
                columns[name] = _categories(name, column.to_numpy(dtype=object))
                continue
            columns[name] = series_of_array(name, np.asarray(column))
    except (AttributeError, TypeError) as cause:
        raise UsageError("table.frame", found=type(frame).__name__) from cause
    return pl.DataFrame(columns), repeated


def _categories(name: str, values: Any) -> pl.Series:
    """Categories stay categories, whatever they are made of: whole numbers too."""
    import polars as pl

    listed = [none_if_missing(value) for value in values]
    texts = {value: as_text(value.item() if isinstance(value, np.generic) else value) for value in {*listed} - {None}}
    return pl.Series(name, [texts.get(value) for value in listed], dtype=pl.Categorical)


def series_of_array(name: str, values: Any) -> pl.Series:
    """`(records,)` of NumPy → a column; NaN, NaT, None and pandas's NA are null.

    What holds no single values, or complex ones, becomes an empty column of objects: it cannot be used.
    """
    import polars as pl

    unusable = pl.Series(name, [None] * len(values), dtype=pl.Object)
    if values.dtype.kind not in "biufmMUO":
        return unusable
    if values.dtype.kind == "f" and values.dtype.itemsize > 8:  # float128
        values = values.astype(np.float64)
    if values.dtype.kind == "M":
        return pl.Series(name, values.astype("datetime64[us]"))
    if values.dtype.kind != "O":
        return pl.Series(name, values).fill_nan(None) if values.dtype.kind == "f" else pl.Series(name, values)
    listed = [none_if_missing(value) for value in values]
    types = {type(value) for value in listed if value is not None}
    if any(issubclass(one, NO_SINGLE_VALUE) for one in types):
        return unusable
    for type_ in (datetime.time, datetime.timedelta):
        if types and all(issubclass(one, type_) for one in types):
            return _series_of_one_type(name, listed)
    if types <= {bool} or types <= {str} or all(issubclass(one, int | float | np.number) for one in types):
        return pl.Series(name, listed, strict=False)
    if all(issubclass(one, int | float | np.number | Decimal) for one in types):
        return pl.Series(name, [None if value is None else float(value) for value in listed], dtype=pl.Float64)
    if all(issubclass(one, datetime.timedelta) for one in types):
        return pl.Series(name, listed, dtype=pl.Duration("us"))
    if all(issubclass(one, datetime.date) for one in types):  # pandas's Timestamp among them
        return _timestamps(name, listed)
    texts = [None if value is None else str(value) for value in listed]
    if {one.__name__ for one in types} == {"Period"}:  # a week's is its first and its last day
        texts = [text and text.split("/")[0] for text in texts]
    return pl.Series(name, texts, dtype=pl.String)


def _timestamps(name: str, values: list[Any]) -> pl.Series:
    """Dates and datetimes → Datetime in microseconds, in their zone; in UTC where they have several."""
    import polars as pl

    zones = {zone for value in values if (zone := getattr(value, "tzinfo", None)) is not None}
    if not zones:
        return pl.Series(name, np.array(values, "datetime64[us]"))
    utc = [
        value.astimezone(datetime.UTC).replace(tzinfo=None) if getattr(value, "tzinfo", None) is not None else value
        for value in values
    ]
    return in_zone(name, np.array(utc, "datetime64[us]"), next(iter(zones)) if len(zones) == 1 else datetime.UTC)


def none_if_missing(value: Any) -> Any:
    """The value, or None for NaN, NaT and pandas's NA, which are unequal to themselves or have no truth."""
    if type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value):
        return None
    return None if isinstance(value, Decimal) and value.is_nan() else value


def from_dicts(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> Iterator[tuple[NDArray[np.intp], pl.DataFrame]]:
    """The columns of those names, in groups of rows whose values are of the same types: `(rows' numbers, frame)`.

    What becomes of a value does not depend on the rows beside it: numbers are not made texts because another row
    has a text in that column. A row without one of the columns has no value there.
    """
    import polars as pl

    columns = {name: [_python_value(row.get(name)) for row in rows] for name in names}
    types = {name: [_type(value) for value in values] for name, values in columns.items()}
    mixed = [name for name in names if len({*types[name]} - {None}) > 1]
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number in range(len(rows)):
        groups.setdefault(tuple(types[name][number] for name in mixed), []).append(number)
    for numbers in groups.values():
        yield (
            np.array(numbers, np.intp),
            pl.DataFrame([_series_of_one_type(name, [columns[name][number] for number in numbers]) for name in names]),
        )


def rows_of_columns(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A dictionary of columns → a dictionary for each row; one of single values is one row.

    A single value beside columns stands in every row, as in `pandas.DataFrame`.

    Raises:
        UsageError: columns of different lengths.
    """
    lengths = {name: len(values) for name, values in columns.items() if holds_several(values)}
    if len({*lengths.values()}) > 1:
        listed = ", ".join(f"{name}: {length:,}" for name, length in [*lengths.items()][:6])
        raise UsageError("rows.lengths", found=listed)
    if not lengths:
        return [dict(columns)]
    several = {name: list(values) if name in lengths else None for name, values in columns.items()}
    return [
        {name: columns[name] if values is None else values[number] for name, values in several.items()}
        for number in range(next(iter(lengths.values())))
    ]


def holds_several(value: Any) -> bool:
    """Whether it is a list, an array, a Series or similar, not a single value."""
    return hasattr(value, "__len__") and not isinstance(value, str | Mapping | bytes) and getattr(value, "ndim", 1) > 0


def _python_value(value: Any) -> Any:
    """What NumPy's scalars hold, and None where the value is missing."""
    if isinstance(value, np.datetime64 | np.timedelta64):
        value = value.astype(f"{value.dtype.kind}8[us]")  # Python has no nanoseconds
    return none_if_missing(value.item() if isinstance(value, np.generic) else value)


def _type(value: Any) -> type | None:
    """What a column of such values is made as; None where the value is missing."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        return float
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float if abs(value) <= LARGEST_EXACT or isinstance(value, float) else str
    if isinstance(value, datetime.timedelta) and abs(value) > LONGEST:
        return str  # which is reported as unreadable
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return datetime.tzinfo  # moments: a column of theirs has a zone
    for type_ in (bool, datetime.date, datetime.time, datetime.timedelta):
        if isinstance(value, type_):
            return type_
    return str


def _series_of_one_type(name: str, values: list[Any]) -> pl.Series:
    import polars as pl

    type_ = next((one for value in values if (one := _type(value)) is not None), None)
    if type_ is str or type_ is None:
        return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
    if type_ is float:
        return pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)
    return _timestamps(name, values) if type_ in (datetime.date, datetime.tzinfo) else pl.Series(name, values)
