"""`rowwise explain` → the ledger of a model, or one number of it followed through its dot product."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.commands.output import Output
from rowwise.commands.sources import given, option_names, source_of, source_of_run, told, warn_of_other_data
from rowwise.commands.tables import about_table
from rowwise.data import form, known, load, load_default, names
from rowwise.data.source import TABLES, Source
from rowwise.errors import DataError, UsageError
from rowwise.files import atomic_write, check_place
from rowwise.runs.folder import MODEL, RECORD, open_run, plain, to_json
from rowwise.shapes.ledger.facts import course
from rowwise.shapes.ledger.ledger import explain as ledger_of
from rowwise.text import say
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    import argparse

    import keras
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.shapes.ledger.ledger import Ledger


FORMATS = {".txt": "text", ".html": "html", ".svg": "svg", ".json": "json", ".png": "png"}  # by what `--out` ends in
FACES = {"ledger": ("text", "html", "svg", "json"), "trace": ("text", "html", "json", "png")}
RECORDS = 32  # of the batch that a table is explained with, where no number was given
LEDGER_ONLY = {"batch_size": (32,), "convention": "keras"}  # their defaults


def explain(options: argparse.Namespace) -> int:
    """Print the ledger, or write it to `--out`; with `--trace` one number instead; 0.

    Raises:
        RowwiseError: a model, data or options that cannot be used, or a file that cannot be written.
    """
    _settle(options)
    with Output(options) as out:
        if options.trace is not None:
            _trace(options, out)
        elif (source := _files(options)) is not None:
            (_explain_folder if source.kind == "folder" else _explain_table)(source, options, out)
        else:
            ledger = _ledger(options)
            _give(_face(ledger, options.format), options, out)
            out.json(ledger.to_dict())
    return 0


def _files(options: argparse.Namespace) -> Source | None:
    """The table or folder of pictures that was named in place of a model; None for a model or other data.

    Raises:
        UsageError: options of such data without them. DataError: no such file.
    """
    if options.data is not None and (Path(options.data).suffix.lower() in TABLES or _is_pictures(options.data)):
        return source_of(options)
    if found := given(options):
        if options.data is None:
            source_of(options)  # raises
        raise UsageError("source.option", option=option_names(found), place=options.data)
    return None


def _is_pictures(place: str) -> bool:
    """Whether it is a folder with sub-folders, and neither a run nor called as data are."""
    path = Path(place)
    if not path.is_dir() or (path / MODEL).exists() or (path / RECORD).exists():
        return False
    return Source(place).kind == "folder" and any(entry.is_dir() for entry in path.iterdir())


def _explain_folder(source: Source, options: argparse.Namespace, out: Output) -> None:
    """X by its pixels, then the ledger of the model that `rowwise train` would build of the pictures."""
    from rowwise.data.pictures.folder import first_look
    from rowwise.shapes.ledger.pixel_columns import pixels_of, pixels_text

    with told(out):
        found = first_look(source)
    hidden = (100, 30) if options.hidden is None else options.hidden
    ledger = ledger_of(
        course(found.shape, hidden, len(found.classes)), batch_size=options.batch_size, convention=options.convention
    )
    records = next((size for size in options.batch_size if size), RECORDS)
    pixels = pixels_of(found.shape, found.files, records)
    told_all = {
        **ledger.to_dict(),
        "pictures": {"records": records, "shape": found.shape, "classes": found.classes, "values": pixels},
    }
    face = _json(told_all) if options.format == "json" else _face(ledger, options.format)
    if options.format == "text":
        face = f"{pixels_text(found.shape, pixels, records)}\n\n{ledger}"
    _give(face, options, out)
    out.json(told_all)


def _explain_table(source: Source, options: argparse.Namespace, out: Output) -> None:
    """X by name, how its columns widen, then the ledger of the model that `rowwise train` would build of it."""
    from rowwise.commands.keras_import import hush
    from rowwise.shapes.ledger.table_columns import columns_of, table_text

    with told(out):
        train = source.load()[0]
    hush()
    from rowwise.models.dense import dense

    model = dense(train, options.hidden, seed=0)
    ledger = ledger_of(model, batch_size=options.batch_size, convention=options.convention)
    records = next((size for size in options.batch_size if size), RECORDS)
    told_all = {**ledger.to_dict(), "table": {"records": records, "columns": columns_of(train, records)}}
    face = _json(told_all) if options.format == "json" else _face(ledger, options.format)
    if options.format == "text":
        assert train.schema is not None
        out.tell(train.origin)
        face = "\n\n".join([*about_table(train, train.schema), table_text(train, records), str(ledger)])
    _give(face, options, out)
    out.json(told_all)


def _settle(options: argparse.Namespace) -> None:
    """Refuse options that contradict one another before any work, and fill in what was left out.

    Raises:
        UsageError: such options. SaveError: `--out` names no place for a file.
    """
    traced = options.trace is not None
    if not traced and options.layer is not None:
        raise UsageError("explain.layer")
    if not traced and options.records is not None:
        raise UsageError("explain.records", found=options.records)
    for name, default in LEDGER_ONLY.items():
        if getattr(options, name) is None:
            setattr(options, name, default)
        elif traced:
            raise UsageError("explain.trace_only", option=f"--{name.replace('_', '-')}")

    if options.out is not None:
        check_place(options.out)
        options.format = _format(options)
    elif options.json and options.format not in (None, "json"):
        raise UsageError("explain.json", found=options.format)
    options.format = options.format or "text"
    kind = "trace" if traced else "ledger"
    if options.format not in (faces := FACES[kind]):
        raise UsageError(f"explain.face.{kind}", found=options.format, known=", ".join(faces))
    if options.format == "png" and options.out is None:
        raise UsageError("explain.png")


def _format(options: argparse.Namespace) -> str:
    """As the file's name ends; `--format` decides where it ends in nothing, and must agree otherwise."""
    ending = options.out.suffix.lower()
    if not ending:
        return options.format or "text"
    if (named := FORMATS.get(ending)) is None:
        faces = FACES["ledger" if options.trace is None else "trace"]
        endings = ", ".join(end for end, name in FORMATS.items() if name in faces)
        raise UsageError("explain.suffix", path=options.out, known=endings)
    if options.format not in (None, named):
        raise UsageError("explain.format", path=options.out, found=options.format)
    return named


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
    looks_saved = path.is_file() or (path / MODEL).exists() or (path / RECORD).exists()
    if not (looks_saved or path.suffix or len(path.parts) > 1):
        try:
            options.data = known(options.data)
            return None
        except DataError as error:
            if not path.is_dir():
                if error.key == "data.unknown":  # nothing like it: as likely a mistyped folder
                    raise UsageError("explain.unknown", found=options.data, known=", ".join(names())) from None
                raise
    if options.hidden is not None:
        raise UsageError("explain.hidden", path=path)
    return path


def _face(ledger: Ledger, name: str) -> str:
    if name == "html":
        return ledger.to_html()
    if name == "svg":
        return ledger.to_svg()
    return _json(ledger.to_dict()) if name == "json" else str(ledger)


def _json(found: dict[str, Any]) -> str:
    return to_json(plain(found), indent=2).decode()


def _give(face: str | bytes, options: argparse.Namespace, out: Output) -> None:
    """Into the file, else onto standard output, where `--json` has its own object instead."""
    if options.out is not None:
        atomic_write(options.out, face if isinstance(face, bytes) else f"{face.rstrip()}\n".encode())
        out.tell(say("explain.written", path=options.out))
    elif isinstance(face, str) and not options.json:
        out.result(face.rstrip())


def _trace(options: argparse.Namespace, out: Output) -> None:
    from rowwise.commands.keras_import import hush

    hush()
    from rowwise.shapes.ledger.tracing import trace

    model, data = _model_and_data(options, out)
    record, unit = options.trace
    found = trace(model, _as_taken(model, data, out), record, unit, options.layer)
    if data.targets:
        value = data.y[record].reshape(-1).tolist()
        source = say(
            "explain.source.value",
            data=data.origin,
            name=", ".join(data.targets),
            value=", ".join(f"{number:.6g}" for number in value),
        )
        about: dict[str, Any] = {"targets": dict(zip(data.targets, value, strict=True))}
    else:
        label = data.y[record]
        source = say("explain.source", data=data.origin, name=data.class_names[label])
        about = {"class": data.classes[label]}
    facts = {**found.to_dict(), "data": data.provenance, **about}
    text = "\n".join([*wrap(source), str(found)])
    face: str | bytes = text
    if options.format == "png":
        if not options.json:
            out.result(text)  # the figures, which no picture shows
        face = found.picture(source)
    elif options.format == "html":
        face = found.to_html(source)
    elif options.format == "json":
        face = _json(facts)
    _give(face, options, out)
    out.json(facts)


def _as_taken(model: keras.Model, data: Dataset, out: Output) -> NDArray[Any]:
    """The records as the model takes them: pixels on its scale, in one row where it starts without Flatten."""
    from rowwise.data.pictures.prepare import scale
    from rowwise.models.inputs_outputs import brightest_pixel

    if data.schema is not None:
        return data.x
    x, notes = scale(data.x, brightest_pixel(model))
    for note in notes:
        out.tell(note)
    shape = model.input_shape if model.built else None
    flat = (len(x), math.prod(x.shape[1:]))
    return x.reshape(flat) if isinstance(shape, tuple) and shape[1:] == flat[1:] else x


def _model_and_data(options: argparse.Namespace, out: Output) -> tuple[keras.Model, Dataset]:
    """A saved model with the data named or the run's own; else a fresh model, and said to be so."""
    if (source := _files(options)) is None and (path := _saved(options)) is not None:
        model, record = open_run(path)
        return model, _records_for(model, record, path, options, out)

    if options.records is not None:
        raise UsageError("explain.two_data", first=options.data, second=options.records)
    from rowwise.models.dense import dense

    with told(out):
        if source is not None:
            train, test, warning = *source.load(), None
        else:
            train, test, warning = load_default() if options.data is None else (*load(options.data), None)
    if warning:
        out.warn(warning)
    out.warn(say("explain.untrained"))
    return dense(train, options.hidden, seed=0), test


def _records_for(
    model: keras.Model, record: dict[str, Any], path: Path, options: argparse.Namespace, out: Output
) -> Dataset:
    """The test data of the data named, or of the run's own; of a table all records, read as the model's own was.

    Raises:
        UsageError: nobody says which data. DataError: they cannot be had, or do not fit.
    """
    from rowwise.models.preparation import preparation_of

    own = source_of_run(record, path)
    asked = None if options.records is None else Source(options.records)
    preparation = preparation_of(model)
    if asked is not None and asked.kind == "table" and preparation is not None:
        from rowwise.data.tables.load import read_as

        return read_as(preparation.schema, asked)[0]
    source = own if asked is None else asked
    if source is None:
        traced = dict(zip(("record", "unit"), options.trace, strict=True))
        if preparation is not None:
            raise UsageError("explain.no_data", path=path, **traced)
        if (fitting := _fitting(model)) is None:
            raise UsageError("explain.data.none", path=path)
        raise UsageError("explain.data", path=path, name=fitting, **traced)
    with told(out):
        test = source.load()[1]
    if test.name == record.get("data", {}).get("name"):
        warn_of_other_data(record, test, out)
    return test


def _fitting(model: keras.Model) -> str | None:
    """The first data whose records are as large as those that the model takes."""
    shape = model.input_shape if model.built else None
    sizes = shape[1:] if isinstance(shape, tuple) else ()
    if not all(isinstance(size, int) for size in sizes):
        return None
    return next((name for name in names() if math.prod(form(name)[0]) == math.prod(sizes)), None)
