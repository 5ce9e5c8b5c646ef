"""A column's values, as texts, typed, or whole numbers such as 20230114 → Datetime, on the clock of one zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.data.tables.dates import zones
from rowwise.data.tables.dates.grammar import (
    AFTERNOON,
    ERAS,
    FORMS,
    LETTERS,
    NUMBERS,
    Form,
    grain_of,
    order_of,
    pattern_of,
)
from rowwise.data.tables.dates.month_names import MONTHS
from rowwise.data.tables.number_text import in_ascii

if TYPE_CHECKING:
    import polars as pl

EARLIEST = 1000  # a year before it is a misread one of two digits, but where it is written with four
EARLIEST_TIME = -30_610_224_000_000_000  # its first microsecond, from 1970
FIRST = 2  # years before it stand for no date, as .NET's 0001-01-01 does
_FOUR = r"(?:^|[^0-9])0[0-9]{3}(?:[^0-9]|$)"
CENTURY = 70  # of two digits, a year from here on is of the 20th century, as strftime's %y has it
CLOCK_DAY = "1970-01-01"  # which the clocks of times of day have


def as_timestamps(values: pl.Series, pattern: str = "", zone: str = "", century: int = CENTURY) -> pl.Series:
    """Datetime in microseconds, without a time zone; null where a value is no date.

    Texts that the pattern does not fit are read all the same where nothing of them is ambiguous: with a month's name or
    the year first, with a time or without. Of a pattern without a date times of day are read alone.

    Args:
        pattern: how texts are written, as for strftime, without their offset from UTC; it decides whether day or month
            comes first. Empty, as of dates that were no texts in training: as ISO 8601 has it.
        zone: on whose clock moments are given that have an offset or a zone; empty: on their own.
        century: of two digits, a year from here on is of the 20th century.
    """
    import polars as pl

    if pattern.endswith("Z"):  # of a model that was saved when only UTC was read
        pattern, zone = pattern[:-1], zone or zones.UTC
    if values.dtype == pl.String:
        return _of_century(_of_texts(values, pattern, zone), pattern, century)
    if values.dtype.is_numeric() and pattern.startswith("%Y%m"):
        return _of_texts(values.cast(pl.Int64, strict=False).cast(pl.String), pattern, zone)
    if values.dtype == pl.Time:
        return _of_times(values) if grain_of(pattern) == "clock" else _nothing(len(values))
    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone:
        if zone:
            return zones.clock(values.dt.convert_time_zone(zones.UTC).dt.replace_time_zone(None), zone).cast(_TYPE())
        values = values.dt.replace_time_zone(None)
    elif values.dtype not in (pl.Date, pl.Datetime):
        return _nothing(len(values))
    return values.cast(_TYPE())


def _TYPE() -> pl.Datetime:  # noqa: N802
    import polars as pl

    return pl.Datetime("us")


def _nothing(records: int) -> pl.Series:
    import polars as pl

    return pl.Series([None] * records, dtype=_TYPE())


def _of_times(values: pl.Series) -> pl.Series:
    import polars as pl

    return (values.cast(pl.Int64) // 1000).cast(_TYPE())  # from nanoseconds since midnight


def _of_century(clocks: pl.Series, pattern: str, century: int) -> pl.Series:
    if century == CENTURY or "%y" not in pattern:
        return clocks
    ahead = clocks.dt.year().is_between(2000 + century, 2000 + CENTURY, closed="left").fill_null(False)
    return clocks.dt.offset_by("-100y").zip_with(ahead, clocks)


def _of_texts(texts: pl.Series, pattern: str, zone: str) -> pl.Series:
    texts = in_ascii(texts)
    if not zone:  # most often there are no offsets to look for
        clocks = by_pattern(texts, pattern)
        if clocks.null_count() == texts.null_count():
            return clocks
    bare, minutes, _ = zones.split(texts)
    clocks = as_clocks(bare, pattern)
    return clocks if minutes is None or not zone else zones.from_offsets(clocks, minutes, zone)


def as_clocks(texts: pl.Series, pattern: str, order: str | None = None) -> pl.Series:
    """Texts without their offsets → Datetime, as their clocks stand.

    Args:
        pattern: as of `as_timestamps`.
        order: of three numbers whose order does not show; None: the pattern's.
    """
    import polars as pl

    order = order_of(pattern) if order is None else order
    clocks = by_pattern(texts, pattern)
    for number in range(2):
        unread = (clocks.is_null() & texts.is_not_null()).arg_true()
        if not len(unread):
            return clocks
        rest = texts.gather(unread)
        if number == 0:
            written = pattern_of(str(rest[0]), order)
            fits = written != pattern and grain_of(written) == grain_of(pattern) and order_of(written) in ("", order)
            read = by_pattern(rest, written) if fits else None
        else:
            read = _by_forms(rest, grain_of(pattern), order)
        if read is not None:
            clocks = clocks.scatter(unread, read)
    return clocks.cast(pl.Datetime("us"))


def by_pattern(texts: pl.Series, pattern: str) -> pl.Series:
    """By Polars's own parser: quick, but of one way of writing."""
    import polars as pl

    grain = grain_of(pattern)
    timed = "%H" in pattern or "%I" in pattern
    usable = (
        pattern
        and not any(own in pattern for own in ("%q", "%V", "%E", "%j"))
        and ("%I" in pattern) == ("%p" in pattern)
    )
    if not usable or (grain == "clock" and "%M" not in pattern):
        return _nothing(len(texts))
    if grain == "clock":
        texts, pattern = CLOCK_DAY + " " + texts, f"%Y-%m-%d {pattern}"
    try:  # to parse each is quicker than to look each up among those that were parsed
        if timed:
            read = texts.str.to_datetime(pattern, strict=False, time_unit="us", cache=False)
        else:
            read = texts.str.to_date(pattern, strict=False, cache=False).cast(_TYPE())
    except pl.exceptions.PolarsError:  # a pattern that it cannot use
        return _nothing(len(texts))
    return _without_early(read, texts)


def _without_early(read: pl.Series, texts: pl.Series) -> pl.Series:
    least = read.cast(_TYPE()).to_physical().min()
    if least is None or least >= EARLIEST_TIME:  # type: ignore[operator]
        return read
    years = read.dt.year()
    early = (years < EARLIEST).fill_null(False)
    return read.set(early & ((years < FIRST) | ~texts.str.contains(_FOUR)), None)


def _by_forms(texts: pl.Series, grain: str, order: str) -> pl.Series:
    read = _nothing(len(texts))
    for form in FORMS:
        if form.grain != grain or (form.any_order and not order):
            continue
        unread = read.is_null().arg_true()
        if not len(unread):
            break
        read = read.scatter(unread, _by_form(texts.gather(unread), form, order))
    return _without_early(read, texts) if grain != "clock" else read


def _by_form(texts: pl.Series, form: Form, order: str) -> pl.Series:
    """Datetime; null where a text has another form, or its numbers make no date."""
    import polars as pl

    parts = texts.str.extract_groups(form.expression).struct.unnest()
    if form.any_order:
        parts = parts.rename({number: LETTERS[letter] for number, letter in zip(NUMBERS, order, strict=True)})
    zero = pl.Series([0] * len(texts), dtype=pl.Int64)

    def number(name: str) -> pl.Series:
        return parts[name].cast(pl.Int64, strict=False) if name in parts.columns else zero

    timed = "hour" in parts.columns
    if form.grain == "clock":
        dates = pl.Series([CLOCK_DAY] * len(texts)).str.to_date("%Y-%m-%d").set(parts["hour"].is_null(), None)
    else:
        dates = _dates(parts, zero)
    if not timed:
        return dates.cast(_TYPE())
    hour, minute, second = (number(name).fill_null(0) for name in ("hour", "minute", "second"))
    halves = [parts[name].str.to_lowercase() for name in ("before", "after") if name in parts.columns]
    half = halves[0].fill_null(halves[1]) if halves else pl.Series([None] * len(texts), dtype=pl.String)
    twelve = half.is_not_null() & (hour <= 12)
    hour = (hour % 12 + 12 * half.is_in(AFTERNOON).fill_null(False).cast(pl.Int64)).zip_with(twelve, hour)
    sensible = (hour < 24) | ((hour == 24) & (minute == 0) & (second == 0))
    sensible &= (minute < 60) & (second <= 60)
    if "colon" in parts.columns:  # 16:9 is no time
        sensible &= parts["colon"].is_null() | (parts["minute"].str.len_chars() == 2)
    if form.grain == "clock":
        sensible &= parts["minute"].is_not_null() | half.is_not_null()
    fraction = ("0." + parts["fraction"]).cast(pl.Float64).fill_null(0) * 1e6 if "fraction" in parts.columns else zero
    since = (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction.round(0).cast(pl.Int64)
    stamps = (dates.cast(_TYPE()).cast(pl.Int64) + since).cast(_TYPE())
    return stamps.set(~sensible, None)


def _dates(parts: pl.DataFrame, zero: pl.Series) -> pl.Series:
    import polars as pl

    if "week" in parts.columns:  # the Monday of a week, where it names no day
        weekday = pl.col("weekday").fill_null("1") if "weekday" in parts.columns else pl.lit("1").alias("weekday")
        table = parts.select("year", pl.col("week").str.zfill(2), weekday)
        iso = pl.format("{}-W{}-{}", "year", "week", "weekday")
        return table.select(iso.str.to_date("%G-W%V-%u", strict=False)).to_series()
    if "yearday" in parts.columns:
        return parts.select(pl.format("{}-{}", "year", "yearday").str.to_date("%Y-%j", strict=False)).to_series()
    if "era" in parts.columns:
        before = parts["era"].replace_strict(list(ERAS), list(ERAS.values()), default=None, return_dtype=pl.Int64)
        years = parts["year"].replace("元", "1").cast(pl.Int64, strict=False) + before
        parts = parts.with_columns(years.cast(pl.String).alias("year"))
    year = parts["year"].cast(pl.Int64, strict=False)
    century = zero.set(year < CENTURY, 2000).set(year >= CENTURY, 1900)
    year = (year + century).zip_with((parts["year"].str.len_chars() <= 2).fill_null(False), year)
    if "quarter" in parts.columns:
        month = parts["quarter"].cast(pl.Int64) * 3 - 2
    elif "name" in parts.columns:
        names = parts["name"].str.to_lowercase().str.strip_chars(".")
        month = names.replace_strict(list(MONTHS), list(MONTHS.values()), default=None, return_dtype=pl.Int64)
    else:
        month = parts["month"].cast(pl.Int64, strict=False)
    day = zero + 1
    if "day" in parts.columns:  # 0001 is no day
        day = parts["day"].cast(pl.Int64, strict=False).set(parts["day"].str.len_chars().fill_null(0) > 2, None)
    table = pl.DataFrame({"year": year, "month": month, "day": day})
    four = pl.col("year").cast(pl.String).str.zfill(4)
    return table.select(pl.format("{}-{}-{}", four, "month", "day").str.to_date("%Y-%m-%d", strict=False)).to_series()
