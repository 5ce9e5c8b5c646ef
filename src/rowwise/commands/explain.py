"""`rowwise explain` → the ledger of a model, or one number of it followed through its dot product."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rowwise.commands import explain_table
from rowwise.commands.options import chosen, reading
from rowwise.data.source import WRITTEN, Source
from rowwise.errors import UsageError
from rowwise.files import atomic_write
from rowwise.json_text import to_json
from rowwise.runs.explained_word import model_and_records, model_or_data_named, source_named
from rowwise.runs.plan import READING
from rowwise.runs.saved import Saved
from rowwise.runs.table_lines import about_table
from rowwise.terminal.argument_types import BATCHES, PAIR, POSITIVE, WIDTHS, given_names, one_of, whole
from rowwise.terminal.output import Output, format_of
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.terminal.polars_stderr import hide_panics
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.text import say
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    pass

FORMATS = {"ledger": ("text", "html", "svg", "json"), "trace": ("text", "html", "json", "png")}


@dataclass(frozen=True)
class ExplainOptions:
    """What was asked for: of the ledger the first two, of one number followed `records`, `trace` and `layer`."""

    batch_size: tuple[int | None, ...]
    convention: str
    hidden: tuple[int, ...] | None
    records: str | None
    trace: tuple[int, int] | None
    layer: str | None
    format: str
    out: Path | None
    json: bool

    @classmethod
    def of(
        cls,
        trace: tuple[int, int] | None,
        batch_size: tuple[int | None, ...] | None,
        convention: str | None,
        format: str | None,
        out: Path | None,
        json: bool,
        **more: Any,
    ) -> Self:
        """The options complete, once none contradicts another.

        Raises:
            UsageError: some do. SaveError: `--out` names no place for a file.
        """
        if trace is None and more["layer"] is not None:
            raise UsageError("explain.layer")
        if trace is None and more["records"] is not None:
            raise UsageError("explain.records", found=more["records"])
        if trace is not None and (batch_size, convention) != (None, None):
            raise UsageError("explain.trace_only", option="--convention" if batch_size is None else "--batch-size")
        kind = "ledger" if trace is None else "trace"
        if out is None and json and format not in (None, "json"):
            raise UsageError("explain.json", found=format)
        format = format_of(out, format, FORMATS[kind], f"explain.format.{kind}")
        if format == "png" and out is None:
            raise UsageError("explain.png")
        sizes = batch_size or (32,)
        return cls(sizes, convention or "keras", trace=trace, format=format, out=out, json=json, **more)


def _explain(data: str | None, **given: Any) -> int:
    """Print the ledger, or write it to `--out`; with `--trace` one number instead; 0.

    Raises:
        RowwiseError: a model, data or options that cannot be used, or a file that cannot be written.
    """
    of_table = {name: given.pop(name) for name in explain_table.OWN}
    if explain_table.asked_for(given, of_table):
        return _table(data, of_table, given)
    own = ("records", "hidden", "batch_size", "convention", "format", "trace", "layer", "out", "json")
    options = ExplainOptions.of(**{name: given.pop(name) for name in own})
    read_by, records = {READING[name]: value for name, value in chosen(given).items()}, None
    if options.records is not None:  # they say how the data beside the model are written
        records = Source.used_on(options.records, {name: read_by.pop(name) for name in WRITTEN if name in read_by})
    source = source_named(data, read_by)
    named = source or model_or_data_named(data)
    if isinstance(named, Path) and options.hidden is not None:
        raise UsageError("explain.hidden", path=named)
    with own_temporary_folder(), Output(options.json) as output:
        if options.trace is not None:
            _trace(named, records, options.trace, options, output)
            return 0
        ledger_options: dict[str, Any] = {"batch_size": options.batch_size, "convention": options.convention}
        if isinstance(named, Path):
            ledger, about, text = Saved.open(named).explain(**ledger_options), {}, ""
        else:
            from rowwise.runs.ledger_of_data import ledger_of_data  # imports NumPy, which --help does without

            with hide_panics(source is not None and source.kind == "table"):
                of_data = ledger_of_data(named or "fashion-mnist", options.hidden, **ledger_options)
            ledger, about, text = of_data.ledger, of_data.about, of_data.text
            if of_data.train is not None and options.format == "text":
                output.tell(of_data.train.origin)
                text = "\n\n".join([*about_table(of_data.train), text])
        facts = {**ledger.to_dict(), **about}
        renderers = {"html": ledger.to_html, "svg": ledger.to_svg}
        rendered = _json(facts) if options.format == "json" else renderers.get(options.format, ledger.__str__)()
        _write(f"{text}\n\n{rendered}" if text and options.format == "text" else rendered, options, output)
        if options.format == "text" and options.out is None:
            output.tell(say("questions.hint"))
        output.json(facts)
    return 0


def _table(data: str | None, asked: dict[str, Any], given: dict[str, Any]) -> int:
    """Why a table's model says what it says of a row, or what it says on average by column."""
    read_by = {READING[name]: value for name, value in chosen(_of_reading(given)).items()}
    records = None
    if given["records"] is not None:
        records = Source.used_on(given["records"], {name: read_by.pop(name) for name in WRITTEN if name in read_by})
    named = source_named(data, read_by) or model_or_data_named(data)
    with own_temporary_folder(), Output(given["json"]) as output, hide_panics(True):
        explain_table.explain_table(named, records, asked, given["format"], given["out"], output)
    return 0


def _of_reading(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in READING or name == "options"}


def _json(facts: dict[str, Any]) -> str:
    return to_json(facts, indent=2).decode()


def _write(rendered: str | bytes, options: ExplainOptions, output: Output) -> None:
    """Into the file, else onto standard output, where `--json` has its own object instead."""
    if options.out is not None:
        atomic_write(options.out, rendered if isinstance(rendered, bytes) else f"{rendered.rstrip()}\n".encode())
        output.tell(say("explain.written", path=options.out))
    elif isinstance(rendered, str) and not options.json:
        output.result(rendered.rstrip())


def _trace(
    named: Source | Path | str | None,
    records: Source | None,
    place: tuple[int, int],
    options: ExplainOptions,
    output: Output,
) -> None:
    """One number: of record and unit `place`."""
    saved, data = model_and_records(named, records, options.hidden, place)
    record, unit = place
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
        Option("--row", "explain.help.row", "N", type=whole(1)),
        Option("--change", "explain.help.change", "AMOUNT", type=POSITIVE),
        Option("--output", "explain.help.output", "NAME"),
        Option("--dependence", "explain.help.dependence", "NAMES", multiple=True, callback=given_names),
        Option("--out", "explain.help.out", "FILE", type=Path),
        *reading(),
        *common(json=True),
    ],
    _explain,
)
