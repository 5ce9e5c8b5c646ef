"""Values of a column → how their numbers or dates are written, where that is a way that is not read.

`5'11"`, `1 1/2`, `0x1F` and `~12` are numbers to people, 14012023, 2023-014 and `14 Jan` are days. They are said,
never converted: what is meant is often open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rowwise.data.tables.dates.grammar import form_of
from rowwise.data.tables.dates.month_names import WORDS

if TYPE_CHECKING:
    from collections.abc import Collection

FEWEST = 3  # different values
MOSTLY = 0.9  # of the values
MOST_UNITS = 12  # different ones; what has more is no unit but a name
WAYS = tuple(
    re.compile(way)
    for way in (
        r"\d+\s?(?:'|′|ft\.?|feet)\s?(?:\d{1,2}(?:\.\d+)?\s?(?:\"|″|''|in\.?|inches)?)?",
        r"\d*\s?[½⅓⅔¼¾⅕⅛⅜⅝⅞]|\d+[ -]\d+\s?/\s?\d+|\d+\s?/\s?\d+|\d+(?:\.\d+)?",
        r"0x[0-9a-fA-F]+",
        r"(?:(?:[<>≤≥~≈±△▲▽▼↑↓]=?|ca\.?|approx\.?|about|etwa|약)\s?)?[$€£¥₩]?\d[\d.,]*(?:\s?[a-z%원円元₩€]{1,4})?",
        r"'-?\d+(?:[.,]\d+)?",
        r"[+-]?\d[\d.,]*\s?(?:±|\+/-)\s?\d[\d.,]*",
        r"[+-]?\d{1,3}\s?°\s?\d{1,2}\s?['′’].*",
        r"\d[\d,.]*\s?[조兆억億亿만万萬천千백百십十][\d,. 조兆억億亿만万萬천千백百십十]*[원円元]?|\d+",
    )
)
PLAIN = re.compile(
    r"[<>≤≥]?=?\s?[$€£¥₩]?\d[\d.,]*(?:\s?/\s?\d+|\s?[a-z%원円元₩€]{1,4})?"
)  # which say nothing by themselves
AT_LEAST = re.compile(r"\d[\d.,]*\s?[kKMBw만万천千]?\s?\+")  # as of downloads: 1,000+
_WITH_UNIT = re.compile(r"[+-]?\d[\d.,]*\s?([^\W\d_]{1,12}\.?)")
_DAY, _MONTH, _YEAR, _SHORT = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])", r"(?:19|20)\d\d", r"\d\d"
_CLOCK = r"(?:[ T]\d\d:\d\d(?::\d\d)?)?"
_WEEK, _OF_YEAR = r"(?:0[1-9]|[1-4]\d|5[0-3])", r"(?:00[1-9]|0[1-9]\d|[12]\d\d|3[0-5]\d|36[0-6])"
# How dates are written of digits alone, or with one sign, and how many different values are such by no chance.
DIGITS = {
    "DDMMYYYY": (re.compile(rf"(?:0?[1-9]|[12]\d|3[01]){_MONTH}{_YEAR}"), 3),
    "MMDDYYYY": (re.compile(rf"(?:0?[1-9]|1[0-2]){_DAY}{_YEAR}"), 3),
    "YYYYMM": (re.compile(_YEAR + _MONTH), 3),
    "YYMMDD": (re.compile(_SHORT + _MONTH + _DAY), 3),
    "DDMMYY": (re.compile(_DAY + _MONTH + _SHORT), 3),
    "MMDDYY": (re.compile(_MONTH + _DAY + _SHORT), 3),
    "YYYYDDD": (re.compile(_YEAR + _OF_YEAR), 4),
    "YYYYWW": (re.compile(_YEAR + _WEEK), 4),
    "YYDDD": (re.compile(_SHORT + _OF_YEAR), 24),
    "YYYY-DDD": (re.compile(rf"{_YEAR}[-./]{_OF_YEAR}"), 3),
    "DDD-YYYY": (re.compile(rf"{_OF_YEAR}[-./]{_YEAR}"), 3),
    "YY-DDD": (re.compile(rf"{_SHORT}[-/]{_OF_YEAR}"), 6),
    "R5.1.14": (re.compile(r"[RHSTM]\d{1,2}[./]\d{1,2}[./]\d{1,2}"), 3),  # years of Japanese eras
    "YYYY-WW": (re.compile(rf"{_YEAR}[-/]{_WEEK}"), 3),
    "HH:MM+HH:MM": (re.compile(r"[0-2]\d:[0-5]\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)"), 3),
    "MM-DD": (re.compile(rf"{_MONTH}[-/]{_DAY}{_CLOCK}"), 6),
    "DD-MM": (re.compile(rf"{_DAY}(?:[-/]{_MONTH}|\.{_MONTH}\.){_CLOCK}"), 6),
}
# How days are written with a month's name and no year, and what makes dates of them.
WITHOUT_YEAR = {"D Mon": "{} 2024", "M월 D일, M月D日": "2024년 {}"}


def unread_way(values: Collection[str]) -> str:
    """A value written as numbers are, in a way that is not read, where nearly all values are; else empty."""
    if len(values) < FEWEST:
        return ""
    bounds = [text for text in values if AT_LEAST.fullmatch(text)]
    if len(bounds) * 2 > len(values):
        return min(bounds, key=lambda text: (-len(text), text))
    for way in WAYS:
        alike = [text for text in values if way.fullmatch(text)]
        if len(alike) >= MOSTLY * len(values):
            telling = [text for text in alike if not PLAIN.fullmatch(text)]
            if telling:
                return min(telling, key=lambda text: (-len(text), text))
    return ""


def different_units(values: Collection[str]) -> tuple[str, str] | None:
    """Two values with different units, where nearly all have one, a few units in all, and there are fractions.

    Without fractions they could be names: `12 Main`, `7B`.
    """
    by_unit: dict[str, str] = {}
    matches = [match for text in sorted(values) if (match := _WITH_UNIT.fullmatch(text))]
    for match in matches:
        by_unit.setdefault(match[1], match[0])
    fractions = any(re.match(r"[+-]?\d+[.,]\d", match[0]) for match in matches)
    if len(matches) < max(MOSTLY * len(values), FEWEST) or not fractions or not 2 <= len(by_unit) <= MOST_UNITS:
        return None
    first, second, *_ = by_unit.values()
    return first, second


def digits_of_dates(values: Collection[str]) -> str:
    """How dates are written that may be meant, such as `DDMMYYYY`; empty where a value is none.

    Of several ways the one whose years lie closest together: 230114 and 230115 are days of 2023, not of 2014 and 2015.
    """
    forms = [
        name for name, (form, fewest) in DIGITS.items() if len(values) >= fewest and all(map(form.fullmatch, values))
    ]

    def stretch(name: str) -> int:
        if not (digits := name.count("Y")):
            return 0
        years = sorted({int(text[:digits] if name.startswith("Y") else text[-digits:]) for text in values})
        around = [*years[1:], years[0] + 10**digits]  # 2001 comes after 1999, as 01 after 99
        return 10**digits - max(later - year for year, later in zip(years, around, strict=True))

    return forms[0] if len(forms) == 1 else min(forms, key=stretch, default="")


def days_without_year(values: Collection[str]) -> str:
    """How days are written with a month's name, as in `14 Jan`; empty where the names may be other words: `Set 12`."""
    if len(values) < FEWEST:
        return ""
    for name, dated in WITHOUT_YEAR.items():
        forms = (form_of(dated.format(text.strip(" ."))) for text in values)
        if all(form is not None and form.grain == "day" for form in forms):
            words = {word for text in values for word in re.findall(r"[^\W\d_]+", text.lower())}
            shown = "Mon D" if all(text[:1].isalpha() for text in values) else name
            return shown if words - WORDS else ""
    return ""
