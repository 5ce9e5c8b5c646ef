"""A Schema → a table of its columns, at most 80 columns of text wide, in the language in force."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from rowwise.data.tables.schema import PERIODS
from rowwise.text import say
from rowwise.text.terminal import WIDTH

if TYPE_CHECKING:
    from rowwise.data.tables.schema import Column, Schema

MOST = 200  # columns shown
LEVELS = 40  # letters of levels shown
LONGEST = 40  # letters of a name
WHOLE = 2**24  # below it float32 holds every whole number


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
    place = 0
    for column in schema.columns[:MOST]:
        table.add_row(*(_plain(cell) for cell in cells(column, place)))
        place += len(column.inputs)
    text = StringIO()
    Console(file=text, width=WIDTH, color_system=None, legacy_windows=False).print(table)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    if len(schema.columns) > MOST:
        lines.append(say("schema.more", columns=f"{len(schema.columns) - MOST:,}"))
    return "\n".join(lines)


def cells(column: Column, place: int) -> tuple[str, ...]:
    missing = f"{100 * column.missing:.1f} %" if column.kind != "dropped" else ""
    last = place + len(column.inputs) - 1
    where = "" if not column.inputs else str(place) if last == place else f"{place}–{last}"
    return _short(column.name), say(f"schema.kind.{column.kind}"), missing, _values(column), _enters(column), where


def _values(column: Column) -> str:
    if column.kind == "dropped":
        return say(f"schema.dropped.{column.reason}")
    if column.kind == "categorical":
        shown: list[str] = []
        for level in column.levels:
            if sum(map(len, shown)) + len(level) > LEVELS:
                shown.append("…")
                break
            shown.append(level)
        return say("schema.levels", count=f"{len(column.levels):,}", levels=", ".join(shown))
    if column.kind == "boolean":
        return say("schema.share", share=f"{100 * column.means[0]:.1f}") if column.means else ""
    if column.low is None:
        return ""
    return say("schema.range", low=_bound(column.low), high=_bound(column.high))


def _bound(value: Any) -> str:
    return value if isinstance(value, str) else plain(value)


def plain(value: float) -> str:
    """A number as the table had it; no comma between thousands, for 2019 may be a year or the number of something."""
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < WHOLE else f"{value:.6g}"


def _enters(column: Column) -> str:
    """How many features it becomes, and of what kind."""
    if column.kind == "dropped":
        return say("schema.enters.not")
    if column.embedded:
        return say("schema.enters.embedded")
    added = say("schema.enters.missing") if column.indicated else ""
    if column.kind == "categorical":
        return say("schema.enters.onehot", count=len(column.levels)) + added
    if column.kind == "date":
        angles = sum(part in PERIODS for part in column.parts)
        return say("schema.enters.date", numbers=len(column.parts) - angles, angles=angles) + added
    return say(f"schema.enters.{column.kind}") + added


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _plain(cell: str) -> str:
    from rich.markup import escape

    return escape("".join(letter if letter.isprintable() else "·" for letter in cell))
