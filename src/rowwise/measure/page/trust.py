"""A report, and the importance of columns → whether to believe the model, and what it goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.measure.as_text import UNITS, number
from rowwise.measure.page import charts
from rowwise.measure.page.html import details, figure, paragraph, section, table, wide
from rowwise.shapes.ledger.drawing import safe
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.measure.page.subject import Subject

MOST_COLUMNS = 40
KNOWN = {"mean_absolute_error": UNITS["mae"]}  # Keras's names of metrics that are better known by others


def calibration_section(subject: Subject) -> str:
    """How often the model is right where it is so sure."""
    report = subject.classes
    found = report.calibration if report else None
    if report is None or found is None:
        return ""
    gap = found.confidence - report.accuracy
    key = "over" if gap > 0.02 else "under" if gap < -0.02 else "good"
    told = say(
        f"report.calibration.{key}", confidence=f"{100 * found.confidence:.1f}", accuracy=f"{100 * report.accuracy:.1f}"
    )
    title = say("report.reliability")
    rows = [
        (
            f"{100 * each.low:.0f} – {100 * each.high:.0f} %",
            f"{each.records:,}",
            f"{100 * each.confidence:.1f} %",
            f"{100 * each.accuracy:.1f} %",
        )
        for each in found.bins
    ]
    head = (say("report.sure"), say("report.records"), say("report.mean.sure"), say("report.share.right"))
    drawn = figure(charts.reliability(found, title, told, say("report.reliability.axis")), title)
    ece = say("report.ece", ece=f"{found.ece:.4f}", bins=len(found.bins))
    words = paragraph(say("report.reliability.says"), "small") + paragraph(ece, "small")
    beside = f"<div>{words}{table(head, rows, kind='quiet')}</div>"
    return section("calibration", say("report.calibration"), paragraph(told), f'<div class="two">{drawn}{beside}</div>')


def importance_section(subject: Subject) -> str:
    """A bar for each column."""
    found = subject.importance
    if found is None:
        return ""
    most = max((column.mean for column in found.columns), default=0)
    rows = []
    for column in found.columns[:MOST_COLUMNS]:
        share = max(column.mean, 0) / most if most > 0 else 0
        rows.append(
            f'<tr><th scope="row">{safe(column.name)}</th>'
            f"<td>{number(column.mean, found.measure)}</td><td>± {column.std:.4f}</td>"
            f'<td><span class="level" style="width:{100 * share:.1f}%"></span></td></tr>'
        )
    measure = say("measure.name.accuracy") if found.measure == "accuracy" else "R²"
    head = (say("report.column"), say("report.falls", measure=measure), say("report.deviation"), "")
    heads = "".join(f'<th scope="col">{safe(cell)}</th>' for cell in head)
    told = say(
        "report.importance.says",
        measure=measure,
        repeats=found.repeats,
        records=f"{found.records:,}",
        figure=f"{found.figure:.4f}",
    )
    more = len(found.columns) - MOST_COLUMNS
    body = wide(
        f'<table class="bars"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>',
        say("report.importance"),
    )
    return section(
        "importance",
        say("report.importance"),
        paragraph(told),
        body,
        paragraph(say("report.more.columns", count=f"{more:,}"), "soft small") if more > 0 else "",
    )


def curves_section(subject: Subject) -> str:
    """A chart for the loss and for each metric, training and validation; all figures as a table."""
    rows = subject.epochs
    if not rows:
        return ""
    kept = [name for name in rows[0] if name not in ("epoch", "seconds")]
    names = [name for name in kept if not name.startswith("val_") and "learning_rate" not in name][:4]

    def values(name: str) -> list[float]:
        return [float("nan") if row[name] is None else float(row[name]) for row in rows]

    drawn = []
    for name in names:
        title = say(f"pictures.{name}") if name in ("loss", "accuracy") else KNOWN.get(name, name)
        series = [("one", values(name))]
        if f"val_{name}" in kept:
            series.append(("two-line", values(f"val_{name}")))
        told = "; ".join(
            f"{say('pictures.training' if kind == 'one' else 'pictures.validation')}: {line[0]:.4g} → {line[-1]:.4g}"
            for kind, line in series
        )
        drawn.append(figure(charts.curves(series, title, told, say("pictures.epoch")), title, _small(told)))
    second = (
        f'<i class="second"></i>{safe(say("pictures.validation"))}' if any(n.startswith("val_") for n in kept) else ""
    )
    key = f'<p class="key small"><i></i>{safe(say("pictures.training"))}{second}</p>'
    head = (say("pictures.epoch"), *kept, say("report.seconds"))
    body = [
        (str(row["epoch"]), *(_four(row[name]) for name in kept), f"{row['seconds']:.2f}")
        for row in rows
        if "seconds" in row
    ]
    every = details(say("report.every_epoch"), table(head, body, kind="quiet"))
    return section("curves", say("pictures.curves"), key, f'<div class="two">{"".join(drawn)}</div>', every)


def _four(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _small(words: str) -> str:
    return paragraph(words, "soft small")
