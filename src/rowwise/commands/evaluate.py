"""`rowwise evaluate` → the report of a saved model on test data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rowwise.commands.classifier import classifier_shapes
from rowwise.commands.keras_import import hush
from rowwise.commands.output import Output
from rowwise.commands.picture_folder import same_folder, test_pictures
from rowwise.commands.repeat import evaluation_command, training_command
from rowwise.commands.sources import source_of_run, told, warn_of_other_data
from rowwise.data import Source
from rowwise.errors import UsageError
from rowwise.files import atomic_write, check_place
from rowwise.runs.folder import SCHEMA, open_run
from rowwise.runs.record import data_record, versions
from rowwise.text import say

if TYPE_CHECKING:
    import argparse

    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.measure.page.subject import Subject


def evaluate(options: argparse.Namespace) -> int:
    """Measure on the data named, or on the run's own; with `--html` all of it as one page; 0.

    Raises:
        RowwiseError: a model or data that cannot be used, or that do not fit one another, or a page that cannot be
            written.
    """
    if options.html is not None:
        check_place(options.html)
    asked = None if options.data is None else Source(options.data, skip_bad=options.skip_bad)
    if asked is not None and asked.kind == "named":
        asked = asked.checked()  # before seconds go into importing Keras
    hush()
    with Output(options) as out:
        model, record = open_run(options.model)
        classifier_shapes(model)
        train_set, test_set = _sets(options, model, record, asked, out)

        from rowwise.data.pictures.prepare import scale
        from rowwise.measure import evaluate as measure
        from rowwise.measure.as_text import importance_lines
        from rowwise.measure.importance import importance
        from rowwise.measure.page.subject import Subject
        from rowwise.models.inputs_outputs import brightest_pixel

        out.tell(say("cli.measured", provenance=test_set.origin, records=f"{len(test_set):,}"))
        measured = test_set
        if test_set.schema is None:
            x, notes = scale(test_set.x, brightest_pixel(model))
            for note in notes:
                out.tell(note)
            measured = replace(test_set, x=x)
        report = measure(model, measured, train=train_set)
        columns = importance(model, measured) if measured.schema is not None else None
        out.result("\n".join([str(report), *(importance_lines(columns) if columns else [])]))
        if options.html is not None:
            _write_page(options, out, Subject(report, model, test_set, columns, record, versions=versions()))
        found = {"model": str(options.model), "data": data_record(measured), "test": report.to_dict()}
        found |= {"importance": columns.to_dict()} if columns else {}
        out.json({"schema": SCHEMA, **found})
    return 0


def _write_page(options: argparse.Namespace, out: Output, subject: Subject) -> None:
    from rowwise.measure.page import page
    from rowwise.shapes.ledger.as_text import size_text

    training = training_command(subject.record, source_of_run(subject.record, options.model))
    lines = [("report.repeat.train", training)] if training else []
    lines.append(("report.repeat.evaluate", evaluation_command(options)))
    content = page(replace(subject, commands=lines)).encode()
    atomic_write(options.html, content)
    out.tell(say("report.written", path=options.html, size=size_text(len(content))))


def _sets(
    options: argparse.Namespace, model: keras.Model, record: dict[str, Any], asked: Source | None, out: Output
) -> tuple[Dataset | None, Dataset]:
    """The training data where they are the run's own, and the test data.

    Of the run, or of the data asked for; of another table all records, read as the model's own was.

    Raises:
        RowwiseError: there is none, or it does not fit.
    """
    own = source_of_run(record, options.model)
    if asked is not None and own is not None and same_folder(asked, own):
        asked = None  # its own pictures, split as they were
    source = asked or own
    if source is None:
        raise UsageError("cli.evaluate.data", model=options.model)
    from rowwise.models.preparation import preparation_of

    preparation = preparation_of(model)
    if asked is not None and asked.kind == "table" and preparation is not None:
        from rowwise.data.tables.load import oddity_notes, read_as

        test_set, oddities = read_as(preparation.schema, asked)
        for note in oddity_notes(preparation.schema, oddities):
            out.warn(note)
        return None, test_set
    with told(out):
        pictures = None if asked is None else test_pictures(asked, model, record)
        train_set, test_set = source.load() if pictures is None else (None, pictures)
    if asked is None or test_set.name == record.get("data", {}).get("name"):
        warn_of_other_data(record, test_set, out)
    own_records = train_set is not None and record.get("data", {}).get("checksum") == train_set.checksum
    return train_set if own_records else None, test_set
