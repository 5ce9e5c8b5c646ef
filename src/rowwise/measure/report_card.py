"""A report → what a notebook shows of it: its measures beside a baseline, its classes, what is confused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.measure import as_text
from rowwise.measure.as_text import between, figures_line, number
from rowwise.pages.card import Columns, Table, Words, card
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.measure.multilabel import MultiLabelReport
    from rowwise.measure.quantiles import QuantileReport
    from rowwise.measure.regression import RegressionReport
    from rowwise.measure.report import Report

MOST_CONFUSED = 20  # classes up to which the matrix is shown


def of_classes(report: Report) -> str:
    """The fragment, in the current language."""
    rows = [
        [say(f"measure.name.{key}"), f"{value:.4f}", between(interval, "share"), _four(base)]
        for key, value, interval, base in as_text.measures(report)
    ]
    classes = [
        [one.name, *map(_four, (one.precision, one.recall, one.f1)), f"{one.support:,}"] for one in report.per_class
    ]
    names, counts = report.names, report.confusion.tolist()
    confusion = [[name, *(f"{count:,}" for count in row)] for name, row in zip(names, counts, strict=True)]
    head = ["", *(say(f"measure.{word}") for word in ("precision", "recall", "f1", "support"))]
    return card(
        figures_line(report),
        Words([*as_text.decided(report), *as_text.warnings(report)], warning=True),
        Table(_head(), rows, note=say("measure.baseline.says", name=names[report.baseline_class])),
        Table(head, classes, say("report.by_class")),
        *([Table(["", *names], confusion, say("card.confusion"))] if len(names) <= MOST_CONFUSED else []),
    )


def of_labels(report: MultiLabelReport) -> str:
    """The fragment, in the current language."""
    rows = [
        [say(f"measure.name.{key}"), f"{value:.4f}", between(interval, "share"), _four(base)]
        for key, value, interval, base in as_text.label_measures(report)
    ]
    warnings = [*as_text.labels_decided(report), *as_text.label_warnings(report)]
    note = say("measure.baseline.labels")
    return card(figures_line(report), Words(warnings, warning=True), Table(_head(), rows, note=note))


def of_numbers(report: RegressionReport) -> str:
    """The fragment, in the current language."""
    tables = [
        Table(
            _head(),
            [
                [
                    as_text.measure_name(key),
                    number(getattr(score, key), key),
                    between(score.intervals[key], key),
                    number(score.baseline[key], key),
                ]
                for key in report.figures
            ],
            score.name,
        )
        for score in report.per_target[: as_text.MOST_TARGETS]
    ]
    return card(figures_line(report), *tables)


def of_quantiles(report: QuantileReport) -> str:
    """The fragment, in the current language."""
    return card(figures_line(report), Columns(str(report)))


def _head() -> Sequence[str]:
    return ["", say("report.value"), say("measure.interval"), say("measure.baseline")]


def _four(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
