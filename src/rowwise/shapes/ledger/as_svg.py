"""A Ledger → one SVG: the matrices of every Dense layer drawn to scale, the other layers as labelled boxes.

A Dense layer is drawn so that what must fit together stands together. Records in rows: W above Y, X left of Y,
so a row of X and a column of W cross in the number of Y that they give. Records in columns: W left of Y, X above.
Words are in the language in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rowwise.shapes.ledger.as_text import counted, equations, fixed, head, nones, takes, wrap_shapes, written
from rowwise.shapes.ledger.drawing import (
    BROKEN,
    GAP,
    LINE,
    LONGEST,
    PAD,
    PALETTE,
    THINNEST,
    WIDEST,
    Drawing,
    Scale,
    Sheet,
    ruler,
    safe,
    style,
    text_width,
)
from rowwise.shapes.ledger.rules import shape_text
from rowwise.text import say
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.shapes.ledger.facts import Shape
    from rowwise.shapes.ledger.ledger import Ledger, Row

WHOLE = 2048  # numbers; a longer side is broken, however large the kernels are


def svg(ledger: Ledger) -> str:
    """The whole ledger as a document of its own."""
    scale = scale_of(ledger)
    sheet = Sheet()
    y = sheet.lines(0, 18, wrap(head(ledger), 56), "t h")
    blocks = [_block(ledger, index, scale) for index in range(len(ledger.rows))]
    right = max(
        (PAD * row.facts.depth + block.right for row, block in zip(ledger.rows, blocks, strict=True)), default=0
    )
    for index, (row, block) in enumerate(zip(ledger.rows, blocks, strict=True)):
        if index:
            sheet.add(f'<path class="a" d="M16 {y + 3:g}v14m-4-5 4 5 4-5"/>', 0, 20, y + 20)
            y += 22
        x = PAD * row.facts.depth
        width, height = max(right + PAD, 480) - x, block.bottom + 8
        card = f'<rect class="c" x=".5" y=".5" rx="8" width="{width - 1:g}" height="{height - 1:g}"/>'
        sheet.place(Drawing(card + "".join(block.parts), width, height), x, y)
        y += height
    y += 28
    if any(matrices(row) for row in ledger.rows):
        for convention in ledger.conventions:
            y = sheet.lines(0, y, wrap(say(f"faces.rule.{convention}"), 72), "t s") + 4
        length, words = scale.ruler()
        sheet.add(ruler(0, y - 4, length), 0, length, y)
        y = sheet.lines(length + 10, y, wrap(words, 66), "t s") + 4
        for note in scale.notes():
            y = sheet.lines(0, y, wrap(note, 72), "t s") + 4
    written_out = any(size is not None for size in ledger.batch_sizes)
    unbuilt = [say("faces.unbuilt")] if ledger.parameters is None else []
    for note in (*unbuilt, *nones(ledger)[1 if written_out else 0 :], *fixed(ledger)):
        y = sheet.lines(0, y, wrap(note, 72), "t s") + 4
    drawing = sheet.drawing()
    told = ". ".join(f"{row.facts.name}: {row.equation(ledger.batch_sizes[0])}" for row in ledger.rows)
    return document(drawing, say("faces.title", name=ledger.name), told, ledger.lang)


def document(drawing: Drawing, title: str, description: str, lang: str) -> str:
    """A file of its own, with its colours for light and dark."""
    width, height = drawing.width + 2 * PAD, drawing.height + 2 * PAD
    light, dark = (
        style(".rowwise-ledger", lambda name, theme=theme: PALETTE[name][theme])  # type: ignore[misc]
        for theme in (0, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rowwise-ledger" role="img" xml:lang="{lang}" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
        f"<title>{safe(title)}</title><desc>{safe(description)}</desc>"
        f"<style>{light}@media screen and (prefers-color-scheme:dark){{{dark}}}</style>"
        f'<rect class="bg" width="100%" height="100%"/>'
        f'<g transform="translate({PAD:g} {PAD:g})">{drawing.body}</g></svg>\n'
    )


def scale_of(ledger: Ledger) -> Scale:
    """The scale in which the longest side that is not broken is `LONGEST`."""
    found = [dense for row in ledger.rows if (dense := matrices(row))]
    kernel = {size for dense in found for size in (dense.features, dense.units)}
    sides = {side for dense in found for side in (dense.rows(size) for size in ledger.batch_sizes)} | kernel
    if any(dense.bias for dense in found):
        sides.add(1)
    limit = min(WHOLE, max(64, 4 * max(kernel, default=0)))
    whole = [side for side in sides if side is not None and side <= limit]
    if max(kernel, default=0) > limit:  # beside a broken kernel, 32 records must not look as many as its features
        whole.append(WHOLE // 4)
    per_number = min(WIDEST, LONGEST / max(whole, default=1))
    widest = max((dense.features for dense in found), default=1)
    return Scale(
        per_number,
        limit,
        BROKEN if widest > limit else widest * per_number,
        any(side * per_number < THINNEST for side in whole),
        any(side is not None and side > limit for side in sides),
        None in sides,
        any(len(dense.leading) > 1 for dense in found),
    )


@dataclass(frozen=True)
class Dense:
    """What is drawn of a Dense layer.

    Attributes:
        leading: the axes of X before its features, records first: `(None,)` nearly always.
    """

    features: int
    units: int
    bias: bool
    leading: Shape = (None,)

    def rows(self, records: int | None) -> int | None:
        """Rows of the matrix that is drawn: records, or of a record with several axes its places."""
        return records if len(self.leading) == 1 else self.leading[-1]

    def shape(self, records: int | None, last: int) -> str:
        """Of X or Y, by its last axis."""
        return shape_text((*self.leading, last), records)


def matrices(row: Row) -> Dense | None:
    """What to draw of this layer; None where there is no kernel to multiply with."""
    facts = row.facts
    kernels = [weight.shape for weight in facts.weights if weight.name == "kernel"]
    if facts.kind != "Dense" or len(facts.inputs) != 1 or len(facts.outputs) != 1 or [len(k) for k in kernels] != [2]:
        return None
    features, units = kernels[0]
    if min(features, units) < 1 or facts.inputs[0][-1:] != (features,) or facts.outputs[0][-1:] != (units,):
        return None
    bias = any(weight.name == "bias" for weight in facts.weights)
    return Dense(features, units, bias, facts.inputs[0][:-1])


def panel(dense: Dense, batches: Sequence[int | None], convention: str, scale: Scale) -> Drawing:
    """X, W, b and Y of one layer; W and b once, X and Y for each number of records."""
    sheet = Sheet(left=-scale.left)
    if convention == "columns" and len(dense.leading) == 1:
        _columns(sheet, dense, batches, scale)
    else:
        _rows(sheet, dense, batches, scale, convention == "torch" and len(dense.leading) == 1)
    return sheet.drawing()


def _count(what: str, size: int | None) -> str:
    if size is None:
        return say(f"faces.{what}.any")
    return say(f"faces.{what}.{'one' if size == 1 else 'many'}", n=f"{size:,}")


def _axes(name: str, shape: str, down: str, across: str, kinds: bool = True) -> list[str]:
    """`X (32, 784)`, `↓ 32 records (rows)`, `→ 784 features (columns)`."""
    rows, columns = (say("faces.rows", what=down), say("faces.columns", what=across)) if kinds else (down, across)
    return [f"{name} {shape}", f"↓ {rows}", f"→ {columns}"]


def _rows(sheet: Sheet, dense: Dense, batches: Sequence[int | None], scale: Scale, torch: bool) -> None:
    """Records in rows: W above, X left, Y where they cross; in PyTorch's manner with W as it is kept beside Wᵀ."""
    features, units = _count("features", dense.features), _count("units", dense.units)
    tall, wide = scale.length(dense.features), scale.length(dense.units)
    if torch:
        lines = _axes("W", shape_text((dense.units, dense.features)), units, features)
        turned = say("faces.turned", shape=shape_text((dense.features, dense.units)))
        room = wide + 4 + len(lines) * LINE + 8 + LINE
        upper = max(tall, room)
        sheet.matrix((-tall, 0), (dense.units, dense.features), "w", scale, "row")
        sheet.labels(0, wide + 4, "w", lines, end=True)
        sheet.labels(0, max((upper + room) / 2, upper - 40) - LINE, "w", [turned], end=True)
    else:
        lines = _axes("W", shape_text((dense.features, dense.units)), features, units)
        upper = max(tall, len(lines) * LINE)
        sheet.labels(0, (upper - len(lines) * LINE) / 2, "w", lines, end=True)
    sheet.matrix((GAP, upper - tall), (dense.features, dense.units), "w", scale, "column", dashed=torch)
    y = upper + 6
    if dense.bias:
        sheet.matrix((GAP, y + 4), (1, dense.units), "b", scale, "cell")
        sheet.labels(0, y - 1, "b", [f"b {shape_text((dense.units,))}"], end=True)
        y += max(LINE, scale.length(1) + 4) + 6
    for records in batches if len(dense.leading) == 1 else batches[:1]:
        y = _band(sheet, dense, records, scale, y)


def _band(sheet: Sheet, dense: Dense, records: int | None, scale: Scale, y: float) -> float:
    """X and Y for one number of records; the upper edge of the next band."""
    size = dense.rows(records)
    sheaf = len(dense.leading) > 1  # records are sheets behind one another
    down = _count("places" if sheaf else "records", size)
    if sheaf:
        y += 10
        for shift in (8, 4):
            sheet.matrix((-scale.length(dense.features) - shift, y - shift), (size, dense.features), "x", scale)
            sheet.matrix((GAP + shift, y - shift), (size, dense.units), "y", scale)
    width = scale.length(dense.features)
    sheet.matrix((-width, y), (size, dense.features), "x", scale, "row")
    sheet.matrix((GAP, y), (size, dense.units), "y", scale, "cell")
    y += scale.length(size) + 4
    x = _axes("X", dense.shape(records, dense.features), down, _count("features", dense.features))
    end = max(text_width(line) for line in x) > width
    sheet.labels(0 if end else -width, y, "x", x, end)
    sheet.labels(GAP, y, "y", _axes("Y", dense.shape(records, dense.units), down, _count("units", dense.units), False))
    return y + 3 * LINE + 10


def _columns(sheet: Sheet, dense: Dense, batches: Sequence[int | None], scale: Scale) -> None:
    """Records in columns: W left, X above, Y where they cross, b as a column between."""
    features, units = _count("features", dense.features), _count("units", dense.units)
    tall, high = scale.length(dense.features), scale.length(dense.units)
    several = len(batches) > 1
    x_lines = _axes("X", shape_text((dense.features, batches[0])), features, _count("records", batches[0]))
    upper = max(tall, len(x_lines) * LINE)
    top = 2 * LINE + 6 if several else 0
    if several:
        sheet.text(0, top + upper / 2 + 4, x_lines[1], "t s", end=True)
    else:
        sheet.labels(0, (upper - len(x_lines) * LINE) / 2, "x", x_lines, end=True)
    x = GAP
    y = top + upper + 8
    sheet.matrix((-tall, y), (dense.units, dense.features), "w", scale, "row")
    below = y + high + 4
    w_lines = _axes("W", shape_text((dense.units, dense.features)), units, features)
    sheet.labels(0, below, "w", w_lines, end=True)
    if dense.bias:
        sheet.matrix((x - 4, y), (dense.units, 1), "b", scale, "cell")
        sheet.labels(0, below + len(w_lines) * LINE + 2, "b", [f"b {shape_text((dense.units, 1))}"], end=True)
        x += scale.length(1) + 8
    for records in batches:
        counted = _count("records", records)
        y_lines = [f"Y {shape_text((dense.units, records))}", f"↓ {units}", f"→ {counted}"]
        if several:
            sheet.labels(x, 0, "x", [f"X {shape_text((dense.features, records))}", f"→ {counted}"])
        sheet.matrix((x, top + upper - tall), (dense.features, records), "x", scale, "column")
        sheet.matrix((x, y), (dense.units, records), "y", scale, "cell")
        sheet.labels(x, below, "y", y_lines)
        x += max(scale.length(records), *(text_width(line) for line in y_lines)) + GAP


def _counted(ledger: Ledger, row: Row) -> list[tuple[str, str]]:
    """How the parameters are counted in each convention; nothing where there are none."""
    label, conventions = say("ledger.label.parameters"), written(ledger, row)
    several = len(conventions) > 1
    lines = [(f"{convention} {label}" if several else label, counted(row, convention)) for convention in conventions]
    return lines if row.facts.weights else []


def _block(ledger: Ledger, index: int, scale: Scale) -> Sheet:
    """One layer: its name, where it takes from, its equations, and its matrices where it has a kernel."""
    row, sheet = ledger.rows[index], Sheet()
    facts = row.facts
    *more, last = wrap(facts.name, 40)
    y = sheet.lines(PAD, 24, more, "t n")
    sheet.text(PAD, y, last, "t n", after="" if facts.kind == "InputLayer" else facts.kind)
    y += LINE
    if source := takes(ledger, index):
        y = sheet.lines(PAD, y, wrap(f"{say('ledger.label.from')}: {source}", 60), "t s")
    told = [*equations(ledger, row), *_counted(ledger, row)]
    indent = PAD + max((text_width(label, "t s") for label, _ in told), default=0) + 10
    for label, equation in told:
        sheet.text(PAD, y, label, "t s")
        y = sheet.lines(indent, y, wrap_shapes(equation, 50), "t e")
    if not equations(ledger, row):
        y = sheet.lines(PAD, y, wrap(row.sentence, 60), "t s")
    if dense := matrices(row):
        x, top, one = PAD, y, len(dense.leading) > 1
        for convention in ledger.conventions[:1] if one else ledger.conventions:
            drawing = panel(dense, ledger.batch_sizes, convention, scale)
            under = top
            if len(ledger.conventions) > 1 and not one:
                under = sheet.lines(x, top + 8, wrap(say(f"faces.convention.{convention}"), 44), "t s") - 8
            sheet.place(drawing, x, under)
            x += max(drawing.width, 310 if len(ledger.conventions) > 1 else 0) + 2 * PAD
    return sheet
