"""The first rows of a CSV file → which of them holds the columns' names, and what stands above and below it.

A row is taken for something else than names or records only where that is plain; else the reader is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from rowwise.data.column_names import cut
from rowwise.errors import DataError, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rowwise.data.tables.quotes import Row

SEPARATORS = (",", ";", "\t", "|")
BLANK = " \t\r\n\v\f\xa0\u2003\u3000\u200b\ufeff"  # around a name
MOST_ABOVE = 30  # rows above the names
RULE = re.compile(r"(?=.*[-=]{3})[\s|+:=-]+")  # as databases and Markdown draw below the names
COMMENTS = ("#", "//", "%", "--")
VALUE = re.compile(r"[^\W\d_]")  # a letter; what has none but a digit is a value: numbers, dates, money
EXPONENT = re.compile(r"(?<=\d)[eE](?=[+-]?\d)")
BRACKETED = re.compile(r"^(\[.*\]|\(.*\))$")
MISSING = ("na", "n/a", "#n/a", "nan", "null", "none", "?", "-", ".", "결측", "없음")


class Header(NamedTuple):
    """Where the names are.

    Attributes:
        line: of the file, from 1, that they begin on; 0: there are none.
        names: empty where a column has none.
        lines: before the first record.
    """

    line: int
    names: tuple[str, ...]
    lines: int


def find_header(path: Path, rows: Sequence[Row], asked: int | None) -> Header:
    """The header among the first rows.

    Args:
        path: for messages.
        rows: which of them are blank does not matter.
        asked: the line that a user says it is on; 0: there is none; None: it is looked for.

    Raises:
        DataError: none of the first rows is plainly the header, or the one asked for is not there.

    Warns:
        Suspicious: rows are left out above it or below, or it lacks a name.
    """
    rows = [row for row in rows if filled(row)]
    if not rows:
        raise DataError("table.empty", path=path)
    width = Counter(len(row.fields) for row in rows).most_common(1)[0][0]
    if asked == 0:
        return Header(0, ("",) * width, rows[0].line - 1)
    if asked is not None:
        place = next((number for number, row in enumerate(rows) if row.line >= asked), None)
        if place is None:
            raise DataError("table.header.line", path=path, line=f"{asked:,}")
    else:
        place = _place(rows, width)
        _check_record(path, rows, place, width)
    row = rows[place]
    if asked is None and place:
        skipped = [cut(" ".join(filled(above))) for above in rows[:place]]
        warn_user(say("table.above", path=path, count=place, first=skipped[0], line=row.line, names=_text(row)))
    names, surplus = [field.strip(BLANK) for field in row.fields], width - len(row.fields)
    below = rows[place + 1 :]
    if surplus > 0 and below and len(below[0].fields) == width:
        if all(not field.strip() for other in below for field in other.fields[len(names) : width]):
            names += [""] * surplus  # a separator at the end of every row but the header
        elif surplus == 1 and not any(map(is_value, names)):
            names.insert(0, "")
            warn_user(say("table.row_names", path=path, line=row.line, found=len(row.fields), expected=width))
        else:
            raise _no_header(path, row, width)
    if asked is None and width > 2 and len(filled(row)) == 1 and len(below) > 1:
        raise _no_header(path, row, width)
    last = row
    if below and len(below[0].lines) == 1 and RULE.fullmatch(below[0].lines[0].strip()):
        last = below[0]
        warn_user(say("table.rule_line", path=path, line=last.line, text=cut(last.lines[0].strip())))
    elif _are_units(rows, place, width):
        last = rows[place + 1]
        warn_user(say("table.units_line", path=path, line=last.line, text=_text(last)))
    return Header(row.line, tuple(names), last.line + len(last.lines) - 1)


def _no_header(path: Path, row: Row, width: int) -> DataError:
    values = {"line": row.line, "found": len(filled(row)), "expected": width, "text": _text(row)}
    return DataError("table.no_header", path=path, **values)


def _place(rows: Sequence[Row], width: int) -> int:
    """Which row holds the names: the first, where those above are not plainly something else."""
    if place := _below_short_rows(rows, width):
        return place
    for place in range(min(MOST_ABOVE, len(rows) - 1)):
        if not _is_above(rows, place, width):
            return place
    return 0


def _below_short_rows(rows: Sequence[Row], width: int) -> int:
    """The first row of full width, where those above are plainly shorter and those below are not; else 0.

    Its names may be numbers, such as years: that is what `_is_names` cannot tell.
    """
    place = next((at for at, row in enumerate(rows[: MOST_ABOVE + 1]) if len(row.fields) == width), 0)
    below = rows[place + 1 :]
    plainly = place > 1 or (place == 1 and len(rows[0].fields) < width - 1)
    if not plainly or len(below) < 3 or any(len(row.fields) != width for row in below):
        return 0
    texts = filled(rows[place])
    is_record = not texts or is_value(texts[0]) or len(set(texts)) < len(texts) or _recurring(rows[place], below)
    return 0 if is_record or len(texts) < width - 1 else place


def _is_above(rows: Sequence[Row], place: int, width: int) -> bool:
    """Whether a row is plainly no header: a comment, a title, or the upper of two lines of names."""
    row, below = rows[place], rows[place + 1 :]
    if width < 2 or len(row.fields) > width:
        return False
    if len(row.fields) == 1 and len(below[0].fields) <= width:  # rows of several fields have no header of one
        return not any(row.lines[0].count(sign) == width - 1 for sign in SEPARATORS)  # nor one written otherwise
    candidates = range(place + 1, min(place + MOST_ABOVE, len(rows) - 1))
    follows = next((at for at in candidates if len(filled(rows[at])) > 1), None)
    if follows is None:
        return False
    texts = filled(row)
    if len(texts) > 2 and len(set(texts)) == 1 and len(set(filled(rows[follows]))) > 2:
        return not any(map(is_value, filled(rows[follows])))  # a word over all columns, as of a weather station
    if not _is_names(rows, follows, width):
        return False
    if len(row.fields) < width or (len(texts) == 1 and row.fields[0].strip()):
        return True
    if row.fields[0].lstrip().startswith(COMMENTS):
        return True
    twice = len(set(texts)) < len(texts) or len(texts) < width
    return twice and len(filled(rows[follows])) == width


def _is_names(rows: Sequence[Row], place: int, width: int) -> bool:
    """Whether a row is plainly the header: texts, distinct, above a column of values."""
    row = rows[place]
    texts = filled(row)
    if len(row.fields) != width or len(set(texts)) < len(texts) or len(texts) * 2 <= width:
        return False
    if any(is_value(text) or text.lower() in MISSING for text in texts) or _recurring(row, rows[place + 1 :]):
        return False
    return any(row.fields[column].strip() for column in _value_columns(rows[place + 1 :], width))


def _check_record(path: Path, rows: Sequence[Row], place: int, width: int) -> None:
    """Raises DataError where what stands in the header's place is plainly a record."""
    row, below = rows[place], rows[place + 1 :]
    texts = filled(row)
    if all(map(is_value, texts)):
        count = len(texts)
        if count > 2 and texts in ([*map(str, range(count))], [*map(str, range(1, count + 1))]):
            return  # how pandas calls columns without names
        raise DataError("table.header", path=path, line=row.line, found=_text(row))
    if not any(map(is_value, texts)):  # as in nearly all files: the records need not be looked at
        return
    columns = _value_columns(below, width)
    if len(row.fields) != width or len(below) < 3 or not columns or len(texts) < width:
        return
    recurring = set(_recurring(row, below)) - set(columns)
    if all(is_value(row.fields[column]) for column in columns) and recurring:
        raise DataError("table.record_first", path=path, line=row.line, found=_text(row))


def _are_units(rows: Sequence[Row], place: int, width: int) -> bool:
    """Whether the row below the header says in which units the columns are: texts above nothing but values."""
    below = rows[place + 2 :]
    if len(rows) < place + 5 or len(rows[place + 1].fields) != width:
        return False
    fields = [field.strip() for field in rows[place + 1].fields]
    if all(map(is_value, filter(None, fields))):
        return False
    columns = _value_columns(below, width)
    above_values = [fields[column] for column in columns if fields[column]]
    if not above_values or any(is_value(f) or f.lower() in MISSING or _begins_value(f) for f in above_values):
        return False
    if _recurring(rows[place + 1], below):
        return False
    above_values_alone = len(above_values) == len(filled(rows[place + 1])) and not fields[0]
    return len(above_values) > 1 or above_values_alone or all(BRACKETED.match(field) for field in above_values)


def _recurring(row: Row, below: Sequence[Row]) -> list[int]:
    """The columns whose field in a row stands in the rows below it as well: it is a value, no name."""
    width = len(row.fields)
    texts = [{other.fields[column].strip() for other in below if len(other.fields) == width} for column in range(width)]
    return [column for column in range(width) if row.fields[column].strip() in texts[column] - {""}]


def _value_columns(rows: Sequence[Row], width: int) -> list[int]:
    """The columns that hold values alone, at least two, but for what is missing."""
    full = [row.fields for row in rows if len(row.fields) == width]
    found = []
    for column in range(width):
        texts = [text for fields in full if (text := fields[column].strip()) and text.lower() not in MISSING]
        if len(texts) > 1 and sum(map(is_value, texts)) >= 0.9 * len(texts):
            found.append(column)
    return found


def is_value(text: str) -> bool:
    """Whether it is a number, an amount, a date: digits without letters."""
    return any(map(str.isdigit, text)) and not VALUE.search(EXPONENT.sub("", text))


def _begins_value(text: str) -> bool:
    return bool(re.match(r"^[<>≤≥~=+\-.,\s]*\d", text))


def filled(row: Row) -> list[str]:
    """The fields that hold anything."""
    return [text for field in row.fields if (text := field.strip())]


def _text(row: Row) -> str:
    return cut(row.lines[0].rstrip("\r\n").removeprefix("\ufeff"), 60)
