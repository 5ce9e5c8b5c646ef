"""A run of the studio → what its columns are worth, and its report as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.errors import UsageError

if TYPE_CHECKING:
    from rowwise.measure.importance import Importance
    from rowwise.runs.saved import Saved
    from rowwise.studio.held import Held

SAMPLE = 2000  # test records that the importance of columns is measured on


def importance_of(saved: Saved, held: Held) -> Importance:
    """How much worse the model gets where a column of its table is shuffled; UsageError where there is no table."""
    if held.kind != "table":
        raise UsageError("studio.no_model")
    return saved.importance(held.test[:SAMPLE])


def page_of(saved: Saved, held: Held) -> str:
    """The report on the test records, in the current language."""
    from rowwise.measure import evaluate
    from rowwise.runs.report_page import report_page

    found = evaluate(saved.model, held.test, train=held.train)
    return report_page(saved, found, held.test, importance_of(saved, held) if held.kind == "table" else None)
