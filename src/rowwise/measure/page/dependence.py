"""The partial dependence of columns → a chart for numbers, bars for levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rowwise.measure.as_text import significant
from rowwise.measure.page.charts import Labels, lines
from rowwise.measure.record_text import ends_of, shown_outputs
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from rowwise.measure.dependence import Dependence
    from rowwise.measure.page.report_content import ReportContent


class ColumnView(NamedTuple):
    """`picture` of a column of numbers; else `rows`: a level, its averages as text, and the length of its bar in
    percent."""

    name: str
    picture: Markup | None
    head: list[str]
    rows: list[tuple[str, list[str], str]]


class DependenceView(NamedTuple):
    """What all of it is, and each column."""

    summary: str
    columns: list[ColumnView]


def dependence_view(subject: ReportContent) -> DependenceView | None:
    """Of the columns that were asked for."""
    return view_of(subject.dependence)


def view_of(found: Sequence[Dependence]) -> DependenceView | None:
    """None where there are no columns."""
    if not found:
        return None
    averages = [average for one in found for average in one.averages[:, shown_outputs(one)].ravel()]
    ends = min(averages), max(averages)
    summary = say("dependence.says", records=f"{found[0].records:,}")
    return DependenceView(summary, [_column(one, ends, ends_of(found)) for one in found])


def _column(one: Dependence, ends: tuple[float, float], bar: tuple[float, float]) -> ColumnView:
    shown = shown_outputs(one)
    names = [one.outputs[place] for place in shown]
    if one.numbers is not None and len(one.numbers) > 1:
        kinds = ("first", "second", "third", "fourth")
        series = [(kinds[n], one.averages[:, place].tolist()) for n, place in enumerate(shown)]
        first, last = (significant(one.averages[at, shown[0]]) for at in (0, -1))
        labels = Labels(one.name, f"{', '.join(names)}: {first} → {last}", one.name)
        return ColumnView(one.name, lines(one.numbers, series, labels, ends), names, [])
    low, high = bar
    room = high - low or 1
    rows = [
        (text, [significant(row[place]) for place in shown], f"{100 * (row[shown[0]] - low) / room:.1f}")
        for text, row in zip(one.values, one.averages, strict=True)
    ]
    return ColumnView(one.name, None, ["", *names, ""], rows)
