"""A report → its measures: the head's tiles, then all of them with intervals and the baseline beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rowwise.measure import as_text
from rowwise.measure.as_text import UNITS, between, mean_baseline, number, significant
from rowwise.measure.bootstrap import DRAWS
from rowwise.measure.page.charts import Labels, histogram, scatter
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from rowwise.measure.multilabel import MultiLabelReport
    from rowwise.measure.page.report_content import ReportContent
    from rowwise.measure.quantiles import QuantileReport
    from rowwise.measure.regression import RegressionReport
    from rowwise.measure.report import Report

MOST_CLASSES = 100  # rows of the table of classes
MOST_POINTS = 800  # of a scatter
BINS = 24  # of the histogram of errors


class Tile(NamedTuple):
    """A figure in large, and the lines below it."""

    value: str
    lines: list[str]


class MeasureTable(NamedTuple):
    """The measures of all classes, or of one target: its name, then the table, a note, a warning."""

    name: str
    label: str
    rows: Sequence[Sequence[str]]
    note: str
    warning: str


class ClassTable(NamedTuple):
    """A row a class and one for their mean; `omission`: in words, how many are left out."""

    head: list[str]
    rows: Sequence[Sequence[str]]
    omission: str


class Chart(NamedTuple):
    """A chart and what it is called and says."""

    picture: Markup
    labels: Labels


class Measures(NamedTuple):
    """All measures; `head` is that of each of `tables`."""

    warnings: list[str]
    head: list[str]
    tables: list[MeasureTable]
    bootstrap: str
    by_class: ClassTable | None
    charts: list[Chart]


def tiles(subject: ReportContent) -> list[Tile]:
    """The figures that a reader looks for first."""
    tiles = []
    if report := subject.classes:
        for key in ("accuracy", "f1", "roc_auc"):
            if (value := getattr(report, key)) is not None:
                interval = between(report.intervals.get(key), "share")
                base = f"{getattr(report.baseline, key):.4f}"
                tiles.append(_tile(f"{value:.4f}", say(f"measure.name.{key}"), interval, base))
    elif labels := subject.labels:
        for key, value, measured, baseline in as_text.label_measures(labels):
            if key in ("binary_accuracy", "f1", "roc_auc"):
                interval = between(measured, "share")
                tiles.append(_tile(f"{value:.4f}", say(f"measure.name.{key}"), interval, _one(baseline)))
    elif spread := subject.quantiles:
        base = significant(spread.baseline_pinball)
        tiles.append(_tile(significant(spread.pinball), as_text.measure_name("pinball"), "", base))
        for band in spread.bands[:1]:
            share = say("report.tile.nominal", share=f"{100 * band.nominal:.4g}")
            tiles.append(Tile(f"{100 * band.coverage:.1f} %", [as_text.measure_name("coverage"), share]))
    elif numbers := subject.numbers:
        for score in numbers.per_target[:2]:
            for key in ("mae", "r2"):
                name = UNITS[key] if len(numbers.targets) == 1 else f"{score.name}: {UNITS[key]}"
                interval = between(score.intervals[key], key)
                base = number(score.baseline[key], key)
                tiles.append(_tile(number(getattr(score, key), key), name, interval, base))
    return [*tiles, Tile(f"{len(subject.data):,}", [say("report.records")])]


def _tile(value: str, name: str, interval: str, base: str) -> Tile:
    lines = [name, interval and say("report.tile.interval", interval=interval), say("report.tile.base", value=base)]
    return Tile(value, [line for line in lines if line])


def measures_view(subject: ReportContent) -> Measures | None:
    """Every measure, warnings, and how the measures were obtained."""
    head = ["", say("report.value"), say("measure.interval"), say("measure.baseline"), say("report.means")]
    bootstrap = say("report.bootstrap", draws=f"{DRAWS:,}")
    if subject.report.weights is not None:
        bootstrap += " " + as_text.weighted_text(subject.report)
    if report := subject.classes:
        warnings = [*as_text.decided(report), *as_text.warnings(report)]
        return Measures(warnings, head, [_of_classes(report)], bootstrap, _by_class(report), [])
    if labels := subject.labels:
        table = MeasureTable("", say("report.measures"), _label_rows(labels), say("measure.baseline.labels"), "")
        warnings = [*as_text.labels_decided(labels), *as_text.label_warnings(labels)]
        return Measures(warnings, head, [table], bootstrap, _by_label(labels), [])
    if spread := subject.quantiles:
        return Measures(as_text.band_lines(spread), head, [_of_quantiles(spread)], bootstrap, None, [])
    if numbers := subject.numbers:
        shown = range(min(len(numbers.targets), as_text.MOST_TARGETS))
        tables = [_of_target(numbers, target) for target in shown]
        return Measures([], head, tables, bootstrap, None, _charts(numbers))
    return None


def _of_classes(report: Report) -> MeasureTable:
    rows = [
        (
            say(f"measure.name.{key}"),
            f"{value:.4f}",
            between(interval, "share"),
            "" if base is None else f"{base:.4f}",
            say(f"report.says.{key}"),
        )
        for key, value, interval, base in as_text.measures(report)
    ]
    basis = say("measure.baseline.says", name=report.names[report.baseline_class])
    return MeasureTable("", say("report.measures"), rows, basis, "")


def _label_rows(report: MultiLabelReport) -> list[tuple[str, ...]]:
    return [
        (
            say(f"measure.name.{key}"),
            f"{value:.4f}",
            between(interval, "share"),
            _one(base),
            say(f"report.says.labels.{key}"),
        )
        for key, value, interval, base in as_text.label_measures(report)
    ]


def _of_target(report: RegressionReport, target: int) -> MeasureTable:
    score = report.per_target[target]
    rows = [
        (
            as_text.measure_name(key),
            number(getattr(score, key), key),
            between(score.intervals[key], key),
            number(score.baseline[key], key),
            say(f"report.says.{key}"),
        )
        for key in report.figures
    ]
    worse = score.rmse >= score.baseline["rmse"]
    warning = say("measure.no_better.mean", name=score.name) if worse else ""
    return MeasureTable(score.name, score.name, rows, mean_baseline(report, significant(score.mean)), warning)


def _of_quantiles(report: QuantileReport) -> MeasureTable:
    rows = []
    for score in report.per_quantile:
        pinball = f"{as_text.measure_name('pinball')} {score.level:g}"
        interval = between(score.intervals["pinball"], "pinball")
        base = significant(score.baseline)
        rows.append((pinball, significant(score.pinball), interval, base, say("report.says.pinball")))
        interval = between(score.intervals["coverage"], "share")
        says = say("report.says.coverage", level=f"{score.level:g}")
        rows.append((f"{say('measure.coverage')} {score.level:g}", f"{score.coverage:.4f}", interval, "", says))
    worse = report.pinball >= report.baseline_pinball
    warning = say("measure.no_better.quantiles", name=report.target) if worse else ""
    return MeasureTable(report.target, report.target, rows, say("measure.baseline.quantiles"), warning)


def _by_class(report: Report) -> ClassTable:
    ranks = report.per_class_ranks
    several = len(report.classes) > 2
    rows: list[tuple[str, ...]] = []
    for label, score in enumerate(report.per_class[:MOST_CLASSES]):
        ranked = [f"{figure:.4f}" for figure in ranks[label]] if label in ranks else ["", ""]
        figures = (*_four(score.precision, score.recall, score.f1), *(ranked if several else ()))
        rows.append((score.name, *figures, f"{score.support:,}", f"{score.predicted:,}"))
    means = _four(report.precision, report.recall, report.f1)
    means += _four(report.roc_auc, report.average_precision) if several else []
    rows.append((say("measure.macro"), *means, f"{report.records:,}", f"{report.records:,}"))
    head = ["", *(say(f"measure.{word}") for word in ("precision", "recall", "f1"))]
    head += [say("measure.name.roc_auc"), say("measure.name.average_precision")] if several else []
    head += [say("measure.support"), say("report.predicted.count")]
    rest = len(report.classes) - MOST_CLASSES
    return ClassTable(head, rows, say("report.more.classes", count=f"{rest:,}") if rest > 0 else "")


def _by_label(report: MultiLabelReport) -> ClassTable:
    rows: list[tuple[str, ...]] = []
    for score in report.per_label[:MOST_CLASSES]:
        figures = _four(score.precision, score.recall, score.f1, score.roc_auc, score.average_precision)
        rows.append((score.name, *figures, f"{score.support:,}", f"{score.predicted:,}"))
    means = _four(report.precision, report.recall, report.f1, report.roc_auc, report.average_precision)
    counts = [f"{int(labels.sum()):,}" for labels in (report.true, report.predicted)]
    rows.append((say("measure.macro"), *means, *counts))
    head = ["", *(say(f"measure.{word}") for word in ("precision", "recall", "f1"))]
    head += [say("measure.name.roc_auc"), say("measure.name.average_precision")]
    head += [say("measure.support"), say("report.predicted.count")]
    rest = len(report.labels) - MOST_CLASSES
    return ClassTable(head, rows, say("report.more.classes", count=f"{rest:,}") if rest > 0 else "")


def _one(value: float | None) -> str:
    return _four(value)[0]


def _four(*values: float | None) -> list[str]:
    return ["" if value is None else f"{value:.4f}" for value in values]


def _charts(report: RegressionReport) -> list[Chart]:
    """For each target its numbers against the true ones, and how large the errors are."""
    chosen = np.random.default_rng(0).permutation(report.records)[:MOST_POINTS]
    charts = []
    for target, name in enumerate(report.counted[: as_text.MOST_TARGETS]):
        true, predicted = report.true[:, target], report.predicted[:, target]
        pairs = [(float(a), float(b)) for a, b in zip(true[chosen], predicted[chosen], strict=True)]
        description = say("report.scatter.says")
        if len(pairs) < report.records:
            description += " " + say("report.scatter.some", shown=f"{len(pairs):,}", records=f"{report.records:,}")
        labels = Labels(say("report.scatter", name=name), description, say("report.true.number"))
        charts.append(Chart(scatter(pairs, labels), labels))
        counts, edges = np.histogram(predicted - true, BINS)
        description = say("report.residuals.says", mean=significant(float((predicted - true).mean())))
        labels = Labels(say("report.residuals", name=name), description, say("report.error"))
        charts.append(Chart(histogram(counts.tolist(), edges.tolist(), labels), labels))
    return charts
