"""A table's training records → a line of advice for each thing that an option would do better; nothing else is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.data.source import Source
from rowwise.data.tables.codes import codes
from rowwise.data.tables.leaks import leaks
from rowwise.data.tables.other_task import other_task
from rowwise.data.tables.placeholders import placeholders
from rowwise.data.tables.repeated_ids import repeated_ids
from rowwise.data.tables.sample import sampled
from rowwise.data.tables.target_scales import of_targets
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset
    from rowwise.data.tables.schema import Schema

FEWEST = 30  # records: with so many a rule without an exception is no coincidence
SHOWN = 8  # columns in a line


def advice(data: Dataset) -> list[str]:
    """One sentence each, with the option that follows it; empty for data that is not a table."""
    if data.schema is None:
        return []
    lines, ids = [], list[str]()
    about_target = of_targets(data, Source.from_dict(data.source.get("load", {"place": ""})))
    by_records = data.split_by == "" and data.source.get("split", {}).get("by") != "file"
    if by_records:
        lines += _of_time(data.schema)
    if len(data) < FEWEST:
        return lines + about_target
    if by_records and (ids := repeated_ids(data)):
        lines.append(say("advice.group", name=ids[0]))
    sample = sampled(data)
    found = leaks(sample, without=ids)  # of what was computed from others nothing else is worth saying
    lines += placeholders(sample.numbers) + found + other_task(data) + ([] if found else about_target)
    if named := [name for name in codes(sample.numbers) if name not in ids[:1]][:SHOWN]:
        lines.append(say("advice.codes", columns=", ".join(named), option=",".join(named)))
    return lines


def _of_time(schema: Schema) -> list[str]:
    """A date suggests that later records are to be predicted."""
    dated = [column for column in schema.used if "year" in column.parts and column.low != column.high]
    return [say("advice.time", name=dated[0].name)] if dated else []
