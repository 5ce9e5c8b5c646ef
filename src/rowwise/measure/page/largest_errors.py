"""A report → the records that the model got most wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rowwise.measure.as_text import MOST_TARGETS, significant
from rowwise.measure.page.records import Records, records_of
from rowwise.text import percent, say

if TYPE_CHECKING:
    from rowwise.measure.page.report_content import ReportContent
    from rowwise.measure.regression import RegressionReport
    from rowwise.measure.report import Report

MOST = 24


class LargestErrors(NamedTuple):
    """Records with a sentence above them; `name` is the target's where there are several."""

    name: str
    summary: str
    records: Records


def largest_errors_view(subject: ReportContent) -> list[LargestErrors] | None:
    """The most confident mistakes, or the largest errors of each target; None where the true classes are not known."""
    if (report := subject.classes) and report.true is not None:
        return [_mistakes(subject, report)]
    if numbers := subject.numbers:
        shown = range(min(len(numbers.targets), MOST_TARGETS))
        return [_largest_errors(subject, numbers, target) for target in shown]
    return None


def _mistakes(subject: ReportContent, report: Report) -> LargestErrors:
    assert report.true is not None
    wrong = np.flatnonzero(subject.predicted != report.true)
    if not len(wrong):
        return LargestErrors("", say("report.none_wrong"), Records())
    records = wrong[np.argsort(-subject.confidence[wrong], kind="stable")[:MOST]].tolist()
    names = report.names
    words = [
        (
            names[int(report.true[record])],
            names[int(subject.predicted[record])],
            percent(subject.confidence[record]),
        )
        for record in records
    ]
    heads = (say("report.true"), say("report.predicted"), say("report.sure"))
    summary = say("report.worst.classes", shown=len(records), wrong=f"{len(wrong):,}")
    return LargestErrors("", summary, records_of(subject.data, records, words, heads))


def _largest_errors(subject: ReportContent, report: RegressionReport, target: int) -> LargestErrors:
    error = report.predicted[:, target] - report.true[:, target]
    records = np.argsort(-np.abs(error), kind="stable")[:MOST].tolist()
    words = [
        tuple(significant(float(v)) for v in (report.true[r, target], report.predicted[r, target], error[r]))
        for r in records
    ]
    heads = (say("report.true.number"), say("report.predicted"), say("report.error"))
    name = report.counted[target] if len(report.targets) > 1 or report.origins is not None else ""
    summary = say("report.worst.numbers", shown=len(records))
    return LargestErrors(name, summary, records_of(subject.data, records, words, heads))
