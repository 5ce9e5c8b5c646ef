"""A network's description and a plan → what a step costs on paper: multiply-adds, bytes, barriers, seconds.

The rates of a processor are rough: they say which plans are worth measuring, and in which order. What is chosen is
measured (`planner`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rowwise.engine.native.step_plan import LANES

if TYPE_CHECKING:
    from rowwise.engine.native.network_description import LayerDescription, NetworkDescription
    from rowwise.engine.native.step_plan import StepPlan

# A second of one core: multiply-adds for each number of a vector register, where every other number is zero; numbers of
# a left operand that are packed; bytes of weights and slots; bytes that another core has just written. Measured on an
# AMD EPYC with AVX-512, the last on another machine.
MULTIPLY_ADDS, PACKED, BYTES, FROM_OTHERS = 5.5e9, 1.5e9, 6e10, 8e9
# Seconds of a barrier, and more for each thread; of a task to be taken; for threads to wake for a call.
MEETING, MEETING_OF_EACH, TAKING, WAKING = 1e-6, 1e-7, 2e-7, 2e-5
SLOTS = {"adam": 2, "nadam": 2, "lion": 1}
# A kernel's columns are divided where it has so many weights and no thread gets more than this many even shares, as
# `schedule.h` does it.
WORTH_DIVIDING, MOST_UNEVEN = 16384, 1.4
WAITED = 1.08  # times: by columns all wait for the slowest core, where records are dealt out
MOVED = 1.5e9  # bytes of weights and slots a second, where a plan lays them differently


@dataclass(frozen=True)
class StepCost:
    """Of a whole batch: forward, back and update.

    Attributes:
        multiply_adds: of all products.
        bytes: of weights, as often as they are read and written, and slots.
        meetings: barriers between threads.
        seconds: with the rates above.
    """

    multiply_adds: int
    bytes: int
    meetings: int
    seconds: float


def change(d: NetworkDescription, plan: StepPlan) -> float:
    """Seconds on paper of changing to a plan for which weights lie differently in memory, and threads gather for
    themselves."""
    weights = sum(layer.inputs * layer.units for layer in d.layers if layer.kind == "dense")
    batch = d.batch_size * d.layers[0].inputs * (1 if d.bytes else 4)
    return (4 * weights * (1 + _slots(d)) + batch * (1 if plan.by_records else plan.threads)) / MOVED


def _slots(d: NetworkDescription) -> int:
    return SLOTS.get(d.optimizer.rule, 1) + d.optimizer.averages


def cost(d: NetworkDescription, plan: StepPlan, isa: str, trains: bool = True) -> StepCost:
    """What a step costs on paper: of training, or forward alone, in a call of its own."""
    lanes = LANES.get(isa, LANES["generic"])
    slots = _slots(d)
    tasks = -(-d.batch_size // plan.task)
    by_records = tasks / -(-tasks // plan.threads)  # threads' worth of work at a time
    multiply_adds = moved = 0
    meetings = 2 * trains
    seconds = 0.0
    for layer in d.layers:
        if layer.kind != "dense":
            continue
        takes_records = layer is d.layers[0]
        weights = layer.inputs * layer.units
        passes = (3 - takes_records) if trains else 1
        copies = (2 * (1 + slots) + passes) if trains else 1
        divided = _divides(layer, plan.threads, lanes) if not plan.by_records else 0.0
        at_once = divided or (by_records if plan.by_records else min(plan.threads, d.batch_size))
        of_each = passes * weights * d.batch_size
        packed = d.batch_size * (layer.inputs * min(passes, 2) + layer.units * (passes == 3))
        padding = -(-layer.units // lanes) * lanes / layer.units
        seconds += of_each * padding / (MULTIPLY_ADDS * lanes) / at_once
        seconds += packed / PACKED / (1 if divided else at_once)  # who takes columns packs all rows
        seconds += 4 * weights * copies / BYTES / at_once
        # Who takes columns reads the records of all layers, who takes records all weights: others have written them.
        read = d.batch_size * (layer.units + (0 if takes_records else layer.inputs)) if divided else weights
        seconds += 4 * read * min(passes, 2) / FROM_OTHERS * (1 - 1 / plan.threads)
        if takes_records:
            size = d.batch_size * layer.inputs * (1 if d.bytes else 4)
            seconds += size / FROM_OTHERS / (by_records if plan.by_records else 1)
        multiply_adds += of_each
        moved += 4 * weights * copies
        meetings += (passes - takes_records * trains) if divided else 0
    if plan.by_records:
        seconds += TAKING * tasks / plan.threads
    if plan.threads == 1:
        return StepCost(multiply_adds, moved, 0, seconds)
    seconds = seconds * (1 if plan.by_records else WAITED) + (0 if trains else WAKING)
    seconds += meetings * (MEETING + MEETING_OF_EACH * plan.threads)
    return StepCost(multiply_adds, moved, meetings, seconds)


def _divides(layer: LayerDescription, threads: int, lanes: int) -> float:
    """Threads' worth of work at a time where they divide the columns of a kernel; 0 where they do not."""
    vectors = -(-layer.units // lanes)
    widest = -(-vectors // threads)
    worth = layer.inputs * layer.units >= WORTH_DIVIDING and widest * threads <= MOST_UNEVEN * vectors
    return vectors / widest if threads == 1 or worth else 0.0
