"""A report → text of at most 80 columns, in the current language; and its figures as people read them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rowwise.models.threshold_aim import aim_of
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap
from rowwise.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.measure import AnyReport
    from rowwise.measure.bootstrap import Interval
    from rowwise.measure.importance import Importance
    from rowwise.measure.multilabel import MultiLabelReport
    from rowwise.measure.quantiles import QuantileReport
    from rowwise.measure.regression import RegressionReport
    from rowwise.measure.report import Report
    from rowwise.models.threshold_aim import Aim

COLUMN = 11  # of figures
RANGES = (12, 22, 13)  # of a figure, its interval and the baseline's
TARGET, IMPORTANCE = 24, 40  # of a target's name, and of a column's
MOST_TARGETS = 40  # shown; an autoencoder has as many targets as features
OF_A_UNIT = ("mae", "rmse", "deviance", "pinball")  # whose size depends on the target's
UNITS = {"mae": "MAE", "rmse": "RMSE", "r2": "R²", "d2": "D²"}


def classification(report: Report) -> str:
    """Classes, measures with intervals and baseline, what is confused, what is never predicted."""
    loss = "" if report.loss is None else "  " + say("measure.loss", loss=f"{report.loss:.4f}")
    lines = [say("measure.accuracy", accuracy=f"{report.accuracy:.4f}") + loss, *_classes(report), *_measures(report)]
    if pairs := report.confused():
        lines.append(say("measure.confused"))
        lines += [
            say("measure.pair", true=p.true, predicted=p.predicted, count=p.records, share=f"{100 * p.share:.1f}")
            for p in pairs
        ]
    lines += [line for sentence in (*decided(report), *warnings(report)) for line in wrap(sentence)]
    return "\n".join([*lines, *_weighted(report), *_basis(report)])


def regression(report: RegressionReport) -> str:
    """For each target MAE, RMSE and R², with intervals and the baseline; of many first their means."""
    head = ("", say("measure.interval"), say("measure.baseline"))
    lines: list[str] = []
    if len(report.targets) > MOST_TARGETS:
        means = {name: number(getattr(report, name), name) for name in ("mae", "rmse", "r2")}
        lines += wrap(say("measure.mean.targets", targets=f"{len(report.targets):,}", **means))
    shown = report.per_target[:MOST_TARGETS]
    for score in shown:
        lines.append(table_line(score.name, TARGET, head, RANGES))
        for name in report.figures:
            cells = (number(getattr(score, name), name), between(score.intervals[name], name))
            base = number(score.baseline[name], name)
            lines.append(table_line(f"  {measure_name(name)}", TARGET, (*cells, base), RANGES))
    lines += wrap(mean_baseline(report, ", ".join(significant(score.mean) for score in shown)))
    for score in shown:
        if score.rmse >= score.baseline["rmse"]:
            lines += wrap(say("measure.no_better.mean", name=score.name))
    if len(report.targets) > MOST_TARGETS:
        lines.append(say("measure.more.targets", more=f"{len(report.targets) - MOST_TARGETS:,}"))
    return "\n".join([*lines, *_weighted(report), *_basis(report)])


def mean_baseline(report: RegressionReport, means: str) -> str:
    """What the baseline of numbers answers."""
    return say("measure.mean.says" if report.means is not None else "measure.mean.measured", mean=means)


def quantiles(report: QuantileReport) -> str:
    """For each quantile its pinball loss and coverage, for each interval how much it holds."""
    head = (say("measure.name.pinball"), say("measure.baseline"), say("measure.coverage"), say("measure.interval"))
    columns = (12, 12, 12, 22)
    lines = [table_line(report.target, 16, head, columns)]
    for score in report.per_quantile:
        figures = (significant(score.pinball), significant(score.baseline), f"{score.coverage:.4f}")
        share = between(score.intervals["coverage"], "share")
        lines.append(table_line(f"  {score.level:g}", 16, (*figures, share), columns))
    means = (significant(report.pinball), significant(report.baseline_pinball), "", "")
    lines.append(table_line(f"  {say('measure.quantiles.mean')}", 16, means, columns).rstrip())
    for sentence in band_lines(report):
        lines += wrap(sentence)
    lines += wrap(say("measure.baseline.quantiles"))
    if report.pinball >= report.baseline_pinball:
        lines += wrap(say("measure.no_better.quantiles", name=report.target))
    return "\n".join([*lines, *_weighted(report), *_basis(report)])


def band_lines(report: QuantileReport) -> list[str]:
    """Of each interval how many true numbers it holds, how many it should, and how wide it is."""
    return [
        say(
            "measure.band",
            low=f"{band.low:g}",
            high=f"{band.high:g}",
            coverage=f"{100 * band.coverage:.1f}",
            nominal=f"{100 * band.nominal:.4g}",
            interval=f"{100 * band.interval.low:.1f} – {100 * band.interval.high:.1f}",
            width=significant(band.width),
        )
        for band in report.bands
    ]


def of_labels(report: MultiLabelReport) -> str:
    """Labels, measures with intervals and baseline."""
    figures = {name: f"{getattr(report, name):.4f}" for name in ("accuracy", "subset_accuracy", "hamming_loss")}
    loss = "" if report.loss is None else "  " + say("measure.loss", loss=f"{report.loss:.4f}")
    lines = [say("measure.labels.first", **figures) + loss, *_labels(report)]
    names = [say(f"measure.name.{row[0]}") for row in label_measures(report)]
    lines += _table_of_measures(names, label_measures(report)) + wrap(say("measure.baseline.labels"))
    lines += [line for sentence in (*labels_decided(report), *label_warnings(report)) for line in wrap(sentence)]
    return "\n".join([*lines, *_weighted(report), *_basis(report)])


def figures_line(report: AnyReport) -> str:
    """`accuracy 0.9123, log loss 0.2345`: what a report says first."""
    every = ("accuracy", "kappa", "loss", "rmse", "r2", "d2", "pinball", "coverage")
    names = [name for name in every if getattr(report, name, None) is not None]
    return ", ".join(f"{measure_name(name)} {number(getattr(report, name), name)}" for name in names)


def measure_name(name: str) -> str:
    """What a measure is called, in the current language."""
    return UNITS.get(name) or say(f"measure.name.{name}")


def importance_lines(importance: Importance, most: int = 8) -> list[str]:
    """The most important columns of a table, a line each."""
    measure = UNITS.get(importance.measure) or say(f"measure.name.{importance.measure}")
    records, key = f"{importance.records:,}", "measure.rises" if importance.rises else "measure.falls"
    lines = wrap(say(key, measure=measure, repeats=importance.repeats, records=records))
    for column, cells in list(zip(importance.columns, with_deviations(importance), strict=True))[:most]:
        lines.append(table_line(f"  {column.name}", IMPORTANCE, cells))
    return lines


def with_deviations(importance: Importance) -> list[tuple[str, str]]:
    """Of each column the mean, and `± ` its deviation: of the largest three digits, of all as many decimals."""
    name = importance.measure
    most = max((column.std for column in importance.columns), default=0.0)
    if not (math.isfinite(most) and most > 0):
        return [(number(column.mean, name), f"± {number(column.std, name)}") for column in importance.columns]
    decimals = min(decimals_of(most), 9 if name in OF_A_UNIT else 4)
    return [
        (f"{round(column.mean, decimals) + 0.0:,.{decimals}f}", f"± {column.std:,.{decimals}f}")
        for column in importance.columns
    ]


def decimals_of(value: float, digits: int = 3) -> int:
    """Of figures that stand below one another, where the largest has so many digits."""
    return max(digits - 1 - math.floor(math.log10(abs(value))), 0) if value else 0


def number(value: float, name: str) -> str:
    """A figure as its measure is usually written: shares with four decimals, errors with four digits."""
    if name in OF_A_UNIT:
        return significant(value)
    return f"{round(value, 4) + 0.0:.4f}" if math.isfinite(value) else "–"  # + 0.0: no "-0.0000"


def between(interval: Interval | None, name: str) -> str:
    """`0.8761 – 0.8889`, or nothing."""
    return f"{number(interval.low, name)} – {number(interval.high, name)}" if interval and interval.draws else ""


def warnings(report: Report) -> list[str]:
    """What accuracy hides, in plain sentences."""
    sentences = []
    if never := report.never_predicted:
        sentences.append(say("measure.never", names=", ".join(report.names[c] for c in never)))
    if len(report.classes) > 1 and report.accuracy <= report.baseline.accuracy:
        values = {"name": report.names[report.baseline_class], "baseline": f"{report.baseline.accuracy:.4f}"}
        if better := better_elsewhere(report):
            names = [
                (say(f"measure.name.{key}"), getattr(report, key), getattr(report.baseline, key)) for key in better
            ]
            shown = [say("measure.better", measure=n, value=f"{v:.4f}", base=f"{base:.4f}") for n, v, base in names]
            sentences.append(say("measure.no_better.accuracy", **values, measures=", ".join(shown)))
        else:
            sentences.append(say("measure.no_better", **values))
    return sentences


def decided(report: Report) -> list[str]:
    """The threshold and the calibration of a model, with the measures without them, in plain sentences."""
    sentences = []
    if (half := report.at_half) is not None:
        values = {"name": report.names[1], "threshold": f"{report.threshold:.3g}"}
        sentences.append(say("measure.threshold", **values, **_before_and_after(half, report)) + _aimed(report))
    if (raw := report.uncalibrated) is not None and raw.calibration is not None and report.calibration is not None:
        figures = {"loss": f"{raw.loss:.4f}", "loss_now": f"{report.loss:.4f}"}
        figures |= {"ece": f"{raw.calibration.ece:.4f}", "ece_now": f"{report.calibration.ece:.4f}"}
        sentences.append(say("measure.calibrated", temperature=f"{report.temperature:.3g}", **figures))
    return sentences


def labels_decided(report: MultiLabelReport) -> list[str]:
    """The thresholds and the calibration of a model of labels, as `decided`."""
    sentences = []
    if (half := report.at_half) is not None:
        each = zip(report.labels, report.thresholds, strict=True)
        shown = ", ".join(f"{name} {threshold:.3g}" for name, threshold in each)
        figures = _before_and_after(half, report)
        sentences.append(say("measure.thresholds", thresholds=shown, **figures) + _aimed(report))
    if (raw := report.uncalibrated) is not None:
        shown = ", ".join(f"{temperature:.3g}" for temperature in report.temperatures)
        losses = {"loss": f"{raw.loss:.4f}", "loss_now": f"{report.loss:.4f}"}
        sentences.append(say("measure.calibrated.labels", temperature=shown, **losses))
    return sentences


def _aimed(report: Report | MultiLabelReport) -> str:
    """What the threshold was chosen for, and what became of that on these records."""
    aim, aimed = aim_of(report.aim), report.aimed
    if aim is None or aimed is None:
        return ""
    figures = {"before": f"{aimed.before:.4f}", "after": f"{aimed.after:.4f}"}
    return " " + say("measure.threshold.aim", measure=about_aim(aim), **figures)


def about_aim(aim: Aim) -> str:
    """The measure that a threshold is chosen for, in words."""
    return say(f"decisions.{aim.kind}", false_yes=f"{aim.false_yes:g}", false_no=f"{aim.false_no:g}")


def _before_and_after(before: AnyReport, after: AnyReport) -> dict[str, str]:
    names = ("accuracy", "f1")
    shown = {name: f"{getattr(before, name):.4f}" for name in names}
    return shown | {f"{name}_now": f"{getattr(after, name):.4f}" for name in names}


def better_elsewhere(report: Report) -> list[str]:
    """Measures that do not favour frequent classes, and whose whole interval is better than the baseline's value.

    Where most records are of one class nothing beats always answering it by accuracy, however much was learned: the
    ranking (ROC AUC), the mean recall of the classes and the log loss tell.
    """
    base, better = report.baseline, []
    for key in ("roc_auc", "recall", "loss"):
        value, interval = getattr(base, key), report.intervals.get(key)
        if value is not None and interval is not None and interval.draws:
            better += [key] if (interval.high < value if key == "loss" else interval.low > value) else []
    return better


def label_measures(report: MultiLabelReport) -> list[tuple[str, float, Interval | None, float | None]]:
    """Each measure that the report has, as `measures`; keys of the catalogue that differ from those of classes."""
    names = {"accuracy": "binary_accuracy"}
    return [
        (names.get(key, key), value, report.intervals.get(key), getattr(report.baseline, key))
        for key in report.figures
        if (value := getattr(report, key)) is not None
    ]


def label_warnings(report: MultiLabelReport) -> list[str]:
    """Labels that are never predicted, and the advice where every record has exactly one."""
    never = [score.name for score in report.per_label if score.support and not score.predicted]
    sentences = [say("measure.labels.never", names=", ".join(never))] if never else []
    if (report.true.sum(1) == 1).all():
        sentences.append(say("measure.labels.one"))
    return sentences


def measures(report: Report) -> list[tuple[str, float, Interval | None, float | None]]:
    """Each measure that the report has: its key, its value, its interval, the baseline's value."""
    keys = ("accuracy", "level_error", "kappa", "precision", "recall", "f1", "roc_auc", "average_precision", "loss")
    rows = [
        (key, value, report.intervals.get(key), getattr(report.baseline, key))
        for key in keys
        if (value := getattr(report, key)) is not None
    ]
    return rows + ([("ece", report.calibration.ece, None, None)] if report.calibration else [])


def significant(value: float, digits: int = 4) -> str:
    """A figure of any size: `0.0123`, `43.21`, `12,346`, `1.2e-07`."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    power = math.floor(math.log10(abs(value)))
    if -5 < power < 9:
        return f"{value:,.{max(digits - 1 - power, 0)}f}"
    return f"{value:.{digits - 1}e}"


def _classes(report: Report) -> list[str]:
    from rich.cells import cell_len

    head = [say(f"measure.{word}") for word in ("precision", "recall", "f1", "support")]
    names = (*report.names, say("measure.macro"))
    width = min(max(cell_len(visible(name)) for name in names), WIDTH - 4 * COLUMN)
    rows = [
        table_line(s.name, width, (f"{s.precision:.4f}", f"{s.recall:.4f}", f"{s.f1:.4f}", f"{s.support:,}"))
        for s in report.per_class
    ]
    macro = (f"{report.precision:.4f}", f"{report.recall:.4f}", f"{report.f1:.4f}", f"{report.records:,}")
    return [table_line("", width, head), *rows, table_line(say("measure.macro"), width, macro)]


def _measures(report: Report) -> list[str]:
    rows = [row for row in measures(report) if row[0] not in ("precision", "recall")]
    names = [say(f"measure.name.{row[0]}") for row in rows]
    lines = _table_of_measures(names, rows)
    return lines + wrap(say("measure.baseline.says", name=report.names[report.baseline_class]))


def _labels(report: MultiLabelReport) -> list[str]:
    """A row a label, then the macro and the micro averages."""
    from rich.cells import cell_len

    head = [say(f"measure.{word}") for word in ("precision", "recall", "f1")] + ["ROC AUC", say("measure.support")]
    names = (*report.labels[:MOST_TARGETS], say("measure.macro"), say("measure.micro"))
    widths = (10, 10, 10, 10, 11)
    width = min(max(cell_len(name) for name in names), WIDTH - sum(widths))
    rows = [(s.name, s.precision, s.recall, s.f1, s.roc_auc, f"{s.support:,}") for s in report.per_label[:MOST_TARGETS]]
    support = f"{int(report.true.sum()):,}"
    rows.append((names[-2], report.precision, report.recall, report.f1, report.roc_auc, support))
    rows.append((names[-1], report.micro_precision, report.micro_recall, report.micro_f1, None, support))
    lines = [table_line("", width, head, widths)]
    for name, *figures, count in rows:
        cells = ["–" if figure is None else f"{figure:.4f}" for figure in figures]
        lines.append(table_line(name, width, (*cells, count), widths))
    if (more := len(report.labels) - MOST_TARGETS) > 0:
        lines.append(say("measure.more.labels", more=f"{more:,}"))
    return lines


def _weighted(report: AnyReport) -> list[str]:
    return [] if report.weights is None else wrap(weighted_text(report))


def weighted_text(report: AnyReport) -> str:
    """What the measures are weighted by, in one sentence."""
    key = "measure.weighted.numbers" if report.task in ("regression", "quantiles") else "measure.weighted"
    return say(key, name=report.weighted_by)


def _basis(report: AnyReport) -> list[str]:
    """The task, and how it is known."""
    return [] if report.basis is None else wrap(str(report.basis))


def _table_of_measures(
    names: Sequence[str], rows: Sequence[tuple[str, float, Interval | None, float | None]]
) -> list[str]:
    """Measures with interval and baseline, under a head."""
    from rich.cells import cell_len

    width = max(cell_len(name) for name in names)
    head = ("", say("measure.interval"), say("measure.baseline"))
    lines = [table_line("", width, head, RANGES)]
    for name, (_, value, interval, base) in zip(names, rows, strict=True):
        cells = (f"{value:.4f}", between(interval, "share"), "" if base is None else f"{base:.4f}")
        lines.append(table_line(name, width, cells, RANGES).rstrip())
    return lines


def table_line(name: str, width: int, cells: Sequence[str], columns: Sequence[int] = ()) -> str:
    """A name in so many columns, then figures, each right-aligned, as wide as `columns` says."""
    from rich.cells import cell_len, set_cell_size

    widths = columns or [COLUMN] * len(cells)
    return set_cell_size(visible(name), width) + "".join(
        " " * (room - cell_len(cell)) + cell for cell, room in zip(cells, widths, strict=True)
    )
