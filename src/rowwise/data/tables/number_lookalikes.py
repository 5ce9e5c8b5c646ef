"""Values of a column → how their numbers or dates are written, where that is a way that is not read.

`5'11"`, `1 1/2`, `0x1F` and `~12` are numbers to people, 14012023 is a day. They are said, never converted: what is
meant is often open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

FEWEST = 3  # different values
FEWEST_DATES = 5  # with so many digits alone are no dates by chance
MOSTLY = 0.9  # of the values
WAYS = tuple(
    re.compile(way)
    for way in (
        r"\d+\s?(?:'|′|ft\.?|feet)\s?(?:\d{1,2}(?:\.\d+)?\s?(?:\"|″|''|in\.?|inches)?)?",
        r"\d*\s?[½⅓⅔¼¾⅕⅛⅜⅝⅞]|\d+[ -]\d+\s?/\s?\d+|\d+\s?/\s?\d+|\d+(?:\.\d+)?",
        r"0x[0-9a-fA-F]+",
        r"(?:(?:[<>≤≥~≈±]=?|ca\.?|approx\.?|about|etwa|약)\s?)?\d+(?:[.,]\d+)?(?:\s?[a-z%]{1,4})?",
        r"'-?\d+(?:[.,]\d+)?",
    )
)
PLAIN = re.compile(r"[<>≤≥]?=?\s?\d+(?:[.,]\d+)?(?:\s?/\s?\d+|\s?[a-z%]{1,4})?")  # which say nothing by themselves
_DAY, _MONTH, _YEAR = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])", r"(?:19|20)\d\d"
DIGITS = {
    "DDMMYYYY": re.compile(rf"(?:0?[1-9]|[12]\d|3[01]){_MONTH}{_YEAR}"),
    "MMDDYYYY": re.compile(rf"(?:0?[1-9]|1[0-2]){_DAY}{_YEAR}"),
    "YYMMDD": re.compile(rf"\d\d{_MONTH}{_DAY}"),
}


def unread_way(values: Collection[str]) -> str:
    """A value written as numbers are, in a way that is not read, where nearly all values are; else empty."""
    if len(values) < FEWEST:
        return ""
    for way in WAYS:
        alike = [text for text in values if way.fullmatch(text)]
        if len(alike) >= MOSTLY * len(values):
            telling = [text for text in alike if not PLAIN.fullmatch(text)]
            return min(telling, key=lambda text: (-len(text), text)) if telling else ""
    return ""


def digits_of_dates(values: Collection[str]) -> str:
    """How dates are written of which there are only digits, such as `DDMMYYYY`; empty where a value is no date."""
    if len(values) < FEWEST_DATES:
        return ""
    return next((name for name, form in DIGITS.items() if all(map(form.fullmatch, values))), "")
