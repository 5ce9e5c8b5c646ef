"""Values of a table's column, as texts or typed → numbers, yes or no, or the texts they are compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import DataError

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

TRUE = ("true", "yes", "t", "y", "예", "1", "1.0")
FALSE = ("false", "no", "f", "n", "아니오", "0", "0.0")
# Numbers with separated thousands, by the sign before the fraction.
THOUSANDS = {".": r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$", ",": r"^[+-]?\d{1,3}(\.\d{3})+(,\d+)?$"}
FLOAT32_MAX = float(np.finfo(np.float32).max)


def as_numbers(values: pl.Series, decimal: str = ".") -> pl.Series:
    """Float64; null where there is no finite number. Thousands may be separated: `1,234.5`, or `1.234,5`.

    Texts have no spaces around them.
    """
    import polars as pl

    if values.dtype != pl.String:
        if values.dtype == pl.Duration:
            values = values.dt.total_seconds(fractional=True)
        elif values.dtype == pl.Time:
            values = values.cast(pl.Int64) / 1e9
        return _finite_or_null(values.cast(pl.Float64, strict=False))
    numbers = (values if decimal == "." else values.str.replace(",", ".", literal=True)).cast(pl.Float64, strict=False)
    if decimal == "," or numbers.null_count() > values.null_count():
        grouped = (numbers.is_null() | (decimal == ",")) & values.str.contains(THOUSANDS[decimal])
        if grouped.any():
            joined = values.str.replace_all("," if decimal == "." else ".", "", literal=True)
            joined_numbers = joined.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
            numbers = joined_numbers.zip_with(grouped.fill_null(False), numbers)
    return _finite_or_null(numbers)


def _finite_or_null(numbers: pl.Series) -> pl.Series:
    if all_finite(numbers):
        return numbers
    return numbers.set(~numbers.is_finite().fill_null(False), None)


def all_finite(numbers: pl.Series) -> bool:
    """Whether every value but nulls is finite. By NumPy: each call of Polars plans a query, which takes longer."""
    return int(np.isfinite(numbers.to_numpy()).sum()) == len(numbers) - numbers.null_count()


def as_booleans(values: pl.Series) -> pl.Series:
    """Float64: 1, 0, or null where a value is neither."""
    import polars as pl

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


def as_float32(name: str, numbers: pl.Series) -> NDArray[np.float32]:
    """`(records,)`, NaN for null; `name` is the column's, for the error.

    Raises:
        DataError: a number that float32 cannot hold.
    """
    with np.errstate(over="ignore"):
        floats = nan_for_null(numbers)
    if np.isinf(floats).any():
        largest: Any = numbers.abs().max()
        raise DataError("table.range", name=name, found=f"{largest:.4g}", most=f"{FLOAT32_MAX:.4g}")
    return floats


def nan_for_null(numbers: pl.Series) -> NDArray[np.float32]:
    """`(records,)` float32."""
    return numbers.to_numpy().astype(np.float32)  # Polars gives NaN for null
