"""A table that a trained model is used on → the signs before fractions in its texts: its own, not the training's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.data.tables.decimal_sign import Signs, choose_signs
from rowwise.data.tables.number_profile import NumberProfile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import polars as pl

    from rowwise.data.tables.read import Table
    from rowwise.data.tables.schema import Schema

SAMPLE = 10_000  # records that are enough where they prove a sign
BLOCK = 1 << 20  # bytes


def signs_of(table: Table, schema: Schema, asked: str = "") -> Signs:
    """The signs of all columns of a table; most tables show them in their first records.

    Warns:
        Suspicious: numbers that can be read in two ways.
    """
    if asked:
        return Signs(asked, {}, asked)
    columns: dict[str, NumberProfile] = {}
    present: dict[str, int] = {}
    seen = 0

    def look(rows: pl.DataFrame) -> None:
        for name, texts in _texts(rows):
            one = columns.setdefault(name, NumberProfile())
            one.add_texts(texts, seen, table.separator)
            present[name] = present.get(name, 0) + len(texts) - texts.null_count()

    for rows in table.batches():
        head = rows.head(max(SAMPLE - seen, 0))
        look(head)
        seen += len(head)
        if seen == SAMPLE and _enough(columns, present, table):
            break
        look(rows[len(head) :])
        seen += len(rows) - len(head)
    return _chosen(columns, present, schema, table.separator)


def signs_of_dicts(frames: Iterable[pl.DataFrame], schema: Schema, asked: str = "") -> Signs:
    """The signs of the texts in rows that are no table."""
    if asked:
        return Signs(asked, {}, asked)
    columns: dict[str, NumberProfile] = {}
    present: dict[str, int] = {}
    for frame in frames:
        for name, texts in _texts(frame):
            columns.setdefault(name, NumberProfile()).add_texts(texts, 0)
            present[name] = present.get(name, 0) + len(texts) - texts.null_count()
    return _chosen(columns, present, schema, "")


def _texts(rows: pl.DataFrame) -> list[tuple[str, pl.Series]]:
    import polars as pl

    return [(name, rows[name]) for name in rows.columns if rows[name].dtype == pl.String and len(rows)]


def _chosen(columns: dict[str, NumberProfile], present: dict[str, int], schema: Schema, separator: str) -> Signs:
    evidence = {name: one.evidence for name, one in columns.items() if one.mostly_numbers(present[name])}
    used = {*(column.name for column in schema.used if column.kind == "numeric"), *schema.targets}
    return choose_signs(evidence, separator, "", schema.usual_decimal, schema.separator, used)


def _enough(columns: dict[str, NumberProfile], present: dict[str, int], table: Table) -> bool:
    """Whether some column proves a sign, or none can: a comma within a field of a comma-separated file is quoted."""
    if any(one.evidence.proven for name, one in columns.items() if one.mostly_numbers(present[name])):
        return True
    return table.separator == "," and table.text is not None and not _has_quotes(table.text.file)


def _has_quotes(file: Path) -> bool:
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            if b'"' in block:
                return True
    return False
