"""A text file of a table in any usual encoding → the same as Polars reads it, its separator, its columns' names."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rowwise.data.column_names import MOST_COLUMNS, checked_names
from rowwise.data.storage import FULL, no_room
from rowwise.data.tables.encoding import BLOCK, UNICODE_8, content_of
from rowwise.data.tables.footer import rows_below
from rowwise.data.tables.header import SEPARATORS, filled, find_header
from rowwise.data.tables.quotes import DOUBLED, ESCAPED, Row, quotes_of, rows_of, unfit, write_anew
from rowwise.errors import DataError, UsageError, os_reason, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO

    from rowwise.data.tables.encoding import Content
    from rowwise.data.tables.header import Header

HEAD = 1 << 20  # characters that the separator and the header are looked for in
VOTERS = 50  # lines that vote for a separator
LOOKED_AT = 100  # rows that the header is looked for in
SEPARATOR_LINE = re.compile(r'^"?sep=(.)"?\1*\s*$', re.IGNORECASE)  # the first line of a file for Excel
TAB = ("\\t", "tab")  # how a tab is written on a command line


class Text(NamedTuple):
    """A table's text.

    Attributes:
        file: of UTF-8 with `\\n` between lines: the original, or a temporary file with the same lines.
        encoding, separator: of the original.
        header: where the names stand.
        names: of the columns; no two are alike.
        below: the fields of the last rows, where these are no records.
        repeated: of each name that several columns have in the file, what they are called instead.
    """

    file: Path
    encoding: str
    separator: str
    header: Header
    names: tuple[str, ...]
    below: list[list[str | None]]
    repeated: Mapping[str, tuple[str, ...]]


@contextmanager
def open_text(path: Path, encoding: str = "", separator: str = "", header: int | None = None) -> Iterator[Text]:
    """Find out how a CSV file is written. Where Polars could not read it so, it is rewritten until the block ends.

    Args:
        encoding: by Python's name; empty: detected.
        separator: one character, a space standing for one or more; empty: detected.
        header: the line of the names; 0: there are none; None: it is looked for.

    Raises:
        UsageError: an encoding that does not exist, a separator that is no single character.
        DataError: it cannot be read or is empty, no text in that encoding, a header without names, or with more
            columns than a table has; a quote that is never closed.

    Warns:
        Suspicious: lines are left out above the header or below; quotes are escaped; rows seem to be swallowed.
    """
    separator = "\t" if separator.lower() in TAB else separator
    if separator and (len(separator) != 1 or not separator.isascii() or separator in '"\n\r'):
        raise UsageError("table.separator", found=separator)
    with ExitStack() as temporary:
        try:
            if not path.stat().st_size:
                raise DataError("table.empty", path=path)
            content = content_of(path, encoding)
            file = _in_utf_8(path, content, temporary)
        except OSError as cause:
            raise DataError("table.unreadable", path=path, cause=os_reason(cause)) from cause
        with file.open(encoding="utf-8-sig", newline="") as opened:
            head = opened.read(HEAD)
        excel = SEPARATOR_LINE.match(head.partition("\n")[0])
        above = 1 if excel else 0
        separator = separator or (excel[1] if excel else _separator(head))
        rows = _first_rows(path, head, separator, above)
        found = find_header(path, rows, header)
        width = len(found.names)
        if width > MOST_COLUMNS:
            raise DataError("table.columns", path=path, found=f"{width:,}", most=f"{MOST_COLUMNS:,}")
        quotes = quotes_of(file, found.lines, separator, width) if content.quotes else None
        if quotes and quotes.regular and quotes.swallowed:
            warn_user(say("table.quote.long", path=path, line=f"{quotes.swallowed:,}"))
        lone_returns = content.returns and content.newlines
        if separator == " " or lone_returns or (quotes and not quotes.regular):
            file = _normal(path, file, found, separator, temporary)
        names = [name or f"column_{number}" for number, name in enumerate(found.names, 1)]
        distinct, repeated = checked_names(path, names)
        records = [row for row in rows if row.line > found.lines and filled(row)]
        below = rows_below(path, file, separator, records, width)
        yield Text(file, content.encoding, separator, found, distinct, below, repeated)


def _in_utf_8(path: Path, content: Content, temporary: ExitStack) -> Path:
    """The file itself, or a temporary one where it has another encoding or lines that end in `\\r` alone."""
    if codecs.lookup(content.encoding).name in UNICODE_8 and (content.newlines or not content.returns):
        return path
    with path.open(encoding=content.encoding, newline=None) as file, _written(temporary) as written:
        try:
            while block := file.read(BLOCK):
                written.write(block)
        except UnicodeError as cause:
            raise DataError("table.encoded.cause", path=path, encoding=content.encoding, cause=cause) from cause
    return Path(written.name)


def _normal(path: Path, file: Path, header: Header, separator: str, temporary: ExitStack) -> Path:
    with _written(temporary) as written:
        escaped = write_anew(path, file, header.lines, separator, len(header.names), written)
    if escaped:
        warn_user(say("table.quote.escaped", path=path))
    return Path(written.name)


@contextmanager
def _written(temporary: ExitStack) -> Iterator[IO[str]]:
    """A temporary file to write to; it is removed with the others."""
    try:
        descriptor, name = tempfile.mkstemp(prefix="rowwise-", suffix=".csv")
        os.close(descriptor)  # Windows opens no file twice that is to go when it is closed
        temporary.callback(_removed, Path(name))
    except OSError as cause:
        raise no_room(cause) from cause
    try:
        with open(name, "w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as cause:
        if cause.errno not in FULL:
            raise
        raise no_room(cause) from cause


def _removed(path: Path) -> None:
    with suppress(OSError):  # Windows removes no file that is still read; it goes with the command's own folder
        path.unlink()


def _separator(head: str) -> str:
    """The one that splits most lines into one number of fields; of equals, the one with most fields.

    Spaces are looked at where nothing else separates most lines.
    """
    best, best_score = ",", (0.0, 0)
    for candidate in SEPARATORS:
        widths = _widths(head, candidate)
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        if usual > 1 and (score := (widths.count(usual) / len(widths), usual)) > best_score:
            best, best_score = candidate, score
    spaces = _widths(head, " ")
    # The header may lack a name, as R writes row names.
    if best_score[0] < 0.5 and len(set(spaces[1:])) == 1 and 1 < spaces[1] <= spaces[0] + 1 <= spaces[1] + 1:
        return " "
    return best


def _widths(head: str, separator: str) -> list[int]:
    """How many fields the first lines have that are not blank; none where a quote is not closed."""
    lines = (
        (line.strip() for line in io.StringIO(head, newline="")) if separator == " " else io.StringIO(head, newline="")
    )
    widths = []
    try:
        for row in csv.reader(lines, delimiter=separator, skipinitialspace=separator == " "):
            if row:
                widths.append(len(row))
            if len(widths) == VOTERS:
                break
    except csv.Error:
        return []
    return widths


def _first_rows(path: Path, head: str, separator: str, above: int) -> list[Row]:
    """Some rows, the first first; one that the head cuts off is left out where it is not the only one."""
    rows = _rows(path, head, separator, above, DOUBLED)
    if '\\"' in head:
        escaped = _rows(path, head, separator, above, ESCAPED)
        columns = len(rows[0].fields) if rows else 0
        if unfit(escaped, columns, separator, ESCAPED) < unfit(rows, columns, separator, DOUBLED):
            rows = escaped
    return rows[:-1] if len(head) == HEAD and 1 < len(rows) < LOOKED_AT else rows


def _rows(path: Path, head: str, separator: str, above: int, dialect: dict[str, Any]) -> list[Row]:
    lines = io.StringIO(head, newline="")
    for _ in range(above):
        lines.readline()
    stripped = (line.strip() + "\n" for line in lines) if separator == " " else lines
    rows: list[Row] = []
    try:
        rows += islice(rows_of(path, stripped, above + 1, delimiter=separator, **dialect), LOOKED_AT)
    except DataError:
        if not rows and len(head) < HEAD:
            raise
    return rows
