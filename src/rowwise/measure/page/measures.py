"""A report → its measures: the head's tiles, then all of them with intervals and the baseline beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.measure.as_text import UNITS, between, measures, number, significant, warnings
from rowwise.measure.bootstrap import DRAWS
from rowwise.measure.page import charts
from rowwise.measure.page.html import figure, paragraph, section, table
from rowwise.shapes.ledger.drawing import safe
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.measure.page.subject import Subject
    from rowwise.measure.regression import RegressionReport
    from rowwise.measure.report import Report

MOST_CLASSES = 100  # rows of the table of classes
MOST_POINTS = 800  # of a scatter
BINS = 24  # of the histogram of errors


def tiles(subject: Subject) -> str:
    """The figures that a reader looks for first."""
    made = []
    if report := subject.classes:
        for key in ("accuracy", "f1", "roc_auc"):
            if (value := getattr(report, key)) is not None:
                base = getattr(report.baseline, key)
                made.append(_tile(f"{value:.4f}", say(f"measure.name.{key}"), report, key, f"{base:.4f}"))
    elif numbers := subject.numbers:
        for score in numbers.per_target[:2]:
            for key in ("mae", "r2"):
                name = UNITS[key] if len(numbers.targets) == 1 else f"{score.name}: {UNITS[key]}"
                interval = between(score.intervals[key], key)
                base = number(score.baseline[key], key)
                made.append(_told(number(getattr(score, key), key), name, interval, base))
    made.append(f'<div class="tile"><b>{len(subject.data):,}</b><span>{safe(say("report.records"))}</span></div>')
    return f'<div class="tiles">{"".join(made)}</div>'


def measures_section(subject: Subject) -> str:
    """Every measure, what is wrong with them, and how they were reached."""
    if report := subject.classes:
        return section("measures", say("report.measures"), *_classification(report))
    return section("measures", say("report.measures"), *_regression(subject.numbers)) if subject.numbers else ""


def _classification(report: Report) -> list[str]:
    rows = [
        (
            say(f"measure.name.{key}"),
            f"{value:.4f}",
            between(interval, "share"),
            "" if base is None else f"{base:.4f}",
            say(f"report.says.{key}"),
        )
        for key, value, interval, base in measures(report)
    ]
    head = ("", say("report.value"), say("measure.interval"), say("measure.baseline"), say("report.means"))
    warn = "".join(f'<p class="warn">{safe(words)}</p>' for words in warnings(report))
    basis = say("measure.baseline.says", name=report.names[report.baseline_class])
    return [
        warn,
        table(head, rows, say("report.measures"), "says"),
        paragraph(basis, "soft small"),
        paragraph(say("report.bootstrap", draws=f"{DRAWS:,}"), "soft small"),
        _by_class(report),
    ]


def _by_class(report: Report) -> str:
    ranks = report.per_class_ranks
    several = len(report.classes) > 2
    rows = []
    for number_, score in enumerate(report.per_class[:MOST_CLASSES]):
        found = [f"{figure:.4f}" for figure in ranks[number_]] if number_ in ranks else ["", ""]
        figures = (f"{score.precision:.4f}", f"{score.recall:.4f}", f"{score.f1:.4f}", *(found if several else ()))
        rows.append((score.name, *figures, f"{score.support:,}", f"{score.predicted:,}"))
    means = [f"{value:.4f}" for value in (report.precision, report.recall, report.f1)]
    if several:
        means += ["" if v is None else f"{v:.4f}" for v in (report.roc_auc, report.average_precision)]
    rows.append((say("measure.macro"), *means, f"{report.records:,}", f"{report.records:,}"))
    head = ["", *(say(f"measure.{word}") for word in ("precision", "recall", "f1"))]
    head += [say("measure.name.roc_auc"), say("measure.name.average_precision")] if several else []
    head += [say("measure.support"), say("report.predicted.count")]
    more = ""
    if len(report.classes) > MOST_CLASSES:
        more = paragraph(say("report.more.classes", count=f"{len(report.classes) - MOST_CLASSES:,}"), "soft small")
    return f"<h3>{safe(say('report.by_class'))}</h3>" + table(head, rows, say("report.by_class"), last=True) + more


def _regression(report: RegressionReport) -> list[str]:
    head = ("", say("report.value"), say("measure.interval"), say("measure.baseline"), say("report.means"))
    made = []
    for score in report.per_target:
        rows = [
            (
                UNITS[key],
                number(getattr(score, key), key),
                between(score.intervals[key], key),
                number(score.baseline[key], key),
                say(f"report.says.{key}"),
            )
            for key in UNITS
        ]
        made.append(f"<h3>{safe(score.name)}</h3>" + table(head, rows, score.name, "says"))
        made.append(paragraph(say("measure.mean.says", mean=significant(score.mean)), "soft small"))
        if score.rmse >= score.baseline["rmse"]:
            made.append(f'<p class="warn">{safe(say("measure.no_better.mean", name=score.name))}</p>')
    return [*made, paragraph(say("report.bootstrap", draws=f"{DRAWS:,}"), "soft small"), _pictures(report)]


def _pictures(report: RegressionReport) -> str:
    """For each target its numbers against the true ones, and how large the errors are."""
    import numpy as np

    chosen = np.random.default_rng(0).permutation(report.records)[:MOST_POINTS]
    made = []
    for place, name in enumerate(report.targets):
        true, predicted = report.true[:, place], report.predicted[:, place]
        points = [(float(a), float(b)) for a, b in zip(true[chosen], predicted[chosen], strict=True)]
        title = say("report.scatter", name=name)
        told = say("report.scatter.says", shown=f"{len(points):,}", records=f"{report.records:,}")
        made.append(figure(charts.scatter(points, title, told, say("report.true.number")), title, _small(told)))
        counts, edges = np.histogram(predicted - true, BINS)
        title = say("report.residuals", name=name)
        told = say("report.residuals.says", mean=significant(float((predicted - true).mean())))
        drawn = charts.histogram(counts.tolist(), edges.tolist(), title, told, say("report.error"))
        made.append(figure(drawn, title, _small(told)))
    return f'<div class="two">{"".join(made)}</div>'


def _small(words: str) -> str:
    return paragraph(words, "soft small")


def _tile(value: str, name: str, report: Report, key: str, base: str) -> str:
    return _told(value, name, between(report.intervals.get(key), "share"), base)


def _told(value: str, name: str, interval: str, base: str) -> str:
    lines = [name, interval and say("report.tile.interval", interval=interval), say("report.tile.base", value=base)]
    spans = "".join(f"<span>{safe(words)}</span>" for words in lines if words)
    return f'<div class="tile"><b>{safe(value)}</b>{spans}</div>'
