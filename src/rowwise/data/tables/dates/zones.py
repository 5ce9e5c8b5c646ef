"""Moments with their offset from UTC, or in a time zone → the clock of one zone.

A zone is called as the IANA data base calls it, such as `Asia/Seoul`, or by its offset from UTC: `+09:00`; `UTC` itself
is `UTC`. Empty means that it was not stated: clocks are then taken as they stand.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from rowwise.data.tables.dates.grammar import AFTERNOON

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

UTC = "UTC"
LOOKED_AT = 16  # texts, of which one has an offset where any are looked for in all
# Hours from UTC of the abbreviations that mean one zone, the North American ones as in RFC 2822; but for CST, which is
# China's as well.
_ABBREVIATED: dict[str, float] = {
    **{"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3},
    **{
        "KST": 9,
        "JST": 9,
        "HKT": 8,
        "SGT": 8,
        "PHT": 8,
        "ICT": 7,
        "WIB": 7,
        "WITA": 8,
        "WIT": 9,
        "PKT": 5,
        "NPT": 5.75,
    },
    **{"EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10},
    **{"AEST": 10, "AEDT": 11, "ACST": 9.5, "ACDT": 10.5, "AWST": 8, "NZST": 12, "NZDT": 13},
    **{"SAST": 2, "CAT": 2, "EAT": 3, "WAT": 1, "BRT": -3, "ART": -3},
}
_LETTERS = "|".join(sorted(_ABBREVIATED, key=len, reverse=True))
# Names of zones that tell no offset: CST, IST and the like, which several have, and regions, whose clocks change.
_NAMES = r"(?-i:[A-TV-Z][A-Z]{2,4}|U[A-GI-Z][A-Z]{1,3})|[a-z]+/[a-z_]+(?:/[a-z_]+)?"
_HALF = "|".join(re.escape(half) for half in ("am", "a.m.", *AFTERNOON))
_OFFSET = rf"(?:{_LETTERS})?[+-][0-9]{{2}}(?::?[0-9]{{2}})?(?::?[0-9]{{2}})?|{_LETTERS}"
_TIME = rf"(?::[0-9]{{2}}(?:[.,][0-9]+)?|T[0-9]{{4}}|T[0-9]{{6}}(?:[.,][0-9]+)?)(?:\s*(?:{_HALF}))?"
_WORDS = r"(?:\s*\([^()]*\)|\[[^\[\]]*\])?"
# A date and its time, which have to stand before an offset (neither 2023-01-14 nor the shift 06:00-14:00 ends in one),
# and the offset, perhaps with its zone's name.
_KNOWN = rf"(?i)^(.{{6,}}{_TIME})\s*({_OFFSET}){_WORDS}$"
_MOMENT = rf"(?i)^(.{{6,}}{_TIME})\s*({_OFFSET}|\b(?:{_NAMES})){_WORDS}$"
_AMID = rf"(?i)^([a-z]{{3}},?\s.{{4,}}:[0-9]{{2}})\s+({_OFFSET}|{_NAMES})\s+([12][0-9]{{3}})$"  # as of `date`, and Java


class Split(NamedTuple):
    """Texts without their offsets.

    Attributes:
        texts: the same, but for these.
        minutes: from UTC, null where no offset is known; None where no text has any.
        unknown: the names of zones that tell none, and how often each is there.
    """

    texts: pl.Series
    minutes: pl.Series | None
    unknown: Counter[str]


def split(texts: pl.Series) -> Split:
    """The texts without their offsets from UTC, and these."""
    if (alike := _split_alike(texts)) is not None:
        return alike
    written = texts.str.extract(_MOMENT, 2).fill_null(texts.str.extract(_AMID, 2))
    if written.null_count() == len(texts):
        return Split(texts, None, Counter())
    minutes, bare = minutes_of(written), texts.str.replace(_MOMENT, "$1").str.replace(_AMID, "$1 $3")
    unknown = written.filter(minutes.is_null() & written.is_not_null())
    return Split(bare, minutes, Counter(unknown.to_list()))


def _split_alike(texts: pl.Series) -> Split | None:
    """The same, quickly, where all texts end in the offset of the first and have a colon before it; else None."""
    import polars as pl

    present = texts.is_not_null()
    first = str(texts[int(present.arg_max() or 0)])
    offset = split_one(first)[1]
    minutes = _minutes(offset) if offset and first.endswith(offset) else None
    if minutes is None or not texts.str.ends_with(offset).all():
        return None
    bare = texts.str.strip_suffix(offset).str.strip_chars_end()
    if not bare.str.contains(":", literal=True).all():  # 2023-01-05 ends in -05 as well
        return None
    return Split(
        bare, pl.Series([minutes], dtype=pl.Int32).new_from_index(0, len(texts)).set(~present, None), Counter()
    )


def count(values: pl.Series) -> int:
    """How many values have an offset, or a zone that is known."""
    import polars as pl

    if values.dtype == pl.String:
        some = values.gather_every(max(len(values) // LOOKED_AT, 1))[:LOOKED_AT]
        if not (some.str.contains(_KNOWN) | some.str.contains(_AMID)).any():
            return 0
        minutes = split(values).minutes
        return 0 if minutes is None else len(minutes) - minutes.null_count()
    return len(values) - values.null_count() if zone_of(values.dtype) else 0


def split_one(text: str) -> tuple[str, str]:
    """The same of one text: the text and its offset as written; empty where there is none."""
    if match := re.search(_MOMENT, text):
        return text[: match.end(1)], match[2]
    match = re.search(_AMID, text)
    return (f"{match[1]} {match[3]}", match[2]) if match else (text, "")


def minutes_of(written: pl.Series) -> pl.Series:
    """Offsets as they are written, such as `+0900` or `Z` → minutes; null for null, and for names that tell none."""
    import polars as pl

    distinct = written.drop_nulls().unique().to_list()
    return written.replace_strict(distinct, [_minutes(text) for text in distinct], default=None, return_dtype=pl.Int32)


def _minutes(text: str) -> int | None:
    match = re.fullmatch(r"([A-Za-z]*)(?:([+-])([0-9]{2}):?([0-9]{2})?(?::?[0-9]{2})?)?", text)
    if match is None or match[2] is None:
        hours = _ABBREVIATED.get(text.upper())
        return None if hours is None else int(60 * hours)
    return (-1 if match[2] == "-" else 1) * (60 * int(match[3]) + int(match[4] or 0))


def offset_name(minutes: int) -> str:
    """`+09:00`, or `UTC`."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}" if minutes else UTC


def zone_of(dtype: Any) -> str:
    """Of a typed column; empty where it has none."""
    zone = getattr(dtype, "time_zone", None) or ""
    if zone in ("Etc/UTC", "Etc/GMT", "GMT", "Zulu", "Etc/Zulu"):
        return UTC
    if match := re.fullmatch(r"Etc/GMT([+-])([0-9]{1,2})", zone):  # whose signs are those of POSIX
        return offset_name((60 if match[1] == "-" else -60) * int(match[2]))
    return zone


def in_zone(name: str, utc: NDArray[np.datetime64], zone: datetime.tzinfo) -> pl.Series:
    """`(records,)` of NumPy in UTC → a typed column in the zone that Python has for it.

    Polars has zones by their names alone: an offset that is none of whole hours is left for UTC.
    """
    import polars as pl

    series = pl.Series(name, utc.astype("datetime64[us]")).dt.replace_time_zone(UTC)
    offset = None if hasattr(zone, "key") or hasattr(zone, "zone") else zone.utcoffset(None)
    hours, rest = divmod(offset, datetime.timedelta(hours=1)) if offset is not None else (0, datetime.timedelta())
    known = getattr(zone, "key", None) or getattr(zone, "zone", None) or UTC
    if offset and not rest:
        known = f"Etc/GMT{-hours:+}"  # whose signs are those of POSIX
    try:
        return series.dt.convert_time_zone(known)
    except pl.exceptions.PolarsError:  # a name that Polars does not know
        return series


def clock(utc: pl.Series, zone: str) -> pl.Series:
    """Datetime in UTC, without a zone → the clock of the zone, likewise."""
    if zone in ("", UTC):
        return utc
    if zone[0] in "+-":
        return utc + datetime.timedelta(minutes=_minutes(zone) or 0)
    return utc.dt.replace_time_zone(UTC).dt.convert_time_zone(zone).dt.replace_time_zone(None)


def from_offsets(clocks: pl.Series, minutes: pl.Series, zone: str) -> pl.Series:
    """Clocks and their offsets → the clock of the zone; where there is no offset, the clock as it stands."""
    import polars as pl

    utc = clocks - (minutes.cast(pl.Int64) * 60_000_000).cast(pl.Duration("us"))
    return clock(utc, zone).zip_with(minutes.is_not_null(), clocks)
