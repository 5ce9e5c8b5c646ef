"""A saved model, its report and the records that it is of → the report as one page of HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.runs.record import versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.data.dataset import Dataset
    from rowwise.measure import AnyReport
    from rowwise.measure.dependence import Dependence
    from rowwise.measure.importance import Importance
    from rowwise.measure.page.report_content import Training
    from rowwise.runs.record import RunRecord
    from rowwise.runs.saved import Saved

SHOWN = 6  # columns of which the page shows what they do


def report_page(
    saved: Saved,
    report: AnyReport,
    test: Dataset,
    importance: Importance | None = None,
    commands: Sequence[tuple[str, str]] = (),
) -> str:
    """The page; `commands` are those that make it again, each with the key of what it does."""
    from rowwise.measure.page import page
    from rowwise.measure.page.report_content import ReportContent

    dependence: tuple[Dependence, ...] = ()
    if importance is not None:
        most = [column.name for column in importance.columns[:SHOWN]]
        dependence = saved.partial_dependence(most, test)
    training = _training(saved.record)
    return page(
        ReportContent(report, saved.network, test, importance, training, list(commands), versions(), dependence)
    )


def _training(record: RunRecord | None) -> Training:
    """What the page shows of a run's training."""
    from rowwise.measure.page.report_content import Training

    if record is None:
        return Training()
    names = record.epochs[0].figures if record.epochs else ()
    return Training(
        record.data.records,
        record.data.checksum,
        {**record.settings.to_dict(), "engine": record.engine},
        record.versions,
        {name: [epoch.figures[name] for epoch in record.epochs] for name in names},
        [epoch.seconds for epoch in record.epochs],
        record.best_epoch,
        record.spread,
    )
