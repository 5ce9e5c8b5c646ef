"""A CSV file → its rows with fewer or more fields than its header, counted; Polars fills the first without a word."""

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


def ragged(file: Path, separator: str, columns: int, above: int, block_bytes: int = BLOCK) -> Ragged:
    """Count the separators outside quotes in every row.

    Args:
        file: UTF-8 with `\\n` between lines.
        columns: of the header.
        above: lines before the first record.
        block_bytes: looked at once; a block extends to the end of a row.
    """
    counts, rest, line = Ragged(), b"", above + 1
    with file.open("rb") as opened:
        for _ in range(above):
            opened.readline()
        while True:
            block = opened.read(block_bytes)
            text = np.frombuffer(rest + block + (b"" if block else b"\n"), np.uint8)
            ends = _outside_quotes(text, np.flatnonzero(text == NEWLINE))
            if not len(ends) and (not block or len(text) > LONGEST):
                return counts  # a quote is never closed: that row is as Polars takes it
            if len(ends):
                rows = text[: ends[-1] + 1]
                filled = np.flatnonzero(_filled(rows, ends))
                counts = _added(counts, rows, ends, filled, line, separator, columns)
                line += int((rows == NEWLINE).sum())
            if not block:
                return counts
            rest = text[ends[-1] + 1 if len(ends) else 0 :].tobytes()


def _outside_quotes(text: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of the places that are outside quotes; the text begins outside."""
    quotes = np.flatnonzero(text == QUOTE)
    return places[np.searchsorted(quotes, places) % 2 == 0] if len(quotes) else places


def _filled(text: NDArray[np.uint8], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows hold anything; `ends`: where each row's newline is."""
    lengths = np.diff(ends, prepend=-1) - 1
    blank: NDArray[np.bool_] = (lengths == 0) | ((lengths == 1) & (text[ends - 1] == RETURN))
    return ~blank


def _added(
    counts: Ragged,
    text: NDArray[np.uint8],
    ends: NDArray[np.int64],
    rows: NDArray[np.int64],
    line: int,
    separator: str,
    columns: int,
) -> Ragged:
    """The counts with those rows of a text, which begins on that line of the file."""
    separators = _outside_quotes(text, np.flatnonzero(text == ord(separator)))
    fields = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
    counts = counts._replace(rows=counts.rows + len(rows))
    for kind, wrong in (("short", fields[rows] < columns), ("long", fields[rows] > columns)):
        count = int(wrong.sum())
        if count and not getattr(counts, kind):
            row = rows[int(wrong.argmax())]
            begin = int(ends[row - 1]) + 1 if row else 0
            first_line = line + int((text[:begin] == NEWLINE).sum())
            counts = counts._replace(**{f"{kind}_line": first_line, f"{kind}_fields": int(fields[row])})
        counts = counts._replace(**{kind: getattr(counts, kind) + count})
    return counts
