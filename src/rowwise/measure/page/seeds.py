"""The measures of an ensemble's networks, one by one → a table of how far they spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rowwise.measure.spread import spread_table
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.measure.page.report_content import ReportContent


class SeedsView(NamedTuple):
    """`rows`: a measure, its mean over the networks, their deviation, the lowest and the highest."""

    summary: str
    head: list[str]
    rows: list[tuple[str, ...]]


def seeds_view(subject: ReportContent) -> SeedsView | None:
    """Of an ensemble alone. The mean of the networks stands among the measures, on whatever records those are."""
    measures = subject.training.spread
    if not measures:
        return None
    head, rows = spread_table(measures, {})
    seeds = len(next(iter(measures.values())))
    return SeedsView(say("report.seeds.says", seeds=seeds), ["", *head], [row[:-1] for row in rows])
