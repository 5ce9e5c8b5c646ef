"""A question's name → its picture, in the current language: matrices to scale, by the drawing code of the ledger.

The pictures of docs/*/questions.md and of the page of `rowwise questions --html` are these, so neither can drift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.pages.render import render
from rowwise.pages.svg import Drawing, Sheet, element, inline, short
from rowwise.questions.network_picture import upright_and_lying
from rowwise.questions.number_grid import draw_numbers
from rowwise.shapes.ledger.dense_drawing import Dense, draw_dense
from rowwise.shapes.ledger.scaled_matrix import LONGEST, Scale, draw_labels, draw_matrix
from rowwise.text import say
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

FEATURES, UNITS, RECORDS = 784, 100, 32  # the course's first layer, and its batch
PADDING = 12.0
PER_NUMBER = LONGEST / FEATURES  # pixels
COURSE = Scale(PER_NUMBER, 2048, LONGEST, True, False, False, False)
WORDS = 84  # cells of a line above a picture
STRIPES = ("matrix x", "card")  # of the rows of an image


def picture(name: str) -> str:
    """The picture as a file of its own, light and dark.

    Raises:
        KeyError: no question has that name.
    """
    drawing = _drawing(name)
    return str(
        render(
            "rowwise.shapes.ledger",
            "ledger.svg",
            title=title_of(name),
            description=say(f"question.picture.{name}"),
            width=f"{drawing.width + 2 * PADDING:.0f}",
            height=f"{drawing.height + 2 * PADDING:.0f}",
            padding=short(PADDING),
            body=drawing.body,
        )
    )


def picture_in_a_page(name: str) -> Markup:
    """The same as part of a page that has the rules of matrices.css."""
    return inline(_drawing(name), title_of(name), say(f"question.picture.{name}"))


def title_of(name: str) -> str:
    return say(f"question.picture.{name}.title")


def _drawing(name: str) -> Drawing:
    sheet = Sheet()
    y = sheet.lines(0, 16, wrap(title_of(name), WORDS), "subheading")
    y = sheet.lines(0, y + 2, wrap(say(f"question.picture.{name}"), WORDS), "small")
    sheet.place(PICTURES[name](), 0, y + 4)
    return sheet.drawing()


def _dense(*batches: int | None, dense: Dense | None = None, convention: str = "keras") -> Drawing:
    return draw_dense(dense or Dense(FEATURES, UNITS, True), batches, convention, COURSE)


def _any_number() -> Drawing:
    """W stands still, X and Y are as high as there are records."""
    return _dense(None, 1, RECORDS)


def _right_and_wrong() -> Drawing:
    """`(32, 784)` with a record in a row, and `(784, 32)`, which no layer takes."""
    sheet = Sheet()
    sheet.text(0, 14, say("question.right"), "strong ink y")
    draw_matrix(sheet, (0, 24), (RECORDS, FEATURES), "x", COURSE, "row")
    down, across = say("question.records", n=RECORDS), say("question.features", n=FEATURES)
    draw_labels(
        sheet, 0, 24 + COURSE.length(RECORDS) + 4, "x", [f"X ({RECORDS}, {FEATURES})", f"↓ {down}", f"→ {across}"]
    )
    left = COURSE.length(FEATURES) + 120
    sheet.text(left, 14, say("question.wrong"), "strong ink w")
    draw_matrix(sheet, (left, 24), (FEATURES, RECORDS), "w", COURSE, "column")
    draw_labels(sheet, left + 20, 24, "w", [f"X ({FEATURES}, {RECORDS})", f"↓ {across}", f"→ {down}"])
    return sheet.drawing()


def _rows_first() -> Drawing:
    """Six numbers with both axes named, and X[1, 2] among them."""
    sheet = Sheet()
    draw_numbers(
        sheet,
        (0, 0),
        [[1, 2, 3], [4, 5, 6]],
        kind="x",
        rows=[say("axes.record", number=n) for n in range(2)],
        columns=[say("question.feature", number=n) for n in range(3)],
        marked={(1, 2)},
        banded={(1, column) for column in range(3)} | {(row, 2) for row in range(2)},
    )
    sheet.lines(0, sheet.bottom + 24, map(say, ("question.axis.0", "question.axis.1", "question.cell")), "small")
    return sheet.drawing()


def _confusion() -> Drawing:
    """The matrix of the page, the column that gives precision and the row that gives recall."""
    classes = [say(f"question.class.{name}") for name in ("shirt_t", "trouser", "shirt")]
    sheet = Sheet()
    draw_numbers(
        sheet,
        (0, 0),
        [[4, 0, 1], [0, 2, 0], [2, 0, 1]],
        kind="y",
        rows=[say("question.true", name=name) for name in classes],
        columns=[say("question.predicted", name=name) for name in classes],
        marked={(0, 0)},
        banded={(0, column) for column in range(3)} | {(row, 0) for row in range(3)},
    )
    sheet.lines(0, sheet.bottom + 24, map(say, ("question.precision", "question.recall", "question.f1")), "small")
    return sheet.drawing()


def _one_image() -> Drawing:
    """Rows of pixels laid behind one another, and 32 such lines below one another."""
    side, large = 28, 4.0  # pixels of the page for a pixel of the image, which is drawn larger than the rest
    sheet, long = Sheet(), Scale(0.6, 2048, 0, True, False, False, False)
    for row in range(side):
        box = element("rect", class_=STRIPES[row % 2], x=0, y=row * large, width=side * large, height=large)
        sheet.add(box, 0, side * large, (row + 1) * large)
    sheet.lines(0, side * large + 18, [say("question.image"), say("question.image.rows")], "small")
    left = side * large + 130
    for row in range(side):
        box = element("rect", class_=STRIPES[row % 2], x=left + row * side * 0.6, y=8, width=side * 0.6, height=8)
        sheet.add(box, left, left + (row + 1) * side * 0.6, 16)
    sheet.lines(left, 34, [say("question.line")], "small")
    draw_matrix(sheet, (left, 60), (RECORDS, FEATURES), "x", long, "row")
    draw_labels(
        sheet, left, 60 + long.length(RECORDS) + 2, "x", [f"X ({RECORDS}, {FEATURES})", say("question.stacked")]
    )
    return sheet.drawing()


def _conventions() -> Drawing:
    """The same layer as Keras, PyTorch and a course with records in columns write it."""
    sheet, x = Sheet(), 0.0
    for convention in ("keras", "torch", "columns"):
        sheet.lines(x, 14, wrap(say(f"view.convention.{convention}"), 40), "small")
        drawing = _dense(RECORDS, convention=convention)
        sheet.place(drawing, x, 24)
        x += max(drawing.width, 300) + 24
    return sheet.drawing()


def _next_layers() -> Drawing:
    """The three Dense layers below one another: what is as high as 32 stays as high."""
    sheet, y = Sheet(), 0.0
    for features, units in ((FEATURES, UNITS), (UNITS, 30), (30, 10)):
        drawing = _dense(RECORDS, dense=Dense(features, units, True))
        sheet.text(0, y + 14, f"({RECORDS}, {features}) · ({features}, {units}) → ({RECORDS}, {units})", "mono")
        sheet.place(drawing, 0, y + 24)
        y += drawing.height + 40
    return sheet.drawing()


def _houses() -> Drawing:
    """32 houses of two features, and one unit that makes a price of them."""
    scale = Scale(7.0, 64, 2 * 7.0, False, False, False, False)
    return draw_dense(Dense(2, 1, True), (RECORDS,), "keras", scale)


# By the questions' names, in their order.
PICTURES: dict[str, Callable[[], Drawing]] = {
    "none": _any_number,
    "down-or-across": _right_and_wrong,
    "kernel": lambda: _dense(RECORDS),
    "rows-first": _rows_first,
    "metrics": _confusion,
    "one-or-batch": upright_and_lying,
    "one-image": _one_image,
    "transposed": _conventions,
    "next-layers": _next_layers,
    "houses": _houses,
}
