"""`rowwise explain` → the ledger of a model, or one number of it followed through its dot product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.commands.output import Output
from rowwise.data import form, known, load, load_default
from rowwise.errors import UsageError
from rowwise.files import atomic_write
from rowwise.runs import MODEL, RECORD, open_run
from rowwise.shapes.facts import course
from rowwise.shapes.ledger import explain as ledger_of
from rowwise.text import say

if TYPE_CHECKING:
    import argparse

    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.shapes.ledger import Ledger


def explain(options: argparse.Namespace) -> int:
    """Print the ledger, or write it to `--out`; with `--trace` one number instead; 0.

    Raises:
        RowwiseError: a model, data or options that cannot be used.
    """
    if options.json:
        options.format = "json"
    with Output(options) as out:
        if options.trace is not None:
            _trace(options, out)
            return 0
        if options.layer is not None:
            raise UsageError("explain.layer")
        ledger = _ledger(options)
        if options.json:
            out.json(ledger.to_dict())
        else:
            _give(_face(ledger, options.format), options.out, out)
    return 0


def _ledger(options: argparse.Namespace) -> Ledger:
    """Of a saved model; else of the model that `rowwise train` would build, without importing Keras."""
    common = {"batch_size": options.batch_size, "convention": options.convention}
    if (path := _saved(options)) is not None:
        from rowwise.commands.keras_import import hush

        hush()
        model, _ = open_run(path)
        return ledger_of(model, **common)
    shape, classes = form(options.data or "fashion-mnist")
    hidden = (100, 30) if options.hidden is None else options.hidden
    return ledger_of(course(shape, hidden, classes), **common)


def _saved(options: argparse.Namespace) -> Path | None:
    """The run's folder or model file that was named, or None where data were, or nothing."""
    if options.data is None:
        return None
    path = Path(options.data)
    if path.is_file() or (path / MODEL).exists() or (path / RECORD).exists() or path.suffix or len(path.parts) > 1:
        if options.hidden is not None:
            raise UsageError("explain.hidden", path=path)
        return path
    options.data = known(options.data)
    return None


def _face(ledger: Ledger, name: str) -> str:
    if name == "html":
        return ledger.to_html()
    if name == "svg":
        return ledger.to_svg()
    return json.dumps(ledger.to_dict(), ensure_ascii=False, indent=2) if name == "json" else str(ledger)


def _give(text: str, file: Path | None, out: Output) -> None:
    if file is None:
        out.result(text)
    else:
        atomic_write(file, f"{text}\n".encode())
        out.tell(say("explain.written", path=file))


def _trace(options: argparse.Namespace, out: Output) -> None:
    from rowwise.commands.keras_import import hush

    hush()
    from rowwise.shapes.trace import trace

    model, data = _model_and_data(options, out)
    record, unit = options.trace
    found = trace(model, data.x, record, unit, options.layer)
    if options.json:
        out.json({**found.to_dict(), "data": data.provenance, "class": data.classes[data.y[record]]})
    out.result(f"{data.origin}: {data.class_names[data.y[record]]}")
    out.result(str(found))
    if options.out is not None:
        atomic_write(options.out, found.picture(data.origin))
        out.tell(say("explain.written", path=options.out))


def _model_and_data(options: argparse.Namespace, out: Output) -> tuple[keras.Model, Dataset]:
    """A saved model with the test data it was measured on; else a fresh model, and said to be so."""
    if (path := _saved(options)) is not None:
        model, record = open_run(path)
        name: Any = record.get("data", {}).get("name")
        if name is None:
            raise UsageError("explain.data", path=path)
        return model, load(name)[1]

    from rowwise.models import dense

    train, test, warning = load_default() if options.data is None else (*load(options.data), None)
    if warning:
        out.warn(warning)
    out.warn(say("explain.untrained"))
    return dense(train, (100, 30) if options.hidden is None else options.hidden, seed=0), test
