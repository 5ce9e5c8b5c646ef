"""`rowwise evaluate` → the report of a saved model on test data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rowwise.commands.classifier import classifier_shapes
from rowwise.commands.keras_import import hush
from rowwise.commands.output import Output
from rowwise.commands.record import data_record
from rowwise.data import known, load
from rowwise.errors import UsageError
from rowwise.runs import SCHEMA, open_run
from rowwise.text import say

if TYPE_CHECKING:
    import argparse


def evaluate(options: argparse.Namespace) -> int:
    """Measure on the data named, or on the run's own; 0.

    Raises:
        RowwiseError: a model or data that cannot be used, or that do not fit one another.
    """
    if options.data is not None:
        options.data = known(options.data)  # before seconds go into importing Keras
    hush()
    with Output(options) as out:
        model, record = open_run(options.model)
        trained_on = record.get("data", {})
        name = options.data or trained_on.get("name")
        if name is None:
            raise UsageError("cli.evaluate.data", model=options.model)
        classifier_shapes(model)
        _, test_set = load(name)
        if name == trained_on.get("name") and trained_on.get("test_checksum") != test_set.checksum:
            out.warn(say("cli.other_data", name=name))

        from rowwise.measure import evaluate as measure
        from rowwise.prediction import brightest_pixel
        from rowwise.reading import scale

        out.tell(say("cli.measured", provenance=test_set.origin, records=f"{len(test_set):,}"))
        x, notes = scale(test_set.x, brightest_pixel(model))
        for note in notes:
            out.tell(note)
        report = measure(model, replace(test_set, x=x))
        out.result(str(report))
        found = {"model": str(options.model), "data": data_record(test_set), "test": report.to_dict()}
        out.json({"schema": SCHEMA, **found})
    return 0
