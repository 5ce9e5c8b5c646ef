"""`rowwise data list | fetch | show` → what data there are, fetched, counted and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rowwise import data as sources
from rowwise.commands.output import Output
from rowwise.data import fashion_mnist
from rowwise.errors import UsageError
from rowwise.files import atomic_write
from rowwise.runs import SCHEMA
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
    """`rowwise data show`: classes and pixels counted, a contact sheet drawn; 0.

    Raises:
        DataError: an unknown name, broken files. UsageError: `--out` is no PNG. SaveError: it cannot be written.
    """
    if options.out is not None and options.out.suffix.lower() != ".png":
        raise UsageError("cli.sheet.png", path=options.out)
    with Output(options) as out:
        parts = sources.load(options.data)
        from rowwise.data.sheet import contact_sheet
        from rowwise.data.summary import describe, describe_text

        for part in parts:
            out.result(f"{describe_text(part)}\n")
        file = options.out or Path(f"{parts[0].name}-sheet.png")
        atomic_write(file, contact_sheet(parts[0]))
        out.tell(say("cli.sheet", path=file))
        out.json({"schema": SCHEMA, **{part.part: describe(part) for part in parts}, "sheet": str(file)})
    return 0
