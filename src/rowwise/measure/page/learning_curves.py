"""The figures of every epoch → charts of the loss and the metrics, and a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from rowwise.measure.as_text import UNITS
from rowwise.measure.page.charts import Labels, curves
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from markupsafe import Markup

    from rowwise.measure.page.report_content import ReportContent, Training

MOST_CURVES = 4
BETTER_KNOWN = {"mean_absolute_error": UNITS["mae"]}  # Keras's names of metrics that are better known otherwise


class Curve(NamedTuple):
    """The lines of one metric; the picture is empty where no figure is finite."""

    picture: Markup
    labels: Labels


class CurvesView(NamedTuple):
    """Charts of the loss and of metrics, and every epoch as a table; `kept` says which epoch's weights are kept."""

    validated: bool
    kept: str
    charts: list[Curve]
    head: list[str]
    epochs: Sequence[Sequence[str]]


def curves_view(subject: ReportContent) -> CurvesView | None:
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
        charts.append(
            Curve(curves([(kind, line) for kind, _, line in series], labels, kept=subject.training.best_epoch), labels)
        )
    rows = [
        (str(number), *_four(values), f"{spent:.2f}")
        for number, (values, spent) in enumerate(zip(zip(*figures.values(), strict=True), seconds, strict=False), 1)
    ]
    head = [say("pictures.epoch"), *columns, say("report.seconds")]
    validated = any(name.startswith("val_") for name in columns)
    return CurvesView(validated, _kept(subject.training), charts, head, rows)


def _kept(training: Training) -> str:
    """In words; empty where the last epoch's weights are kept whatever its validation loss."""
    best, losses = training.best_epoch, training.figures.get("val_loss", ())
    if not 0 < best <= len(losses):
        return ""
    if best == len(losses):
        return say("report.kept.last", best=best, loss=f"{losses[best - 1]:.4g}")
    figures = {"loss": f"{losses[best - 1]:.4g}", "last_loss": f"{losses[-1]:.4g}"}
    return say("report.kept", best=best, last=len(losses), **figures)


def _four(values: Iterable[float]) -> list[str]:
    return ["–" if math.isnan(value) else f"{value:.4f}" for value in values]
