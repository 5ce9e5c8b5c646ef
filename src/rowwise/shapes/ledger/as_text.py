"""A Ledger → text of at most 80 columns, in the current language; and the phrases that its HTML and SVG views share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rowwise.shapes.shape_text import shape_text
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap
from rowwise.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rowwise.shapes.ledger.conventions import Example
    from rowwise.shapes.ledger.ledger import Ledger, Row

NO_BREAK = "\ue000"  # a space at which no line ends
INDENT = 2  # columns, for each step: layer, its lines, nested model
MOST_NAMES = 3  # of layers, before the rest is only hinted at
UNITS = (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024))


def text(ledger: Ledger) -> str:
    """The whole ledger: heading, a block a layer, totals, with `all` the example."""
    lines = wrap(heading(ledger)) + [line for note in notes(ledger) for line in wrap(note)]
    for index in range(len(ledger.rows)):
        lines += ["", *_block(ledger, index)]
    return visible("\n".join([*lines, "", *_totals(ledger), *_example(ledger)]), lines=True)


def heading(ledger: Ledger) -> str:
    """The model's name and how many parameters it has."""
    if ledger.parameters is None:
        return say("view.head.unknown", name=ledger.name)
    return say("ledger.head", name=ledger.name, parameters=f"{ledger.parameters:,}")


def notes(ledger: Ledger, none: bool = True) -> list[str]:
    """Below the heading: on an unbuilt model, on None (left out without `none`), on the batches."""
    sentences = [say("view.unbuilt")] if ledger.parameters is None else []
    sentences += none_notes(ledger) if none else []
    sentences += fixed_batch_notes(ledger)
    sizes = sizes_of(ledger)
    if sizes and writes_none(ledger):
        sentences.append(f"{say('view.batch', sizes=', '.join(f'{size:,}' for size in sizes))} {_axes(ledger)}")
        if len(ledger.batch_sizes) > 1:
            sentences.append(say("ledger.several"))
    return sentences


def none_notes(ledger: Ledger) -> list[str]:
    """What None stands for where it is written: first the records, then any other axis left open."""
    sentences = [say("ledger.none")] if writes_none(ledger) else []
    if any(row.open for row in ledger.rows):
        shapes = (shape for row in ledger.rows for shape in (*row.facts.inputs, *row.facts.outputs))
        sentences.append(say("ledger.second", shape=shape_text(next(shape for shape in shapes if None in shape[1:]))))
    return sentences


def fixed_batch_notes(ledger: Ledger) -> list[str]:
    """On a model that was built for one number of records: whether it takes others."""
    batch = next((row.facts.batch for row in ledger.rows if row.facts.batch is not None), None)
    if batch is None:
        return []
    others = [size for size in ledger.batch_sizes if size not in (None, batch)]
    sentence = say("ledger.fixed", batch=batch)
    if stateful := [row.facts.name for row in ledger.rows if row.facts.config.get("stateful") is True]:
        sentence = f"{sentence} {say('ledger.fixed.bound', batch=batch, layers=_some_of(stateful))}"
    elif others:
        sizes = ", ".join(f"{size:,}" for size in others)
        sentence = f"{sentence} {say('ledger.fixed.free', batch=batch, sizes=sizes)}"
    return [sentence]


def sources_text(ledger: Ledger, index: int) -> str:
    """Names of the layers that this one takes from, where that is not simply the row above; else empty."""
    sources = ledger.rows[index].facts.sources
    if not index or not any(sources) or sources == (ledger.rows[index - 1].facts.name,):
        return ""
    return ", ".join(sources)


def sizes_of(ledger: Ledger) -> list[int]:
    """The numbers of records that shapes are written out for."""
    return [size for size in ledger.batch_sizes if size is not None]


def writes_none(ledger: Ledger) -> bool:
    """Whether any shape as designed holds None: not where no layer is built."""
    return any("None" in row.equation(None) for row in ledger.rows)


def size_text(size: int) -> str:
    """`12.5 KiB`."""
    for unit, unit_bytes in UNITS:
        if round(1024 * size / unit_bytes) >= 1024:  # 1023.99 KiB is a MiB
            return f"{size / unit_bytes:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} B"


def wrap_shapes(text: str, width: int) -> list[str]:
    """Lines that end neither within a shape nor within a product."""
    unbroken = re.sub(r"\((?=[\d?N])[^()]*\)| [×%] ", lambda match: match[0].replace(" ", NO_BREAK), text)
    return [line.replace(NO_BREAK, " ") for line in wrap(unbroken, width)]


def conventions_of(ledger: Ledger, row: Row) -> tuple[str, ...]:
    """The conventions in which this row is written: the first alone where they do not differ."""
    return ledger.conventions if row.dense else ledger.conventions[:1]


def equations(ledger: Ledger, row: Row) -> list[tuple[str, str]]:
    """The shape as designed, then with each number of records, in each convention: label, equation."""
    several = len(conventions_of(ledger, row)) > 1
    return [
        (f"{convention} {label}" if several else label, equation)
        for convention in conventions_of(ledger, row)
        for label, equation in equations_in(ledger, row, convention)
    ]


def equations_in(ledger: Ledger, row: Row, convention: str) -> list[tuple[str, str]]:
    """The same in one convention."""
    labelled = []
    for size in dict.fromkeys((None, *ledger.batch_sizes)):
        label = say("ledger.label.designed") if size is None else say("ledger.label.batch", records=f"{size:,}")
        labelled.append((label, row.equation(size, convention)))
    return [(label, equation) for label, equation in labelled if equation]


def counting(row: Row, convention: str) -> str:
    """How the row's parameters are counted, in words where there is nothing to count."""
    if row.facts.shared:
        return say("ledger.shared")
    arithmetic = row.counted(convention)
    return say("view.unknown.count") if arithmetic is None else arithmetic or "0"


def arrays(row: Row, convention: str) -> list[tuple[str, str]]:
    """The layer's weights, and with records in columns X too: name, and the shape with what its axes are."""
    labelled = []
    for own, weight in zip(row.facts.weights, row.weights(convention), strict=True):
        words = shape_text(weight.shape)
        if row.facts.kind == "Dense" and own.name == "kernel" and len(weight.shape) == 2:
            axes = ("features", "units") if convention == "keras" or not row.dense else ("units", "features")
            words = _matrix(words, axes, weight.shape)
        elif row.facts.kind == "Dense" and own.name == "bias":
            upright = convention == "columns" and row.dense
            words = say("view.bias.columns", shape=words) if upright else say("ledger.bias", shape=words)
        if not weight.trainable:
            words = f"{words} {say('ledger.frozen')}"
        labelled.append((weight.name, words))
    if convention == "columns" and row.dense:
        features = row.dense[0]
        labelled.append(("X", _matrix(f"({features}, m)", ("features", "records"), (features, None))))
    return labelled


def unknown_reason(row: Row) -> str:
    """Why a figure of this row is not known."""
    return say("ledger.open" if row.open else "ledger.untold.one")


def unknown_total_reason(ledger: Ledger, figure: Callable[[Row], int | None]) -> str:
    """Why a total of that figure is not known."""
    rows = [row for row in ledger.counted if figure(row) is None]
    if any(row.open for row in rows):
        return say("ledger.open")
    return say("ledger.untold", layers=_some_of(row.facts.name for row in rows))


def example_source(example: Example) -> str:
    """Which layer was computed, and where its numbers are from."""
    records = len(example.computed.outputs["keras"])
    return say(f"view.example.{'own' if example.own else 'drawn'}", layer=example.layer, records=records)


def _axes(ledger: Ledger) -> str:
    """Which axis is the records. Columns are features only where every layer with weights takes and gives two axes."""
    shapes = [shape for row in ledger.rows if row.facts.weights for shape in (*row.facts.inputs, *row.facts.outputs)]
    two_axes = all(len(shape) == 2 for shape in shapes) and bool(shapes)
    in_columns = ledger.convention in ("columns", "all") and any(row.dense for row in ledger.rows)
    if two_axes and in_columns:
        return say(f"view.axes.{ledger.convention}")
    return say(f"view.axes.{'rows' if two_axes else 'mixed' if in_columns else 'first'}")


def _block(ledger: Ledger, index: int) -> list[str]:
    """One layer: its name, then labelled lines."""
    from rich.cells import cell_len, set_cell_size

    row = ledger.rows[index]
    facts = row.facts
    title = f"{facts.name}  {facts.title}" if facts.kind != "InputLayer" else facts.name
    indent = " " * (INDENT * facts.depth)
    labelled = [(say("ledger.label.does"), row.sentence)]
    if source := sources_text(ledger, index):
        labelled.append((say("ledger.label.from"), source))
    labelled += [line for convention in conventions_of(ledger, row) for line in _shapes(ledger, row, convention)]
    if row.open and not any(before.open for before in ledger.rows[:index]):
        labelled.append((say("ledger.label.second"), say("ledger.second.short")))
    labelled += _costs(ledger, row)
    width = max(cell_len(label) for label, _ in labelled) + 2
    lines = [f"{indent}{title}"]
    for label, words in labelled:
        first, *more = wrap_shapes(words, WIDTH - len(indent) - INDENT - width)
        lines.append(f"{indent}  {set_cell_size(label, width)}{first}")
        lines += [f"{indent}  {' ' * width}{line}" for line in more]
    return lines


def _shapes(ledger: Ledger, row: Row, convention: str) -> list[tuple[str, str]]:
    """Equations, weights and how they are counted, in one convention."""
    facts = row.facts
    labelled = [*equations_in(ledger, row, convention), *arrays(row, convention)]
    if facts.weights or not facts.built:
        labelled.append((say("ledger.label.parameters"), counting(row, convention)))
    several = len(conventions_of(ledger, row)) > 1
    return [(f"{convention} {label}" if several else label, words) for label, words in labelled]


def _matrix(shape: str, axes: tuple[str, str], sizes: tuple[int | None, ...]) -> str:
    """`(784, 100): a row for each of 784 features, a column for each of 100 units`."""
    rows, columns = ("any" if size is None else "one" if size == 1 else "many" for size in sizes)
    down, across = (f"{size:,}" if size is not None else "m" for size in sizes)
    return say(
        "view.matrix",
        shape=shape,
        rows=say(f"view.down.{axes[0]}.{rows}", n=down),
        columns=say(f"view.across.{axes[1]}.{columns}", n=across),
    )


def _costs(ledger: Ledger, row: Row) -> list[tuple[str, str]]:
    """Memory and multiply-adds, for each number of records."""
    if not row.facts.outputs:
        return []
    memory = [(size, row.output_bytes(size)) for size in sizes_of(ledger)]
    work = [(size, row.multiply_adds(size)) for size in sizes_of(ledger)]
    labelled = []
    if memory:
        labelled.append((say("ledger.label.memory"), _figures(memory, size_text, say("ledger.open"))))
    if any(figure != 0 for _, figure in work):
        labelled.append((say("ledger.label.work"), _figures(work, "{:,}".format, unknown_reason(row))))
    return labelled


def _some_of(names: Iterable[str]) -> str:
    """The first few, each once, and an ellipsis where there are more."""
    first, more = (distinct := list(dict.fromkeys(names)))[:MOST_NAMES], len(distinct) > MOST_NAMES
    return ", ".join([*first, "…"] if more else first)


def _figures(figures: list[tuple[int, int | None]], in_words: Callable[[int], str], reason: str) -> str:
    """The figure at each number of records, or why it is not known, which does not depend on that number."""
    words = [(f"{size:,}", in_words(figure)) for size, figure in figures if figure is not None]
    if len(words) < len(figures):
        return reason
    if len(words) == 1:
        return words[0][1]
    return ", ".join(say("ledger.at", figure=figure, records=records) for records, figure in words)


def _totals(ledger: Ledger) -> list[str]:
    if ledger.parameters is None or ledger.trainable is None:
        return wrap(say("ledger.total", sum=say("view.unknown.count")))
    terms = [f"{row.parameters:,}" for row in ledger.rows if row.parameters]
    total = f"{ledger.parameters:,}"
    lines = wrap(say("ledger.total", sum=f"{' + '.join(terms)} = {total}" if len(terms) > 1 else total))
    if ledger.trainable != ledger.parameters:
        frozen = ledger.parameters - ledger.trainable
        lines += wrap(say("ledger.total.trainable", trainable=f"{ledger.trainable:,}", frozen=f"{frozen:,}"))
    memory = [(size, ledger.output_bytes(size)) for size in sizes_of(ledger)]
    work = [(size, ledger.multiply_adds(size)) for size in sizes_of(ledger)]
    if any(figure != 0 for _, figure in memory):
        figures = _figures(memory, size_text, unknown_total_reason(ledger, lambda row: row.output_bytes(1)))
        lines += wrap(say("view.total.memory", figures=figures))
    if any(figure != 0 for _, figure in work):
        figures = _figures(work, "{:,}".format, unknown_total_reason(ledger, lambda row: row.multiply_adds(1)))
        lines += wrap(say("view.total.work", figures=figures))
    return lines


def _example(ledger: Ledger) -> list[str]:
    if ledger.example is None:
        return []
    lines = ["", *wrap(say("view.example.title")), *wrap(example_source(ledger.example))]
    return [*lines, *str(ledger.example.computed).splitlines()]
