"""The last lines of a CSV file → those that are plainly no records: a total, a note below the table."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from rowwise.data.column_names import cut
from rowwise.data.tables.header import filled, is_value
from rowwise.errors import warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rowwise.data.tables.quotes import Row

TAIL = 1 << 14  # bytes looked at
MOST_BELOW = 5  # rows
TOTALS = (
    *("total", "totals", "grand total", "subtotal", "sum", "average", "mean", "summe", "gesamt", "gesamtsumme"),
    *("insgesamt", "somme", "total général", "totale", "suma", "합계", "총계", "총합", "총합계", "계", "소계", "평균"),
    *("合计", "总计", "合計", "総計", "平均", "итого"),
)


def rows_below(path: Path, file: Path, separator: str, records: Sequence[Row], width: int) -> list[list[str | None]]:
    """The fields of the last rows that are no records, one for each column; None where a field is empty.

    Args:
        path: for messages.
        file: UTF-8.
        records: some of the first, which these rows are compared with.
        width: how many columns the header names.

    Warns:
        Suspicious: there are such rows.
    """
    records = records[: max(len(records) - MOST_BELOW, 3)]  # a short file's last rows are among its first
    found: list[list[str | None]] = []
    if width < 2 or len(records) < 3:
        return found
    for line in reversed(_last_lines(file)):
        if line.count('"') % 2 or len(found) == MOST_BELOW:
            break
        fields = [field.strip() for field in next(csv.reader([line], delimiter=separator), [])]
        if not any(fields):
            continue
        if not _is_below(fields, width, records):
            break
        found.insert(0, [field or None for field in (*fields, *[""] * width)][:width])
    if found:
        text = next(field for field in found[0] if field)
        warn_user(say("table.below", path=path, count=len(found), text=cut(text)))
    return found


def _last_lines(file: Path) -> list[str]:
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(max(size - TAIL, 0))
        lines = opened.read().decode("utf-8", "replace").splitlines()
    return lines[1:] if size > TAIL else lines


def _is_below(fields: list[str], width: int, records: Sequence[Row]) -> bool:
    """Whether a row is plainly a total, whose label no record has, or a note, which fills the first field alone."""
    texts = [field for field in fields if field]
    if len(fields) > width or is_value(texts[0]):
        return False
    place = fields.index(texts[0])
    if any(texts[0] == row.fields[place].strip() for row in records if len(row.fields) > place):
        return False
    if texts[0].rstrip(" :.").casefold() in TOTALS:
        return any(map(is_value, texts[1:]))
    numbers = sum(is_value(row.fields[0].strip()) for row in records if row.fields)
    if len(fields) == len(texts) < width and " " in texts[0]:  # a note with separators: Source: Office, 2023
        return numbers == len(records) and all(len(row.fields) == width for row in records)
    alone = all(len(filled(row)) > 1 for row in records if filled(row))
    return len(texts) == 1 and place == 0 and width > 2 and alone and (numbers * 2 > len(records) or " " in texts[0])
