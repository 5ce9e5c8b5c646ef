"""The bytes of a text file → its encoding, and what in it Polars would read otherwise than is meant."""

from __future__ import annotations

import codecs
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from rowwise.data.foreign_files import foreign
from rowwise.errors import DataError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = 1 << 20  # bytes read at once
LONGEST_LINE = 16 << 20  # bytes
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
KOREAN = 0.8  # share of common Hangul among the letters beyond ASCII
UNICODE_8 = ("utf-8", "utf-8-sig", "ascii")


class Content(NamedTuple):
    """What a file holds.

    Attributes:
        encoding: by Python's name.
        quotes: whether it may have double quotes.
        newlines, returns: whether lines end in `\\n`, and in a `\\r` alone.
    """

    encoding: str
    quotes: bool = True
    newlines: bool = True
    returns: bool = False


def content_of(path: Path, encoding: str = "") -> Content:
    """What the whole file is; it is read once.

    Args:
        encoding: of the user's choice; empty: UTF-8, UTF-16 and UTF-32 by their marks, UTF-16 by its zeros, or CP949.

    Raises:
        UsageError: an encoding that does not exist. DataError: no text, or none in that encoding.
    """
    if encoding:
        try:
            "a".encode(encoding)  # Python has encodings of bytes, too: zlib, rot13
            known = codecs.lookup(encoding).name
        except (LookupError, ValueError) as cause:
            raise UsageError("table.encoding", found=encoding) from cause
        if known not in UNICODE_8:
            return Content(encoding)
    with path.open("rb") as file:
        start = file.read(BLOCK)
    marked = next((name for mark, name in BYTE_ORDER_MARKS if start.startswith(mark)), "")
    if not encoding and marked not in ("", "utf-8-sig"):
        return Content(marked)
    if what := foreign(path):
        raise DataError("table.foreign", path=path, what=what)
    if not encoding and b"\0" in start and (unmarked := _utf_16(start)):
        return Content(unmarked)
    content, undecodable = _scanned(path, encoding or marked or "utf-8")
    if undecodable is None:
        return content
    if not encoding and not marked and _is_korean(path):
        return content._replace(encoding="cp949")
    place = {"at": f"{undecodable:,}", "line": f"{_line(path, undecodable):,}"}
    if encoding or marked:
        raise DataError("table.encoded", path=path, encoding=content.encoding, **place)
    raise DataError("table.bytes", path=path, **place)


def _scanned(path: Path, encoding: str) -> tuple[Content, int | None]:
    """What it holds, and the place of the first byte that is no UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    place, undecodable, last = 0, None, b""
    unbroken = 0
    quotes = newlines = False
    returns = pairs = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if b"\0" in block:
                at = place + block.index(b"\0")
                raise DataError("table.binary", path=path, at=f"{at:,}", line=f"{_line(path, at):,}")
            unbroken = 0 if b"\n" in block or b"\r" in block else unbroken + len(block)
            if unbroken > LONGEST_LINE:  # reading it would take many times its size
                raise DataError("table.long_line", path=path, most=f"{LONGEST_LINE:,}")
            quotes = quotes or b'"' in block
            newlines = newlines or b"\n" in block
            if b"\r" in block or last == b"\r":
                returns += block.count(b"\r")
                pairs += block.count(b"\r\n") + (last + block[:1] == b"\r\n")
            if undecodable is None:
                pending = len(decoder.getstate()[0])
                try:
                    if pending or not block.isascii():  # most tables are ASCII: recognised faster than decoded
                        decoder.decode(block)
                except UnicodeDecodeError as cause:
                    undecodable = max(place - pending + cause.start, 0)
            place, last = place + len(block), block[-1:]
    if undecodable is None and (rest := decoder.getstate()[0]):
        undecodable = place - len(rest)
    return Content(encoding, quotes, newlines, returns > pairs), undecodable


def _line(path: Path, place: int) -> int:
    """The line, from 1, that a byte stands on."""
    line = 1
    with path.open("rb") as file:
        while place > 0 and (block := file.read(min(BLOCK, place))):
            line += block.count(b"\n")
            place -= len(block)
    return line


def _utf_16(start: bytes) -> str:
    """UTF-16 without a mark: letters of every table, digits and separators, are ASCII, so every other byte is zero."""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = start[: len(start) & ~1].decode(encoding, "replace")
        ascii_letters = sum(letter.isascii() and (letter.isprintable() or letter in "\t\r\n") for letter in text)
        if ascii_letters * 3 >= len(text) and "\0" not in text and ("\n" in text or "\r" in text):
            return encoding
    return ""


def _is_korean(path: Path) -> bool:
    """Whether it can be decoded, most letters beyond ASCII being common Hangul: nearly any bytes are some in CP949.

    Chinese, Japanese and Latin letters become rare syllables, and characters that Korean tables seldom have.
    """
    decoder, common = codecs.getincrementaldecoder("cp949")(), Counter[bool]()
    with path.open("rb") as file:
        try:
            for number, block in enumerate(iter(lambda: file.read(BLOCK), b"")):
                text = decoder.decode(block)
                if number < 16 and not text.isascii():
                    common.update(_is_common(letter) for letter in text if ord(letter) > 127 and letter.isalpha())
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return common[True] >= KOREAN * common.total()


def _is_common(letter: str) -> bool:
    """Whether it is Hangul of EUC-KR, which CP949 extends by rare syllables."""
    try:
        return "가" <= letter <= "힣" and len(letter.encode("euc_kr")) == 2
    except UnicodeEncodeError:
        return False
