"""A report → how far the model's confidence can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rowwise.measure.page.charts import Labels, reliability
from rowwise.text import percent, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from rowwise.measure.page.report_content import ReportContent

TOLERANCE = 0.02  # between confidence and accuracy: closer than that, the confidence can be trusted


class CalibrationView(NamedTuple):
    """A verdict, the diagram, the calibration error in words, and the bins as a table."""

    picture: Markup
    labels: Labels
    error: str
    head: list[str]
    bins: Sequence[Sequence[str]]


def calibration_view(subject: ReportContent) -> CalibrationView | None:
    """How often the model is right, by its confidence."""
    report = subject.classes
    measured = report.calibration if report else None
    if report is None or measured is None:
        return None
    gap = measured.confidence - report.accuracy
    verdict = "over" if gap > TOLERANCE else "under" if gap < -TOLERANCE else "good"
    description = say(
        f"report.calibration.{verdict}",
        confidence=f"{100 * measured.confidence:.1f}",
        accuracy=f"{100 * report.accuracy:.1f}",
    )
    labels = Labels(say("report.reliability"), description, say("report.reliability.axis"))
    bins = [
        (
            f"{100 * each.low:.0f} – {percent(each.high, 0)}",
            f"{each.records:,}",
            percent(each.confidence),
            percent(each.accuracy),
        )
        for each in measured.bins
    ]
    head = [say("report.sure"), say("report.records"), say("report.mean.sure"), say("report.share.right")]
    error = say("report.ece", ece=f"{measured.ece:.4f}", bins=len(measured.bins))
    return CalibrationView(reliability(measured, labels), labels, error, head, bins)
