"""A subject → the provenance of its figures: the data, the model, and how to repeat it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rowwise.data.tables.schema_text import cells
from rowwise.measure.as_text import significant
from rowwise.shapes.ledger.as_html import fragment
from rowwise.shapes.ledger.as_text import heading
from rowwise.shapes.ledger.ledger import explain
from rowwise.text import percent, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from rowwise.data.dataset import Dataset
    from rowwise.data.tables.schema import Schema
    from rowwise.measure.page.report_content import ReportContent, Training

MOST_CLASSES = 100
MOST_COLUMNS = 200
CHECKSUM = 12  # digits shown of the training data's


class Table(NamedTuple):
    """Text in rows under a head; `title` may be empty."""

    title: str
    head: list[str]
    rows: Sequence[Sequence[str]]


class DataView(NamedTuple):
    """Facts by name; then the classes, or the targets, and a table's columns."""

    facts: list[tuple[str, str]]
    classes: Table | None
    targets: Table | None
    columns: Table | None


class ModelView(NamedTuple):
    """The model in one line, how it was trained, and its ledger."""

    summary: str
    settings: list[tuple[str, str]]
    ledger: Markup


class RepeatView(NamedTuple):
    """Commands, each with what it does; and the versions of what they ran with."""

    commands: list[tuple[str, str]]
    versions: Table | None


def data_view(subject: ReportContent) -> DataView:
    """What was measured on, what was trained on, and what the records are."""
    data = subject.data
    shape = " × ".join(f"{size:,}" for size in data.shape)
    facts = [
        (say("report.name"), data.name),
        (say("report.provenance"), data.origin),
        *([] if subject.report.basis is None else [(say("report.task"), str(subject.report.basis))]),
        (say("report.measured_on"), say("report.part", part=data.part or "–", records=f"{len(data):,}")),
        (say("report.trained_on"), _trained_on(subject.training)),
        (say("report.split"), _split(data)),
        (say("report.shape"), say("report.shape.says", shape=shape, dtype=data.x.dtype)),
        (say("report.checksum"), data.checksum),
    ]
    columns = None if data.schema is None else _columns(data.schema)
    return DataView(facts, _classes(subject), _targets(subject), columns)


def model_view(subject: ReportContent) -> ModelView:
    """In one line, then the whole ledger."""
    ledger = explain(subject.model)
    named = [(name, _setting(value)) for name, value in subject.training.settings.items()]
    return ModelView(heading(ledger), named, fragment(ledger))


def repeat_view(subject: ReportContent) -> RepeatView | None:
    """The commands, and what they were run with; None where neither is known."""
    commands = [(say(key), line) for key, line in subject.commands]
    versions = _versions(subject)
    return RepeatView(commands, versions) if commands or versions else None


def _versions(subject: ReportContent) -> Table | None:
    """Of what trained the model, where that is known, and of what measured it."""
    trained = subject.training.versions
    columns = [("report.when.trained", trained)] if trained else []
    columns.append(("report.when.measured", dict(subject.versions)))
    names = dict.fromkeys([*subject.versions, *trained])
    rows = [(name, *(str(versions.get(name, "")) for _, versions in columns)) for name in names]
    return Table(say("report.versions"), ["", *(say(key) for key, _ in columns)], rows) if rows else None


def _trained_on(training: Training) -> str:
    if not training.records:
        return ""
    return say("report.trained", records=f"{training.records:,}", checksum=training.checksum[:CHECKSUM])


def _split(data: Dataset) -> str:
    """How the test records were chosen, where rowwise chose them."""
    split = data.source.get("split") if isinstance(data.source, dict) else None
    if not isinstance(split, dict) or split.get("by") not in ("records", "group", "time", "file"):
        return ""
    if split["by"] == "file":
        return say("report.split.file", file=split.get("file"))
    by = "classes" if split["by"] == "records" and data.classes else split["by"]
    how = say(f"report.split.{by}")
    if split.get("folds"):
        how = say("report.split.fold", how=how, fold=split.get("fold"), folds=split["folds"])
    return how if split["by"] == "time" else say("report.split.seed", how=how, seed=split.get("seed"))


def _classes(subject: ReportContent) -> Table | None:
    """The classes, or the labels, with their records."""
    if labels := subject.labels:
        counts = [(score.name, score.support) for score in labels.per_label[:MOST_CLASSES]]
        title = say("report.labels", count=f"{len(labels.labels):,}")
        rows = [(name, f"{n:,}", percent(n / labels.records)) for name, n in counts]
        return Table(title, [say("report.label"), say("report.records"), say("report.share")], rows)
    report = subject.classes
    if report is None:
        return None
    rows = [
        (score.name, f"{score.support:,}", percent(score.support / report.records))
        for score in report.per_class[:MOST_CLASSES]
    ]
    head = [say("report.class"), say("report.records"), say("report.share")]
    return Table(say("report.classes", count=f"{len(report.classes):,}"), head, rows)


def _targets(subject: ReportContent) -> Table | None:
    """The targets with their range."""
    if (numbers := subject.numbers) is None:
        return None
    rows = [
        (name, *(significant(float(v)) for v in (true.min(), true.mean(), true.max(), true.std())))
        for name, true in zip(numbers.counted, numbers.true.T, strict=True)
    ]
    head = [say(f"report.{word}") for word in ("target", "least", "mean", "largest", "deviation")]
    return Table("", head, rows)


def _columns(schema: Schema) -> Table:
    """What each column of the table is, and what the network sees of it."""
    rows = [cells(column, place) for column, place in schema.placed[:MOST_COLUMNS]]
    head = [*(say(f"schema.{name}") for name in ("name", "kind", "missing", "values", "enters")), "X"]
    title = say("report.columns", count=f"{len(schema.columns):,}", features=f"{len(schema.features):,}")
    return Table(title, head, rows)


def _setting(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
