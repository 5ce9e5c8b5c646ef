"""Words that stand for a missing value → which of them are a class, or a level, all the same.

`None` beside `Insomnia` and `Apnea`, `-` beside `+` or `NA` beside `EU` and `AS` are classes. So a word that stands in
the target as often as a class does is one; which words are asked of a number has nothing to do with it.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

# What stands in a text file where a value is missing.
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "None", "?", "-", "결측")
# Those that programs write by themselves are classes only where they stand as often as the others do on average, or
# nearly so; people's own words where they have a quarter of that.
WRITTEN_BY_PROGRAMS = frozenset(MISSING) - {"None", "-"}
SHARE_OF_PROGRAMS, SHARE_OF_PEOPLE = 0.8, 0.25
CODE = re.compile(r"[A-Z][A-Z0-9]{1,4}")  # such as EU, EMEA; of countries, NA is Namibia


def own_words(asked: Iterable[str]) -> tuple[str, ...]:
    """What a user wrote, one or several in a text as in CSV: `-999,unknown`, `"none, so far",-1`."""
    several = (part.strip() for text in asked for part in next(csv.reader([text], skipinitialspace=True), []))
    return tuple(dict.fromkeys(word for word in several if word))


def numbers_among(words: Iterable[str]) -> dict[float, str]:
    """Those of the words that are numbers: -999 is missing as -999.0 and in a column of numbers, too."""
    numbers: dict[float, str] = {}
    for word in words:
        with suppress(ValueError):
            number = float(word)
            if math.isfinite(number):
                numbers.setdefault(number, word)
    return numbers


def count_words(texts: pl.Series, own: Iterable[str] = ()) -> Counter[str]:
    """How often each of the words stands in a column; empty texts are none."""
    words = texts.str.strip_chars()
    return Counter(dict(words.filter(words.is_in([*MISSING[1:], *own])).value_counts(name="count").iter_rows()))


def count_numbers(values: pl.Series, numbers: Mapping[float, str]) -> Counter[str]:
    """How often each of the words that are numbers stands in a column of numbers."""
    found = values.filter(values.is_in(list(numbers))).value_counts(name="count")
    return Counter({numbers[number]: count for number, count in found.iter_rows()})


def real_words(words: Mapping[str, int], others: Iterable[str] | None, present: int, numeric: bool) -> frozenset[str]:
    """Those that are values.

    Args:
        words: how often each stands in the column.
        others: the other values; None for very many.
        present: records that have one of these.
        numeric: whether the others are all numbers: then a word beside them is none.
    """
    if others is None or not words:
        return frozenset()
    values = set(others)
    # Without two there would be nothing to tell apart; the other words are then judged beside these.
    often = sorted(words, key=lambda word: (-words[word], word))
    classes = often[: max(0, 2 - len(values))]
    if numeric:
        return frozenset(classes)
    values |= {*classes}
    present += sum(words[word] for word in classes)
    codes = all(CODE.fullmatch(value) for value in values)
    usual = present / len(values)

    def is_real(word: str) -> bool:
        if (word == "NA" and codes) or (word == "-" and "+" in values):
            return True
        share = SHARE_OF_PROGRAMS if word in WRITTEN_BY_PROGRAMS else SHARE_OF_PEOPLE
        return words[word] >= max(2, share * usual)

    return frozenset(word for word in words if word in classes or is_real(word))
