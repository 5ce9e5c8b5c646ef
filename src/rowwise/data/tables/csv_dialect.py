"""A text file of a table in any usual encoding → the same in UTF-8, its separator, the names of its columns."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rowwise.errors import DataError, UsageError

if TYPE_CHECKING:
    from typing import IO

BLOCK = 1 << 20  # bytes read at once
HEAD = 1 << 20  # characters looked at for the separator and the header
SEPARATORS = (",", ";", "\t", "|")
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MOST_COLUMNS = 10_000
LINES = 50  # of the head, that vote for a separator


class Text(NamedTuple):
    """A table's text.

    Attributes:
        file: of UTF-8 with `\\n` between lines.
        made: the temporary file behind it where the text had to be rewritten; it goes when this is closed.
        encoding, separator: of the original.
        names: of the columns.
    """

    file: Path
    made: IO[bytes] | None
    encoding: str
    separator: str
    names: tuple[str, ...]


def open_text(path: Path, encoding: str = "", separator: str = "") -> Text:
    """Find out how a CSV file is written.

    Args:
        encoding: by Python's name; empty: UTF-8, UTF-16 by its mark, or else CP949.
        separator: one character; empty: detected.

    Raises:
        UsageError: an encoding that there is not, a separator that is no single character.
        DataError: it cannot be read or is empty, no text in that encoding, a header without names, with the same name
            twice, or with more columns than a table has.
    """
    if separator and (len(separator) != 1 or not separator.isascii() or separator in '"\n\r'):
        raise UsageError("table.separator", found=separator)
    if encoding:
        try:
            codecs.lookup(encoding)
        except LookupError as cause:
            raise UsageError("table.encoding", found=encoding) from cause
    try:
        if not path.stat().st_size:
            raise DataError("table.empty", path=path)
        encoding = encoding or _encoding(path)
        made = _rewritten(path, encoding) if _must_rewrite(path, encoding) else None
    except OSError as cause:
        raise DataError("table.unreadable", path=path, cause=cause.strerror or cause) from cause
    file = Path(made.name) if made else path
    with file.open(encoding="utf-8", newline="") as opened:
        head = opened.read(HEAD)
    separator = separator or _separator(head)
    return Text(file, made, encoding, separator, _names(path, head, separator))


def _encoding(path: Path) -> str:
    """The first that the whole file is right in."""
    with path.open("rb") as file:
        start = file.read(BLOCK)
    for mark, name in MARKS:
        if start.startswith(mark):
            return name
    if b"\0" in start:
        raise DataError("table.binary", path=path, at=start.index(b"\0"))
    wrong = _wrong(path, "utf-8")
    if wrong is None:
        return "utf-8"
    if _wrong(path, "cp949") is None and _is_korean(path):
        return "cp949"
    raise DataError("table.bytes", path=path, at=f"{wrong:,}")


def _wrong(path: Path, encoding: str) -> int | None:
    """The place of the first byte that the encoding does not have, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK):
                kept = len(decoder.getstate()[0])
                if kept or not block.isascii():  # most tables are ASCII, which is seen faster than decoded
                    decoder.decode(block)
                done += len(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as cause:
            return max(done - kept + cause.start, 0)
    return None


def _is_korean(path: Path) -> bool:
    """Whether most letters beyond ASCII are among the usual Hangul: nearly any bytes are some letters in CP949."""
    with path.open("rb") as file:
        text = codecs.getincrementaldecoder("cp949")().decode(file.read(16 * BLOCK))
    found = Counter("usual" if _usual(letter) else "other" for letter in text if ord(letter) > 127)
    return found["usual"] > found["other"]


def _usual(letter: str) -> bool:
    try:
        return len(letter.encode("euc_kr")) == 2
    except UnicodeEncodeError:
        return False


def _must_rewrite(path: Path, encoding: str) -> bool:
    """Polars reads UTF-8, with the mark or without, and lines that end in `\\n`."""
    if codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig", "ascii"):
        return True
    with path.open("rb") as file:
        start = file.read(BLOCK)
    return b"\r" in start and b"\n" not in start


def _rewritten(path: Path, encoding: str) -> IO[bytes]:
    made = tempfile.NamedTemporaryFile(prefix="rowwise-", suffix=".csv")  # noqa: SIM115
    try:
        with path.open(encoding=encoding, newline=None) as file:
            while block := file.read(BLOCK):
                made.write(block.encode())
        made.flush()
    except UnicodeError as cause:
        made.close()
        raise DataError("table.encoded", path=path, encoding=encoding, cause=cause) from cause
    except BaseException:
        made.close()
        raise
    return made


def _separator(head: str) -> str:
    """The one that parts the most lines into the same number of fields, of those the one with most fields."""
    best, most = ",", (0.0, 0)
    for candidate in SEPARATORS:
        widths = []
        try:
            for row in csv.reader(io.StringIO(head, newline=""), delimiter=candidate):
                if row:
                    widths.append(len(row))
                if len(widths) == LINES:
                    break
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        agree = sum(width == widths[0] for width in widths) / len(widths)
        if (agree, widths[0]) > most:
            best, most = candidate, (agree, widths[0])
    return best


def _names(path: Path, head: str, separator: str) -> tuple[str, ...]:
    first = head.removeprefix("\ufeff").lstrip("\r\n")
    if not first.strip():
        raise DataError("table.empty", path=path)
    width = first.split("\n", 1)[0].count(separator) + 1
    if width > MOST_COLUMNS:
        raise DataError("table.columns", path=path, found=f"{width:,}", most=f"{MOST_COLUMNS:,}")
    try:
        names = [name.strip() for name in next(csv.reader(io.StringIO(first, newline=""), delimiter=separator))]
    except csv.Error as cause:
        raise DataError("table.unreadable", path=path, cause=cause) from cause
    if all(_is_number(name) for name in names):
        raise DataError("table.header", path=path, found=separator.join(names)[:60])
    names = [name or f"column_{number}" for number, name in enumerate(names, 1)]
    check_names(path, names)
    return tuple(names)


def check_names(place: object, names: list[str]) -> None:
    """Raises DataError where two columns have the same name, or there are too many."""
    if len(names) > MOST_COLUMNS:
        raise DataError("table.columns", path=place, found=f"{len(names):,}", most=f"{MOST_COLUMNS:,}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError("table.twice", path=place, name=twice[0])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
