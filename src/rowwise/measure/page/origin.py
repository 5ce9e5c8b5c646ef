"""A subject → where all of it comes from: the data, the model, and how to do it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.data.tables.schema_text import cells
from rowwise.measure.as_text import significant
from rowwise.measure.page.html import details, pairs, paragraph, section, table
from rowwise.shapes import explain
from rowwise.shapes.ledger.as_html import fragment
from rowwise.shapes.ledger.as_text import head
from rowwise.shapes.ledger.drawing import safe
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset
    from rowwise.measure.page.subject import Subject

MOST_CLASSES = 100
MOST_COLUMNS = 200


def data_section(subject: Subject) -> str:
    """What was measured on, what was trained on, and what the records are."""
    data, trained = subject.data, subject.record.get("data", {})
    shape = " × ".join(f"{size:,}" for size in data.shape)
    found = pairs(
        [
            (say("report.name"), data.name),
            (say("report.provenance"), data.origin),
            (say("report.measured_on"), say("report.part", part=data.part or "–", records=f"{len(data):,}")),
            (say("report.trained_on"), _trained(trained)),
            (say("report.split"), _split(data)),
            (say("report.shape"), say("report.shape.says", shape=shape, dtype=data.x.dtype)),
            (say("report.checksum"), data.checksum),
        ]
    )
    return section("data", say("report.data"), found, _targets(subject), _schema(data))


def model_section(subject: Subject) -> str:
    """In one line, then the whole ledger."""
    ledger = explain(subject.model)
    settings: dict[str, Any] = dict(subject.record.get("settings", {}))
    settings |= {"engine": subject.record["engine"]} if "engine" in subject.record else {}
    told = [(name, _setting(value)) for name, value in settings.items()]
    return section(
        "model",
        say("report.model"),
        paragraph(head(ledger)),
        f"<h3>{safe(say('report.settings'))}</h3>{pairs(told)}" if told else "",
        details(say("report.ledger"), fragment(ledger)),
    )


def repeat_section(subject: Subject) -> str:
    """The commands, and what they were run with."""
    commands = "".join(f"<p>{safe(say(key))}</p><pre>{safe(line)}</pre>" for key, line in subject.commands)
    trained = subject.record.get("versions", {})
    names = list(dict.fromkeys([*subject.versions, *trained]))
    when = [("report.when.trained", trained)] if trained else []
    when.append(("report.when.measured", dict(subject.versions)))
    rows = [[name, *(str(found.get(name, "")) for _, found in when)] for name in names]
    columns = ["", *(say(key) for key, _ in when)]
    versions = f"<h3>{safe(say('report.versions'))}</h3>" + table(columns, rows, kind="quiet") if rows else ""
    return section("repeat", say("report.repeat"), commands, versions)


def _trained(trained: dict[str, Any]) -> str:
    if "records" not in trained:
        return ""
    return say("report.trained", records=f"{trained['records']:,}", checksum=str(trained.get("checksum", ""))[:12])


def _split(data: Dataset) -> str:
    """How the test records were chosen, where rowwise chose them."""
    split = data.source.get("split") if isinstance(data.source, dict) else None
    if not isinstance(split, dict) or split.get("by") not in ("records", "group", "time"):
        return ""
    by = "classes" if split["by"] == "records" and data.classes else split["by"]
    told = say(f"report.split.{by}")
    return told if split["by"] == "time" else say("report.split.seed", how=told, seed=split.get("seed"))


def _targets(subject: Subject) -> str:
    """The classes with their records, or the targets with their range."""
    if report := subject.classes:
        rows = [
            (score.name, f"{score.support:,}", f"{100 * score.support / report.records:.1f} %")
            for score in report.per_class[:MOST_CLASSES]
        ]
        columns = (say("report.class"), say("report.records"), say("report.share"))
        summary = say("report.classes", count=f"{len(report.classes):,}")
        return details(summary, table(columns, rows, kind="quiet"))
    if (numbers := subject.numbers) is None:
        return ""
    spread = []
    for name, true in zip(numbers.targets, numbers.true.T, strict=True):
        spread.append((name, *(significant(float(v)) for v in (true.min(), true.mean(), true.max(), true.std()))))
    heads = ("target", "least", "mean", "largest", "deviation")
    return table([say(f"report.{word}") for word in heads], spread, kind="quiet")


def _schema(data: Dataset) -> str:
    """What each column of the table is, and what the network sees of it."""
    if data.schema is None:
        return ""
    rows, place = [], 0
    for column in data.schema.columns[:MOST_COLUMNS]:
        rows.append(cells(column, place))
        place += len(column.inputs)
    columns = [say(f"schema.{name}") for name in ("name", "kind", "missing", "values", "enters")]
    title = say("report.columns", count=f"{len(data.schema.columns):,}", features=f"{len(data.schema.features):,}")
    return f"<h3>{safe(title)}</h3>" + table([*columns, "X"], rows, kind="quiet texts")


def _setting(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
