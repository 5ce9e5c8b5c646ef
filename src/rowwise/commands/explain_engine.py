"""`rowwise engines --explain` → what a step of the native engine costs, on paper and measured, plan by plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.errors import UsageError
from rowwise.terminal.columns import in_columns
from rowwise.text import say
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    from rowwise.engine.native.network_description import NetworkDescription
    from rowwise.engine.native.trial import Tried

COURSE = (784, 100, 30, 10)  # units
BATCH = 32
COLUMNS = ("threads", "divided", "block", "chunk", "sharing", "barriers", "paper", "measured")


def course(batch_size: int = BATCH) -> NetworkDescription:
    """The course's network: pictures of 28 by 28 bytes, two hidden layers, ten classes, Adam."""
    from rowwise.engine.native.network_description import (
        LayerDescription,
        LossDescription,
        NetworkDescription,
        OptimizerDescription,
    )

    activations = ("relu", "relu", "softmax")
    layers = tuple(map(LayerDescription, COURSE, COURSE[1:], activations))
    loss, rule = LossDescription("sparse_categorical_crossentropy"), OptimizerDescription("adam")
    return NetworkDescription(layers, loss, rule, scale=1 / 255, bytes=True, batch_size=batch_size)


def description_of(path: str | None, batch_size: int | None) -> NetworkDescription:
    """The network of a run, or of a `.keras` file; the course's where there is none.

    Raises:
        UsageError: a model that the native engine cannot train. ModelError: none that can be opened.
    """
    if path is None:
        return course(batch_size or BATCH)
    from rowwise.engine.native.compiled_description import compiled
    from rowwise.engine.native.description import describe
    from rowwise.engine.native.records import network_description
    from rowwise.engine.plan import unsupported
    from rowwise.engine.protocol import Unsupported
    from rowwise.runs.saved import Saved

    saved = Saved.open(path)
    trained_with = saved.record.settings.batch_size if saved.record is not None else BATCH
    try:
        graph = describe(saved.model)
        return network_description(graph, compiled(saved.model, graph), graph.takes_bytes, batch_size or trained_with)
    except Unsupported as part:
        raise UsageError("engines.explain.unsupported", path=path, reason=unsupported(part).reason) from part


def explained(path: str | None, batch_size: int | None) -> tuple[str, dict[str, Any]]:
    """What is printed, and the same as JSON.

    Raises:
        UsageError: there is no native engine here, or it cannot train the model. ModelError: as `description_of`.
    """
    from rowwise.engine import native

    if not native.instruction_sets():
        raise UsageError("engines.explain.missing", cause=native.why_missing)
    from rowwise.cores import usable_cores
    from rowwise.engine.native.remembered_plans import PlanMemory, Remembered, processor
    from rowwise.engine.native.trial import tried

    description = description_of(path, batch_size)
    rows, isa = tried(description), native.set_for(description)
    memory = PlanMemory(description, isa, native.build(), native.plans_for(description))
    found = memory.read()
    remembered = found if isinstance(found, Remembered) else None
    sizes = [description.layers[0].inputs, *(layer.units for layer in description.layers if layer.kind == "dense")]
    about = {
        "network": "-".join(map(str, sizes)),
        "batch_size": description.batch_size,
        "instruction_set": isa,
        "processor": processor(),
        "cores": usable_cores(),
        "multiply_adds": rows[0].on_paper.multiply_adds,
        "bytes": rows[0].on_paper.bytes,
    }
    figures = {name: f"{value:,}" if isinstance(value, int) else value for name, value in about.items()}
    kept = say("engines.explain.unknown")
    if remembered is not None:
        took = f"{remembered.seconds * description.batch_size * 1e6:,.1f}"
        plan, cost = remembered.plan, f"{remembered.cost * 1e3:,.1f}"
        kept = say("engines.explain.kept", plan=_division(plan), threads=plan.threads, took=took, cost=cost)
    elif found is not None:
        kept = say("engines.explain.under_way")
    texts = [say("engines.explain.setting", **figures), say("engines.explain.paper", **figures)]
    text = "\n".join(line for words in texts for line in wrap(words))
    table = in_columns([[say(f"engines.explain.column.{name}") for name in COLUMNS], *map(_cells, rows)])
    notes = "\n".join(line for words in (kept, say("engines.explain.note")) for line in wrap(words))
    return f"{text}\n\n{table}\n\n{notes}", {
        **about,
        "plans": [
            {
                **row.plan.as_dictionary(),
                "barriers": row.meetings,
                "seconds_on_paper": row.on_paper.seconds,
                "seconds": row.seconds,
            }
            for row in rows
        ],
        "remembered": {**remembered.plan.as_dictionary(), "seconds": remembered.seconds * description.batch_size}
        if remembered is not None
        else None,
    }


def _division(plan: Any) -> str:
    return say("engines.explain.records", task=plan.task) if plan.by_records else say("engines.explain.columns")


def _cells(row: Tried) -> list[str]:
    plan = row.plan
    numbers = (plan.block, plan.chunk, f"{plan.sharing:g}", row.meetings)
    return [str(plan.threads), _division(plan), *map(str, numbers), *_microseconds(row.on_paper.seconds, row.seconds)]


def _microseconds(*seconds: float) -> list[str]:
    return [f"{value * 1e6:,.1f}" for value in seconds]
