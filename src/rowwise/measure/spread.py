"""Reports on the same records, of models that differ by chance alone → how far each measure spreads."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from rowwise.measure.as_text import measure_name, number, table_line
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rowwise.measure import AnyReport

OF_CLASSES = ("accuracy", "level_error", "kappa", "f1", "roc_auc", "average_precision", "loss")
MEASURES = (*OF_CLASSES, "mae", "rmse", "r2", "deviance", "d2", "pinball", "coverage")
WIDTHS = (26, 10, 12, 20, 12)  # of a name, a mean, its deviation, the range and the whole


def plain_measures(report: AnyReport) -> dict[str, float]:
    """Those that a report has, by name, without intervals; what could not be told (R² of equal targets) is none."""
    plain = getattr(report, "plain", None)  # of numbers
    found = {name: getattr(report, name, None) for name in MEASURES} if plain is None else plain
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def spread_of(reports: Sequence[AnyReport]) -> dict[str, tuple[float, ...]]:
    """Each measure that all of them have: its value by report."""
    each = [plain_measures(report) for report in reports]
    return {name: tuple(one[name] for one in each) for name in each[0] if all(name in one for one in each)}


def summary(measures: Mapping[str, Sequence[float]], key: str) -> dict[str, dict[str, object]]:
    """Of each measure the values, under `key`, their mean and their standard deviation, as JSON takes them."""
    return {
        name: {key: list(values), "mean": statistics.fmean(values), "std": statistics.stdev(values)}
        for name, values in measures.items()
    }


def spread_table(
    measures: Mapping[str, Sequence[float]], whole: Mapping[str, float]
) -> tuple[list[str], list[tuple[str, ...]]]:
    """A head and a row a measure: its name, mean, standard deviation, lowest and highest, and that of the whole."""
    head = [say(f"measure.folds.{word}") for word in ("mean", "std", "range")]
    rows: list[tuple[str, ...]] = []
    for name, values in measures.items():
        between = f"{number(min(values), name)} – {number(max(values), name)}"
        spread = f"± {number(statistics.stdev(values), name)}"
        together = number(whole[name], name) if name in whole else ""
        title = measure_name(name)
        rows.append((title, number(statistics.fmean(values), name), spread, between, together))
    return head, rows


def fold_lines(measures: Mapping[str, Sequence[float]], report: AnyReport, records: int) -> list[str]:
    """Of a cross-validation: each measure over the folds, and of all records at once."""
    folds = len(next(iter(measures.values())))
    return _lines(measures, report, say("measure.folds", folds=folds, records=f"{records:,}"), "measure.folds.all")


def seed_lines(measures: Mapping[str, Sequence[float]], report: AnyReport) -> list[str]:
    """Of networks that differ in their seed: each measure of one by itself, and of their mean."""
    if not measures:
        return []
    seeds = len(next(iter(measures.values())))
    return _lines(measures, report, say("measure.seeds", seeds=seeds), "measure.seeds.mean")


def _lines(measures: Mapping[str, Sequence[float]], report: AnyReport, title: str, whole: str) -> list[str]:
    head, rows = spread_table(measures, plain_measures(report))
    lines = [table_line(title, WIDTHS[0], (*head, say(whole)), WIDTHS[1:])]
    return [*lines, *(table_line(f"  {name}", WIDTHS[0], cells, WIDTHS[1:]) for name, *cells in rows)]
