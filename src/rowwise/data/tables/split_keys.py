"""A column of groups or of times → a key a record, by which records are held out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.dates.timestamps import as_timestamps
from rowwise.data.tables.parse import as_numbers, as_text, as_texts
from rowwise.errors import DataError, UsageError

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.tables.profile import Profile

GROUP_KEYS = "fnv1a-64"  # kept in a run's record: the same group has the same key wherever this is the same
OFFSET_BASIS, PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # of 64-bit FNV-1a
LONGEST = 256  # bytes of a text that is hashed as it is; a longer one is hashed by its SHA-256


def group_keys(values: pl.Series) -> NDArray[np.uint64]:
    """`(records,)`: equal for equal groups, and for nothing else but what `fnv1a` says; 0 where the group is missing.

    A key depends on the group's text alone: not on the order of records, on how they are read in batches, nor on the
    platform or the version of Polars, whose own hash changes with it.
    """
    texts = _group_texts(values)
    keys = fnv1a(texts.fill_null(""))
    keys[texts.is_null().to_numpy()] = 0
    return keys


def _group_texts(values: pl.Series) -> pl.Series:
    """Texts and whole numbers as they are; other values as Python writes them, which Polars need not do."""
    import polars as pl

    if values.dtype.is_integer() or values.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Null):
        return _in_one_spelling(as_texts(values))
    distinct = values.drop_nulls().unique()
    texts = [as_text(value) for value in distinct.to_list()]
    return values.replace_strict(distinct, pl.Series(texts, dtype=pl.String), default=None, return_dtype=pl.String)


def _in_one_spelling(texts: pl.Series) -> pl.Series:
    """Texts that no group differs in, written alike: `1.0` as `1`, letters in pieces as one."""
    if not (texts.str.len_bytes() == texts.str.len_chars()).all():
        texts = texts.str.normalize("NFC")
    whole = r"^([+-]?\d+)\.0+$"
    return texts.str.replace(whole, "$1") if texts.str.contains(whole).any() else texts


def fnv1a(texts: pl.Series) -> NDArray[np.uint64]:
    """`(texts,)`: the FNV-1a hash of 64 bits of each text's UTF-8 bytes; there are no nulls.

    That two of n texts share a hash has a chance of about n² / 2⁶⁵: 3 in a million for ten million groups. Such two
    groups would only be held out together. All texts are hashed at once, a byte of each at a time: a tenth of what a
    call of `hashlib` for each would take.
    """
    import polars as pl

    lengths = texts.str.len_bytes().to_numpy().astype(np.int64)
    if (lengths > LONGEST).any():
        pairs = zip(texts.to_list(), (lengths > LONGEST).tolist(), strict=True)
        shortened = [hashlib.sha256(text.encode()).hexdigest() if long else text for text, long in pairs]
        texts = pl.Series(shortened, dtype=pl.String)
        lengths = texts.str.len_bytes().to_numpy().astype(np.int64)
    data = np.frombuffer((texts.str.join("").item() or "").encode(), np.uint8)
    descending = (-lengths).astype(np.int16)  # so short, they are sorted by radix
    order = np.argsort(descending, kind="stable")  # the longest first: texts that have a byte at a place are a slice
    starts = (np.cumsum(lengths) - lengths)[order]
    with_a_byte = np.searchsorted(descending[order], -np.arange(lengths.max(initial=0), dtype=np.int16))
    hashes = np.full(len(texts), OFFSET_BASIS)
    for place, count in enumerate(with_a_byte):
        hashes[:count] ^= data[starts[:count] + place]
        hashes[:count] *= PRIME  # modulo 2⁶⁴
    keys = np.empty_like(hashes)
    keys[order] = hashes
    return keys


def time_keys(values: pl.Series, name: str, profile: Profile) -> NDArray[np.int64]:
    """`(records,)`: microseconds of dates, thousandths of numbers: only their order matters.

    Raises:
        UsageError: neither dates nor numbers. DataError: a record has no time.
    """
    import polars as pl

    dates = profile.dates
    if profile.numeric and not profile.compact_dates:
        times = as_numbers(values, profile.numbers.decimal, profile.numbers.unit) * 1_000
    elif dates.matches:
        times = as_timestamps(values, dates.pattern, dates.moments_zone, dates.century)
    else:
        raise UsageError("split.time.kind", name=name, found=(profile.unlike or profile.first)[0][:30])
    keys = times.cast(pl.Int64, strict=False)
    if keys.null_count():
        raise DataError("split.time.missing", name=name, count=f"{profile.missing:,}")
    return keys.to_numpy()


def has_outdated_keys(source: Any) -> bool:
    """Whether data were split by group with other keys than these: that split cannot be made again.

    Args:
        source: a Dataset's, as a run's record has it.
    """
    split = source.get("split") if isinstance(source, Mapping) else None
    return isinstance(split, Mapping) and split.get("by") == "group" and split.get("keys") != GROUP_KEYS
