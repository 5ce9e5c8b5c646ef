"""A column's range → the number that its values are counted from, where float32 could not tell them apart.

Float32 holds seven digits: epoch seconds, northings and long ids, which have more and differ in the last ones, would be
a few values only. The difference from a number in their middle, taken in float64, holds all that tells them apart.
Other columns have the origin 0: their values are what the table has, to the bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

    from rowwise.data.tables.profile import Profile

EXACT = 2**24  # up to it float32 holds every whole number
EXACT_64 = 2**53  # float64
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
    type_ = pl.Int64 if abs(origin) < 2**63 else pl.Int128
    whole = values.cast(type_, strict=False)
    exact = pl.select(whole - pl.lit(int(origin), type_)).to_series().cast(pl.Float64)
    return exact.zip_with(whole.is_not_null(), distances)
