"""The importance of columns → a bar for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rowwise.measure.as_text import UNITS, with_deviations
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.measure.page.report_content import ReportContent

MOST_COLUMNS = 40


class ImportanceView(NamedTuple):
    """`rows`: a column's name, how far the figure falls, its deviation, and the length of its bar in percent."""

    summary: str
    head: list[str]
    rows: list[tuple[str, str, str, str]]
    omission: str


def importance_view(subject: ReportContent) -> ImportanceView | None:
    """A bar for each column."""
    measured = subject.importance
    if measured is None:
        return None
    most = max((column.mean for column in measured.columns), default=0)
    rows = []
    for column, figures in list(zip(measured.columns, with_deviations(measured), strict=True))[:MOST_COLUMNS]:
        share = max(column.mean, 0) / most if most > 0 else 0
        rows.append((column.name, *figures, f"{100 * share:.1f}"))
    measure = UNITS.get(measured.measure) or say(f"measure.name.{measured.measure}")
    summary = say(
        "report.importance.says",
        measure=measure,
        repeats=measured.repeats,
        records=f"{measured.records:,}",
        figure=f"{measured.figure:.4f}",
    )
    key = "report.rises" if measured.rises else "report.falls"
    head = [
        say("report.column"),
        say(key, measure=measure),
        say("report.deviation"),
        "",
    ]
    rest = len(measured.columns) - MOST_COLUMNS
    return ImportanceView(summary, head, rows, say("report.more.columns", count=f"{rest:,}") if rest > 0 else "")
