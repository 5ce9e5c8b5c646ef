"""A title, tables, words and drawings → a fragment of HTML: what a notebook shows of an object.

No script, no id, nothing from elsewhere; its rules reach only into itself. Light or dark as the notebook's theme is, or
the reader's system.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from rowwise.pages.render import render
from rowwise.pages.svg import element, points

WIDTH, HEIGHT = 260.0, 90.0  # of a sketch of curves, in pixels
INKS = ("x-ink", "w-ink", "y-ink", "b-ink")  # of its lines


class Table(NamedTuple):
    """Rows whose first cells name them; `note` stands below."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    label: str = ""
    note: str = ""


class Words(NamedTuple):
    """Lines, each a paragraph; `warning`: not to be missed."""

    lines: Sequence[str]
    warning: bool = False


class Columns(NamedTuple):
    """Text that is laid out in columns of letters."""

    text: str


class Sketch(NamedTuple):
    """A drawing, and what it shows in words."""

    drawing: Markup
    title: str


class Bar(NamedTuple):
    """How far something is."""

    done: int
    of: int


Part = Table | Words | Columns | Sketch | Bar


def card(title: str, *parts: Part) -> str:
    """The fragment, in the current language; all text is escaped. Parts without content are left out."""
    shown = [(type(part).__name__.lower(), part) for part in parts if part[0] or isinstance(part, Table | Bar)]
    return str(render("rowwise.pages", "card.html", title=title, parts=shown))


def sketch(series: Sequence[tuple[str, Sequence[float]]], title: str) -> Sketch:
    """Curves over the epochs, on one scale, their names beside them; values that are no numbers are left out."""
    finite = [value for _, values in series for value in values if abs(value) < float("inf")]
    if not finite:
        return Sketch(Markup(""), title)
    low, high = min(finite), max(finite)
    longest = max(len(values) for _, values in series)
    parts = []
    for number, (name, values) in enumerate(series):
        ink = f"var(--rowwise-{INKS[number % len(INKS)]})"
        places = [
            (WIDTH * place / max(longest - 1, 1), HEIGHT * (1 - (value - low) / ((high - low) or 1)))
            for place, value in enumerate(values)
            if abs(value) < float("inf")
        ]
        parts.append(element("polyline", points=points(places), fill="none", stroke=ink, stroke_width=2))
        parts.append(element("text", name, x=WIDTH + 10, y=14 + 18 * number, fill=ink, font_size=13))
    box = f"-4 -4 {WIDTH + 130:g} {HEIGHT + 8:g}"
    drawing = element("svg", *parts, role="img", aria_label=title, width=WIDTH + 130, height=HEIGHT + 8, viewBox=box)
    return Sketch(drawing, title)
