"""A report of classes → its confusion matrix: every number leads to the records behind it, without a script.

A number is a link to a panel of the same page, which is shown while it is the page's target: by mouse, touch or
keyboard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rowwise.measure.page.records import Records, records_of
from rowwise.measure.page.shades import step
from rowwise.text import percent, say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.measure.page.report_content import ReportContent
    from rowwise.measure.report import Report

MOST_CLASSES = 30  # rows of a matrix that can be read
WIDE_CLASSES = 12  # rows up to which a cell has its full width
MOST_SHOWN = 12  # records behind a number
MOST_RECORDS = 900  # in the whole page, which must be small enough for mail
LONGEST_NAME = 20  # letters


class Cell(NamedTuple):
    """A number that is not 0; `place` is `true-predicted` in class numbers, `shade` a class in report.css."""

    place: str
    records: int
    label: str
    shade: str


class Panel(NamedTuple):
    """The records behind a number."""

    place: str
    title: str
    summary: str
    records: Records


class Confusion(NamedTuple):
    """The matrix, and the records behind each of its numbers.

    Attributes:
        omission: in words, which classes are left out.
        rows: a name and its cells, None for a number that is 0.
        first: the place of the most frequent mistake, which is shown until a number is chosen; empty without mistakes.
    """

    omission: str
    names: list[str]
    rows: list[tuple[str, list[Cell | None]]]
    narrow: bool
    panels: list[Panel]
    first: str


def confusion_view(subject: ReportContent) -> Confusion | None:
    """The matrix and a panel for each of its numbers; None where the true classes are not known."""
    report = subject.classes
    if report is None or report.true is None:
        return None
    classes = _most_mistaken(report)
    omission = ""
    if len(classes) < len(report.classes):
        omission = say("report.some.classes", shown=len(classes), classes=f"{len(report.classes):,}")
    names = [_short(report.names[c]) for c in classes]
    rows = [
        (name, [_cell(report, true, predicted) for predicted in classes])
        for name, true in zip(names, classes, strict=True)
    ]
    panels = _panels(subject, report, classes)
    return Confusion(omission, names, rows, len(classes) > WIDE_CLASSES, panels, _most_frequent(report, classes))


def _most_mistaken(report: Report) -> list[int]:
    """Class numbers in order: all, or those with the most mistakes."""
    wrong = report.confusion.sum(0) + report.confusion.sum(1) - 2 * np.diagonal(report.confusion)
    return np.sort(np.argsort(-wrong, kind="stable")[:MOST_CLASSES]).tolist()


def _most_frequent(report: Report, classes: list[int]) -> str:
    mistakes = report.confusion[np.ix_(classes, classes)].copy()
    np.fill_diagonal(mistakes, 0)
    true, predicted = np.unravel_index(mistakes.argmax(), mistakes.shape)
    return f"{classes[true]}-{classes[predicted]}" if mistakes.any() else ""


def _cell(report: Report, true: int, predicted: int) -> Cell | None:
    count = int(report.confusion[true, predicted])
    if not count:
        return None
    label = say("report.cell", what=_title(report, true, predicted), count=f"{count:,}")
    share = count / int(report.confusion[true].sum())
    shade = f"{'right' if true == predicted else 'wrong'}-{step(share)}"
    return Cell(f"{true}-{predicted}", count, label, shade)


def _panels(subject: ReportContent, report: Report, classes: list[int]) -> list[Panel]:
    """The records behind each number, the most confident first; of those that are right, the least confident."""
    assert report.true is not None
    numbers = int((report.confusion[np.ix_(classes, classes)] > 0).sum())
    most = int(np.clip(MOST_RECORDS // max(numbers, 1), 2, MOST_SHOWN))
    panels = []
    for true in classes:
        of_class = np.flatnonzero(report.true == true)
        for predicted in classes:
            if report.confusion[true, predicted]:
                records = of_class[subject.predicted[of_class] == predicted]
                panels.append(_panel(subject, report, (true, predicted), records, most))
    return panels


def _panel(
    subject: ReportContent, report: Report, pair: tuple[int, int], records: NDArray[np.intp], most: int
) -> Panel:
    true, predicted = pair
    right = true == predicted
    confidence = subject.confidence[records]
    shown = records[np.argsort(confidence if right else -confidence, kind="stable")[:most]].tolist()
    support = report.confusion[true].sum()
    summary = say(
        "report.panel.right" if right else "report.panel.wrong",
        count=f"{len(records):,}",
        support=f"{support:,}",
        share=f"{100 * len(records) / support:.1f}",
        shown=len(shown),
    )
    words = [(percent(subject.confidence[record]),) for record in shown]
    view = records_of(subject.data, shown, words, (say("report.sure"),))
    return Panel(f"{true}-{predicted}", _title(report, true, predicted), summary, view)


def _title(report: Report, true: int, predicted: int) -> str:
    names = report.names
    if true == predicted:
        return say("report.right", name=names[true])
    return say("report.taken", true=names[true], predicted=names[predicted])


def _short(name: str) -> str:
    name = " ".join(name.split()) or "–"
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
