"""`rowwise explain` → the ledger of a model, or one number of it followed through its dot product."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from rowwise.commands.addresses import KERAS, check_addresses
from rowwise.commands.options import chosen, reading
from rowwise.commands.polars_stderr import hide_panics
from rowwise.commands.tables import about_table
from rowwise.data import form, known, load, load_default, names
from rowwise.data.loaders import load_source
from rowwise.data.source import TABLES, WRITTEN, Source
from rowwise.errors import DataError, UsageError
from rowwise.files import atomic_write, check_place
from rowwise.json_text import to_json
from rowwise.runs.model_file import MODEL
from rowwise.runs.plan import READING, option_names, source_of
from rowwise.runs.record import RECORD
from rowwise.runs.saved import Saved
from rowwise.terminal.output import Output
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.terminal.values import BATCHES, PAIR, WIDTHS, one_of
from rowwise.text import say
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset
    from rowwise.shapes import Ledger

FORMATS = {".txt": "text", ".html": "html", ".svg": "svg", ".json": "json", ".png": "png"}  # by what `--out` ends in
FORMATS_OF = {"ledger": ("text", "html", "svg", "json"), "trace": ("text", "html", "json", "png")}
LEDGER_ONLY = {"batch_size": (32,), "convention": "keras"}  # their defaults


def _explain(json: bool, **given: Any) -> int:
    """Print the ledger, or write it to `--out`; with `--trace` one number instead; 0.

    Raises:
        RowwiseError: a model, data or options that cannot be used, or a file that cannot be written.
    """
    own = ("data", "records", "hidden", "batch_size", "convention", "format", "trace", "layer", "out")
    options = SimpleNamespace(json=json, **{name: given.pop(name) for name in own})
    _settle(options)
    options.written = {}
    read_by = {READING[name]: value for name, value in chosen(given).items()}
    if options.records is not None:  # they say how the data beside the model are written
        options.written = {name: read_by.pop(name) for name in WRITTEN if name in read_by}
    source = _files(options.data, read_by)
    check_addresses(KERAS)
    with own_temporary_folder(), Output(json) as output:
        if options.trace is not None:
            _trace(source, options, output)
            return 0
        ledger_options: dict[str, Any] = {"batch_size": options.batch_size, "convention": options.convention}
        if source is None and (path := _saved(options)) is not None:
            ledger, about, text = Saved.open(path).explain(**ledger_options), {}, ""
        else:
            from rowwise.runs.ledger_of_data import ledger_of_data  # imports NumPy, which --help does without

            with hide_panics(source is not None and source.kind == "table"):
                of_data = ledger_of_data(source or options.data or "fashion-mnist", options.hidden, **ledger_options)
            ledger, about, text = of_data.ledger, of_data.about, of_data.text
            if of_data.train is not None and options.format == "text":
                output.tell(of_data.train.origin)
                text = "\n\n".join([*about_table(of_data.train), text])
        facts = {**ledger.to_dict(), **about}
        rendered = _json(facts) if options.format == "json" else _rendered(ledger, options.format)
        _write(f"{text}\n\n{rendered}" if text and options.format == "text" else rendered, options, output)
        output.json(facts)
    return 0


def _files(data: str | None, reading_options: dict[str, Any]) -> Source | None:
    """The table or folder of pictures that was named in place of a model; None for a model or other data.

    Raises:
        UsageError: options of such data without them. DataError: no such file.
    """
    if data is not None and (Path(data).suffix.lower() in TABLES or _is_pictures(data)):
        return source_of(data, reading_options).checked()
    if reading_options and data is None:
        raise UsageError("cli.source.none", options=option_names(reading_options))
    if reading_options:
        raise UsageError("source.option", option=option_names(reading_options), place=data)
    return None


def _is_pictures(place: str) -> bool:
    """Whether it is a folder with sub-folders, and neither a run nor called as data are."""
    path = Path(place)
    if not path.is_dir() or (path / MODEL).exists() or (path / RECORD).exists():
        return False
    return Source(place).kind == "folder" and any(entry.is_dir() for entry in path.iterdir())


def _settle(options: SimpleNamespace) -> None:
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
    kind = "trace" if traced else "ledger"
    if options.out is not None:
        check_place(options.out)
        options.format = _format(options.out, options.format, FORMATS_OF[kind])
    elif options.json and options.format not in (None, "json"):
        raise UsageError("explain.json", found=options.format)
    options.format = options.format or "text"
    if options.format not in (formats := FORMATS_OF[kind]):
        raise UsageError(f"explain.format.{kind}", found=options.format, known=", ".join(formats))
    if options.format == "png" and options.out is None:
        raise UsageError("explain.png")


def _format(out: Path, chosen_format: str | None, formats: tuple[str, ...]) -> str:
    """As the file's name ends; `--format` decides where it ends in nothing, and must agree otherwise."""
    ending = out.suffix.lower()
    if not ending:
        return chosen_format or "text"
    if (named := FORMATS.get(ending)) is None:
        endings = ", ".join(end for end, name in FORMATS.items() if name in formats)
        raise UsageError("explain.suffix", path=out, known=endings)
    if chosen_format not in (None, named):
        raise UsageError("explain.format", path=out, found=chosen_format)
    return named


def _saved(options: SimpleNamespace) -> Path | None:
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


def _rendered(ledger: Ledger, name: str) -> str:
    return {"html": ledger.to_html, "svg": ledger.to_svg}.get(name, ledger.__str__)()


def _json(facts: dict[str, Any]) -> str:
    return to_json(facts, indent=2).decode()


def _write(rendered: str | bytes, options: SimpleNamespace, output: Output) -> None:
    """Into the file, else onto standard output, where `--json` has its own object instead."""
    if options.out is not None:
        atomic_write(options.out, rendered if isinstance(rendered, bytes) else f"{rendered.rstrip()}\n".encode())
        output.tell(say("explain.written", path=options.out))
    elif isinstance(rendered, str) and not options.json:
        output.result(rendered.rstrip())


def _trace(source: Source | None, options: SimpleNamespace, output: Output) -> None:
    saved, data = _model_and_data(source, options, output)
    record, unit = options.trace
    measured, notes = saved.as_taken(data)
    for note in notes:
        output.tell(note)
    trace = saved.trace(record, unit, options.layer, measured)
    if data.targets:
        value = data.y[record].reshape(-1).tolist()
        shown = ", ".join(f"{number:.6g}" for number in value)
        words = say("explain.source.value", data=data.origin, name=", ".join(data.targets), value=shown)
        about: dict[str, Any] = {"targets": dict(zip(data.targets, value, strict=True))}
    else:
        label = data.y[record]
        words = say("explain.source", data=data.origin, name=data.class_names[label])
        about = {"class": data.classes[label]}
    facts = {**trace.to_dict(), "data": data.provenance, **about}
    text = "\n".join([*wrap(words), str(trace)])
    rendered: str | bytes = text
    if options.format == "png":
        if not options.json:
            output.result(text)  # the figures, which no picture shows
        rendered = trace.picture(words)
    elif options.format == "html":
        rendered = trace.to_html(words)
    elif options.format == "json":
        rendered = _json(facts)
    _write(rendered, options, output)
    output.json(facts)


def _model_and_data(source: Source | None, options: SimpleNamespace, output: Output) -> tuple[Saved, Dataset]:
    """A saved model with the data named or the run's own; else a fresh model, and said to be so.

    Raises:
        UsageError: no data were passed and the run records none. DataError: they are not available, or do not fit.
    """
    if source is None and (path := _saved(options)) is not None:
        saved = Saved.open(path)
        if options.records is None and saved.own_source() is None:
            traced = dict(zip(("record", "unit"), options.trace, strict=True))
            if saved.schema is not None:
                raise UsageError("explain.no_data", path=path, **traced)
            if (name := _fitting(saved)) is None:
                raise UsageError("explain.data.none", path=path)
            raise UsageError("explain.data", path=path, name=name, **traced)
        named = None if options.records is None else Source.used_on(options.records, options.written)
        return saved, saved.sets(named)[1]

    if options.records is not None:
        raise UsageError("explain.two_data", first=options.data, second=options.records)
    from rowwise.models.dense import dense

    if source is not None:
        train, test, warning = *load_source(source), None
    else:
        train, test, warning = load_default() if options.data is None else (*load(options.data), None)
    if warning:
        output.warn(warning)
    output.warn(say("explain.untrained"))
    return Saved(Path(), dense(train, options.hidden, seed=0), None), test


def _fitting(saved: Saved) -> str | None:
    """The first data whose records are as large as those that the model takes."""
    sizes = saved.model.input_shape[1:] if saved.model.built else ()
    if not all(isinstance(size, int) for size in sizes):
        return None
    return next((name for name in names() if math.prod(form(name)[0]) == math.prod(sizes)), None)


command = Command(
    "explain",
    "cli.help.explain",
    [
        Argument("data", "explain.help.what", "MODEL|DATA", required=False),
        Argument("records", "explain.help.data", "DATA", required=False),
        Option("--hidden", "cli.help.hidden", "100,30", type=WIDTHS, values={"default": "100,30"}),
        Option("--batch-size", "explain.help.batch_size", "N", type=BATCHES),
        Option("--convention", "explain.help.convention", "NAME", type=one_of("keras", "torch", "columns", "all")),
        Option("--format", "explain.help.format", "NAME", type=one_of("text", "html", "svg", "json", "png")),
        Option("--trace", "explain.help.trace", "R,U", type=PAIR),
        Option("--layer", "explain.help.layer", "NAME"),
        Option("--out", "explain.help.out", "FILE", type=Path),
        *reading(),
        *common(json=True),
    ],
    _explain,
)
