"""A report → the records that the model got most wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.measure.as_text import significant
from rowwise.measure.page.html import paragraph, section
from rowwise.measure.page.records import shown
from rowwise.shapes.ledger.drawing import safe
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.measure.page.subject import Subject
    from rowwise.measure.regression import RegressionReport
    from rowwise.measure.report import Report

MOST = 24


def worst_section(subject: Subject) -> str:
    """The most confident mistakes, or the largest errors of each target."""
    title = say("report.worst")
    if (report := subject.classes) and report.true is not None:
        return section("worst", title, *_classes(subject, report))
    if numbers := subject.numbers:
        return section("worst", title, *(_numbers(subject, numbers, place) for place in range(len(numbers.targets))))
    return ""


def _classes(subject: Subject, report: Report) -> list[str]:
    assert report.true is not None
    wrong = np.flatnonzero(subject.predicted != report.true)
    if not len(wrong):
        return [paragraph(say("report.none_wrong"))]
    sure = subject.probabilities.max(1)
    records = wrong[np.argsort(-sure[wrong], kind="stable")[:MOST]].tolist()
    names = report.names
    words = [
        (
            names[int(report.true[record])],
            names[int(subject.predicted[record])],
            f"{100 * sure[record]:.1f} %",
        )
        for record in records
    ]
    heads = (say("report.true"), say("report.predicted"), say("report.sure"))
    told = say("report.worst.classes", shown=len(records), wrong=f"{len(wrong):,}")
    return [paragraph(told), shown(subject.data, records, words, heads).replace('"shots"', '"shots large"', 1)]


def _numbers(subject: Subject, report: RegressionReport, place: int) -> str:
    error = report.predicted[:, place] - report.true[:, place]
    records = np.argsort(-np.abs(error), kind="stable")[:MOST].tolist()
    words = [
        tuple(significant(float(v)) for v in (report.true[r, place], report.predicted[r, place], error[r]))
        for r in records
    ]
    heads = (say("report.true.number"), say("report.predicted"), say("report.error"))
    name = f"<h3>{safe(report.targets[place])}</h3>" if len(report.targets) > 1 else ""
    return (
        name + paragraph(say("report.worst.numbers", shown=len(records))) + shown(subject.data, records, words, heads)
    )
