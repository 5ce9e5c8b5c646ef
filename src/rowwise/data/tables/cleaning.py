"""Rows of a table as they stand → texts without spaces around them, what stands for a missing value as null."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from rowwise.data.tables.missing_words import MISSING, count_numbers, count_words, numbers_among
from rowwise.data.tables.number_text import all_finite

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import polars as pl

    Words = Mapping[str, frozenset[str]]  # by column, the words for a missing value that are values in it

FIRST = 4  # values, of which one shows that a column is none of numbers
WORDED = re.compile(r"\d[-/:]\d|[^\W\d_eEinfatyINFATY]")  # what no number has, `inf` and `nan` among them
LOOKED_AT = 16  # values, of which one shows that a column is written for a spreadsheet
AS_TEXT = r'^\s*="([^"]*)"\s*$'  # ="00123": how exports keep a spreadsheet from reading a number
ROW = "\0row"  # the column of a Table's `batches(numbered=True)`


def no_column(_: str) -> bool:
    """False, whatever column is asked for."""
    return False


def cleaned(
    rows: pl.DataFrame,
    numeric: Callable[[str], bool] = no_column,
    words: Words | None = None,
    own: Sequence[str] = (),
) -> pl.DataFrame:
    """Texts without the spaces around them; what stands for a missing value as null.

    Args:
        numeric: says of a column's name whether it may come as Float64 where all its texts are numbers. Parsing
            numbers is what costs most in a long table: so it is done once.
        words: by column, those of `MISSING` and of `own` that are values in it.
        own: what stands for a missing value besides `MISSING`: -999 is missing in columns of numbers, too.
    """
    return cleaned_with_numbers(rows, numeric, words, own=own)[0]


def cleaned_with_numbers(
    rows: pl.DataFrame,
    numeric: Callable[[str], bool] = no_column,
    words: Words | None = None,
    seen: dict[str, Counter[str]] | None = None,
    own: Sequence[str] = (),
) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """`cleaned`, and the numbers of those columns whose texts are all numbers.

    Args:
        seen: how often each word that is taken as missing stands in a column is added here.
    """
    import polars as pl

    texts = [name for name in rows.columns if rows[name].dtype == pl.String]
    # The first values of most columns that are no numbers show it, and the others need not be tried; but for sentinels.
    worded = frozenset() if own else frozenset(name for name in texts if _shows_words(rows[name]))
    tried = [name for name in texts if name not in worded]
    numbers = rows.select(pl.col(name).cast(pl.Float64, strict=False) for name in tried)
    replaced: list[pl.Expr | pl.Series] = []
    read: dict[str, pl.Series] = {}
    for name in texts:
        column = None if name in worded else numbers[name]
        known = words.get(name, ()) if words else ()
        if column is None or column.null_count() > rows[name].null_count() or not all_finite(column):
            text = pl.col(name).str.strip_chars()
            if rows[name].head(LOOKED_AT).str.contains(AS_TEXT).any():
                text = text.str.replace(AS_TEXT, "$1")
            missing = text.is_in([word for word in (*MISSING, *own) if word not in known])
            if own and column is not None:
                missing |= _is_sentinel(column, _sentinels(own, known))
            replaced.append(pl.when(~missing).then(text))
            continue
        read[name] = column
        if own and (cleaned := _without_sentinels(name, column, _sentinels(own, known), seen)) is not None:
            read[name] = cleaned
            if not numeric(name):
                replaced.append(pl.when(pl.lit(cleaned.is_not_null())).then(pl.col(name)))
        if numeric(name):
            replaced.append(read[name])
    for name in rows.columns if own else ():
        if name != ROW and rows[name].dtype.is_numeric():
            sentinels = _sentinels(own, words.get(name, ()) if words else ())
            cleaned = _without_sentinels(name, rows[name].cast(pl.Float64), sentinels, seen)
            if cleaned is not None:
                replaced.append(pl.when(pl.lit(cleaned.is_not_null())).then(pl.col(name)))
    done = rows.with_columns(replaced)
    if seen is not None:
        for name in texts:
            if name not in read and done[name].null_count() > rows[name].null_count():
                seen.setdefault(name, Counter()).update(count_words(rows[name], own))
    return done, read


def _shows_words(texts: pl.Series) -> bool:
    """Whether a look at a few texts says that not all are numbers; by Python, for which no query is planned."""
    return any(text is not None and WORDED.search(text) is not None for text in texts.head(FIRST).to_list())


def _sentinels(own: Sequence[str], known: Collection[str]) -> dict[float, str]:
    return numbers_among(word for word in own if word not in known)


def _is_sentinel(values: pl.Series, sentinels: Mapping[float, str]) -> pl.Series:
    return values.is_in(list(sentinels)).fill_null(value=False)


def _without_sentinels(
    name: str, values: pl.Series, sentinels: Mapping[float, str], seen: dict[str, Counter[str]] | None
) -> pl.Series | None:
    """Numbers with null for a sentinel; None where there is none among them."""
    missing = _is_sentinel(values, sentinels)
    if not missing.any():
        return None
    if seen is not None:
        seen.setdefault(name, Counter()).update(count_numbers(values, sentinels))
    return values.set(missing, None)
