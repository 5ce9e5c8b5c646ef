"""A Trace → text of at most 80 columns, and its figures as people read them, in the current language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.text import say
from rowwise.text.terminal import wrap
from rowwise.text.visible import visible

if TYPE_CHECKING:
    from rowwise.shapes.ledger.tracing import Trace


def text(trace: Trace) -> str:
    """The heading, a line a product, a line a step of the sum, a note."""
    from rich.cells import cell_len

    rows = [(name, f"{value} × {weight}", product) for name, value, weight, product in products(trace)]
    rows += [(step, "", figure) for step, figure in steps(trace)]
    widths = [max(cell_len(row[place]) for row in rows) for place in range(3)]
    lines = wrap(f"{trace.heading()}: {say('trace.largest')}")
    for cells in rows:
        gaps = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
        lines.append(f"  {cells[0]}{gaps[0]}  {gaps[1]}{cells[1]}  {gaps[2]}{cells[2]}")
    return visible("\n".join(lines + wrap(say("trace.note"))), lines=True)


def trace_card(trace: Trace) -> str:
    """What a notebook shows."""
    from rowwise.pages.card import Table, card

    head = [say(f"trace.column.{name}") for name in ("feature", "value", "weight", "product")]
    return card(trace.heading(), Table(head, products(trace)), Table([], steps(trace)))


def products(trace: Trace) -> list[tuple[str, str, str, str]]:
    """Of the products that weigh most: the feature's name, its value, the weight, the product."""
    columns = (trace.features, trace.weights, trace.products)
    return [(trace.name(int(f)), *(figure(column[f]) for column in columns)) for f in trace.largest()]  # type: ignore[misc]


def steps(trace: Trace) -> list[tuple[str, str]]:
    """From the other products to the model's own value: each step and its figure."""
    return [(words, figure(value)) for words, value in trace.steps()]


def figure(value: float) -> str:
    """Four places behind the point; a number too long for a column by its power of ten."""
    return f"{value:.3e}" if abs(value) >= 1e6 else f"{round(float(value), 4) + 0.0:.4f}"  # + 0.0: no "-0.0000"
