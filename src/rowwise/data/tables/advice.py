"""A table's training records → a line of advice for each thing that an option would do better; nothing else is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.data.source import Source
from rowwise.data.tables.leaks import leaks_and_codes
from rowwise.data.tables.target_scales import of_targets
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset
    from rowwise.data.tables.schema import Schema


def advice(data: Dataset) -> list[str]:
    """One sentence each, with the option that follows it; empty for data that is not a table."""
    if data.schema is None:
        return []
    source = Source.from_dict(data.source.get("load", {"place": ""}))
    return of_targets(data, source) + ([] if data.split_by else _of_time(data.schema)) + leaks_and_codes(data)


def _of_time(schema: Schema) -> list[str]:
    """A date suggests that later records are to be predicted."""
    dated = [column for column in schema.used if "year" in column.parts and column.low != column.high]
    return [say("advice.time", name=dated[0].name)] if dated else []
