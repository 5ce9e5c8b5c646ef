"""Values of a table's column, as texts or typed → numbers, yes or no, or the texts they are compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables import number_text
from rowwise.errors import DataError

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

TRUE = ("true", "yes", "t", "y", "예", "1", "1.0")
FALSE = ("false", "no", "f", "n", "아니오", "아니요", "0", "0.0")
FLOAT32_MAX = float(np.finfo(np.float32).max)
SHOWN = 30  # characters of a value in a message


def as_numbers(values: pl.Series, decimal: str = ".", unit: str = "") -> pl.Series:
    """Float64; null where there is no finite number, or a text has another unit than the column's.

    Texts have no spaces around them. `decimal` is the sign before fractions, where a text does not show it.
    """
    import polars as pl

    if values.dtype == pl.String:
        return number_text.as_numbers(values, decimal, unit)
    if values.dtype == pl.Duration:
        values = values.dt.total_seconds(fractional=True)
    elif values.dtype == pl.Time:
        values = values.cast(pl.Int64) / 1e9
    return number_text.finite(values.cast(pl.Float64, strict=False))


def as_booleans(values: pl.Series) -> pl.Series:
    """Float64: 1, 0, or null where a value is neither."""
    import polars as pl

    if values.dtype in (pl.Categorical, pl.Enum):
        values = values.cast(pl.String)
    if values.dtype != pl.String:
        numbers = values.cast(pl.Float64, strict=False)
        return numbers.set(~numbers.is_in([0.0, 1.0]).fill_null(False), None)
    return values.str.to_lowercase().replace_strict(
        [*TRUE, *FALSE], [1.0] * len(TRUE) + [0.0] * len(FALSE), default=None, return_dtype=pl.Float64
    )


def as_texts(values: pl.Series) -> pl.Series:
    """What levels and classes are compared by: whole numbers without a fraction, `true` and `false` in lower case."""
    import polars as pl

    if values.dtype.is_float():
        whole = values.is_finite() & (values == values.round()) & (values.abs() < 2**53)
        texts = values.cast(pl.String)
        return values.cast(pl.Int64, strict=False).cast(pl.String).zip_with(whole.fill_null(False), texts)
    if values.dtype == pl.Decimal:
        return values.cast(pl.String).str.replace(r"\.0+$", "").str.replace(r"(\.\d*?)0+$", "${1}")
    if values.dtype == pl.Duration:  # cannot be cast
        return values.dt.to_string("iso")
    return values if values.dtype == pl.String else values.cast(pl.String)


def as_text(value: Any) -> str:
    """The same for a single Python value, by Python's own rules, which do not change with the version of Polars."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)


def as_float32(numbers: pl.Series) -> NDArray[np.float32]:
    """`(records,)`, NaN for null, infinite what float32 cannot hold: see `check_range`."""
    with np.errstate(over="ignore"):
        return numbers.to_numpy().astype(np.float32)  # Polars gives NaN for null


def check_range(name: str, floats: NDArray[np.float32], values: pl.Series, records: pl.Series | None) -> None:
    """Raises DataError where a number is beyond float32.

    Args:
        name: the column's.
        floats: `(records,)` of `as_float32`.
        values: as the table has them.
        records: the number of each record; None: from 1.
    """
    beyond = np.isinf(floats)
    if beyond.any():
        place = int(beyond.argmax())
        record = place + 1 if records is None else records[place]
        found = as_text(values[place])
        if len(found) > SHOWN and (number := as_numbers(values[place : place + 1])[0]) is not None:
            found = f"{number:.4g}"
        raise DataError("table.range", name=name, found=found[:SHOWN], record=f"{record:,}", most=f"{FLOAT32_MAX:.4g}")
