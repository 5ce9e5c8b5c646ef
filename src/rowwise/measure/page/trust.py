"""A report, and the importance of columns → how far the model can be trusted, and what it relies on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from rowwise.measure.as_text import UNITS, number
from rowwise.measure.page.charts import Labels, curves, reliability
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from markupsafe import Markup

    from rowwise.measure.page.subject import Subject

MOST_COLUMNS = 40
MOST_CURVES = 4
TOLERANCE = 0.02  # between confidence and accuracy: closer than that, the confidence can be trusted
BETTER_KNOWN = {"mean_absolute_error": UNITS["mae"]}  # Keras's names of metrics that are better known otherwise


class CalibrationView(NamedTuple):
    """A verdict, the diagram, the calibration error in words, and the bins as a table."""

    picture: Markup
    labels: Labels
    error: str
    head: list[str]
    bins: Sequence[Sequence[str]]


class ImportanceView(NamedTuple):
    """`rows`: a column's name, how far the figure falls, its deviation, and the length of its bar in percent."""

    summary: str
    head: list[str]
    rows: list[tuple[str, str, str, str]]
    omission: str


class Curve(NamedTuple):
    """The lines of one metric; the picture is empty where no figure is finite."""

    picture: Markup
    labels: Labels


class CurvesView(NamedTuple):
    """Charts of the loss and of metrics, and every epoch as a table."""

    validated: bool
    charts: list[Curve]
    head: list[str]
    epochs: Sequence[Sequence[str]]


def calibration_view(subject: Subject) -> CalibrationView | None:
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
            f"{100 * each.low:.0f} – {100 * each.high:.0f} %",
            f"{each.records:,}",
            f"{100 * each.confidence:.1f} %",
            f"{100 * each.accuracy:.1f} %",
        )
        for each in measured.bins
    ]
    head = [say("report.sure"), say("report.records"), say("report.mean.sure"), say("report.share.right")]
    error = say("report.ece", ece=f"{measured.ece:.4f}", bins=len(measured.bins))
    return CalibrationView(reliability(measured, labels), labels, error, head, bins)


def importance_view(subject: Subject) -> ImportanceView | None:
    """A bar for each column."""
    measured = subject.importance
    if measured is None:
        return None
    most = max((column.mean for column in measured.columns), default=0)
    rows = []
    for column in measured.columns[:MOST_COLUMNS]:
        share = max(column.mean, 0) / most if most > 0 else 0
        fall = number(column.mean, measured.measure)
        rows.append((column.name, fall, f"± {column.std:.4f}", f"{100 * share:.1f}"))
    measure = say("measure.name.accuracy") if measured.measure == "accuracy" else UNITS["r2"]
    summary = say(
        "report.importance.says",
        measure=measure,
        repeats=measured.repeats,
        records=f"{measured.records:,}",
        figure=f"{measured.figure:.4f}",
    )
    head = [say("report.column"), say("report.falls", measure=measure), say("report.deviation"), ""]
    rest = len(measured.columns) - MOST_COLUMNS
    return ImportanceView(summary, head, rows, say("report.more.columns", count=f"{rest:,}") if rest > 0 else "")


def curves_view(subject: Subject) -> CurvesView | None:
    """A chart for the loss and for each metric, training and validation; all figures as a table."""
    figures, seconds = subject.training.figures, subject.training.seconds
    if not figures:
        return None
    columns = list(figures)
    metrics = [name for name in columns if not name.startswith("val_") and "learning_rate" not in name][:MOST_CURVES]

    charts = []
    for name in metrics:
        series = [("first", "pictures.training", list(figures[name]))]
        if f"val_{name}" in columns:
            series.append(("second", "pictures.validation", list(figures[f"val_{name}"])))
        title = say(f"pictures.{name}") if name in ("loss", "accuracy") else BETTER_KNOWN.get(name, name)
        description = "; ".join(f"{say(key)}: {line[0]:.4g} → {line[-1]:.4g}" for _, key, line in series)
        labels = Labels(title, description, say("pictures.epoch"))
        charts.append(Curve(curves([(kind, line) for kind, _, line in series], labels), labels))
    rows = [
        (str(number), *_four(values), f"{spent:.2f}")
        for number, (values, spent) in enumerate(zip(zip(*figures.values(), strict=True), seconds, strict=False), 1)
    ]
    head = [say("pictures.epoch"), *columns, say("report.seconds")]
    return CurvesView(any(name.startswith("val_") for name in columns), charts, head, rows)


def _four(values: Iterable[float]) -> list[str]:
    return ["–" if math.isnan(value) else f"{value:.4f}" for value in values]
