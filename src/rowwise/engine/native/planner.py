"""The first steps of a training → the plan that is fastest, measured on them while they train.

No step is computed twice, and none is thrown away: whatever the plan, a step has the same bits. So what is chosen
depends on the clock, and what is learned does not.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from rowwise.engine.native.remembered_plans import PlanMemory, Remembered
from rowwise.engine.native.sensible_plans import variations
from rowwise.engine.native.step_cost import change

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from rowwise.engine.native.network_description import NetworkDescription
    from rowwise.engine.native.step_plan import StepPlan

TURN = 1e-3  # seconds that a plan is tried at a time, one step at least
TURNS = 5  # of a plan; the first does not count: it finds another plan's data in the caches
LASTS = 0.03  # seconds of training before other plans than the first are tried: a short one is over by then
HOPELESS = 1.25  # times the fastest so far: no further turn
WORTH_CHANGING = 0.985  # of the time of the plan before: what is nearer may be noise
BUDGET = 0.03  # seconds that changes of the plan take, and slower plans more than the fastest, all together
WRONG = 1.2  # times what is remembered, or its inverse: measured again
SLICES = 5  # of which the median must be so wrong


@dataclass(frozen=True)
class Turn:
    """Some steps: the records they took, and how long."""

    records: int
    seconds: float

    @property
    def rate(self) -> float:
        """Seconds a record."""
        return self.seconds / max(self.records, 1)


@dataclass
class Measured:
    """A plan and its turns."""

    plan: StepPlan
    turns: list[Turn] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The least: what disturbs a turn only ever makes it longer."""
        return min((turn.rate for turn in self.turns[1:][1 - TURNS :]), default=float("inf"))


class Planner:
    """Runs a network's epochs; until it knows which plan is fastest, plans take turns.

    Args:
        network: of the extension, which has the first of the plans.
        description: of the network.
        plans: those worth measuring, with their seconds a step on paper; the one to begin with first.
        memory: where the fastest is kept; None where nothing is.
    """

    def __init__(
        self,
        network: Any,
        description: NetworkDescription,
        plans: Mapping[StepPlan, float],
        memory: PlanMemory | None = None,
    ) -> None:
        self.plan, *_ = plans  # that the network has
        self.measured: list[Measured] = []  # in this training
        self._network, self._plans, self._memory = network, plans, memory
        self._description, self._batch_size = description, description.batch_size
        self._changing = 0.0  # seconds
        self._slices: list[float] = []
        remembered = memory.read() if memory is not None else None
        self._remembered = remembered.seconds if remembered else None  # while it may turn out wrong
        self._turns: Generator[StepPlan] | None = None
        if remembered is not None:
            self._take(remembered.plan)
        else:
            self._turns = self._all_turns()

    @property
    def settled(self) -> bool:
        """Whether it has chosen."""
        return self._turns is None

    def run(self, epoch: Any, done: int, records: int, seconds: float) -> int:
        """Steps of an epoch, one at least, until it ends or `seconds` are over → how many are done by now.

        Args:
            epoch: of the extension.
            done: steps before.
            records: of the epoch.
            seconds: how long.
        """
        until = time.perf_counter() + seconds
        while self._turns is not None:
            plan = next(self._turns, None)
            if plan is None:
                self._turns = None
                break
            self._take(plan)
            done, turn = self._timed(epoch, done, records, TURN)
            self.measured[-1].turns.append(turn)
            if done * self._batch_size >= records or time.perf_counter() >= until:
                return done
        done, turn = self._timed(epoch, done, records, until - time.perf_counter())
        self._compare(turn.rate)
        return done

    def _timed(self, epoch: Any, done: int, records: int, seconds: float) -> tuple[int, Turn]:
        before = epoch.seconds
        now = epoch.run(seconds)
        visited = min(now * self._batch_size, records) - done * self._batch_size
        return now, Turn(visited, epoch.seconds - before)

    def _take(self, plan: StepPlan) -> None:
        if plan == self.plan:
            return
        start = time.perf_counter()
        self._network.take(plan.as_dictionary())
        self._changing += time.perf_counter() - start
        self.plan = plan

    def _left(self) -> float:
        """Seconds of the budget; the first plan would have run anyway."""
        best = min((one.rate for one in self.measured), default=float("inf"))
        slower = sum(max(turn.seconds - turn.records * best, 0.0) for one in self.measured[1:] for turn in one.turns)
        return BUDGET - self._changing - slower

    def _all_turns(self) -> Generator[StepPlan]:
        """The plan of each turn, noted in the last of `measured`; in the end the network has the fastest."""
        likeliest = min(self._plans.values())
        for plan, on_paper in self._plans.items():
            # The first step with it, and changing to it and back again.
            if not self.measured or on_paper - likeliest + self._there_and_back(plan) < self._left():
                yield from self._turns_of(plan)
        for plan in variations(self._fastest().plan):
            if plan not in [one.plan for one in self.measured] and self._left() > 0:
                yield from self._turns_of(plan)
        fastest = self._fastest()
        self._take(fastest.plan)
        if self._memory is not None and len(self.measured) > 1:
            self._memory.write(Remembered(fastest.plan, fastest.rate))

    def _trained(self) -> float:
        """Seconds of all turns."""
        return sum(turn.seconds for one in self.measured for turn in one.turns)

    def _there_and_back(self, plan: StepPlan) -> float:
        """Seconds of changing to a plan, and to the one that is fastest so far."""
        return change(self._description, plan) + change(self._description, self._fastest().plan)

    def _turns_of(self, plan: StepPlan) -> Generator[StepPlan]:
        best = min((one.rate for one in self.measured), default=float("inf"))
        self.measured.append(Measured(plan))
        while self._trained() < LASTS:
            yield plan
        for turn in range(TURNS):
            if (turn > 0 and self._left() < 0) or (turn > 1 and self.measured[-1].rate > HOPELESS * best):
                return
            yield plan

    def _fastest(self) -> Measured:
        """The first of those measured, unless a later one is clearly faster."""
        fastest = self.measured[0]
        for other in self.measured[1:]:
            if other.rate < WORTH_CHANGING * fastest.rate:
                fastest = other
        return fastest

    def _compare(self, rate: float) -> None:
        """Measure again where a record takes another time than is remembered, once a training."""
        if self._remembered is None:
            return
        self._slices.append(rate)
        if len(self._slices) < SLICES:
            return
        if not 1 / WRONG < median(self._slices) / self._remembered < WRONG:
            self._remembered = None
            self._turns = self._all_turns()
        self._slices.clear()
