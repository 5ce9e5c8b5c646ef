"""`rowwise evaluate` → the report of a saved model on test data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rowwise.commands.classifier import classifier_shapes
from rowwise.commands.keras_import import hush
from rowwise.commands.output import Output
from rowwise.commands.picture_folder import same_folder, test_pictures
from rowwise.commands.record import data_record
from rowwise.commands.sources import source_of_run, told
from rowwise.data import Source
from rowwise.errors import UsageError
from rowwise.runs import SCHEMA, open_run
from rowwise.text import say

if TYPE_CHECKING:
    import argparse

    import keras

    from rowwise.data.dataset import Dataset


def evaluate(options: argparse.Namespace) -> int:
    """Measure on the data named, or on the run's own; 0.

    Raises:
        RowwiseError: a model or data that cannot be used, or that do not fit one another.
    """
    asked = None if options.data is None else Source(options.data, skip_bad=options.skip_bad)
    if asked is not None and asked.kind == "named":
        asked = asked.checked()  # before seconds go into importing Keras
    hush()
    with Output(options) as out:
        model, record = open_run(options.model)
        classifier_shapes(model)
        test_set = _test_set(options, model, record, asked, out)

        from rowwise.measure import evaluate as measure
        from rowwise.prediction import brightest_pixel
        from rowwise.reading import scale

        out.tell(say("cli.measured", provenance=test_set.origin, records=f"{len(test_set):,}"))
        if test_set.schema is None:
            x, notes = scale(test_set.x, brightest_pixel(model))
            for note in notes:
                out.tell(note)
            test_set = replace(test_set, x=x)
        report = measure(model, test_set)
        out.result(str(report))
        found = {"model": str(options.model), "data": data_record(test_set), "test": report.to_dict()}
        out.json({"schema": SCHEMA, **found})
    return 0


def _test_set(
    options: argparse.Namespace, model: keras.Model, record: dict[str, Any], asked: Source | None, out: Output
) -> Dataset:
    """The test data of the run, or of the data asked for; of another table all records, read as the model's own was.

    Raises:
        RowwiseError: there is none, or it does not fit.
    """
    own = source_of_run(record, options.model)
    if asked is not None and own is not None and same_folder(asked, own):
        asked = None  # its own pictures, split as they were
    source = asked or own
    if source is None:
        raise UsageError("cli.evaluate.data", model=options.model)
    from rowwise.preparation import preparation_of

    preparation = preparation_of(model)
    if asked is not None and asked.kind == "table" and preparation is not None:
        from rowwise.data.records import oddity_notes, read_as

        test_set, oddities = read_as(preparation.schema, asked)
        for note in oddity_notes(preparation.schema, oddities):
            out.warn(note)
        return test_set
    with told(out):
        pictures = None if asked is None else test_pictures(asked, model, record)
        test_set = source.load()[1] if pictures is None else pictures
    trained_on = record.get("data", {})
    if (asked is None or test_set.name == trained_on.get("name")) and (
        trained_on.get("test_checksum") != test_set.checksum
    ):
        out.warn(say("cli.other_data", name=test_set.name))
    return test_set
