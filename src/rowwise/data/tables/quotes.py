"""A CSV file whose quotes Polars would not read as Python, pandas and Excel do → rows rewritten, line for line.

Polars takes every second quote for a closing one. That is right where all quotes open a field, close it, or stand
doubled within; it is wrong for `5" pipe`, `"a" b`, a space before the quote, and `\\"`.
"""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.column_names import cut
from rowwise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

BLOCK = 1 << 22  # bytes looked at once
QUOTE, NEWLINE = b'"\n'
END = "\0"  # a line after the last one: it is swallowed where a quote is open
DOUBLED: dict[str, Any] = {"skipinitialspace": True}
ESCAPED: dict[str, Any] = {"skipinitialspace": True, "doublequote": False, "escapechar": "\\"}
LONG, LONGER = 3, 10  # newlines in a field whose lines are compared with rows; longer where rows have two fields


class Quotes(NamedTuple):
    """How a file's quotes stand.

    Attributes:
        regular: whether each opens or closes a field, or stands doubled within a quoted one.
        swallowed: the line on which a field opens that seems to have swallowed rows; 0 where there is none.
    """

    regular: bool
    swallowed: int = 0


class Row(NamedTuple):
    """One row.

    Attributes:
        line: of the file, from 1, that it begins on.
        fields: none of a blank line.
        lines: as they stand.
    """

    line: int
    fields: list[str]
    lines: list[str]


def quotes_of(file: Path, above: int, separator: str, columns: int) -> Quotes:
    """Look at every quote of a file.

    Args:
        file: UTF-8.
        above: lines at the top that are not looked at.
        columns: of the header.
    """
    begins, ends = np.zeros(256, np.bool_), np.zeros(256, np.bool_)
    begins[[ord(separator), NEWLINE]] = True
    ends[[ord(separator), NEWLINE, ord("\r")]] = True
    seen, line, swallowed = 0, above + 1, 0
    with file.open("rb") as opened:
        _skip(opened, above)
        rest = b"\n"  # before the first byte
        while rest:
            block = opened.read(BLOCK)
            if len(rest) == 1:
                block = block.removeprefix(BOM_UTF8)
            # The last byte is looked at together with the one after it: with the next block.
            text = np.frombuffer(rest + (block or b"\n"), np.uint8)
            quotes = np.flatnonzero(text[1:-1] == QUOTE) + 1
            opening, closing = quotes[seen % 2 :: 2], quotes[1 - seen % 2 :: 2]
            before, after = text[opening - 1], text[closing + 1]
            if not ((begins[before] | (before == QUOTE)).all() and (ends[after] | (after == QUOTE)).all()):
                return Quotes(False)
            if len(quotes) and not swallowed:
                place = _swallowing(text, quotes, seen, ord(separator), columns)
                swallowed = line + int((text[1:place] == NEWLINE).sum()) if place else 0
            seen += len(quotes)
            line += int((text[1:-1] == NEWLINE).sum())
            rest = bytes(text[-2:]) if block else b""
    return Quotes(seen % 2 == 0, swallowed)


def _swallowing(text: NDArray[np.uint8], quotes: NDArray[np.int64], seen: int, separator: int, columns: int) -> int:
    """Where a field opens over several lines each of which has the separators of a row; 0 where none does."""
    newlines = np.flatnonzero(text == NEWLINE)
    before = np.searchsorted(quotes, newlines)  # how many quotes
    inside = (before + seen) % 2 == 1
    fields, counts = np.unique(before[inside], return_counts=True)
    for field in fields[counts >= (LONG if columns > 2 else LONGER)]:
        ends = newlines[inside & (before == field)]
        if field and (np.diff(np.searchsorted(np.flatnonzero(text == separator), ends)) == columns - 1).all():
            return int(quotes[field - 1])
    return 0


def _skip(opened: IO[Any], lines: int) -> list[Any]:
    return [opened.readline() for _ in range(lines)]


def rows_of(path: Path, lines: Iterable[str], first: int, **dialect: Any) -> Iterator[Row]:
    """The rows as Python's csv reads them.

    Args:
        path: for messages.
        lines: with their ends.
        first: the number of the first.

    Raises:
        DataError: an opening quote is never closed, or closed in the middle of another line; a field is too long.
    """
    pending: list[str] = []

    def remembered() -> Iterator[str]:
        for line in chain(lines, [END]):
            pending.append(line)
            yield line

    reader = csv.reader(remembered(), **dialect)
    try:
        for fields in reader:
            if fields == [END]:
                return
            if pending[-1] == END or (len(pending) > 1 and not _closes(pending, dialect)):
                raise _never_closed(path, first, pending)
            yield Row(first, fields, list(pending))
            first += len(pending)
            pending.clear()
    except csv.Error as cause:
        if len(pending) > 1:
            raise _never_closed(path, first, pending) from cause
        raise DataError("table.field", path=path, line=f"{first:,}", cause=cause) from cause


def _closes(lines: list[str], dialect: dict[str, Any]) -> bool:
    """Whether each field over several lines ends where its quote does."""
    try:
        return len(list(csv.reader(lines, strict=True, **dialect))) == 1
    except csv.Error:
        return False


def _never_closed(path: Path, line: int, pending: list[str]) -> DataError:
    text = pending[0].rstrip("\r\n")
    opened = text[max(text.rfind('"'), 0) :]
    return DataError("table.quote", path=path, line=f"{line:,}", found=cut(opened))


def write_anew(path: Path, file: Path, above: int, separator: str, columns: int, to: IO[str]) -> bool:
    """Write the file's rows so that Polars reads them as Python does, each on the lines that it had.

    Args:
        path: for messages.
        file: UTF-8.
        above: lines at the top that are left as they are.
        columns: of the header.

    Returns:
        Whether its quotes are escaped by `\\`.

    Raises:
        DataError: as `rows_of`.
    """
    escaped = _is_escaped(path, file, above, separator, columns)
    dialect = ESCAPED if escaped else DOUBLED
    writer = csv.writer(to, delimiter=separator, lineterminator="\n")
    with file.open(encoding="utf-8-sig", newline="") as opened:
        to.writelines(line.rstrip("\r\n") + "\n" for line in _skip(opened, above))
        for row in rows_of(path, _lines(opened, separator), above + 1, delimiter=separator, **dialect):
            writer.writerow(row.fields)
    return escaped


def _lines(opened: Iterable[str], separator: str) -> Iterator[str]:
    """Spaces at the end of a line separate nothing."""
    return (line.rstrip() + "\n" for line in opened) if separator == " " else iter(opened)


def _is_escaped(path: Path, file: Path, above: int, separator: str, columns: int) -> bool:
    """Whether rows fit the header only if `\\"` is a quote within a field."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        _skip(opened, above)
        if not any('\\"' in line for line in opened):
            return False
    unfit = [_unfit(path, file, above, separator, columns, dialect) for dialect in (DOUBLED, ESCAPED)]
    return unfit[1] < unfit[0]


def _unfit(path: Path, file: Path, above: int, separator: str, columns: int, dialect: dict[str, Any]) -> float:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        _skip(opened, above)
        try:
            return unfit(rows_of(path, opened, above + 1, delimiter=separator, **dialect), columns, separator, dialect)
        except DataError:
            return float("inf")


def unfit(rows: Iterable[Row], columns: int, separator: str, dialect: dict[str, Any]) -> int:
    """How many rows have more or fewer fields than there are columns, or quotes that are escaped but not so read.

    An escaped quote stands within a quoted field: not at its end, where a path such as `"C:\\data\\"` may have it.
    """
    sign = re.escape(separator)
    escaped = re.compile(rf'(?:^|{sign})\s*"(?:[^"]|"")*\\"(?!\s*(?:{sign}|"|$))')
    doubled = dialect is DOUBLED
    return sum(
        len(row.fields) != columns or (doubled and any('\\"' in line and escaped.search(line) for line in row.lines))
        for row in rows
        if row.fields
    )
