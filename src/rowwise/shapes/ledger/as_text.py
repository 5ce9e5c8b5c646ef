"""A Ledger → text of at most 80 columns, in the language in force."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rowwise.shapes.ledger.rules import shape_text
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rowwise.shapes.ledger.conventions import Example
    from rowwise.shapes.ledger.ledger import Ledger, Row

KEPT = "\ue000"  # a space at which no line ends
INDENT = 2  # columns, for each step: layer, its lines, nested model
NAMED = 3  # layers that are named before the rest is only hinted at
UNITS = (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024))


def text(ledger: Ledger) -> str:
    """The whole ledger: head, a block a layer, totals, with `all` the example."""
    lines = wrap(head(ledger)) + [line for words in notes(ledger) for line in wrap(words)]
    for index in range(len(ledger.rows)):
        lines += ["", *_block(ledger, index)]
    return "\n".join([*lines, "", *_totals(ledger), *_example(ledger)])


def head(ledger: Ledger) -> str:
    """The model's name and how many numbers it keeps."""
    if ledger.parameters is None:
        return say("faces.head.unknown", name=ledger.name)
    return say("ledger.head", name=ledger.name, parameters=f"{ledger.parameters:,}")


def notes(ledger: Ledger, none: bool = True) -> list[str]:
    """What stands below the head: of an unbuilt model, of None where it is written, of the batches."""
    told = [say("faces.unbuilt")] if ledger.parameters is None else []
    told += nones(ledger) if none else []
    told += fixed(ledger)
    known = [size for size in ledger.batch_sizes if size is not None]
    if known and writes_none(ledger):
        told.append(f"{say('faces.batch', sizes=', '.join(f'{size:,}' for size in known))} {_axes(ledger)}")
        if len(ledger.batch_sizes) > 1:
            told.append(say("ledger.several"))
    return told


def nones(ledger: Ledger) -> list[str]:
    """What None stands for where it is written: first the records, then any other axis left open."""
    told = [say("ledger.none")] if writes_none(ledger) else []
    if any(row.open for row in ledger.rows):
        shapes = (shape for row in ledger.rows for shape in (*row.facts.inputs, *row.facts.outputs))
        told.append(say("ledger.second", shape=shape_text(next(shape for shape in shapes if None in shape[1:]))))
    return told


def fixed(ledger: Ledger) -> list[str]:
    """Words on a model that has a number of records noted in it: whether other numbers can be had."""
    batch = next((row.facts.batch for row in ledger.rows if row.facts.batch is not None), None)
    if batch is None:
        return []
    others = [size for size in ledger.batch_sizes if size not in (None, batch)]
    told = say("ledger.fixed", batch=batch)
    if bound := [row.facts.name for row in ledger.rows if row.facts.config.get("stateful") is True]:
        told = f"{told} {say('ledger.fixed.bound', batch=batch, layers=_named(bound))}"
    elif others:
        told = f"{told} {say('ledger.fixed.free', batch=batch, sizes=', '.join(f'{size:,}' for size in others))}"
    return [told]


def takes(ledger: Ledger, index: int) -> str:
    """Names of the layers that this one takes from, where that is not simply the row above; else empty."""
    sources = ledger.rows[index].facts.sources
    if not index or not any(sources) or sources == (ledger.rows[index - 1].facts.name,):
        return ""
    return ", ".join(sources)


def writes_none(ledger: Ledger) -> bool:
    """Whether any shape as designed holds None: not where no layer is built."""
    return any("None" in row.equation(None) for row in ledger.rows)


def size_text(size: int) -> str:
    """`12.5 KiB`."""
    for unit, of in UNITS:
        if round(1024 * size / of) >= 1024:  # 1023.99 KiB is a MiB
            return f"{size / of:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} B"


def _axes(ledger: Ledger) -> str:
    """Which axis is the records. Columns are features only where every layer with weights takes and gives two axes."""
    shapes = [shape for row in ledger.rows if row.facts.weights for shape in (*row.facts.inputs, *row.facts.outputs)]
    plain = all(len(shape) == 2 for shape in shapes) and bool(shapes)
    turned = ledger.convention in ("columns", "all") and any(row.dense for row in ledger.rows)
    if plain and turned:
        return say(f"faces.axes.{ledger.convention}")
    return say(f"faces.axes.{'rows' if plain else 'mixed' if turned else 'first'}")


def _block(ledger: Ledger, index: int) -> list[str]:
    from rich.cells import cell_len, set_cell_size

    row = ledger.rows[index]
    facts = row.facts
    title = f"{facts.name}  {facts.kind}" if facts.kind != "InputLayer" else facts.name
    indent = " " * (INDENT * facts.depth)
    told = [(say("ledger.label.does"), row.sentence)]
    if source := takes(ledger, index):
        told.append((say("ledger.label.from"), source))
    told += [line for convention in written(ledger, row) for line in _written(ledger, row, convention)]
    if row.open and not any(before.open for before in ledger.rows[:index]):
        told.append((say("ledger.label.second"), say("ledger.second.short")))
    told += _costs(ledger, row)
    width = max(cell_len(label) for label, _ in told) + 2
    lines = [f"{indent}{title}"]
    for label, words in told:
        first, *more = wrap_shapes(words, WIDTH - len(indent) - INDENT - width)
        lines.append(f"{indent}  {set_cell_size(label, width)}{first}")
        lines += [f"{indent}  {' ' * width}{line}" for line in more]
    return lines


def wrap_shapes(text: str, width: int) -> list[str]:
    """Lines that end neither within a shape nor within a product."""
    kept = re.sub(r"\((?=[\d?N])[^()]*\)| [×%] ", lambda found: found[0].replace(" ", KEPT), text)
    return [line.replace(KEPT, " ") for line in wrap(kept, width)]


def written(ledger: Ledger, row: Row) -> tuple[str, ...]:
    """The conventions in which this row is written: the first alone where they do not differ."""
    return ledger.conventions if row.dense else ledger.conventions[:1]


def equations(ledger: Ledger, row: Row) -> list[tuple[str, str]]:
    """The shape as designed, then with each number of records, in each convention."""
    several = len(written(ledger, row)) > 1
    return [
        (f"{convention} {label}" if several else label, equation)
        for convention in written(ledger, row)
        for label, equation in equations_in(ledger, row, convention)
    ]


def equations_in(ledger: Ledger, row: Row, convention: str) -> list[tuple[str, str]]:
    """The same in one convention."""
    told = []
    for size in dict.fromkeys((None, *ledger.batch_sizes)):
        label = say("ledger.label.designed") if size is None else say("ledger.label.batch", records=f"{size:,}")
        told.append((label, row.equation(size, convention)))
    return [(label, equation) for label, equation in told if equation]


def _written(ledger: Ledger, row: Row, convention: str) -> list[tuple[str, str]]:
    """Equations, what is kept and how it is counted, in one convention."""
    facts = row.facts
    told = [*equations_in(ledger, row, convention), *arrays(row, convention)]
    if facts.weights or not facts.built:
        told.append((say("ledger.label.parameters"), counted(row, convention)))
    several = len(written(ledger, row)) > 1
    return [(f"{convention} {label}" if several else label, words) for label, words in told]


def counted(row: Row, convention: str) -> str:
    """How the row's parameters are counted, in words where there is nothing to count."""
    if row.facts.shared:
        return say("ledger.shared")
    arithmetic = row.counted(convention)
    return say("faces.unknown.count") if arithmetic is None else arithmetic or "0"


def arrays(row: Row, convention: str) -> list[tuple[str, str]]:
    """What the layer keeps, and with records in columns X too: names, shapes and what their axes are."""
    told = []
    for own, weight in zip(row.facts.weights, row.weights(convention), strict=True):
        words = shape_text(weight.shape)
        if row.facts.kind == "Dense" and own.name == "kernel" and len(weight.shape) == 2:
            axes = ("features", "units") if convention == "keras" or not row.dense else ("units", "features")
            words = _matrix(words, axes, weight.shape)
        elif row.facts.kind == "Dense" and own.name == "bias":
            upright = convention == "columns" and row.dense
            words = say("faces.bias.columns", shape=words) if upright else say("ledger.bias", shape=words)
        if not weight.trainable:
            words = f"{words} {say('ledger.frozen')}"
        told.append((weight.name, words))
    if convention == "columns" and row.dense:
        features = row.dense[0]
        told.append(("X", _matrix(f"({features}, m)", ("features", "records"), (features, None))))
    return told


def _matrix(shape: str, axes: tuple[str, str], sizes: tuple[int | None, ...]) -> str:
    """`(784, 100): a row for each of 784 features, a column for each of 100 units`."""
    rows, columns = ("any" if size is None else "one" if size == 1 else "many" for size in sizes)
    down, across = (f"{size:,}" if size is not None else "m" for size in sizes)
    return say(
        "faces.matrix",
        shape=shape,
        rows=say(f"faces.down.{axes[0]}.{rows}", n=down),
        columns=say(f"faces.across.{axes[1]}.{columns}", n=across),
    )


def _costs(ledger: Ledger, row: Row) -> list[tuple[str, str]]:
    known = [size for size in ledger.batch_sizes if size is not None]
    memory = [(size, row.output_bytes(size)) for size in known]
    work = [(size, row.multiply_adds(size)) for size in known]
    told = []
    if memory and row.facts.outputs:
        told.append((say("ledger.label.memory"), _told(memory, size_text, say("ledger.open"))))
    if any(found != 0 for _, found in work) and row.facts.outputs:
        told.append((say("ledger.label.work"), _told(work, "{:,}".format, untold(row))))
    return told


def untold(row: Row) -> str:
    """Why a figure of this row is not known."""
    return say("ledger.open" if row.open else "ledger.untold.one")


def _named(names: Iterable[str]) -> str:
    first, more = (found := list(dict.fromkeys(names)))[:NAMED], len(found) > NAMED
    return ", ".join([*first, "…"] if more else first)


def _told(figures: list[tuple[int, int | None]], words: Callable[[int], str], reason: str) -> str:
    """The figures at each number of records, or why they are not known, which does not depend on that number."""
    known = [(size, words(figure)) for size, figure in figures if figure is not None]
    return _each(known) if len(known) == len(figures) else reason


def _each(figures: list[tuple[int, str]]) -> str:
    if len(figures) == 1:
        return figures[0][1]
    return ", ".join(say("ledger.at", figure=figure, records=f"{size:,}") for size, figure in figures)


def _totals(ledger: Ledger) -> list[str]:
    if ledger.parameters is None or ledger.trainable is None:
        return wrap(say("ledger.total", sum=say("faces.unknown.count")))
    terms = [f"{row.parameters:,}" for row in ledger.rows if row.parameters]
    total = f"{ledger.parameters:,}"
    lines = wrap(say("ledger.total", sum=f"{' + '.join(terms)} = {total}" if len(terms) > 1 else total))
    if ledger.trainable != ledger.parameters:
        frozen = ledger.parameters - ledger.trainable
        lines += wrap(say("ledger.total.trainable", trainable=f"{ledger.trainable:,}", frozen=f"{frozen:,}"))
    known = [size for size in ledger.batch_sizes if size is not None]
    memory = [(size, ledger.output_bytes(size)) for size in known]
    work = [(size, ledger.multiply_adds(size)) for size in known]
    if any(found != 0 for _, found in memory):
        figures = _told(memory, size_text, unknown(ledger, lambda row: row.output_bytes(1)))
        lines += wrap(say("faces.total.memory", figures=figures))
    if any(found != 0 for _, found in work):
        figures = _told(work, "{:,}".format, unknown(ledger, lambda row: row.multiply_adds(1)))
        lines += wrap(say("faces.total.work", figures=figures))
    return lines


def unknown(ledger: Ledger, figure: Callable[[Row], int | None]) -> str:
    """Why a total of that figure is not known."""
    rows = [row for row in ledger.counted if figure(row) is None]
    if any(row.open for row in rows):
        return say("ledger.open")
    return say("ledger.untold", layers=_named(row.facts.name for row in rows))


def _example(ledger: Ledger) -> list[str]:
    if ledger.example is None:
        return []
    lines = ["", *wrap(say("faces.example.title")), *wrap(numbers_told(ledger.example))]
    return [*lines, *str(ledger.example.computed).splitlines()]


def numbers_told(example: Example) -> str:
    """Which layer was computed, and where its numbers are from."""
    records = len(example.computed.outputs["keras"])
    return say(f"faces.example.{'own' if example.own else 'drawn'}", layer=example.layer, records=records)
