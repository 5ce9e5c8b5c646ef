"""A column, batch by batch → what is known of its numbers: how many, their units, what else stands among them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.tables.decimal_sign import THOUSAND, Evidence
from rowwise.data.tables.magnitudes import HUMAN, WRITTEN_OUT, magnitude
from rowwise.data.tables.number_text import LARGEST_EXACT, MARKS, TWOFOLD, plain_numbers, taken_apart, worth
from rowwise.data.tables.units import canonical, is_known

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from numpy.typing import NDArray

SAMPLE = 1000  # texts
NARROW = 1 / 4  # of the largest number: the differences in a range up to it are an eighth at most, three bits more
MOST_UNITS = 20  # a column with more has no units but names
SHOWN = 3  # examples in a message
ROUNDING = 1e-6  # more than what float64 loses of a number below a million, by far
REAL_AMOUNTS = 10  # so many different numbers, in so large
REAL_SHARE = 0.9  # a share of the records, are no levels of a category
PADDED = r"^(0\d+(?:[eE]\d+)?|\+\d{9,})$"  # a code with leading zeros, or a telephone number
BOUND = r"^[<>≤≥~≈]=?\s?[\d.,]+$"  # what a laboratory writes beyond what it can measure
LONG = r"^[+-]?\d{16,}$"
# An address such as 192.168.100.101, which can be read as a whole number: no part is beyond a byte.
_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d)"
ADDRESS = rf"^(?:{_BYTE}|[1-9]\d?)(?:\.{_BYTE}){{3}}$"


@dataclass
class Range:
    """Of numbers: the least, the greatest, whether all are whole, and whether each is greater than the one before."""

    low: float = np.inf
    high: float = -np.inf
    whole: bool = True
    rising: bool = True

    @property
    def narrow(self) -> bool:
        """Whether they differ little, so that their differences keep digits that they themselves would lose."""
        return self.high - self.low <= NARROW * max(abs(self.low), abs(self.high))

    @classmethod
    def of(cls, numbers: NDArray[np.float64], in_order: bool = True) -> Range:
        """Of numbers without NaN; they never rise where they do not come in the order of the records."""
        if not len(numbers):
            return cls()
        whole = bool((numbers == np.rint(numbers)).all())
        rising = in_order and bool((numbers[1:] > numbers[:-1]).all())
        return cls(float(numbers.min()), float(numbers.max()), whole, rising)

    def join(self, later: Range) -> None:
        """Take in the range of the numbers that follow."""
        self.whole = self.whole and later.whole
        self.rising = self.rising and later.rising and later.low > self.high
        self.low, self.high = min(self.low, later.low), max(self.high, later.high)


@dataclass
class Unit:
    """How a unit was first written, where, how often it stands in the column, and whether all its numbers are whole."""

    name: str
    text: str
    record: int
    count: int = 0
    whole: bool = True


@dataclass
class NumberProfile:
    """What is known of a column's numbers, as far as it has been read.

    Attributes:
        count: values that are numbers, with a unit or without.
        marks: values of `MARKS`; the first one and its record, from 0.
        strays: the first different values that are neither, and their records; more than `SHOWN` are counted only.
        stray_digits: whether any of these has a digit, as levels such as `3+` have; bounds such as `<5` do not count.
        units: by their canonical names; `5M` and `5m` are two.
        bare: the first number without unit, and its record.
        evidence: of the sign before fractions.
        decimal: that sign, once the whole file is known.
        ranges: by the sign before fractions; that of `","` only once a text has two meanings.
        multiplied: the same of the numbers times what stands beside them (`magnitudes`), once that is something.
        plain: whether all values so far were numbers that Polars itself reads.
        padded: the first code with leading zeros; and how short these are.
        shortest: characters of the shortest whole number.
        long: the first whole number with more digits than float64 keeps.
        infinite: numbers that were no texts, and are not finite.
        addresses: values that may be addresses of the Internet: they are no numbers where all of them are.
    """

    count: int = 0
    marks: int = 0
    mark: tuple[str, int] | None = None
    strays: dict[str, int] = field(default_factory=dict)
    stray_digits: bool = False
    units: dict[str, Unit] = field(default_factory=dict)
    bare: tuple[str, int] | None = None
    evidence: Evidence = field(default_factory=Evidence)
    decimal: str = "."
    ranges: dict[str, Range] = field(default_factory=lambda: {".": Range()})
    multiplied: dict[str, Range] | None = None
    plain: bool = True
    padded: tuple[str, int] = ("", 0)
    shortest: int = 10**9
    long: str = ""
    addresses: int = 0
    infinite: int = 0

    @property
    def range(self) -> Range:
        ranges = self.multiplied if self.multiplied and self.several_magnitudes else self.ranges
        return ranges.get(self.decimal, ranges["."])

    @property
    def several_magnitudes(self) -> bool:
        """Whether numbers stand in multiples of one unit, which can be added up: `1.2k` beside `950` or `3.5M`."""
        found = [magnitude(unit.name) for unit in self.units.values()]
        known = [one for one in found if one is not None]
        if not known or len(known) < len(found) or len({one.unit for one in known} - {""}) > 1:
            return False
        if len({one.scale for one in known}) > 1 or any(WRITTEN_OUT in unit.name for unit in self.units.values()):
            return True
        scale, whole = known[0].scale, all(unit.whole for unit in self.units.values())
        return scale == HUMAN and not whole and self.without_unit > 0

    @property
    def unit(self) -> str:
        """The one unit of the column; empty where there is none, or more than one."""
        if self.several_magnitudes:
            return max((one.written for unit in self.units.values() if (one := magnitude(unit.name))), key=bool)
        return next(iter(self.units.values())).name if len(self.units) == 1 and self._amounts == self.count else ""

    @property
    def without_unit(self) -> int:
        return self.count - sum(unit.count for unit in self.units.values())

    @property
    def code(self) -> str:
        """A value that shows the column to hold codes, no amounts; else empty."""
        text, length = self.padded
        padded = text if self.shortest >= length and self.range.whole else ""
        return padded or (self.long if not self.range.narrow else "")  # narrow ones are counted from their `origin`

    @property
    def several_units(self) -> bool:
        """Whether there are numbers in units that cannot be added up."""
        return (
            len(self.units) > 1
            and not self.several_magnitudes
            and all(is_known(unit.name) for unit in self.units.values())
        )

    @property
    def _amounts(self) -> int:
        """Numbers without a unit, or in one that is a unit: `12A` beside `7` is none, nor is `12A` beside `13B`."""
        if self.addresses == self.count:
            return 0
        if not self.units or self.several_units or self.several_magnitudes:
            return self.count
        bare = self.without_unit
        if len(self.units) == 1 and (not bare or is_known(next(iter(self.units.values())).name)):
            return self.count
        return bare

    def all_numbers(self, present: int) -> bool:
        """Whether all values but marks of missing ones are numbers in one unit."""
        if not self.count or self.count + self.marks != present or self._amounts != self.count or self.several_units:
            return False
        return not self.marks or self.range.low < self.range.high

    def mostly_numbers(self, present: int) -> bool:
        return self._amounts * 2 >= present - self.marks

    def surely_amounts(self, present: int, distinct: int) -> bool:
        """Whether numbers among which something else stands are no levels, however few they are.

        Fractions, or many different numbers nearly everywhere, beside texts that have no digit as `3+` has.
        """
        if self.stray_digits or not self.strays or self.several_units:
            return False
        many = distinct >= REAL_AMOUNTS and self._amounts >= REAL_SHARE * present
        return many or not self.ranges.get(self.decimal, self.ranges["."]).whole

    @property
    def sure(self) -> bool:
        """Whether all texts so far were plain numbers, some of them with a fraction after a point."""
        return self.plain and self.evidence.proven == "." and not self.range.whole

    @property
    def unlike(self) -> tuple[str, int] | None:
        """The first value that is no number, or one in another unit than the first; and its record, from 0."""
        strays = sorted(self.strays.items(), key=lambda stray: stray[1])
        if strays:
            return strays[0]
        units = [(unit.text, unit.record) for unit in self.units.values()]
        return units[1] if len(units) > 1 else units[0] if units and self._amounts < self.count else self.mark

    def others(self, present: int) -> int:
        """Values that are neither numbers nor marks."""
        return present - self._amounts - self.marks

    def add_typed(self, numbers: pl.Series) -> None:
        """One more batch of numbers that were no texts, null where one is missing or not finite."""
        self.count += len(numbers) - numbers.null_count()
        seen = Range.of(_present(numbers))
        for one in self.ranges.values():
            one.join(seen)

    def add_infinite(self, count: int, record: int) -> None:
        """So many values of a batch are infinite, that of the record first: they count as missing."""
        self.infinite += count
        self.mark = self.mark or ("inf", record)

    def add_integers(self, values: pl.Series) -> None:
        """Look for whole numbers beyond those that float64 holds; after `add_typed`."""
        if not self.long and max(abs(self.range.low), abs(self.range.high)) >= LARGEST_EXACT:
            self.long = str(values.filter(values.cast(float).abs() >= LARGEST_EXACT)[0])

    def add_texts(self, texts: pl.Series, start: int, separator: str = "", plain: pl.Series | None = None) -> None:
        """One more batch of texts, cleaned.

        Args:
            start: the number of its first record, from 0.
            separator: of the fields of its file.
            plain: the numbers, where Polars reads all of the texts.
        """
        if not start and len(texts) > SAMPLE:  # these show how the others are read at once
            for part in (slice(SAMPLE), slice(SAMPLE, None)):
                self.add_texts(texts[part], part.start or 0, separator, None if plain is None else plain[part])
            return
        usual = self.evidence.proven or "."
        if usual == ",":
            plain = None
        numbers = plain_numbers(texts, usual) if plain is None else plain
        values = _present(numbers)
        self.count += len(values)
        if self.bare is None and len(values):
            place = int(numbers.is_not_null().arg_max() or 0)
            self.bare = str(texts[place]), start + place
        rest = texts.filter(numbers.is_null() & texts.is_not_null()) if plain is None else texts.clear()
        seen = Range.of(values, in_order=not len(rest))
        if len(values) and usual == ".":
            plain_texts = texts.filter(numbers.is_not_null()) if numbers.null_count() else texts
            self._add_plain(plain_texts, values, seen, separator)
        self._branch()
        both = (self.ranges, self.multiplied) if self.multiplied is not None else (self.ranges,)
        for ranges in both:
            ranges["."].join(seen)
        if "," in self.ranges:
            with_comma = seen if usual == "," else _range_with_commas(texts, numbers, seen.rising)
            for ranges in both:
                ranges[","].join(with_comma)
        if len(rest):
            self.plain = False
            self._add_rest(rest, texts, start)

    def _add_plain(self, texts: pl.Series, values: NDArray[np.float64], seen: Range, separator: str) -> None:
        """Values that Polars reads, and their range."""
        if not self.evidence.proofs["."] and not (seen.whole and separator == ","):
            self.evidence.add_plain(texts, values)
        if not seen.whole or self.evidence.proofs["."]:
            return
        shortest = int(texts.str.len_bytes().min() or 0)  # type: ignore[arg-type]
        self.shortest = min(self.shortest, shortest)
        if seen.low >= 0 and shortest > len(str(int(seen.low))):  # even the least has more letters than digits
            found = texts.filter(texts.str.contains(PADDED))
            if len(found):
                length = int(found.str.len_bytes().min())  # type: ignore[arg-type]
                self.padded = (self.padded[0] or str(found[0]), min(self.padded[1] or length, length))
        if not self.long and max(-seen.low, seen.high) >= LARGEST_EXACT:
            found = texts.filter(texts.str.contains(LONG))
            self.long = str(found[0]) if len(found) else ""

    def _add_rest(self, rest: pl.Series, texts: pl.Series, start: int) -> None:
        """Values that Polars does not read; `texts` are all of the batch."""
        import polars as pl

        def first(text: str) -> tuple[str, int]:
            return text, start + int((texts == text).arg_max() or 0)

        distinct = rest.alias("text").to_frame().group_by("text", maintain_order=True).len("count")
        parts = taken_apart(distinct["text"])
        found = distinct.with_columns(number=worth(parts, "."), unit=parts["unit"])
        numbers = found.filter(pl.col("number").is_not_null())
        if len(numbers):
            self.count += int(numbers["count"].sum())
            self.addresses += int(numbers.filter(pl.col("text").str.contains(ADDRESS))["count"].sum())
            self.evidence.add_other(distinct["text"], parts, found["number"].to_numpy())
            self._branch()
            scales = self._scales(parts["unit"])
            for decimal, one in self.ranges.items():
                values = worth(parts, decimal)
                one.join(Range.of(_present(values), in_order=False))
                if self.multiplied is not None:
                    self.multiplied[decimal].join(Range.of(_present(values * scales), in_order=False))
            self._add_units(numbers, first)
        others = found.filter(pl.col("number").is_null())
        marked = others["text"].str.to_lowercase().is_in(MARKS)
        if marked.any():
            self.marks += int(others.filter(marked)["count"].sum())
            self.mark = self.mark or first(others["text"].filter(marked)[0])
        for text in others["text"].filter(~marked).head(SHOWN + 1).to_list():
            if len(self.strays) <= SHOWN and text not in self.strays:
                self.strays[text] = first(text)[1]
        levels = others["text"].filter(~marked).filter(~others["text"].filter(~marked).str.contains(BOUND))
        self.stray_digits = self.stray_digits or bool(levels.str.contains(r"\d").any())

    def _scales(self, units: pl.Series) -> pl.Series:
        """`(texts,)`: what each number is multiplied by, going by what stands beside it."""
        import polars as pl

        found = [magnitude(unit) if unit else None for unit in units.to_list()]
        scales = pl.Series([one.scale if one else 1.0 for one in found], dtype=pl.Float64)
        if self.multiplied is None and (scales != 1).any():
            self.multiplied = {decimal: copy(one) for decimal, one in self.ranges.items()}
        return scales

    def _add_units(self, numbers: pl.DataFrame, first: Callable[[str], tuple[str, int]]) -> None:
        import polars as pl

        by_unit = numbers.group_by("unit", maintain_order=True).agg(
            pl.col("count").sum(), pl.col("text").first(), (pl.col("number") == pl.col("number").round()).all()
        )
        for unit, count, text, whole in by_unit.iter_rows():
            if unit is None:
                self.bare = self.bare or first(text)
            elif (name := _key(unit)) in self.units or len(self.units) < MOST_UNITS:
                if name not in self.units:
                    self.units[name] = Unit(unit, *first(text))
                self.units[name].count += count
                self.units[name].whole &= whole

    def _branch(self) -> None:
        """From the first text of two meanings on, there are two ranges."""
        if self.evidence.twofold and "," not in self.ranges:
            self.ranges[","] = copy(self.ranges["."])
            if self.multiplied is not None:
                self.multiplied[","] = copy(self.multiplied["."])


def _key(unit: str) -> str:
    found = magnitude(unit)
    return canonical(unit) if found is None or found.scale == 1 else f"{found.scale:g} {found.unit}"


def _range_with_commas(texts: pl.Series, numbers: pl.Series, rising: bool) -> Range:
    """The range of what these texts are worth where a point stands between thousands; `numbers`: before fractions.

    A regular expression is slow: it only sees those whose number can have three digits after the point.
    """
    values = numbers.to_numpy()
    thousandfold = values * THOUSAND
    whole = np.rint(thousandfold)
    near = (np.abs(thousandfold) >= THOUSAND) & (np.abs(thousandfold) < THOUSAND**2)
    places = np.flatnonzero(near & (np.abs(thousandfold - whole) < ROUNDING))
    places = places[texts.gather(places).str.contains(TWOFOLD).to_numpy()]
    values = values.copy()
    values[places] = whole[places]
    return Range.of(values[~np.isnan(values)], rising)


def _present(numbers: pl.Series) -> NDArray[np.float64]:
    values = numbers.to_numpy()
    return values[~np.isnan(values)] if numbers.null_count() else values
