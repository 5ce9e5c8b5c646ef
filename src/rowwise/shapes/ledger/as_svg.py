"""A Ledger → one SVG: the matrices of every Dense layer drawn to scale, the other layers as labelled boxes.

Words are in the current language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from rowwise.pages.render import render
from rowwise.pages.svg import LINE, Drawing, Sheet, element, ruler, short, text_width
from rowwise.shapes.ledger.as_text import (
    conventions_of,
    counting,
    equations,
    fixed_batch_notes,
    heading,
    none_notes,
    sources_text,
    wrap_shapes,
)
from rowwise.shapes.ledger.dense_drawing import dense_of, draw_dense, scale_of
from rowwise.text import say
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    from rowwise.shapes.ledger.ledger import Ledger, Row
    from rowwise.shapes.ledger.scaled_matrix import Scale

PADDING = 12.0  # pixels, within a layer's box and around the drawing
NARROWEST = 480.0  # pixels of a layer's box


def svg(ledger: Ledger) -> str:
    """The whole ledger as a standalone document."""
    scale = scale_of(ledger)
    sheet = Sheet()
    y = sheet.lines(0, 18, wrap(heading(ledger), 56), "heading")
    y = _boxes(sheet, ledger, scale, y) + 28
    y = _legend(sheet, ledger, scale, y)
    written_out = any(size is not None for size in ledger.batch_sizes)
    unbuilt = [say("view.unbuilt")] if ledger.parameters is None else []
    for note in (*unbuilt, *none_notes(ledger)[1 if written_out else 0 :], *fixed_batch_notes(ledger)):
        y = sheet.lines(0, y, wrap(note, 72), "small") + 4
    drawing = sheet.drawing()
    document = render(
        "rowwise.shapes.ledger",
        "ledger.svg",
        title=say("view.title", name=ledger.name),
        description=". ".join(f"{row.facts.name}: {row.equation(ledger.batch_sizes[0])}" for row in ledger.rows),
        width=f"{drawing.width + 2 * PADDING:.0f}",
        height=f"{drawing.height + 2 * PADDING:.0f}",
        padding=short(PADDING),
        body=drawing.body,
    )
    return str(document)


def _boxes(sheet: Sheet, ledger: Ledger, scale: Scale, y: float) -> float:
    """A box a layer, with arrows between them; the lower edge of the last."""
    contents = [_layer(ledger, index, scale) for index in range(len(ledger.rows))]
    indents = [PADDING * row.facts.depth for row in ledger.rows]
    right = max((indent + content.right for indent, content in zip(indents, contents, strict=True)), default=0)
    for index, (x, content) in enumerate(zip(indents, contents, strict=True)):
        if index:
            arrow = element("path", class_="mark", d=f"M16 {short(y + 3)}v14m-4-5 4 5 4-5")
            sheet.add(arrow, 0, 20, y + 20)
            y += 22
        width, height = max(right + PADDING, NARROWEST) - x, content.bottom + 8
        box = element("rect", class_="card", x=0.5, y=0.5, rx=8, width=width - 1, height=height - 1)
        sheet.place(Drawing(Markup().join([box, *content.parts]), width, height), x, y)
        y += height
    return y


def _legend(sheet: Sheet, ledger: Ledger, scale: Scale, y: float) -> float:
    """How to read the matrices, where any are drawn; the baseline of what comes next."""
    if not any(dense_of(row) for row in ledger.rows):
        return y
    for convention in ledger.conventions:
        y = sheet.lines(0, y, wrap(say(f"view.rule.{convention}"), 72), "small") + 4
    length, words = scale.ruler()
    sheet.add(ruler(0, y - 4, length), 0, length, y)
    y = sheet.lines(length + 10, y, wrap(words, 66), "small") + 4
    for note in scale.notes():
        y = sheet.lines(0, y, wrap(note, 72), "small") + 4
    return y


def _counts(ledger: Ledger, row: Row) -> list[tuple[str, str]]:
    """How the parameters are counted in each convention; nothing where there are none."""
    label, conventions = say("ledger.label.parameters"), conventions_of(ledger, row)
    several = len(conventions) > 1
    lines = [(f"{convention} {label}" if several else label, counting(row, convention)) for convention in conventions]
    return lines if row.facts.weights else []


def _layer(ledger: Ledger, index: int, scale: Scale) -> Sheet:
    """One layer: its name, where it takes from, its equations, and its matrices where it has a kernel."""
    row, sheet = ledger.rows[index], Sheet()
    facts = row.facts
    *more, last = wrap(facts.name, 40)
    y = sheet.lines(PADDING, 24, more, "subheading")
    sheet.text(PADDING, y, last, "subheading", after="" if facts.kind == "InputLayer" else facts.title)
    y += LINE
    if source := sources_text(ledger, index):
        y = sheet.lines(PADDING, y, wrap(f"{say('ledger.label.from')}: {source}", 60), "small")
    labelled = [*equations(ledger, row), *_counts(ledger, row)]
    indent = PADDING + max((text_width(label, "small") for label, _ in labelled), default=0) + 10
    for label, equation in labelled:
        sheet.text(PADDING, y, label, "small")
        y = sheet.lines(indent, y, wrap_shapes(equation, 50), "mono")
    if not equations(ledger, row):
        y = sheet.lines(PADDING, y, wrap(row.sentence, 60), "small")
    if dense := dense_of(row):
        # A record with several axes is written alike in all conventions.
        conventions = ledger.conventions if len(dense.leading) == 1 else ledger.conventions[:1]
        several = len(ledger.conventions) > 1
        x, top = PADDING, y
        for convention in conventions:
            drawing = draw_dense(dense, ledger.batch_sizes, convention, scale)
            under = top
            if several and len(dense.leading) == 1:
                under = sheet.lines(x, top + 8, wrap(say(f"view.convention.{convention}"), 44), "small") - 8
            sheet.place(drawing, x, under)
            x += max(drawing.width, 310 if several else 0) + 2 * PADDING
    return sheet
