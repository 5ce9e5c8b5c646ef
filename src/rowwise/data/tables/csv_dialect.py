"""A text file of a table in any usual encoding → the same in UTF-8, its separator, the names of its columns."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rowwise.data.storage import FULL, no_room
from rowwise.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

BLOCK = 1 << 20  # bytes read at once
HEAD = 1 << 20  # characters that the separator and the header are looked for in
SEPARATORS = (",", ";", "\t", "|")
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MOST_COLUMNS = 10_000
VOTERS = 50  # lines that vote for a separator


class Text(NamedTuple):
    """A table's text.

    Attributes:
        file: of UTF-8 with `\\n` between lines: the original, or a temporary file.
        encoding, separator: of the original.
        names: of the columns.
    """

    file: Path
    encoding: str
    separator: str
    names: tuple[str, ...]


@contextmanager
def open_text(path: Path, encoding: str = "", separator: str = "") -> Iterator[Text]:
    """Find out how a CSV file is written. Where Polars could not read it so, it is rewritten until the block ends.

    Args:
        encoding: by Python's name; empty: UTF-8, UTF-16 by its mark, or else CP949.
        separator: one character; empty: detected.

    Raises:
        UsageError: an encoding that does not exist, a separator that is no single character.
        DataError: it cannot be read or is empty, no text in that encoding, a header without names, with the same name
            twice, or with more columns than a table has.
    """
    if separator and (len(separator) != 1 or not separator.isascii() or separator in '"\n\r'):
        raise UsageError("table.separator", found=separator)
    if encoding:
        try:
            "a".encode(encoding)  # Python has encodings of bytes, too: zlib, rot13
        except (LookupError, ValueError) as cause:
            raise UsageError("table.encoding", found=encoding) from cause
    temporary: IO[bytes] | None = None
    try:
        try:
            if not path.stat().st_size:
                raise DataError("table.empty", path=path)
            encoding = encoding or _encoding(path)
            if _must_rewrite(path, encoding):
                temporary = _rewritten(path, encoding)
        except OSError as cause:
            raise DataError("table.unreadable", path=path, cause=cause.strerror or cause) from cause
        file = Path(temporary.name) if temporary else path
        with file.open(encoding="utf-8", newline="") as opened:
            head = opened.read(HEAD)
        separator = separator or _separator(head)
        yield Text(file, encoding, separator, _names(path, head, separator))
    finally:
        if temporary is not None:
            temporary.close()


def _encoding(path: Path) -> str:
    """The first encoding that the whole file can be decoded by."""
    with path.open("rb") as file:
        start = file.read(BLOCK)
    for mark, name in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return name
    if b"\0" in start:
        raise DataError("table.binary", path=path, at=start.index(b"\0"))
    place = _undecodable(path, "utf-8")
    if place is None:
        return "utf-8"
    if _undecodable(path, "cp949") is None and _is_korean(path):
        return "cp949"
    raise DataError("table.bytes", path=path, at=f"{place:,}")


def _undecodable(path: Path, encoding: str) -> int | None:
    """The place of the first byte that cannot be decoded, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    place = 0
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK):
                pending = len(decoder.getstate()[0])
                if pending or not block.isascii():  # most tables are ASCII, which is recognised faster than decoded
                    decoder.decode(block)
                place += len(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as cause:
            return max(place - pending + cause.start, 0)
    return None


def _is_korean(path: Path) -> bool:
    """Whether most letters beyond ASCII are common Hangul: nearly any bytes are some letters in CP949."""
    with path.open("rb") as file:
        text = codecs.getincrementaldecoder("cp949")().decode(file.read(16 * BLOCK))
    common = Counter(_is_common(letter) for letter in text if ord(letter) > 127)
    return common[True] > common[False]


def _is_common(letter: str) -> bool:
    """Whether EUC-KR, which CP949 extends by rare syllables, has the letter."""
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
    try:
        temporary = tempfile.NamedTemporaryFile(prefix="rowwise-", suffix=".csv")  # noqa: SIM115
    except OSError as cause:
        raise no_room(cause) from cause
    try:
        with path.open(encoding=encoding, newline=None) as file:
            while block := file.read(BLOCK):
                temporary.write(block.encode())
        temporary.flush()
    except UnicodeError as cause:
        temporary.close()
        raise DataError("table.encoded", path=path, encoding=encoding, cause=cause) from cause
    except BaseException as cause:
        with suppress(OSError):  # what is left of it would be written
            temporary.close()
        if isinstance(cause, OSError) and cause.errno in FULL:
            raise no_room(cause) from cause
        raise
    return temporary


def _separator(head: str) -> str:
    """The one that splits most lines into the same number of fields; of equals, the one with most fields."""
    best, best_score = ",", (0.0, 0)
    for candidate in SEPARATORS:
        widths = []
        try:
            for row in csv.reader(io.StringIO(head, newline=""), delimiter=candidate):
                if row:
                    widths.append(len(row))
                if len(widths) == VOTERS:
                    break
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        agreeing = sum(width == widths[0] for width in widths) / len(widths)
        if (agreeing, widths[0]) > best_score:
            best, best_score = candidate, (agreeing, widths[0])
    return best


def _names(path: Path, head: str, separator: str) -> tuple[str, ...]:
    header = head.removeprefix("\ufeff").lstrip("\r\n")
    if not header.strip():
        raise DataError("table.empty", path=path)
    width = header.split("\n", 1)[0].count(separator) + 1
    if width > MOST_COLUMNS:
        raise DataError("table.columns", path=path, found=f"{width:,}", most=f"{MOST_COLUMNS:,}")
    try:
        names = [name.strip() for name in next(csv.reader(io.StringIO(header, newline=""), delimiter=separator))]
    except csv.Error as cause:
        raise DataError("table.unreadable", path=path, cause=cause) from cause
    if all(_is_number(name) for name in names):
        raise DataError("table.header", path=path, found=separator.join(names)[:60])
    names = [name or f"column_{number}" for number, name in enumerate(names, 1)]
    check_names(path, names)
    return tuple(names)


def check_names(place: object, names: Sequence[str]) -> None:
    """Raises DataError where two columns have the same name, or there are too many."""
    if len(names) > MOST_COLUMNS:
        raise DataError("table.columns", path=place, found=f"{len(names):,}", most=f"{MOST_COLUMNS:,}")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError("table.twice", path=place, name=repeated[0])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
