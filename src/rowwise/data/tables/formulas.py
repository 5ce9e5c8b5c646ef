"""Texts that a spreadsheet would take for formulas → the same with an apostrophe before them, as OWASP advises.

A cell that begins with `= + - @`, their full-width forms, a tab or a line's end is computed when a CSV file is opened
in a spreadsheet, and a formula can send what stands beside it anywhere. Numbers stay as they are, with their sign, unit
and whatever stands between their thousands; so does a sign alone, which often means a missing value.

A spreadsheet whose language has another separator than the file cuts its lines elsewhere: `y;=1+1` in a file with
commas is two cells to one with semicolons, whatever quotes stand around it. So what follows a comma, a semicolon, a tab
or a line's end within a cell counts as the beginning of a cell, too: `y;'=1+1`. `1;-5` and `12,- €` stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import polars as pl

APOSTROPHE = "'"
BEGINS = r"^[=+\-@\t\r\n＝＋－＠]|^\"+(?:[=@＝＠]|[+\-＋－][^\d.,])"  # quotes go where a line is cut by another rule
_UNIT = r"[$€£¥₩%‰원]?"
NUMBER = (
    rf"^[+\-]*$|^[+\-] ?{_UNIT} ?(?:\d[\d.,'’ \u00a0\u202f]*|[.,]\d+)(?:[eE][+\-]?\d+)? ?{_UNIT}$"
    r"|^[+\-](?:inf|Inf|INF|infinity|Infinity|nan|NaN)$"
)
SEPARATORS = ",;\t\r\n"
_WITHIN = rf"([{SEPARATORS}]\"*)([=+\-@＝＋－＠])"
_CANDIDATE = rf"{BEGINS}|{_WITHIN}"
_NO_CENTS = r"^(?:[+\-]? ?[$€£¥₩]? ?|[^\W\d_]{1,4}\.? ?)\d[\d.' ]*,-{1,2} ?[^\W\d_]{0,4}[$€£¥₩]?$"  # 12,- €
_begins, _number = re.compile(BEGINS), re.compile(NUMBER.replace("$|", r"\Z|").removesuffix("$") + r"\Z")
_within, _no_cents = re.compile(_WITHIN), re.compile(_NO_CENTS.removesuffix("$") + r"\Z")


def harmless(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would compute of it."""
    if _number.match(text) or _no_cents.match(text):
        return text
    shown = _within.sub(
        lambda found: found[0] if _is_number_after(text, found) else f"{found[1]}{APOSTROPHE}{found[2]}", text
    )
    return APOSTROPHE + shown if _begins.match(text) else shown


def _is_number_after(text: str, found: re.Match[str]) -> bool:
    """Whether the piece that begins after a separator, up to the next of its kind, is a number or a sign alone."""
    piece = re.split(f"[{found[1][0]}\r\n]", text[found.start(2) :], maxsplit=1)[0]
    return _number.match(piece) is not None


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
        candidates = text.filter(text.str.contains(_CANDIDATE) & ~text.str.contains(NUMBER)).unique().to_list()
        formulas = {one: shown for one in candidates if (shown := harmless(one)) != one}
        if formulas:
            count += int(text.is_in(list(formulas)).sum())
            changed.append(text.replace(formulas))
    return rows.with_columns(changed), count
