"""A description → a network that trains on records drawn at random: what a step of it takes on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.engine.native import network, plans_for
from rowwise.engine.native.network_description import SPARSE
from rowwise.engine.native.sensible_plans import variations
from rowwise.engine.native.step_cost import StepCost, cost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rowwise.engine.native.network_description import NetworkDescription
    from rowwise.engine.native.step_plan import StepPlan

ZEROS = 0.5  # share of the records' numbers, as in pictures of clothes and after a relu
MOST_NUMBERS = 1 << 23  # of the records, unless two batches have more


class Trial:
    """A network in training, whose weights nobody needs.

    Args:
        description: the network.
        plan: how it computes a step; None for one thread's.
        isa: an instruction set; None for the chosen one.
    """

    def __init__(self, description: NetworkDescription, plan: StepPlan | None = None, isa: str | None = None) -> None:
        random = np.random.default_rng(0)
        self.network = network(description, plan, isa)
        weighted = [layer for layer in description.layers if layer.kind != "addition"]
        for index in range(sum(layer.kernel + layer.bias for layer in weighted)):  # slots stay zero
            values = random.normal(scale=0.05, size=self.network.size(index))
            self.network.write(index, values.astype(np.float32))
        inputs, units, size = description.layers[0].inputs, description.layers[-1].units, description.batch_size
        count = size * max(2, min(64, MOST_NUMBERS // (size * inputs)))
        x = random.integers(1, 256, (count, inputs), np.uint8) * (random.random((count, inputs)) >= ZEROS)
        sparse = description.loss.name == SPARSE
        targets = random.integers(0, units, count).astype(np.int32) if sparse else random.random((count, units), "f")
        self._records = self.network.records(x if description.bytes else (x / np.float32(255)), targets)
        self._order = np.arange(count, dtype=np.int32)
        steps = count // size
        self._rates, self._corrections = np.full(steps, 1e-6, np.float32), np.full((steps, 5), 0.5)
        self._epoch, self._done, self._steps = self._next_epoch(), 0, steps

    def _next_epoch(self) -> Any:
        return self._records.epoch(self._order, self._rates, self._corrections, 0)

    def take(self, plan: StepPlan) -> None:
        """Compute as it says from the next step on."""
        self.network.take(plan.as_dictionary())

    def seconds_a_step(self, seconds: float) -> float:
        """Train for so long, a step at least."""
        spent, steps = 0.0, 0
        while not steps or spent < seconds:
            more, took = self._advance(seconds - spent)
            spent, steps = spent + took, steps + more
        return spent / steps

    def _advance(self, seconds: float) -> tuple[int, float]:
        """Steps, and the seconds they took."""
        if self._done == self._steps:
            self._epoch, self._done = self._next_epoch(), 0
        before, done = self._epoch.seconds, self._done
        self._done = self._epoch.run(seconds)
        return self._done - done, self._epoch.seconds - before

    def meetings(self) -> int:
        """Barriers of a step, counted."""
        before = self.network.meetings
        self._advance(0.0)
        return self.network.meetings - before - 1  # one is the call's, however many steps it has


@dataclass(frozen=True)
class Tried:
    """A plan, what a step costs on paper, its barriers as counted, and the seconds it takes."""

    plan: StepPlan
    on_paper: StepCost
    meetings: int
    seconds: float


def tried(
    description: NetworkDescription, threads: int | None = None, seconds: float = 0.05, rounds: int = 3
) -> list[Tried]:
    """The plans that a training of this network would choose among, measured in turns; the fastest first."""
    plans = plans_for(description, threads)
    trial = Trial(description, next(iter(plans)))
    first = _measured(trial, plans, seconds, rounds)
    others = [plan for plan in variations(min(first, key=first.__getitem__)) if plan not in first]
    both = first | _measured(trial, others, seconds, rounds)
    isa = trial.network.isa
    found = []
    for plan in sorted(both, key=both.__getitem__):
        trial.take(plan)
        meetings = trial.meetings() if plan.threads > 1 else 0
        found.append(Tried(plan, cost(description, plan, isa), meetings, both[plan]))
    return found


def _measured(trial: Trial, plans: Iterable[StepPlan], seconds: float, rounds: int) -> dict[StepPlan, float]:
    least = dict.fromkeys(plans, float("inf"))
    for _ in range(rounds):
        for plan in least:
            trial.take(plan)
            trial.seconds_a_step(0.0)  # finds another plan's data in the caches
            least[plan] = min(least[plan], trial.seconds_a_step(seconds))
    return least
