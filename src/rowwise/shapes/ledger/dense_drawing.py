"""A Dense layer → its matrices X, W, b and Y, drawn to scale so that what must fit together stands together.

Records in rows: W above Y, X left of Y, so a row of X and a column of W cross in the number of Y that they give.
Records in columns: W left of Y, X above. Words are in the current language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rowwise.pages.svg import LINE, Sheet, text_width
from rowwise.shapes.ledger.scaled_matrix import (
    BROKEN,
    LONGEST,
    THINNEST,
    WIDEST,
    Scale,
    draw_labels,
    draw_matrix,
)
from rowwise.shapes.shape_text import Shape, shape_text
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.pages.svg import Drawing
    from rowwise.shapes.ledger.ledger import Ledger, Row

GAP = 16.0  # pixels between matrices that stand beside one another
LONGEST_WHOLE = 2048  # numbers; a longer side is broken, however large the kernels are


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


def dense_of(row: Row) -> Dense | None:
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


def scale_of(ledger: Ledger) -> Scale:
    """The scale in which the longest side that is not broken is `LONGEST`."""
    layers = [dense for row in ledger.rows if (dense := dense_of(row))]
    kernel_sides = {size for dense in layers for size in (dense.features, dense.units)}
    sides = {side for dense in layers for side in map(dense.rows, ledger.batch_sizes)} | kernel_sides
    if any(dense.bias for dense in layers):
        sides.add(1)
    limit = min(LONGEST_WHOLE, max(64, 4 * max(kernel_sides, default=0)))
    drawn_whole = [side for side in sides if side is not None and side <= limit]
    if max(kernel_sides, default=0) > limit:  # beside a broken kernel, 32 records must not look as many as its features
        drawn_whole.append(LONGEST_WHOLE // 4)
    per_number = min(WIDEST, LONGEST / max(drawn_whole, default=1))
    most_features = max((dense.features for dense in layers), default=1)
    return Scale(
        per_number,
        limit,
        BROKEN if most_features > limit else most_features * per_number,
        any(side * per_number < THINNEST for side in drawn_whole),
        any(side is not None and side > limit for side in sides),
        None in sides,
        any(len(dense.leading) > 1 for dense in layers),
    )


def draw_dense(dense: Dense, batches: Sequence[int | None], convention: str, scale: Scale) -> Drawing:
    """X, W, b and Y of one layer; W and b once, X and Y for each number of records."""
    sheet = Sheet(left=-scale.left)
    if convention == "columns" and len(dense.leading) == 1:
        _in_columns(sheet, dense, batches, scale)
    else:
        _in_rows(sheet, dense, batches, scale, convention == "torch" and len(dense.leading) == 1)
    return sheet.drawing()


def _count(what: str, size: int | None) -> str:
    if size is None:
        return say(f"view.{what}.any")
    return say(f"view.{what}.{'one' if size == 1 else 'many'}", n=f"{size:,}")


def _axes(name: str, shape: str, down: str, across: str, kinds: bool = True) -> list[str]:
    """`X (32, 784)`, `↓ 32 records (rows)`, `→ 784 features (columns)`; without `kinds`, no (rows) and (columns)."""
    rows, columns = (say("view.rows", what=down), say("view.columns", what=across)) if kinds else (down, across)
    return [f"{name} {shape}", f"↓ {rows}", f"→ {columns}"]


def _in_rows(sheet: Sheet, dense: Dense, batches: Sequence[int | None], scale: Scale, torch: bool) -> None:
    """W above, X left, Y where they cross; in PyTorch's manner with its own W beside Wᵀ."""
    features, units = _count("features", dense.features), _count("units", dense.units)
    tall, wide = scale.length(dense.features), scale.length(dense.units)
    if torch:
        lines = _axes("W", shape_text((dense.units, dense.features)), units, features)
        transposed = say("view.turned", shape=shape_text((dense.features, dense.units)))
        room = wide + 4 + len(lines) * LINE + 8 + LINE
        upper = max(tall, room)
        draw_matrix(sheet, (-tall, 0), (dense.units, dense.features), "w", scale, "row")
        draw_labels(sheet, 0, wide + 4, "w", lines, end=True)
        draw_labels(sheet, 0, max((upper + room) / 2, upper - 40) - LINE, "w", [transposed], end=True)
    else:
        lines = _axes("W", shape_text((dense.features, dense.units)), features, units)
        upper = max(tall, len(lines) * LINE)
        draw_labels(sheet, 0, (upper - len(lines) * LINE) / 2, "w", lines, end=True)
    draw_matrix(sheet, (GAP, upper - tall), (dense.features, dense.units), "w", scale, "column", dashed=torch)
    y = upper + 6
    if dense.bias:
        draw_matrix(sheet, (GAP, y + 4), (1, dense.units), "b", scale, "cell")
        draw_labels(sheet, 0, y - 1, "b", [f"b {shape_text((dense.units,))}"], end=True)
        y += max(LINE, scale.length(1) + 4) + 6
    for records in batches if len(dense.leading) == 1 else batches[:1]:
        y = _band(sheet, dense, records, scale, y)


def _band(sheet: Sheet, dense: Dense, records: int | None, scale: Scale, y: float) -> float:
    """X and Y for one number of records; the upper edge of the next band."""
    size = dense.rows(records)
    has_sheets = len(dense.leading) > 1  # records are sheets behind one another
    down = _count("places" if has_sheets else "records", size)
    if has_sheets:
        y += 10
        for shift in (8, 4):
            corner = (-scale.length(dense.features) - shift, y - shift)
            draw_matrix(sheet, corner, (size, dense.features), "x", scale)
            draw_matrix(sheet, (GAP + shift, y - shift), (size, dense.units), "y", scale)
    width = scale.length(dense.features)
    draw_matrix(sheet, (-width, y), (size, dense.features), "x", scale, "row")
    draw_matrix(sheet, (GAP, y), (size, dense.units), "y", scale, "cell")
    y += scale.length(size) + 4
    x_lines = _axes("X", dense.shape(records, dense.features), down, _count("features", dense.features))
    y_lines = _axes("Y", dense.shape(records, dense.units), down, _count("units", dense.units), kinds=False)
    end = max(map(text_width, x_lines)) > width
    draw_labels(sheet, 0 if end else -width, y, "x", x_lines, end)
    draw_labels(sheet, GAP, y, "y", y_lines)
    return y + 3 * LINE + 10


def _in_columns(sheet: Sheet, dense: Dense, batches: Sequence[int | None], scale: Scale) -> None:
    """W left, X above, Y where they cross, b as a column between."""
    features, units = _count("features", dense.features), _count("units", dense.units)
    tall, high = scale.length(dense.features), scale.length(dense.units)
    several = len(batches) > 1
    x_lines = _axes("X", shape_text((dense.features, batches[0])), features, _count("records", batches[0]))
    upper = max(tall, len(x_lines) * LINE)
    top = 2 * LINE + 6 if several else 0
    if several:
        sheet.text(0, top + upper / 2 + 4, x_lines[1], "small", end=True)
    else:
        draw_labels(sheet, 0, (upper - len(x_lines) * LINE) / 2, "x", x_lines, end=True)
    x = GAP
    y = top + upper + 8
    draw_matrix(sheet, (-tall, y), (dense.units, dense.features), "w", scale, "row")
    below = y + high + 4
    w_lines = _axes("W", shape_text((dense.units, dense.features)), units, features)
    draw_labels(sheet, 0, below, "w", w_lines, end=True)
    if dense.bias:
        draw_matrix(sheet, (x - 4, y), (dense.units, 1), "b", scale, "cell")
        draw_labels(sheet, 0, below + len(w_lines) * LINE + 2, "b", [f"b {shape_text((dense.units, 1))}"], end=True)
        x += scale.length(1) + 8
    for records in batches:
        columns = _count("records", records)
        y_lines = [f"Y {shape_text((dense.units, records))}", f"↓ {units}", f"→ {columns}"]
        if several:
            draw_labels(sheet, x, 0, "x", [f"X {shape_text((dense.features, records))}", f"→ {columns}"])
        draw_matrix(sheet, (x, top + upper - tall), (dense.features, records), "x", scale, "column")
        draw_matrix(sheet, (x, y), (dense.units, records), "y", scale, "cell")
        draw_labels(sheet, x, below, "y", y_lines)
        x += max(scale.length(records), *map(text_width, y_lines)) + GAP
