"""A Schema → a table of its columns, at most 80 columns of text wide, in the current language."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rowwise.data.tables.columns import KINDS
from rowwise.text import percent, say
from rowwise.text.terminal import WIDTH

if TYPE_CHECKING:
    from rowwise.data.tables.schema import Column, Schema

MOST = 200  # columns shown
LONGEST = 40  # characters of a name


def schema_text(schema: Schema) -> str:
    """One row a column: name, kind, share missing, range or levels, how it enters the network, columns of X."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    for name, justify in (("name", "left"), ("kind", "left"), ("missing", "right"), ("values", "left")):
        table.add_column(say(f"schema.{name}"), justify=justify, overflow="fold")  # type: ignore[arg-type]
    table.add_column(say("schema.enters"), overflow="fold")
    table.add_column("X", justify="right", no_wrap=True)
    for column, place in schema.placed[:MOST]:
        table.add_row(*(_printable(cell) for cell in cells(column, place)))
    text = StringIO()
    Console(file=text, width=WIDTH, color_system=None, legacy_windows=False).print(table)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    if schema.decimal == "," or (schema.decimal and schema.separator == ";"):
        lines += ["", say("schema.decimal", sign=schema.decimal)]
    if schema.missing:
        lines += ["", say("schema.missing_texts", texts=", ".join(f'"{text}"' for text in schema.missing))]
    if len(schema.columns) > MOST:
        lines.append(say("schema.more", columns=f"{len(schema.columns) - MOST:,}"))
    return "\n".join(lines)


def schema_card(schema: Schema) -> str:
    """The same as a notebook shows it."""
    from rowwise.pages.card import Table, card

    rows = [cells(column, place) for column, place in schema.placed]
    head = [*(say(f"schema.{name}") for name in ("name", "kind", "missing", "values", "enters")), "X"]
    counts = {"used": len(schema.used), "columns": len(schema.columns)}
    return card(
        say("card.schema", inputs=len(schema.inputs), features=len(schema.features), **counts), Table(head, rows)
    )


def cells(column: Column, place: int) -> tuple[str, ...]:
    """The six cells of a column's row; `place` is the number of its first column of X."""
    kind = KINDS[column.kind]
    missing = percent(column.missing) if column.kind != "dropped" else ""
    enters = kind.enters_text(column) + (say("schema.enters.missing") if column.indicated else "")
    last = place + len(column.inputs) - 1
    places = "" if not column.inputs else str(place) if last == place else f"{place}–{last}"
    return _short(column.name), say(f"schema.kind.{column.kind}"), missing, kind.values_text(column), enters, places


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _printable(cell: str) -> str:
    from rich.markup import escape

    return escape("".join(letter if letter.isprintable() else "·" for letter in cell))
