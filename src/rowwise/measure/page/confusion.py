"""A report of classes → its confusion matrix: every number leads to the records behind it, without a script.

A number is a link to a panel of the same page, which is shown while it is the page's target: by mouse, by touch and
by keyboard alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.measure.page.html import paragraph, section, wide
from rowwise.measure.page.records import shown
from rowwise.measure.page.style import step
from rowwise.shapes.ledger.drawing import safe
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.measure.page.subject import Subject
    from rowwise.measure.report import Report

MOST_CLASSES = 30  # rows of a matrix that can be read
MOST_SHOWN = 12  # records behind a number
MOST_RECORDS = 900  # in the whole page: it shall be sent by mail


def confusion_section(subject: Subject) -> str:
    """The matrix and a panel for each of its numbers."""
    report = subject.classes
    if report is None or report.true is None:
        return ""
    chosen = _chosen(report)
    counts = report.confusion[np.ix_(chosen, chosen)]
    some = ""
    if len(chosen) < len(report.classes):
        some = paragraph(say("report.some.classes", shown=len(chosen), classes=f"{len(report.classes):,}"))
    hint = f'<p class="hint soft">{safe(say("report.choose"))}</p>'
    panels = "".join(_panels(subject, report, chosen, counts))
    return section(
        "confusion",
        say("report.confusion"),
        paragraph(say("report.confusion.says")),
        some,
        f'<div class="matrix">{_matrix(report, chosen, counts)}<div class="panels">{hint}{panels}</div></div>',
    )


def _chosen(report: Report) -> NDArray[np.intp]:
    """Class numbers: all, or those with the most mistakes."""
    wrong = report.confusion.sum(0) + report.confusion.sum(1) - 2 * np.diagonal(report.confusion)
    return np.sort(np.argsort(-wrong, kind="stable")[:MOST_CLASSES])


def _matrix(report: Report, chosen: NDArray[np.intp], counts: NDArray[np.int64]) -> str:
    names, support = report.names, report.confusion.sum(1)
    heads = "".join(f'<th scope="col"><span>{safe(_short(names[c]))}</span></th>' for c in chosen)
    rows = []
    for row, true in enumerate(chosen):
        cells = "".join(
            _cell(report, true, column, int(counts[row, place]), int(support[true]))
            for place, column in enumerate(chosen)
        )
        rows.append(f'<tr><th scope="row">{safe(_short(names[true]))}</th>{cells}</tr>')
    corner = f'<td class="axis">{safe(say("report.axes"))}</td>'
    kind = "cells many" if len(chosen) > 12 else "cells"
    return wide(
        f'<table class="{kind}"><thead><tr>{corner}{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>',
        say("report.confusion"),
    )


def _cell(report: Report, true: int, predicted: int, count: int, support: int) -> str:
    if not count:
        return "<td>·</td>"
    kind = "r" if true == predicted else "w"
    label = say("report.cell", what=_what(report, true, predicted), count=f"{count:,}")
    return (
        f'<td class="{kind}{step(count / support)}"><a id="k{true}-{predicted}" href="#c{true}-{predicted}" '
        f'aria-label="{safe(label)}">{count}</a></td>'
    )


def _panels(subject: Subject, report: Report, chosen: NDArray[np.intp], counts: NDArray[np.int64]) -> list[str]:
    """What lies behind each number: the surest first; of those that are right, the least sure."""
    assert report.true is not None
    most = int(np.clip(MOST_RECORDS // max(int((counts > 0).sum()), 1), 2, MOST_SHOWN))
    sure = subject.probabilities.max(1)
    made = []
    for row, true in enumerate(chosen):
        of_class = np.flatnonzero(report.true == true)
        for column, predicted in enumerate(chosen):
            if not counts[row, column]:
                continue
            found = of_class[subject.predicted[of_class] == predicted]
            right = true == predicted
            order = np.argsort(sure[found] if right else -sure[found], kind="stable")[:most]
            made.append(_panel(subject, report, (int(true), int(predicted)), found, found[order]))
    return made


def _panel(
    subject: Subject, report: Report, pair: tuple[int, int], found: NDArray[np.intp], records: NDArray[np.intp]
) -> str:
    true, predicted = pair
    order = "report.panel.right" if true == predicted else "report.panel.wrong"
    told = say(
        order,
        count=f"{len(found):,}",
        support=f"{report.confusion[true].sum():,}",
        share=f"{100 * len(found) / report.confusion[true].sum():.1f}",
        shown=len(records),
    )
    numbers = records.tolist()
    words = [(f"{100 * subject.probabilities[record].max():.1f} %",) for record in numbers]
    back = f'<p class="small back"><a href="#k{true}-{predicted}">{safe(say("report.back"))}</a></p>'
    return (
        f'<div class="panel" id="c{true}-{predicted}" tabindex="-1"><h3>{safe(_what(report, true, predicted))}</h3>'
        f"{paragraph(told, 'small')}{back}{shown(subject.data, numbers, words, (say('report.sure'),))}</div>"
    )


def _what(report: Report, true: int, predicted: int) -> str:
    names = report.names
    if true == predicted:
        return say("report.right", name=names[true])
    return say("report.taken", true=names[true], predicted=names[predicted])


def _short(name: str, most: int = 20) -> str:
    name = " ".join(name.split()) or "–"
    return name if len(name) <= most else f"{name[: most - 1]}…"
