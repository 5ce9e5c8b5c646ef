"""A network and the cores at hand → the plans worth measuring, the one to begin with first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rowwise.engine.native.step_cost import cost
from rowwise.engine.native.step_plan import StepPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowwise.engine.native.network_description import NetworkDescription

WORTH_MEASURING = 1.6  # times the likeliest plan's seconds on paper
DOUBTFUL, SHORT = 3, 1e-3  # times its seconds; seconds
ENOUGH = 7e-5  # seconds of a step's work, for each thread
WAYS, MOST = 2, 6  # for each number of threads; together
TASKS = (16, 32, 64)  # records
ALWAYS = 4.0  # of four numbers one at least is not zero, where a place is visited
SIZES = ((128, 128), (64, 64))  # blocks and chunks, for smaller caches


def sensible_plans(
    description: NetworkDescription, isa: str, cores: int, threads: int | None = None, trains: bool = True
) -> dict[StepPlan, float]:
    """Plans that differ in who works on what, with their seconds a step on paper.

    Args:
        description: the network.
        isa: the instruction set that runs it.
        cores: threads at most.
        threads: exactly so many; None where the plan chooses.
        trains: whether it does more than predict.
    """

    def seconds(plan: StepPlan) -> float:
        return cost(description, plan, isa, trains).seconds

    plans: list[StepPlan] = []
    for count in [threads] if threads else _powers(cores):
        plans += sorted(_of(count, description.batch_size), key=seconds)[:WAYS]
    plans.sort(key=seconds)
    best = seconds(plans[0])
    chosen = [plan for plan in plans if seconds(plan) <= WORTH_MEASURING * best][:MOST]
    # That threads pay is measured too, unless there is no doubt.
    alone = next((plan for plan in plans if plan.threads == 1), None)
    if alone and alone not in chosen and seconds(alone) <= max(SHORT, DOUBTFUL * best):
        chosen.append(alone)
    # A training of few steps ends with the plan it begins with: with no more threads than surely pay.
    surely = max(1, int(seconds(StepPlan(1)) / ENOUGH))
    first = min(chosen, key=lambda plan: (max(plan.threads - surely, 0), seconds(plan)))
    return {plan: seconds(plan) for plan in (first, *(plan for plan in chosen if plan != first))}


def variations(plan: StepPlan) -> list[StepPlan]:
    """The same division of the work, in pieces of other sizes."""
    sizes = [replace(plan, block=block, chunk=chunk) for block, chunk in SIZES]
    return [replace(plan, sharing=ALWAYS), *sizes]


def _powers(cores: int) -> Iterator[int]:
    count = 1
    while count < cores:
        yield count
        count *= 2
    yield cores


def _of(threads: int, batch_size: int) -> Iterator[StepPlan]:
    yield StepPlan(threads)
    for task in TASKS:
        if task * threads <= batch_size:
            yield StepPlan(threads, by_records=True, task=task)
