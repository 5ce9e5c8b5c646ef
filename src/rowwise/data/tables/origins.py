"""A column's range → the number that its values are counted from, where float32 could not tell them apart.

Float32 holds seven digits: epoch seconds, northings and long ids, which have more and differ in the last ones, would be
a few values only. The difference from a number in their middle, taken in float64, holds all that tells them apart.
Other columns have the origin 0: their values are what the table has, to the bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.tables.profile import Profile

EXACT = 2**24  # up to it float32 holds every whole number
EXACT_64 = 2**53  # float64
INNER = 7 / 8  # of what a type holds: values of a narrow range reach an eighth of the largest beyond their origin
COARSE = 1 / 128  # of the largest number: a range up to it has 2 to the 17th numbers of float32 at most
ROUNDED = 4  # a range from which on the origin is a whole number, which people read with ease


def origin(profile: Profile) -> float:
    """What the column's values are counted from; 0 for values as they stand."""
    seen = profile.numbers.range
    if seen.low > seen.high:  # there are no numbers
        return 0.0
    largest, spread = max(abs(seen.low), abs(seen.high)), seen.high - seen.low
    if not seen.narrow or not np.isfinite(np.float32(largest)):
        return 0.0
    lost = largest > EXACT if seen.whole else spread <= COARSE * largest or _merged(profile)
    if not lost or (not spread and largest < EXACT_64):  # beyond it float64 may not tell the least from the greatest
        return 0.0
    middle = seen.low + spread / 2
    return float(round(middle)) if seen.whole or spread >= ROUNDED else middle


def _merged(profile: Profile) -> bool:
    """Whether two of the values, where these are few enough to be known, are one in float32."""
    from rowwise.data.tables.parse import as_numbers

    if not profile.values:
        return False
    import polars as pl

    texts = pl.Series(list(profile.values))
    numbers = as_numbers(texts, profile.numbers.decimal, profile.numbers.unit).drop_nulls().unique().to_numpy()
    return len(np.unique(numbers.astype(np.float32))) < len(numbers)


def from_origin(values: pl.Series, numbers: pl.Series, origin: float) -> pl.Series:
    """Float64: how far the numbers are from the origin.

    Args:
        values: the column, of whose whole numbers those beyond 2 to the 53rd are taken as they are.
        numbers: the same as Float64.
    """
    import polars as pl

    if not origin:
        return numbers
    distances = numbers - origin
    if abs(origin) < EXACT_64 or not (values.dtype == pl.String or values.dtype.is_integer()):
        return distances
    whole = values.cast(pl.Int128, strict=False)
    exact = pl.select(whole - pl.lit(int(origin), pl.Int128)).to_series().cast(pl.Float64)
    return exact.zip_with(whole.is_not_null(), distances)


def dtype_from(origins: Sequence[float]) -> type[np.number[Any]]:
    """Of targets that are counted from these: whole numbers beyond 2 to the 53rd stay whole, which float64 rounds.

    Several targets are so only where all are beyond.
    """
    if not any(origins):
        return np.float32
    if min(map(abs, origins)) < EXACT_64:
        return np.float64
    least, most = min(origins), max(origins)
    for whole, bits in ((np.int64, 63), (np.uint64, 64)):
        low = -(2.0**63) if whole is np.int64 else 0.0
        if INNER * low <= least and most <= INNER * 2.0**bits:
            return whole
    return np.float64


def whole_numbers(values: pl.Series, numbers: pl.Series) -> pl.Series:
    """Int128: whole numbers of any length as they stand, of others what float64 holds; null for null.

    Args:
        values: the column.
        numbers: the same as Float64.
    """
    import polars as pl

    held = numbers.round().cast(pl.Int128, strict=False)
    if not (values.dtype == pl.String or values.dtype.is_integer()):
        return held
    whole = values.cast(pl.Int128, strict=False)
    return whole.zip_with(whole.is_not_null() & numbers.is_not_null(), held)


def counted_from(y: NDArray[Any], origins: Sequence[float]) -> NDArray[np.float32]:
    """Targets `(records,)` or `(records, targets)` → how far they are from their origins."""
    if y.dtype.kind in "iu":  # a difference that int64 holds is right whatever wraps around on the way
        whole = np.array([int(origin) % 2**64 for origin in origins], np.uint64)
        differences = (y.astype(np.uint64) - (whole if y.ndim == 2 else whole[0])).view(np.int64)
        return differences.astype(np.float32)
    numbers = np.array(origins)
    return (y - (numbers if y.ndim == 2 else numbers[0])).astype(np.float32)
