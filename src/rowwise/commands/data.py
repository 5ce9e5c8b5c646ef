"""`rowwise data list | fetch | show` → what data there are, fetched, counted and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rowwise import data as sources
from rowwise.commands.output import Output
from rowwise.commands.sources import given, told
from rowwise.commands.tables import about_table
from rowwise.data import Source
from rowwise.data.named import fashion_mnist
from rowwise.errors import UsageError
from rowwise.files import atomic_write
from rowwise.runs.folder import SCHEMA
from rowwise.text import say

if TYPE_CHECKING:
    import argparse


def show_list(options: argparse.Namespace) -> int:
    """`rowwise data list`: each name, what it is, where it lies; 0."""
    from rich.cells import cell_len

    place = fashion_mnist.find()
    where = {name: str(place.folder) if place else None for name in (fashion_mnist.NAME,)}
    with Output(options) as out:
        lines = [(name, say(f"cli.data.{name}")) for name in sources.names()]
        width = max(cell_len(words) for _, words in lines)
        for name, words in lines:
            if name not in where:
                state = say("cli.data.embedded")
            else:
                state = say("cli.data.here", place=where[name]) if where[name] else say("cli.data.absent")
            out.result(f"{name:<13}  {words}{' ' * (width - cell_len(words))}  {state}")
        known = {name: {"embedded": name not in where, "folder": where.get(name)} for name in sources.names()}
        out.json({"schema": SCHEMA, "data": known})
    return 0


def fetch(options: argparse.Namespace) -> int:
    """`rowwise data fetch`: the files found or downloaded, and read once to be sure; 0.

    Raises:
        DataError: an unknown name, broken files. DataNotFound: no mirror gave them.
    """
    with Output(options) as out:
        name = sources.known(options.data)
        folder = sources.fetch(name)
        train, test = sources.load(name)
        out.result(say("cli.data.here", place=folder) if folder else say("cli.data.embedded"))
        out.tell(say("cli.loaded", provenance=train.origin, train=f"{len(train):,}", test=f"{len(test):,}"))
        found = {"name": name, "folder": str(folder) if folder else None, "source": dict(train.source)}
        out.json({"schema": SCHEMA, **found})
    return 0


def show(options: argparse.Namespace) -> int:
    """`rowwise data show`: classes and pixels counted, a contact sheet drawn; of a table its schema; 0.

    Raises:
        DataError: an unknown name, broken files. UsageError: `--out` is no PNG. SaveError: it cannot be written.
    """
    if options.out is not None and options.out.suffix.lower() != ".png":
        raise UsageError("cli.sheet.png", path=options.out)
    source = Source.from_dict({"place": options.data, **given(options)})
    with Output(options) as out:
        if source.kind == "table":
            return _show_table(source, options, out)
        with told(out):
            parts = source.load()
        from rowwise.data.contact_sheet import contact_sheet
        from rowwise.data.summary import describe, describe_text

        for part in parts:
            out.result(f"{describe_text(part)}\n")
        file = options.out or Path(f"{parts[0].name}-sheet.png")
        atomic_write(file, contact_sheet(parts[0]))
        out.tell(say("cli.sheet", path=file))
        out.json({"schema": SCHEMA, **{part.part: describe(part) for part in parts}, "sheet": str(file)})
    return 0


def _show_table(source: Source, options: argparse.Namespace, out: Output) -> int:
    """The schema, and what the target's values are like; 0."""
    if options.out is not None:
        raise UsageError("cli.sheet.table", path=source.place)
    if not source.target:
        from rowwise.data.tables.load import survey

        with told(out, source):
            schema, records = survey(source)
        out.result(f"{schema}\n\n{say('show.no_target', records=f'{records:,}')}")
        out.json({"schema": SCHEMA, "records": records, "columns": schema.to_dict()["columns"]})
        return 0
    with told(out, source):
        parts = source.load()
    train = parts[0]
    assert train.schema is not None
    out.tell(f"{train.origin}\n")
    out.result(f"{train.schema}\n")
    for line in about_table(train, train.schema):
        out.tell(line)
    from rowwise.data.summary import describe_table, describe_target

    for part in parts:
        out.result(describe_target(part))
    out.json(
        {"schema": SCHEMA, "columns": train.schema.to_dict(), **{part.part: describe_table(part) for part in parts}}
    )
    return 0
