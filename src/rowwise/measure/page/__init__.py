"""A ReportContent → one page that holds all of it: no script, nothing from elsewhere, in the current language."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rowwise.measure.page.calibration import calibration_view
from rowwise.measure.page.confusion import confusion_view
from rowwise.measure.page.dependence import dependence_view
from rowwise.measure.page.importance import importance_view
from rowwise.measure.page.largest_errors import largest_errors_view
from rowwise.measure.page.learning_curves import curves_view
from rowwise.measure.page.measures import measures_view, tiles
from rowwise.measure.page.provenance import data_view, model_view, repeat_view
from rowwise.measure.page.report_content import ReportContent
from rowwise.measure.page.seeds import seeds_view
from rowwise.measure.page.shades import COLOURS
from rowwise.pages.render import render
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ReportContent", "page"]

# Section and template → its title's key, and what gives the template its values: None where there is nothing to show.
SECTIONS: dict[str, tuple[str, Callable[[ReportContent], object]]] = {
    "measures": ("report.measures", measures_view),
    "seeds": ("report.seeds", seeds_view),
    "confusion": ("report.confusion", confusion_view),
    "worst": ("report.worst", largest_errors_view),
    "calibration": ("report.calibration", calibration_view),
    "importance": ("report.importance", importance_view),
    "dependence": ("report.dependence", dependence_view),
    "curves": ("pictures.curves", curves_view),
    "data": ("report.data", data_view),
    "model": ("report.model", model_view),
    "repeat": ("report.repeat", repeat_view),
}


class Section(NamedTuple):
    """A part of the page that the navigation leads to; the template of its name shows `view`."""

    name: str
    title: str
    view: object


def _title(name: str, subject: ReportContent) -> str:
    return "report.worst.off" if name == "worst" and subject.numbers else SECTIONS[name][0]


def page(subject: ReportContent) -> str:
    """A standalone document; its policy forbids it to fetch anything and to run anything."""
    views = {name: view(subject) for name, (_, view) in SECTIONS.items()}
    document = render(
        "rowwise.measure.page",
        "report.html",
        title=say("report.title", name=subject.data.name),
        source=say("report.on", provenance=subject.data.origin, records=f"{len(subject.data):,}"),
        tiles=tiles(subject),
        sections=[Section(name, say(_title(name, subject)), view) for name, view in views.items() if view is not None],
        **COLOURS,
    )
    return str(document)
