"""`rowwise data list | fetch | show` → what data there are, fetched, counted and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rowwise import data as sources
from rowwise.commands.options import chosen, reading
from rowwise.data.augmentation import Augmentation
from rowwise.data.loaders import load_source
from rowwise.data.source import Source, source_of
from rowwise.errors import DataError, UsageError
from rowwise.files import atomic_write
from rowwise.runs.plan import READING
from rowwise.runs.record import SCHEMA
from rowwise.runs.table_lines import about_table
from rowwise.terminal.output import Output
from rowwise.terminal.parsing import Argument, Command, Group, Option, common
from rowwise.terminal.polars_stderr import hide_panics
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.text import say
from rowwise.text.visible import file_name


def _list(json: bool) -> int:
    """Each name, what it is, where it lies; 0."""
    from rich.cells import cell_len

    from rowwise.data.named import fashion_mnist  # imports NumPy, which --help does without

    place = fashion_mnist.find()
    where = {fashion_mnist.NAME: str(place.folder) if place else None}
    with own_temporary_folder(), Output(json) as output:
        lines = [(name, say(f"cli.data.{name}")) for name in sources.names()]
        width = max(cell_len(words) for _, words in lines)
        for name, words in lines:
            if name not in where:
                state = say("cli.data.embedded")
            else:
                state = say("cli.data.here", place=where[name]) if where[name] else say("cli.data.absent")
            output.result(f"{name:<13}  {words}{' ' * (width - cell_len(words))}  {state}")
        places = {name: {"embedded": name not in where, "folder": where.get(name)} for name in sources.names()}
        output.json({"schema": SCHEMA, "data": places})
    return 0


def _fetch(data: str, json: bool) -> int:
    """The files found or downloaded, and read once to be sure; 0.

    Raises:
        DataError: an unknown name, broken files. DataNotFound: no mirror gave them.
    """
    with own_temporary_folder(), Output(json) as output:
        name = sources.canonical_name(data)
        folder = sources.fetch(name)
        train, test = sources.load(name)
        output.result(say("cli.data.here", place=folder) if folder else say("cli.data.embedded"))
        output.tell(say("cli.loaded", provenance=train.origin, train=f"{len(train):,}", test=f"{len(test):,}"))
        facts = {"name": name, "folder": str(folder) if folder else None, "source": dict(train.source)}
        output.json({"schema": SCHEMA, **facts})
    return 0


def _show(data: str, out: Path | None, augment: str | None, json: bool, **given: Any) -> int:
    """Classes and pixels counted, a contact sheet drawn; of a table its schema; 0.

    Raises:
        DataError: an unknown name, broken files. UsageError: `--out` is no PNG. SaveError: it cannot be written.
    """
    if out is not None and out.suffix.lower() != ".png":
        raise UsageError("cli.sheet.png", path=out)
    augmentation = Augmentation.of(augment or "none")
    source = source_of(data, {READING[name]: value for name, value in chosen(given).items()})
    with own_temporary_folder(), Output(json) as output:
        if source.kind == "table":
            if augmentation is not None:
                raise UsageError("settings.of_pictures", names=f"--augment {augment}")
            return _show_table(source, out, output)
        parts = load_source(source)
        from rowwise.data.contact_sheet import contact_sheet
        from rowwise.data.summary import describe, describe_text

        for part in parts:
            output.result(f"{describe_text(part)}\n")
        file = out or Path(f"{file_name(parts[0].name)}-sheet.png")
        sheet = None
        try:
            atomic_write(file, contact_sheet(parts[0], augmentation=augmentation))
        except DataError as no_pictures:
            if out is not None or augmentation is not None:
                raise
            output.tell(str(no_pictures))
        else:
            sheet = str(file)
            output.tell(say("cli.sheet", path=file))
        output.json({"schema": SCHEMA, **{part.part: describe(part) for part in parts}, "sheet": sheet})
    return 0


def _show_table(source: Source, out: Path | None, output: Output) -> int:
    """The schema, and what the target's values are like; 0."""
    if out is not None:
        raise UsageError("cli.sheet.table", path=source.place)
    if not source.target:
        from rowwise.data.tables.load import survey

        with hide_panics(reads_table=True):
            schema, records = survey(source)
        output.result(f"{schema}\n\n{say('show.no_target', records=f'{records:,}')}")
        output.json({"schema": SCHEMA, "records": records, "columns": schema.to_dict()["columns"]})
        return 0
    with hide_panics(reads_table=True):
        parts = load_source(source)
    train = parts[0]
    assert train.schema is not None
    output.tell(f"{train.origin}\n")
    output.result(f"{train.schema}\n")
    for line in about_table(train):
        output.tell(line)
    from rowwise.data.summary import describe_table, describe_target

    for part in parts:
        output.result(describe_target(part))
    targets = {part.part: describe_table(part) for part in parts}
    output.json({"schema": SCHEMA, "columns": train.schema.to_dict(), **targets})
    return 0


list_command = Command("list", "cli.help.data.list", common(json=True), _list)
fetch_command = Command(
    "fetch",
    "cli.help.data.fetch",
    [Argument("data", "cli.help.data.name", "NAME"), *common(json=True)],
    _fetch,
)
show_command = Command(
    "show",
    "cli.help.data.show",
    [
        Argument("data", "cli.help.show.data", "DATA"),
        Option("--out", "cli.help.sheet", "FILE", type=Path),
        Option("--augment", "cli.help.show.augment", "KIND"),
        *reading(),
        *common(json=True),
    ],
    _show,
)
command = Group(
    "data",
    "cli.help.data",
    {
        "list": ("rowwise.commands.data:list_command", "cli.help.data.list"),
        "fetch": ("rowwise.commands.data:fetch_command", "cli.help.data.fetch"),
        "show": ("rowwise.commands.data:show_command", "cli.help.data.show"),
    },
    common(),
)
