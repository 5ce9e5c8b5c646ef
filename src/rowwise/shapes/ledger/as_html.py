"""A Ledger → HTML: a fragment for notebooks, and a standalone page. No script, no id, nothing from elsewhere.

Words are in the current language. A fragment's rules reach only into itself, and two of them do not meet.
The templates ledger.html and ledger.css say how it looks; here is what they are filled with.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rowwise.pages.render import render
from rowwise.pages.svg import inline, ruler
from rowwise.shapes.ledger.as_text import (
    arrays,
    conventions_of,
    counting,
    equations,
    equations_in,
    example_source,
    heading,
    none_notes,
    notes,
    size_text,
    sizes_of,
    sources_text,
    unknown_reason,
    unknown_total_reason,
)
from rowwise.shapes.ledger.dense_drawing import dense_of, draw_dense, scale_of
from rowwise.shapes.shape_text import shape_text
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from rowwise.shapes.ledger.dense_drawing import Dense
    from rowwise.shapes.ledger.ledger import Ledger, Row
    from rowwise.shapes.ledger.scaled_matrix import Scale

NO_FIGURE = "–"
NO_BREAK = "\u00a0"
SYMBOLS = {"kernel": "W", "weight": "W", "bias": "b"}

# Words and, for a None, what it stands for; else empty.
Words = list[tuple[str, str]]


class Code(NamedTuple):
    """A part of an equation: a shape, which no line breaks, or what stands between two shapes."""

    is_shape: bool
    words: Words


class Equation(NamedTuple):
    """One call in shapes: with which number of records, and the equation."""

    label: str
    code: list[Code]


class Counting(NamedTuple):
    """How the parameters are counted, and the arrays that they are in: name, shape, remark."""

    convention: str
    arithmetic: str
    weights: list[tuple[str, list[Code], str]]


class Figures(NamedTuple):
    """A figure for each number of records, once where it is always the same; or why it is not known."""

    lines: list[str]
    known: bool = True


class TableRow(NamedTuple):
    """A layer in the table; `figures` are memory and multiply-adds, none where no number of records is known."""

    name: str
    kind: str
    sentence: str
    source: str
    depth: int
    equations: list[Equation]
    countings: list[Counting]
    figures: list[Figures]


class Total(NamedTuple):
    """The last row: the terms of the sum where there are several, the sum if it is known, what training changes."""

    terms: list[str]
    parameters: str | None
    trainable: str
    figures: list[Figures]


class Caption(NamedTuple):
    """What stands beside a drawing: equations, the arrays by symbol, and how the parameters are counted."""

    equations: list[Equation]
    arrays: list[tuple[str, str]]
    counting: str


class View(NamedTuple):
    """The drawings of a layer in one convention; `caption` where several conventions stand side by side."""

    label: str
    title: str
    caption: Caption | None
    drawings: list[Markup]


class Card(NamedTuple):
    """One layer drawn; `caption` where there is one view."""

    name: str
    kind: str
    sentence: str
    caption: Caption | None
    wide: bool
    views: list[View]


def page(ledger: Ledger) -> str:
    """A standalone document; its policy forbids it to fetch anything."""
    title = say("view.title", name=ledger.name)
    return str(render("rowwise.shapes.ledger", "page.html", title=title, **_content(ledger, level=1)))


def fragment(ledger: Ledger) -> Markup:
    """What a notebook shows, and another page can hold."""
    return render("rowwise.shapes.ledger", "ledger.html", **_content(ledger, level=3))


def _content(ledger: Ledger, level: int) -> dict[str, object]:
    """What ledger.html is filled with; its main heading is of this level."""
    sizes = sizes_of(ledger)
    columns = [say("view.layer"), say("view.shapes"), say("ledger.label.parameters")]
    if sizes:
        columns += [say("ledger.label.memory"), say("ledger.label.work")]
    return {
        "level": level,
        "heading": heading(ledger),
        "notes": notes(ledger, none=False),
        "none_notes": none_notes(ledger),
        "columns": columns,
        "rows": [_table_row(ledger, index, sizes) for index in range(len(ledger.rows))],
        "total": _total(ledger, sizes),
        "example": _example(ledger),
        "drawings": _drawings(ledger),
    }


def _table_row(ledger: Ledger, index: int, sizes: list[int]) -> TableRow:
    row = ledger.rows[index]
    facts = row.facts
    reason = unknown_reason(row) if facts.outputs else NO_FIGURE
    costs = [
        _figures([(size, row.output_bytes(size)) for size in sizes], size_text, reason),
        _figures([(size, row.multiply_adds(size)) for size in sizes], "{:,}".format, reason),
    ]
    return TableRow(
        facts.name,
        "" if facts.kind == "InputLayer" else facts.title,
        row.sentence,
        sources_text(ledger, index),
        facts.depth,
        _equations(equations(ledger, row), row),
        [_counting(row, convention) for convention in conventions_of(ledger, row)],
        costs if sizes else [],
    )


def _counting(row: Row, convention: str) -> Counting:
    weights = [
        (weight.name, _code(shape_text(weight.shape)), "" if weight.trainable else say("ledger.frozen"))
        for weight in row.weights(convention)
    ]
    arithmetic = counting(row, convention).replace(" × ", f"{NO_BREAK}×{NO_BREAK}")  # no line ends within a product
    return Counting(convention, arithmetic, weights)


def _total(ledger: Ledger, sizes: list[int]) -> Total:
    memory = [(size, ledger.output_bytes(size)) for size in sizes]
    work = [(size, ledger.multiply_adds(size)) for size in sizes]
    costs = [
        _figures(memory, size_text, unknown_total_reason(ledger, lambda row: row.output_bytes(1))),
        _figures(work, "{:,}".format, unknown_total_reason(ledger, lambda row: row.multiply_adds(1))),
    ]
    figures = costs if sizes else []
    if ledger.parameters is None or ledger.trainable is None:
        return Total([], None, "", figures)
    terms = [f"{row.parameters:,}" for row in ledger.rows if row.parameters]
    trainable = ""
    if ledger.trainable != ledger.parameters:
        frozen = f"{ledger.parameters - ledger.trainable:,}"
        trainable = say("ledger.total.trainable", trainable=f"{ledger.trainable:,}", frozen=frozen)
    return Total(terms if len(terms) > 1 else [], f"{ledger.parameters:,}", trainable, figures)


def _figures(figures: list[tuple[int, int | None]], in_words: Callable[[int], str], reason: str) -> Figures:
    words = [(f"{size:,}", in_words(figure)) for size, figure in figures if figure is not None]
    if len(words) < len(figures):
        return Figures([reason], known=False)
    if len({figure for _, figure in words}) == 1:
        return Figures([words[0][1]])
    return Figures([say("ledger.at", figure=figure, records=records) for records, figure in words])


def _equations(labelled: list[tuple[str, str]], row: Row) -> list[Equation]:
    return [Equation(label, _code(text, row.dense is None)) for label, text in labelled]


def _code(text: str, records_first: bool = False) -> list[Code]:
    """The text in parts, each None with what it stands for.

    With `records_first`, a None that does not come first in its shape is another axis than the records'.
    """
    parts = []
    for place, part in enumerate(re.split(r"(\([^()]*\)ᵀ?)", text)):
        words: Words = []
        for word in re.split("( ?None)", part):
            if not word.endswith("None"):
                words.append((word, ""))
            elif word.startswith(" "):
                words += [(" ", ""), ("None", say("ledger.second.short" if records_first else "ledger.none"))]
            else:
                words.append(("None", say("ledger.none")))
        parts.append(Code(place % 2 == 1, words))
    return parts


def _example(ledger: Ledger) -> dict[str, object] | None:
    """One layer computed in each convention, on real numbers."""
    if ledger.example is None:
        return None
    computed = ledger.example.computed
    cards = []
    for convention, own in computed.arrays.items():
        shapes = ", ".join(f"{name} {shape_text(array.shape)}" for name, array in own.items())
        lines = (shapes, computed.equation(convention), computed.first_values(convention))
        cards.append((say(f"view.convention.{convention}"), list(map(_code, lines))))
    return {"source": example_source(ledger.example), "cards": cards, "verdict": computed.verdict}


def _drawings(ledger: Ledger) -> dict[str, object] | None:
    """Each Dense layer with its matrices; None where there is none."""
    layers = [(row, dense) for row in ledger.rows if (dense := dense_of(row))]
    if not layers:
        return None
    scale = scale_of(ledger)
    length, in_words = scale.ruler()
    several = len(ledger.conventions) > 1
    return {
        "convention": "" if several else say(f"view.convention.{ledger.conventions[0]}"),
        "rules": [(convention if several else "", say(f"view.rule.{convention}")) for convention in ledger.conventions],
        "ruler": ruler(1, 5, length),
        "ruler_width": f"{length + 2:.0f}",
        "notes": " ".join([in_words, *scale.notes()]),
        "cards": [_card(ledger, row, dense, scale) for row, dense in layers],
    }


def _card(ledger: Ledger, row: Row, dense: Dense, scale: Scale) -> Card:
    """The layer's drawing beside its caption, or a drawing for each convention with its own."""
    facts, sizes, conventions = row.facts, ledger.batch_sizes, conventions_of(ledger, row)
    several = len(conventions) > 1
    views = []
    for convention in conventions:
        label = say(f"view.convention.{convention}")
        title = f"{facts.name}. {label}"
        description = ". ".join(row.equation(size, convention) for size in sizes)
        # Batches in columns stand side by side, in a drawing each, so that they can wrap.
        batches = [(size,) for size in sizes] if convention == "columns" else [sizes]
        drawings = [inline(draw_dense(dense, batch, convention, scale), title, description) for batch in batches]
        views.append(View(label, title, _caption(ledger, row, convention) if several else None, drawings))
    wide = several or (ledger.convention == "columns" and len(sizes) > 1)
    caption = None if several else _caption(ledger, row, conventions[0])
    return Card(facts.name, facts.title, row.sentence, caption, wide, views)


def _caption(ledger: Ledger, row: Row, convention: str) -> Caption:
    symbols = [(SYMBOLS.get(name, name), words) for name, words in arrays(row, convention)]
    return Caption(_equations(equations_in(ledger, row, convention), row), symbols, counting(row, convention))
