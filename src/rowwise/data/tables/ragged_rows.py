"""A CSV file → its lines with fewer or more fields than its header: Polars fills the first silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

BLOCK = 1 << 22  # bytes looked at once
LONGEST = 1 << 24  # bytes of a row: in a longer one a quote is not closed
QUOTE, NEWLINE, RETURN = b'"\n\r'


class Ragged(NamedTuple):
    """Rows below the header that are not blank.

    Attributes:
        rows: how many.
        short, long: how many of them have too few and too many fields.
        short_line, long_line: the line of the file, from 1, that the first of these begins on; 0 where there is none.
        short_fields, long_fields: how many fields that one has.
    """

    rows: int = 0
    short: int = 0
    long: int = 0
    short_line: int = 0
    long_line: int = 0
    short_fields: int = 0
    long_fields: int = 0


def ragged(file: Path, separator: str, columns: int) -> Ragged:
    """Count the separators outside quotes in every row.

    Args:
        file: UTF-8 with `\\n` between lines.
        columns: of the header.
    """
    found, begun, line, header = Ragged(), b"", 1, True
    with file.open("rb") as opened:
        while True:
            block = opened.read(BLOCK)
            text = np.frombuffer(begun + block + (b"" if block else b"\n"), np.uint8)
            ends = _ends(text)
            if not len(ends) and (not block or len(text) > LONGEST):
                return found  # a quote is never closed: that row is as Polars takes it
            if len(ends):
                found = _with_rows(found, text[: ends[-1] + 1], ends, line, (ord(separator), columns, header))
                header = header and not _filled(text, ends).any()
                line += int((text[: ends[-1] + 1] == NEWLINE).sum())
            if not block:
                return found
            begun = text[ends[-1] + 1 if len(ends) else 0 :].tobytes()


def _outside(text: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places that no quotes are around; the text begins outside."""
    quotes = np.flatnonzero(text == QUOTE)
    return places[np.searchsorted(quotes, places) % 2 == 0] if len(quotes) else places


def _ends(text: NDArray[np.uint8]) -> NDArray[np.int64]:
    return _outside(text, np.flatnonzero(text == NEWLINE))


def _filled(text: NDArray[np.uint8], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows hold anything."""
    lengths = np.diff(ends, prepend=-1) - 1
    blank: NDArray[np.bool_] = (lengths == 0) | ((lengths == 1) & (text[ends - 1] == RETURN))
    return ~blank


def _with_rows(
    found: Ragged, text: NDArray[np.uint8], ends: NDArray[np.int64], line: int, how: tuple[int, int, bool]
) -> Ragged:
    separator, columns, header = how
    marks = _outside(text, np.flatnonzero(text == separator))
    fields = np.diff(np.searchsorted(marks, ends), prepend=0) + 1
    rows = np.flatnonzero(_filled(text, ends))[1 if header else 0 :]
    made = found._replace(rows=found.rows + len(rows))
    for kind, wrong in (("short", fields[rows] < columns), ("long", fields[rows] > columns)):
        count = int(wrong.sum())
        if count and not getattr(made, kind):
            row = rows[int(wrong.argmax())]
            begin = int(ends[row - 1]) + 1 if row else 0
            at = line + int((text[:begin] == NEWLINE).sum())
            made = made._replace(**{f"{kind}_line": at, f"{kind}_fields": int(fields[row])})
        made = made._replace(**{kind: getattr(made, kind) + count})
    return made
