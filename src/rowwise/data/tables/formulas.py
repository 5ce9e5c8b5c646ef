"""Texts that a spreadsheet would take for formulas → the same with an apostrophe before them, as OWASP advises.

A cell that begins with `= + - @`, their full-width forms, a tab or a line's end is computed when a CSV file is opened
in a spreadsheet, and a formula can send what stands beside it anywhere. Numbers stay as they are, with their sign, unit
and whatever stands between their thousands; so does a sign alone, which often means a missing value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import polars as pl

APOSTROPHE = "'"
BEGINS = r"^[=+\-@\t\r\n＝＋－＠]"
_UNIT = r"[$€£¥₩%‰원]?"
NUMBER = (
    rf"^[+\-]*$|^[+\-] ?{_UNIT} ?(?:\d[\d.,'’ \u00a0\u202f]*|[.,]\d+)(?:[eE][+\-]?\d+)? ?{_UNIT}$"
    r"|^[+\-](?:inf|Inf|INF|infinity|Infinity|nan|NaN)$"
)
_begins, _number = re.compile(BEGINS), re.compile(NUMBER.replace("$|", r"\Z|").removesuffix("$") + r"\Z")


def harmless(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would compute it."""
    return APOSTROPHE + text if _begins.match(text) and not _number.match(text) else text


def harmless_names(names: Sequence[str]) -> list[str]:
    """The same of a header, whose names stay different."""
    taken: list[str] = []
    for name in names:
        free = harmless(name)
        while free != name and (free in names or free in taken):
            free = APOSTROPHE + free
        taken.append(free)
    return taken


def harmless_cells(rows: pl.DataFrame, numbers: Collection[str] = ()) -> tuple[pl.DataFrame, int]:
    """The rows, and in how many cells there is an apostrophe more.

    Args:
        rows: of a table.
        numbers: names of columns of which it is known that all texts are numbers.
    """
    import polars as pl

    count, changed = 0, []
    for column in rows:
        if column.name in numbers or column.dtype not in (pl.String, pl.Categorical, pl.Enum):
            continue
        text = column.cast(pl.String)
        formula = text.str.contains(BEGINS) & ~text.str.contains(NUMBER)
        if found := int(formula.sum()):
            count += found
            changed.append(pl.select(pl.when(formula).then(APOSTROPHE + text).otherwise(text).alias(column.name)))
    return rows.with_columns(one.to_series() for one in changed), count
