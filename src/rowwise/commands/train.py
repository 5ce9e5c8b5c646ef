"""`rowwise train` → a trained model, measured, drawn and saved as a run."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rowwise.commands.finish import finish
from rowwise.commands.keras_import import importing_keras
from rowwise.commands.output import Output, called
from rowwise.commands.sources import source_of, source_of_run, told
from rowwise.commands.tables import about_table
from rowwise.data import load_default
from rowwise.errors import DataError
from rowwise.interrupt import deferred
from rowwise.runs.clock import Clock
from rowwise.runs.folder import MODEL, Run, open_model, read_record
from rowwise.runs.memory import check_memory
from rowwise.runs.settings import Settings, for_table, given, resumed
from rowwise.text import say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.data.source import Source
    from rowwise.runs.record import Row

INTERRUPTED = 130  # what a shell expects after Ctrl-C


class Start(NamedTuple):
    """Where the training begins: with what data, under which settings, after which epochs."""

    source: Source | None  # None: whatever can be had
    settings: Settings
    resume: Path | None = None
    checksum: str | None = None  # of the resumed run's training data
    epochs: Sequence[Row] = ()


class Trained(NamedTuple):
    """A model that `fit` has left, Keras's History of it, and whether Ctrl-C ended it."""

    model: keras.Model
    history: Any
    interrupted: bool


def train(options: argparse.Namespace) -> int:
    """Train, measure, draw, save; 0, or 130 where Ctrl-C was pressed (after saving).

    Raises:
        RowwiseError: options, data or places that cannot be used. KeyboardInterrupt: before there was
            anything to save, or a second time.
    """
    clock = Clock()
    start = _start(options)  # what can be refused is refused before seconds go into importing Keras
    with Output(options) as out, Run(options.out) as run:
        with clock.lap("load"):
            _import_sources(start.source)
        with importing_keras(clock), clock.lap("load"):
            train_set, test_set = _load(start, out)
        start = _for_table(start, train_set, options, out)
        with clock.lap("build"):
            model = _model(start, train_set, out)
        with clock.lap("fit"):
            trained = _fit(model, train_set, start, options, out)
        with deferred(lambda: out.warn(say("cli.finishing")), trained.interrupted) as interrupted:
            record = finish(start, trained, train_set, test_set, run, out, clock, draw=not options.no_pictures)
        saved = "cli.saved"
        if trained.interrupted:
            saved = "cli.saved.unfinished" if record["unfinished"] else "cli.saved.interrupted"
        file = "picture.png" if train_set.schema is None else "new.csv"
        out.tell(say(saved, path=Path(record["model"]).parent, command=called(), file=file))
        out.json(record)
    return INTERRUPTED if interrupted() else 0


def _start(options: argparse.Namespace) -> Start:
    if options.resume is None:
        return Start(source_of(options), Settings(**given(options)))
    record = read_record(options.resume)
    source = source_of_run(record, options.resume)
    if source is None:
        raise DataError("cli.resume.data", path=options.resume, name=None)
    from rowwise.data.tables.split_keys import has_outdated_keys  # imports NumPy, which --help does without

    if has_outdated_keys(record["data"].get("source")):
        raise DataError("cli.resume.groups", path=options.resume, group=source.group)
    settings = resumed(options, options.resume, record, source)
    return Start(source.checked(), settings, options.resume, record["data"].get("checksum", ""), record["epochs"])


def _import_sources(source: Source | None) -> None:
    """What loading the data imports, so that it does not meet Keras's import in the other thread."""
    modules = ["numpy.random"]
    if source is None or source.kind == "named":
        names = ("fashion-mnist", "garments") if source is None else (source.place,)
        modules += [f"rowwise.data.named.{name.replace('-', '_')}" for name in names]
        modules += ["sklearn.datasets"] if "digits" in names else []
    elif source.kind == "table":
        modules += ["polars", "polars.selectors", "rowwise.data.tables.load"]
    elif source.kind == "folder":
        modules += ["rowwise.data.pictures.folder", "concurrent.futures.thread", "rich.progress"]
    else:
        modules += ["rowwise.data.arrays.file"]
    for module in modules:
        importlib.import_module(module)


def _load(start: Start, out: Output) -> tuple[Dataset, Dataset]:
    if start.source is None:
        train_set, test_set, warning = load_default()
        if warning:
            out.warn(warning)
    else:
        with told(out, start.source):
            train_set, test_set = start.source.load()
    if start.checksum is not None and start.checksum != train_set.checksum:
        raise DataError("cli.resume.data", path=start.resume, name=train_set.name)
    out.tell(say("cli.loaded", provenance=train_set.origin, train=f"{len(train_set):,}", test=f"{len(test_set):,}"))
    if train_set.schema is not None:
        for line in about_table(train_set, train_set.schema):
            out.tell(line)
    return train_set, test_set


def _for_table(start: Start, data: Dataset, options: argparse.Namespace, out: Output) -> Start:
    """The settings that suit a table, where nobody chose others, and a line that says how many epochs they are."""
    if data.schema is None or start.resume is not None:
        return start
    settings = for_table(start.settings, data, given(options))
    if settings.epochs > start.settings.epochs:
        out.tell(say("cli.epochs.table", epochs=settings.epochs))
    return start._replace(settings=settings)


def _model(start: Start, data: Dataset, out: Output) -> keras.Model:
    """The resumed run's model with its optimizer, or a new one."""
    import jax
    import keras

    from rowwise.models.dense import dense

    settings = start.settings
    if jax.default_backend() == "cpu":  # other devices have memory of their own
        check_memory(_shape(data), settings.hidden, len(data.classes or data.targets), settings.batch_size)
    keras.utils.set_random_seed(settings.seed)
    if start.resume is not None:
        model = open_model(start.resume / MODEL)
        out.tell(say("cli.resumed", path=start.resume, done=len(start.epochs)))
    else:
        layers = settings.hidden, settings.activation, settings.dropout
        model = dense(data, *layers, learning_rate=settings.learning_rate, seed=settings.seed)
    out.tell(say("cli.model", widths=_widths(model), parameters=f"{model.count_params():,}"))
    return model


def _shape(data: Dataset) -> tuple[int, ...]:
    """Of one record as the first Dense layer meets it."""
    return data.shape if data.schema is None else (len(data.schema.features),)


def _fit(model: keras.Model, data: Dataset, start: Start, options: argparse.Namespace, out: Output) -> Trained:
    """Train until the last epoch or Ctrl-C, which is passed on where nothing was trained yet."""
    from rowwise.data.class_weights import balanced
    from rowwise.engine import fit

    settings, interrupted = start.settings, False
    weights = balanced(data) if settings.class_weight == "balanced" else None
    batch_size = settings.batch_size
    if options.batch_size is None:  # nobody asked for it: to have fewer records is no mistake
        batch_size = max(1, min(batch_size, int(len(data) * (1 - settings.validation))))
    try:
        fit(
            model,
            data,
            epochs=settings.epochs,
            batch_size=batch_size,
            validation=settings.validation,
            seed=settings.seed,
            class_weight=weights,
            engine=options.engine or "auto",
            verbose=0 if options.quiet else "auto",
            initial_epoch=len(start.epochs),
        )
    except KeyboardInterrupt:
        history = getattr(model, "history", None)  # none before the first epoch
        if history is None or not (history.epoch or history.rowwise.get("interrupted")):
            raise
        interrupted = True
        out.warn(say("cli.stopping"))
    known = model.history.rowwise
    out.tell(say("cli.engine", engine=known["engine"], reason=known["reason"]))
    return Trained(model, model.history, interrupted)


def _widths(model: Any) -> str:
    """`784 → 100 → 30 → 10`."""
    kernels = [layer.kernel.shape for layer in model.layers if type(layer).__name__ == "Dense"]
    return " → ".join(str(width) for width in (kernels[0][0], *(kernel[1] for kernel in kernels)))
