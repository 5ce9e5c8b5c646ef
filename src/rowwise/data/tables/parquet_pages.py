"""A Parquet file → whether the counts in its footer and in its pages' headers can be true.

Polars makes room for what a header announces, and where there is none it ends the whole process, not only the reading:
so this is looked at before. A header takes some 10 µs, its page's values a hundred times as long.

The format: https://github.com/apache/parquet-format, in Thrift's compact protocol.
"""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Any

from rowwise.errors import DataError
from rowwise.files import open_regular
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Fields = dict[int, Any]  # a struct, by the numbers of its fields

VALUES, VALUES_A_BYTE = 50_000_000, 250  # that any file may have; a larger one, for each of its bytes
UNPACKED, UNPACKED_A_BYTE = 400 << 20, 2000  # bytes that the pages may unpack to, likewise
TAIL = 8  # bytes after the footer: its length and a mark
DEEPEST = 16  # structs within structs; the format has 6

TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT, UUID = 1, 2, 3, 7, 8, 9, 10, 11, 12, 13
FIXED = {BYTE: 1, DOUBLE: 8, UUID: 16}  # bytes


def check_counts(path: Path, records: int, columns: int) -> None:
    """Compare what a file announces with its size: one value repeated takes no room in it.

    Args:
        records: as its footer has them, which Polars has read.

    Raises:
        DataError: values without end, or a count that cannot be true. OSError: the file cannot be read.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        most = max(VALUES, VALUES_A_BYTE * size)
        if records * columns > most:
            counts = {"records": f"{records:,}", "columns": f"{columns:,}"}
            raise DataError("table.bomb", path=path, size=f"{size:,}", **counts)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                unpacked = 0
                for chunk in _chunks(content):
                    unpacked += _unpacked(content, chunk, most)
                    if unpacked > max(UNPACKED, UNPACKED_A_BYTE * size):
                        raise ValueError
            except (ValueError, IndexError, TypeError, AttributeError, KeyError) as cause:
                raise DataError("table.unreadable", path=path, cause=say("table.pages")) from cause


def _chunks(content: mmap.mmap) -> Iterator[Fields]:
    """Of each group of rows, each column's `ColumnMetaData`."""
    end = len(content) - TAIL
    footer = _Thrift(content, end - int.from_bytes(content[end : end + 4], "little"), end).struct()
    for group in footer.get(4) or ():
        for column in group[1]:
            yield column[3]


def _unpacked(content: mmap.mmap, chunk: Fields, most: int) -> int:
    """The bytes of a column's pages, unpacked, once their counts have been found possible."""
    values, length = chunk[5], chunk[7]
    at = chunk.get(11) or chunk[9]
    end = at + length
    if not (0 <= values <= most and 0 < at <= end <= len(content)):
        raise ValueError
    unpacked = 0
    while values > 0 and at < end:
        reader = _Thrift(content, at, end)
        header = reader.struct()
        whole, packed = header[2], header[3]
        at = reader.at + packed
        counted = header.get(5) or header.get(8)
        count = counted[1] if counted else header[7][1] if 7 in header else 0
        if whole < 0 or packed < 0 or at > end or not 0 <= count <= (values if counted else whole):
            raise ValueError
        if 8 in header:  # whose levels stand before the page, each as long as it says, and are not packed
            _, nulls, rows, _, definitions, repetitions = (header[8].get(number, 0) for number in range(1, 7))
            if not (0 <= nulls <= count and 0 <= rows <= count) or definitions < 0 or repetitions < 0:
                raise ValueError
            if definitions + repetitions > min(packed, whole):
                raise ValueError
        values -= count if counted else 0
        unpacked += whole
    return unpacked


class _Thrift:
    """Values of the compact protocol, one after the other; of those that are texts nothing is kept."""

    def __init__(self, content: mmap.mmap, at: int, end: int) -> None:
        self.content, self.at, self.end = content, at, end

    def struct(self, depth: int = 0) -> Fields:
        if depth > DEEPEST:
            raise ValueError
        fields: Fields = {}
        number = 0
        while (head := self._byte()) & 15:
            number = number + (head >> 4) if head >> 4 else self._number()
            fields[number] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int, listed: bool = False) -> Any:
        if 4 <= kind <= 6:
            return self._number()
        if kind == BINARY:
            return self._skip(self._varint())
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in (TRUE, FALSE):  # a field's kind is its value
            return self._byte() == TRUE if listed else kind == TRUE
        if kind in (LIST, SET):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._varint()
            if count > self.end - self.at or depth > DEEPEST:
                raise ValueError
            return [self._value(head & 15, depth + 1, True) for _ in range(count)]
        if kind == MAP:
            raise ValueError  # the format has none
        return self._skip(FIXED[kind])

    def _number(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError
        return value | byte << shift

    def _byte(self) -> int:
        at = self.at
        if at >= self.end:
            raise ValueError
        self.at = at + 1
        return self.content[at]

    def _skip(self, count: int) -> None:
        self.at += count
        if self.at > self.end:
            raise ValueError
