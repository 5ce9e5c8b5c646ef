"""A column's values as they were read → numbers, level numbers, parts of dates: float32 columns of X, NaN for none."""

from __future__ import annotations

import datetime
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.schema import PARTS, Column
from rowwise.errors import DataError

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

TRUE = ("true", "yes", "t", "y", "예", "1", "1.0")
FALSE = ("false", "no", "f", "n", "아니오", "0", "0.0")
# How dates are written, in strftime's letters; those with hours hold times as well.
PATTERNS = (
    *(
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%Y. %m. %d",
        "%Y년 %m월 %d일",
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%d.%m.%Y",
        "%d-%m-%Y",
    ),
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S%.f"),
    *("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y.%m.%d %H:%M"),
    *("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M"),
)
THOUSANDS = {".": r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$", ",": r"^[+-]?\d{1,3}(\.\d{3})+(,\d+)?$"}
FLOAT32_MAX = float(np.finfo(np.float32).max)


def encode(column: Column, values: pl.Series, oddities: Counter[str] | None = None) -> NDArray[np.float32]:
    """`(records, columns of X)`: what one column of the table becomes.

    Args:
        values: texts or what the column's kind has in a typed file; nulls are missing.
        oddities: counts values that are `missing`, `unknown` levels, and `unreadable` values, which count as missing.

    Raises:
        DataError: a number beyond float32.
    """
    oddities = Counter() if oddities is None else oddities
    oddities["missing"] += values.null_count()
    if column.kind == "categorical":
        return level_numbers(values, column.levels, oddities)[:, None]
    if column.kind == "date":
        made = parts(dates(values, column.pattern), column.parts)
        read = ~np.isnan(made[:, 0])
    else:
        numbers = truths(values) if column.kind == "boolean" else as_numbers(values, column.decimal)
        made = float32(column.name, numbers)[:, None]
        read = ~np.isnan(made[:, 0])
    oddities["unreadable"] += int((values.is_not_null().to_numpy() & ~read).sum())
    return made


def as_numbers(values: pl.Series, decimal: str = ".") -> pl.Series:
    """Float64; null where there is no finite number. Thousands may be parted: `1,234.5`, or `1.234,5`.

    Texts have no spaces around them.
    """
    import polars as pl

    if values.dtype != pl.String:
        if values.dtype == pl.Duration:
            values = values.dt.total_seconds(fractional=True)
        elif values.dtype == pl.Time:
            values = values.cast(pl.Int64) / 1e9
        return _finite(values.cast(pl.Float64, strict=False))
    found = (values if decimal == "." else values.str.replace(",", ".", literal=True)).cast(pl.Float64, strict=False)
    if decimal == "," or found.null_count() > values.null_count():
        grouped = (found.is_null() | (decimal == ",")) & values.str.contains(THOUSANDS[decimal])
        if grouped.any():
            whole = values.str.replace_all("," if decimal == "." else ".", "", literal=True)
            again = whole.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
            found = again.zip_with(grouped.fill_null(False), found)
    return _finite(found)


def _finite(numbers: pl.Series) -> pl.Series:
    """Null for what is not."""
    if finite(numbers):
        return numbers
    return numbers.set(~numbers.is_finite().fill_null(False), None)


def finite(numbers: pl.Series) -> bool:
    """Whether all values are, nulls aside. In NumPy: Polars plans a query for each call, which takes a millisecond."""
    return int(np.isfinite(numbers.to_numpy()).sum()) == len(numbers) - numbers.null_count()


def truths(values: pl.Series) -> pl.Series:
    """Float64 1, 0, or null where a value is neither."""
    import polars as pl

    if values.dtype != pl.String:
        numbers = values.cast(pl.Float64, strict=False)
        return numbers.set(~numbers.is_in([0.0, 1.0]).fill_null(False), None)
    return values.str.to_lowercase().replace_strict(
        [*TRUE, *FALSE], [1.0] * len(TRUE) + [0.0] * len(FALSE), default=None, return_dtype=pl.Float64
    )


def dates(values: pl.Series, pattern: str = "") -> pl.Series:
    """Moments, in microseconds; null where there is none."""
    import polars as pl

    if values.dtype == pl.String:
        if "%H" in pattern:
            values = values.str.to_datetime(pattern, strict=False, time_unit="us")
        else:
            values = values.str.to_date(pattern, strict=False)
    elif isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone:
        values = values.dt.replace_time_zone(None)
    elif not values.dtype.is_temporal():
        values = pl.Series(values.name, [None] * len(values), dtype=pl.Date)
    return values.cast(pl.Datetime("us"))


def fits_pattern(text: str, pattern: str) -> bool:
    """Whether Python reads one text as a date so: a quick look before a column is tried."""
    with suppress(ValueError):
        datetime.datetime.strptime(text, pattern.replace("%.f", ".%f"))
        return True
    return "%.f" in pattern and fits_pattern(text, pattern.replace("%.f", ""))  # fractions may be left out


def parts(moments: pl.Series, names: tuple[str, ...]) -> NDArray[np.float32]:
    """`(records, names)`: year, month 1 to 12, day 1 to 31, weekday 1 (Monday) to 7, hour with its fraction."""
    found = {
        "year": lambda: moments.dt.year(),
        "month": lambda: moments.dt.month(),
        "day": lambda: moments.dt.day(),
        "weekday": lambda: moments.dt.weekday(),
        "hour": lambda: moments.dt.hour() + moments.dt.minute() / 60,
    }
    assert set(found) == set(PARTS)
    return np.stack([_floats(found[name]()) for name in names], axis=1)


def as_texts(values: pl.Series) -> pl.Series:
    """What levels and classes are compared by: whole numbers without a fraction, truths in small letters."""
    import polars as pl

    if values.dtype.is_float():
        whole = values.is_finite() & (values == values.round()) & (values.abs() < 2**53)
        texts = values.cast(pl.String)
        return values.cast(pl.Int64, strict=False).cast(pl.String).zip_with(whole.fill_null(False), texts)
    return values if values.dtype == pl.String else values.cast(pl.String)


def level_numbers(values: pl.Series, levels: tuple[str, ...], oddities: Counter[str]) -> NDArray[np.float32]:
    """`(records,)`: 0 for the first level and so on, NaN where missing, `len(levels)` for a level that is not known."""
    import polars as pl

    texts = as_texts(values)
    numbers = texts.cast(pl.Enum(levels), strict=False).to_physical()
    unknown = numbers.is_null() & texts.is_not_null()
    oddities["unknown"] += int(unknown.sum())
    made = _floats(numbers)
    made[unknown.to_numpy()] = len(levels)
    return made


def sorted_levels(found: Any) -> tuple[str, ...]:
    """Numbers by their size, else texts by their letters."""
    texts = list(found)
    try:
        return tuple(sorted(texts, key=lambda text: (float(text), text)))
    except ValueError:
        return tuple(sorted(texts))


def float32(name: str, numbers: pl.Series) -> NDArray[np.float32]:
    """`(records,)`, NaN for null.

    Raises:
        DataError: a number that float32 cannot hold.
    """
    with np.errstate(over="ignore"):
        made = _floats(numbers)
    if np.isinf(made).any():
        largest: Any = numbers.abs().max()
        raise DataError("table.range", name=name, found=f"{largest:.4g}", most=f"{FLOAT32_MAX:.4g}")
    return made


def _floats(numbers: pl.Series) -> NDArray[np.float32]:
    return numbers.to_numpy().astype(np.float32)  # a null is NaN there
