"""An explained record, or what columns do on average → text of at most 80 columns, and what their pages say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.measure.as_text import decimals_of, significant, table_line
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.measure.changes import Change
    from rowwise.measure.dependence import Dependence
    from rowwise.measure.record_explanation import RecordExplanation

NAME, VALUE, FIGURE, BAR = 26, 20, 14, 16  # columns of the terminal
MOST_COLUMNS = 20
MOST_OUTPUTS = 4
BLOCK = "█"


def record_lines(explained: RecordExplanation) -> list[str]:
    """What the model says, what each column adds to it, and what would change it."""
    lines = wrap(headline(explained))
    most = max(map(abs, explained.contributions.values()), default=0.0)
    for name, value in list(explained.contributions.items())[:MOST_COLUMNS]:
        cells = (_cut(explained.values[name], VALUE - 2), signed(explained, value))
        bar = BLOCK * round((BAR - 2) * abs(value) / most) if most else ""
        lines.append(f"{table_line(f'  {name}', NAME, cells, (VALUE, FIGURE))}  {bar}".rstrip())
    if (more := len(explained.values) - MOST_COLUMNS) > 0:
        lines.append("  " + say("record.more", count=f"{more:,}"))
    lines += wrap(method(explained))
    for aim, changes in explained.changes.items():
        lines += wrap(aim_text(explained, aim, bool(changes)))
        for change in changes:
            lines += ["  " + line for line in wrap(change_text(explained, change), WIDTH - 2)]
    return [*lines, *wrap(say("record.caution"))]


def _cut(text: str, width: int) -> str:
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def headline(explained: RecordExplanation) -> str:
    """The number, the answer, and the average that the contributions start from."""
    key = "record.head.numbers" if explained.task in ("regression", "") else "record.head.answer"
    words = {"record": explained.record, "output": explained.output, "number": figure(explained, explained.number)}
    text = say(key, average=figure(explained, explained.contributed.base), answer=explained.answer, **words)
    return f"{text} {say('record.learned' if explained.learned_from else 'record.adds')}"


def method(explained: RecordExplanation) -> str:
    """How the contributions were computed."""
    found = explained.contributed
    if found.counted:
        return say("record.method.counted", records=f"{found.background:,}")
    largest = figure(explained, float(found.errors.max()))
    return say("record.method.drawn", orders=f"{2 * found.background:,}", error=largest)


def aim_text(explained: RecordExplanation, aim: str, found: bool) -> str:
    """What the changes below it aim at, or that there are none."""
    amount = significant(explained.amount)
    words = {"answer": explained.answer, "output": explained.output, "amount": amount}
    text = say(f"record.aim.{aim}", **words)
    if explained.usual_amount and aim == "up":
        text += " " + say("record.amount", amount=amount)
    return text if found else f"{text} {say('record.none')}"


def change_text(explained: RecordExplanation, change: Change) -> str:
    """`age 35 → 41 and town hill → sea: 0.4912`."""
    steps = [
        f"{name} {before} → {after}"
        for name, before, after in zip(change.columns, change.before, change.after, strict=True)
    ]
    number = figure(explained, change.number)
    if len(steps) == 1:
        return say("record.change.one", step=steps[0], output=explained.output, number=number)
    return say("record.change.two", first=steps[0], second=steps[1], output=explained.output, number=number)


def figure(explained: RecordExplanation, value: float) -> str:
    """A probability with four decimals, another number with four digits."""
    return significant(value) if explained.task in ("regression", "") else f"{value:.4f}"


def signed(explained: RecordExplanation, value: float) -> str:
    """A contribution with its sign: of numbers three digits of the largest, and as many decimals of all."""
    sign = "+" if value >= 0 else "-"
    if explained.task not in ("regression", ""):
        return f"{sign}{abs(value):.4f}"
    most = max(map(abs, explained.contributions.values()), default=0.0)
    if not 1e-5 < most < 1e9:
        return sign + significant(abs(value), 3)
    return f"{sign}{abs(value):,.{decimals_of(most)}f}"


def dependence_lines(found: Sequence[Dependence]) -> list[str]:
    """A table a column: its values, and the average of each output."""
    lines = wrap(say("dependence.says", records=f"{found[0].records:,}")) if found else []
    low, high = ends_of(found)
    if lines and low < 0 < high:
        lines += wrap(say("dependence.ends", low=significant(low), high=significant(high)))
    for one in found:
        shown = shown_outputs(one)
        widths = [max(10, min(16, (WIDTH - NAME - BAR) // len(shown)))] * len(shown)
        names = [_cut(one.outputs[place], widths[0] - 2) for place in shown]
        lines.append(table_line(one.name, NAME, names, widths))
        for text, row in zip(one.values, one.averages, strict=True):
            bar = BLOCK * round((BAR - 2) * (row[shown[0]] - low) / (high - low)) if high > low else ""
            cells = [significant(row[place]) for place in shown]
            lines.append(f"{table_line(f'  {text}', NAME, cells, widths)}  {bar}".rstrip())
    return lines


def ends_of(found: Sequence[Dependence]) -> tuple[float, float]:
    """What bars of no length and of full length stand for: 0 is among them, or their lengths would compare nothing."""
    moves = [one.averages[:, shown_outputs(one)[0]] for one in found]
    return min([0.0, *(float(each.min()) for each in moves)]), max([0.0, *(float(each.max()) for each in moves)])


def shown_outputs(one: Dependence) -> list[int]:
    """Of two classes the second alone: the other is what is left of 1."""
    count = len(one.outputs)
    sums_to_one = count == 2 and abs(one.averages.sum(1) - 1).max() < 1e-3
    return [1] if sums_to_one else list(range(min(count, MOST_OUTPUTS)))
