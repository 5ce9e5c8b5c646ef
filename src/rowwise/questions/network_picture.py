"""The picture of a network, upright, beside the array that runs through it, lying: x1 is a circle and a column."""

from __future__ import annotations

from rowwise.pages.svg import Drawing, Sheet, element
from rowwise.text import say

FEATURES, RECORDS, UNITS = 784, 32, 100
STEP, RADIUS = 42.0, 17.0  # pixels from circle to circle
BOX, ROW = 72.0, 24.0  # pixels of a cell of the array
SHOWN = ("x1", "x2", "x3", "⋮", "x784")


def upright_and_lying() -> Drawing:
    """Left the circles of one record, right the rows of all 32, the circle x1 and its column in one colour."""
    sheet = Sheet()
    sheet.text(0, 14, say("question.upright"), "strong")
    _network(sheet, 34.0)
    left = 260.0
    sheet.text(left, 14, say("question.lying"), "strong")
    _array(sheet, left, 34.0)
    return sheet.drawing()


def _network(sheet: Sheet, top: float) -> None:
    """x1 … x784 below one another, each joined to each unit."""
    places = [(RADIUS, top + RADIUS + STEP * n) for n in range(len(SHOWN))]
    units = [(176.0, top + RADIUS + STEP * (n + 0.5)) for n in range(4)]
    for name, (x, y) in zip(SHOWN, places, strict=True):
        for unit, (to, at) in zip(("1", "2", "⋮", "100"), units, strict=True):
            if "⋮" not in (name, unit):
                line = element("line", class_="edge w", x1=x + RADIUS, y1=y, x2=to - RADIUS, y2=at, stroke_width=0.8)
                sheet.add(line, x, to, max(y, at))
    for name, (x, y) in zip(SHOWN, places, strict=True):
        _circle(sheet, x, y, name, "b" if name == "x1" else "x")
    for name, (x, y) in zip(("1", "2", "⋮", "100"), units, strict=True):
        _circle(sheet, x, y, name, "y")
    y = top + STEP * len(SHOWN) + 4
    about = [say("question.circles", features=FEATURES), say("question.lines", lines=f"{FEATURES * UNITS:,}")]
    sheet.lines(0, y, about, "small")


def _circle(sheet: Sheet, x: float, y: float, name: str, kind: str) -> None:
    if name == "⋮":
        sheet.add(element("text", name, class_="text", x=x, y=y + 4, text_anchor="middle"), x, x, y + RADIUS)
        return
    sheet.add(element("circle", class_=f"matrix {kind}", cx=x, cy=y, r=RADIUS), x - RADIUS, x + RADIUS, y + RADIUS)
    style = f"text small ink {kind}"
    sheet.add(element("text", name, class_=style, x=x, y=y + 4, text_anchor="middle"), x, x, y + RADIUS)


def _array(sheet: Sheet, left: float, top: float) -> None:
    """The names of the columns, one record that lies, and the batch with the column of x1 marked."""
    features, records = ("1", "2", "3", "…", "784"), ("1", "2", "…", "32")
    for across, feature in enumerate(features):
        name = feature if feature == "…" else f"x{feature}"
        _word(sheet, left + (across + 0.5) * BOX, top + 14, name, f"small ink {'b' if name == 'x1' else 'x'}")
    for down, record in enumerate(records):
        y = top + 24 + down * ROW
        for across, feature in enumerate(features):
            x = left + across * BOX
            kind = "b" if across == 0 else "x"
            sheet.add(element("rect", class_=f"matrix {kind}", x=x, y=y, width=BOX, height=ROW), x, x + BOX, y + ROW)
            gap = "…" in (record, feature)
            words = ("⋮" if record == "…" else "…") if gap else f"X[{record}][{feature}]"
            _word(sheet, x + BOX / 2, y + 16, words, "small")
        if record != "…":
            sheet.text(left + len(features) * BOX + 8, y + 16, say("question.record", number=record), "small")
    y = top + 24 + len(records) * ROW + 20
    about = [say(line, records=RECORDS) for line in ("question.own", "question.column", "question.row")]
    sheet.lines(left, y, about, "small")


def _word(sheet: Sheet, x: float, y: float, words: str, style: str) -> None:
    text = element("text", words, class_=f"text {style}", x=x, y=y, text_anchor="middle")
    sheet.add(text, x - BOX / 2, x + BOX / 2, y + 4)
