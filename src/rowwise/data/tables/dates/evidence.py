"""A column's values, batch by batch → whether they are dates or times of day, how written, in which zone.

Of 01/02/2023 the day or the month may come first: what the values say of either is kept until the whole file is read.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import reduce
from operator import add, and_
from typing import TYPE_CHECKING

from rowwise.data.tables.dates import zones
from rowwise.data.tables.dates.grammar import BEFORE, ORDERS, ZEROS, form_of, grain_of, order_of, pattern_of
from rowwise.data.tables.dates.timestamps import CENTURY, as_clocks, as_timestamps, by_pattern
from rowwise.data.tables.number_text import MARKS, in_ascii, is_mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    Numbers = Sequence[int] | NDArray[np.intp]

LOOKED_AT = 16  # values of a batch that are looked at before all are
READABLE = 0.9  # share of the values that have to be dates; the others count as missing, and are reported
DAY = 86_400_000_000  # microseconds
SEEN = 2000  # values of a batch in whose places different numbers are counted
SHOWING = 32  # different numbers in a place of a date, from which on it is no longer counted how many
# One form whose numbers wait for an order, as `FORMS` has it, for a quick look.
_NUMBERS = rf"^{BEFORE}[0-9]{{1,2}}\s*[-/.]\s*[0-9]{{1,2}}\s*[-/.]\s*(?:[0-2][0-9]{{3}}|[0-9]{{2}})(?:[^0-9]|$)"
# A number that is no date: 20230114, 202301 and 2023.01 may be one.
_PLAIN = re.compile(
    r"[-+]|[0-9]{1,3}(?:\.[0-9]*)?$|[0-9]+\.[0-9]{3,}$|0?\.|(?!(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])$)[0-9]{5,7}$|[0-9]{9,11}$"
)
_THREE = rf"^{BEFORE}([0-9]{{1,2}})\s*[-/.]\s*([0-9]{{1,2}})\s*[-/.]\s*([0-2][0-9]{{3}}|[0-9]{{2}})"
EARLY_CENTURY = 40  # where years of two digits would lie ahead, from here on they are of the 20th century
USUAL = (1600, 2200)  # years that dates of tables have, in the calendar that everybody means
USUAL_TIMES = (-11_676_096_000_000_000, 7_289_654_400_000_000)  # their first microsecond and that after the last
FEWEST = 3  # numbers such as 20230114 that are no dates by chance


@dataclass
class Read:
    """What is read of the values with their numbers in one order.

    Attributes:
        count: values that are dates.
        alone: values that are dates in no other order.
        timed, timed_utc: whether one has a time other than midnight, on its own clock and in UTC.
        unread: the first value that is no date, and its record.
        ahead: the first date whose year of two digits, from `EARLY_CENTURY` on, was read as one of this century.
        odd, unusual: how many dates lie outside the years `USUAL`, and the first of them and its record.
    """

    count: int = 0
    alone: int = 0
    timed: bool = False
    timed_utc: bool = False
    unread: tuple[str, int] | None = None
    ahead: str = ""
    odd: int = 0
    unusual: tuple[str, int] | None = None


@dataclass
class DateEvidence:
    """What a column shows of dates.

    Attributes:
        sample: its first text that is a date, without its offset; empty where there is none.
        possible: whether its values so far may be dates.
        looked_at: how many values were read as dates.
        none: how many of these stand for no date, such as `0000-00-00`, `NaT` or `unknown`.
        reads: by the names of `ORDERS`.
        offsets: from UTC, in minutes; None among them where a moment has none.
        places: the different numbers in each of the three places of a date, as texts, `SHOWING` at most.
        unknown_zones: how often offsets stand as names that tell none, such as `CST`.
        zone: of a typed column.
        order: as the file was found to have it, or as an option says; empty where no order is to be chosen.
    """

    sample: str = ""
    possible: bool = True
    looked_at: int = 0
    none: int = 0
    reads: dict[str, Read] = field(default_factory=lambda: {order: Read() for order in ORDERS})
    offsets: set[int | None] = field(default_factory=set)
    unknown_zones: Counter[str] = field(default_factory=Counter)
    places: tuple[set[str], ...] = field(default_factory=lambda: (set(), set(), set()))
    zone: str = ""
    order: str = ""

    @property
    def best(self) -> Read:
        """Of the order that was found, or that reads most."""
        return self.reads[self.order] if self.order else max(self.reads.values(), key=lambda read: read.count)

    @property
    def matches(self) -> bool:
        """Whether enough values are dates."""
        return self.possible and 0 < (self.looked_at - self.none) * READABLE <= self.best.count

    @property
    def resembles(self) -> bool:
        """Whether the values look like dates, though too few can be read."""
        looked_at = self.looked_at - self.none
        return bool(self.sample) and looked_at > 0 and not self.matches and self.best.count * 2 >= looked_at

    @property
    def unread(self) -> int:
        """How many values are no dates."""
        return self.looked_at - self.best.count

    @property
    def moments_zone(self) -> str:
        """The zone that all moments have, UTC where they have several; empty where they have none."""
        known = self.offsets - {None}
        if not known:
            return self.zone
        return zones.offset_name(next(iter(known))) if len(known) == 1 else zones.UTC  # type: ignore[arg-type]

    @property
    def pattern(self) -> str:
        """How its texts are written; empty where it had none."""
        return pattern_of(self.sample, ORDERS[self.order or "day-first"]) if self.sample else ""

    @property
    def century(self) -> int:
        """Of two digits, a year from here on is of the 20th century."""
        return EARLY_CENTURY if self.best.ahead and "%y" in self.pattern else CENTURY

    @property
    def grain(self) -> str:
        """`"day"`, `"month"` or `"clock"`."""
        return grain_of(self.pattern)

    @property
    def timed(self) -> bool:
        """Whether there are times other than midnight, in the zone of the moments."""
        several = self.moments_zone == zones.UTC and len(self.offsets) > 1
        return self.best.timed_utc if several else self.best.timed

    @property
    def compact(self) -> bool:
        """Whether all values are dates without signs between their numbers, such as 20230114."""
        return self.matches and self.sample.isdigit() and not self.unread and self.looked_at >= FEWEST

    @property
    def candidates(self) -> list[str]:
        """The orders in which its numbers can be read, those that read most; none where no order is to be chosen."""
        if not self.possible or not order_of(self.pattern):
            return []
        most = max(read.count for read in self.reads.values())
        return [order for order, read in self.reads.items() if most and read.count == most]

    def add_texts(self, present: pl.Series, records: Numbers) -> None:
        """One more batch of texts, none of them null, and their records' numbers, from 0."""
        if not self.possible or not len(present):
            return
        if not self.sample:
            some = _some(present)
            if sum(_PLAIN.match(text) is not None for text in some) * 2 > len(some):
                self.possible = False
                return
        present = in_ascii(present)
        bare, minutes = present, None
        if self._may_have_offsets(present):
            bare, minutes, unknown = zones.split(present)
            self.unknown_zones.update(unknown)
        if not self.sample and not self._find_sample(bare):
            return
        self._add(bare, minutes, present, records)

    def add_numbers(self, present: pl.Series, records: Numbers) -> None:
        """One more batch of numbers, none of them null, which may be dates such as 20230114."""
        import polars as pl

        if not self.possible or not len(present):
            return
        if present.dtype.is_integer() or bool((present == present.round()).all()):
            self.add_texts(present.cast(pl.Int64, strict=False).cast(pl.String).fill_null(""), records)
        else:
            self.possible = False

    def add_typed(self, present: pl.Series, records: Numbers) -> None:
        """One more batch of dates, datetimes or times of day, none of them null."""
        import polars as pl

        self.zone = zones.zone_of(present.dtype)
        clock = present.dtype == pl.Time
        if clock:
            self.sample = "00:00:00"
        timed = clock or (present.dtype != pl.Date and _timed(as_timestamps(present)))
        self.looked_at += len(present)
        for read in self.reads.values():
            read.count += len(present)
            read.timed = read.timed or timed
            if not clock:
                self._add_years(read, as_timestamps(present), present, records)

    def _may_have_offsets(self, present: pl.Series) -> bool:
        return bool(self.offsets - {None} or self.unknown_zones) or any(
            zones.split_one(str(text))[1] for text in _some(present)
        )

    def _find_sample(self, bare: pl.Series) -> bool:
        """Look for a date among some values; where most are none, the column has none."""
        texts = [text for text in _some(bare) if not _is_none(text)]
        dates = [text for text in texts if form_of(text) is not None]
        if len(dates) * 2 < len(texts) or (texts and not dates):
            self.possible = False
        elif dates:
            self.sample = dates[0]
        elif len(bare):  # none at all
            self.looked_at += len(bare)
            self.none += len(bare)
        return bool(self.sample)

    def _add(self, bare: pl.Series, minutes: pl.Series | None, present: pl.Series, records: Numbers) -> None:
        chosen = bool(order_of(pattern_of(self.sample)))
        if not chosen:
            alike = as_clocks(bare, self.pattern, "")
            chosen = alike.null_count() > 0 and has_numbers(bare)
            if chosen:  # the order of these shows in a sample of theirs alone
                self.sample = str(bare.filter(bare.str.contains(_NUMBERS))[0])
        clocks = self._in_orders(bare) if chosen else dict.fromkeys(ORDERS, alike)
        readable = reduce(add, (one.is_not_null().cast(int) for one in clocks.values()))
        if (readable == 0).any():
            rest = bare.filter(readable == 0)
            self.none += int((rest.str.contains(ZEROS) | is_mark(rest)).sum())
        self.looked_at += len(bare)
        for order, one in clocks.items():
            read = self.reads[order]
            read.count += len(one) - one.null_count()
            if chosen:
                read.alone += int((one.is_not_null() & (readable == 1)).sum())
            if read.unread is None and one.null_count():
                place = int(one.is_null().arg_max() or 0)
                read.unread = str(present[place]), int(records[place])
            if one.null_count() == len(one):
                continue
            read.timed = read.timed or _timed(one)
            self._add_years(read, one, bare, records)
            if minutes is not None:
                read.timed_utc = read.timed_utc or _timed(zones.from_offsets(one, minutes, zones.UTC))
        if chosen:
            self._add_places(bare)
        if minutes is not None:
            self.offsets |= set(minutes.unique().to_list())
        elif self.offsets:
            self.offsets.add(None)

    def _add_years(self, read: Read, clocks: pl.Series, bare: pl.Series, records: Numbers) -> None:
        import polars as pl

        if self.grain == "clock":
            return
        stamps = clocks.cast(pl.Datetime("us")).to_physical()  # of which no years have to be computed
        if "%y" in self.pattern and not read.ahead:
            years = clocks.dt.year()
            ahead = years.is_between(2000 + EARLY_CENTURY, 2000 + CENTURY, closed="left").fill_null(False)
            if ahead.any():
                read.ahead = str(bare.filter(ahead)[0])
        low, high = stamps.min(), stamps.max()
        if low is not None and (low < USUAL_TIMES[0] or high >= USUAL_TIMES[1]):  # type: ignore[operator]
            odd = ~clocks.dt.year().is_between(*USUAL).fill_null(True)
            read.odd += int(odd.sum())
            place = int(odd.arg_max() or 0)
            # Python has no dates before the year 1 nor after 9999: Polars writes those of a typed column.
            day = bare if bare.dtype == pl.String else clocks.cast(pl.Date).cast(pl.String)
            read.unusual = read.unusual or (str(day[place]), int(records[place]))

    def _in_orders(self, bare: pl.Series) -> dict[str, pl.Series]:
        """The clocks by the names of `ORDERS`: quickly where the sample's own way of writing fits."""
        patterns = {order: pattern_of(self.sample, letters) for order, letters in ORDERS.items()}
        if re.search(r"[-/.]\s*[0-9]{4}(?:[^0-9]|$)", self.sample):
            patterns["year-first"] = ""  # what could not be read so, after a look at all
        clocks = {order: by_pattern(bare, pattern) for order, pattern in patterns.items()}
        unread = reduce(and_, (one.is_null() for one in clocks.values())).arg_true()
        if len(unread):
            rest = bare.gather(unread)
            for order, letters in ORDERS.items():
                clocks[order] = clocks[order].scatter(unread, as_clocks(rest, patterns[order], letters))
        return clocks

    def _add_places(self, bare: pl.Series) -> None:
        some = bare.gather_every(max(len(bare) // SEEN, 1))
        for place, seen in enumerate(self.places):
            for texts in (some, bare):
                if len(seen) < (2 if texts is bare else SHOWING):  # all say that a number is the same everywhere
                    seen.update(texts.str.extract(_THREE, place + 1).drop_nulls().unique().to_list()[:SHOWING])


def has_numbers(texts: pl.Series) -> bool:
    """Whether one of the texts begins with three numbers that may stand in any order."""
    return bool(texts.str.contains(_NUMBERS).any())


def _some(values: pl.Series) -> list[str]:
    """A few texts from all over the batch."""
    step = max(len(values) // LOOKED_AT, 1)
    return [str(text) for text in values.gather_every(step)[:LOOKED_AT].to_list()]


def _is_none(text: str) -> bool:
    return re.match(ZEROS, text) is not None or text.lower() in MARKS


def _timed(clocks: pl.Series) -> bool:
    import polars as pl

    return bool((clocks.cast(pl.Datetime("us")).to_physical() % DAY != 0).any())
