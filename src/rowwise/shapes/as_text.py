"""A Ledger → text of at most 80 columns, in the language in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.shapes.rules import shape_text
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap

if TYPE_CHECKING:
    from rowwise.shapes.ledger import Ledger, Row

INDENT = 2  # columns, for each step: layer, its lines, nested model
UNITS = (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024))


def text(ledger: Ledger) -> str:
    """The whole ledger: head, a block a layer, totals."""
    head = say("ledger.head", name=ledger.name, parameters=f"{ledger.parameters:,}")
    lines = wrap(head) + wrap(say("ledger.none")) + _batch_lines(ledger)
    for row in ledger.rows:
        lines += ["", *_block(ledger, row)]
    return "\n".join([*lines, "", *_totals(ledger)])


def size_text(size: int) -> str:
    """`12.5 KiB`."""
    for unit, of in UNITS:
        if size >= of:
            return f"{size / of:,.4g} {unit}"
    return f"{size} B"


def _batch_lines(ledger: Ledger) -> list[str]:
    known = [size for size in ledger.batch_sizes if size is not None]
    if not known:
        return []
    lines = wrap(say("ledger.batch", sizes=", ".join(f"{size:,}" for size in known)))
    return lines + (wrap(say("ledger.several")) if len(ledger.batch_sizes) > 1 else [])


def _block(ledger: Ledger, row: Row) -> list[str]:
    from rich.cells import cell_len, set_cell_size

    facts = row.facts
    title = f"{facts.name}  {facts.kind}" if facts.kind != "InputLayer" else facts.name
    indent = " " * (INDENT * facts.depth)
    told = [(say("ledger.label.does"), row.sentence)]
    if len(facts.sources) > 1:
        told.append((say("ledger.label.from"), ", ".join(facts.sources)))
    told += equations(ledger, row)
    told += [(weight_label, words) for weight_label, words in _weights(row)]
    if facts.weights:
        told.append((say("ledger.label.parameters"), say("ledger.shared") if facts.shared else row.arithmetic))
    told += _costs(ledger, row)
    width = max(cell_len(label) for label, _ in told) + 2
    lines = [f"{indent}{title}"]
    for label, words in told:
        first, *more = wrap(words, WIDTH - len(indent) - INDENT - width)
        lines.append(f"{indent}  {set_cell_size(label, width)}{first}")
        lines += [f"{indent}  {' ' * width}{line}" for line in more]
    return lines


def equations(ledger: Ledger, row: Row) -> list[tuple[str, str]]:
    """The shape as designed, then with each number of records, in each convention."""
    sizes = list(dict.fromkeys((None, *ledger.batch_sizes)))
    told = []
    differ = len({row.equation(None, convention) for convention in ledger.conventions}) > 1
    for convention in ledger.conventions if differ else ledger.conventions[:1]:
        for size in sizes:
            label = say("ledger.label.designed") if size is None else say("ledger.label.batch", records=f"{size:,}")
            told.append((f"{convention} {label}" if differ else label, row.equation(size, convention)))
    return [(label, equation) for label, equation in told if equation]


def _weights(row: Row) -> list[tuple[str, str]]:
    dense = row.facts.kind == "Dense"
    told = []
    for weight in row.facts.weights:
        words = shape_text(weight.shape)
        if dense and weight.name == "kernel":
            words = say("ledger.kernel", shape=words, features=f"{weight.shape[0]:,}", units=f"{weight.shape[1]:,}")
        elif dense and weight.name == "bias":
            words = say("ledger.bias", shape=words)
        if not weight.trainable:
            words = f"{words} {say('ledger.frozen')}"
        told.append((weight.name, words))
    return told


def _costs(ledger: Ledger, row: Row) -> list[tuple[str, str]]:
    known = [size for size in ledger.batch_sizes if size is not None]
    memory = [(size, row.output_bytes(size)) for size in known]
    work = [(size, row.multiply_adds(size)) for size in known]
    told = []
    if all(found is not None for _, found in memory) and memory:
        told.append((say("ledger.label.memory"), _each([(s, size_text(f or 0)) for s, f in memory])))
    if row.facts.outputs and any(found for _, found in work):
        told.append((say("ledger.label.work"), _each([(s, f"{f:,}") for s, f in work])))
    return told


def _each(figures: list[tuple[int, str]]) -> str:
    if len(figures) == 1:
        return figures[0][1]
    return ", ".join(say("ledger.at", figure=figure, records=f"{size:,}") for size, figure in figures)


def _totals(ledger: Ledger) -> list[str]:
    terms = [f"{row.parameters:,}" for row in ledger.rows if row.parameters]
    total = f"{ledger.parameters:,}"
    lines = wrap(say("ledger.total", sum=f"{' + '.join(terms)} = {total}" if len(terms) > 1 else total))
    if ledger.trainable != ledger.parameters:
        frozen = ledger.parameters - ledger.trainable
        lines += wrap(say("ledger.total.trainable", trainable=f"{ledger.trainable:,}", frozen=f"{frozen:,}"))
    return lines
