"""The first steps of a training → the plan that is fastest, measured on them while they train.

No step is computed twice, and none is thrown away: whatever the plan, a step has the same bits. So what is chosen
depends on the clock, and what is learned does not. A training that is over before leaves its turns to the next one of
the shape.
"""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any

from rowwise.engine.native.remembered_plans import PlanMemory, Remembered
from rowwise.engine.native.sensible_plans import variations
from rowwise.engine.native.step_cost import change
from rowwise.engine.native.turns import TURNS, Measured, Turn, Unfinished

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from rowwise.engine.native.network_description import NetworkDescription
    from rowwise.engine.native.step_plan import StepPlan

TURN = 1e-3  # seconds that a plan is tried at a time, one step at least
LASTS = 0.03  # seconds of training before other plans than the first are tried: a short one is over by then
HOPELESS = 1.25  # times the fastest so far: no further turn
WORTH_CHANGING = 0.985  # of the time of the plan before: what is nearer may be noise
BUDGET = 0.03  # seconds that changes of the plan take, and slower plans more than the fastest, all together
WRONG = 1.2  # times what is remembered, or its inverse: measured again
SLICES = 5  # of which the median must be so wrong


class Planner:
    """Runs a network's epochs; until it knows which plan is fastest, plans take turns.

    Where the one training is too short for that, the next one of the shape goes on.

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
        self.measured: list[Measured] = []  # in this training, and in those before it that were over too early
        self._network, self._plans, self._memory = network, plans, memory
        self._description, self._batch_size = description, description.batch_size
        self._changing = 0.0  # seconds
        self._slices: list[float] = []
        self._cold = True  # whether the network's data is in no cache yet
        self._kept = 0.0  # seconds of turns that the memory has
        found = memory.read() if memory is not None else None
        self._remembered: float | None = None  # seconds a record, while they may turn out wrong
        self._turns: Generator[Measured] | None = None
        if isinstance(found, Remembered):
            self._remembered = found.seconds
            self._take(found.plan)
            return
        if found is not None:
            self.measured, self._changing = found.measured, found.changing
            self._kept = self._trained()
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
            one = next(self._turns, None)
            if one is None:
                self._turns = None
                break
            self._take(one.plan)
            done, turn = self._timed(epoch, done, records, TURN)
            if not (self._cold and self._kept):  # the first turn of a plan counts for nothing anyway
                one.turns.append(turn)
            self._cold = False
            if done * self._batch_size >= records or time.perf_counter() >= until:
                return done
        done, turn = self._timed(epoch, done, records, until - time.perf_counter())
        self._compare(turn.rate)
        return done

    def keep(self) -> None:
        """Leave what is measured so far to the next training of the shape, where the fastest is not known yet."""
        if self._turns is None or self._memory is None or self._trained() <= self._kept:
            return
        self._kept = self._trained()
        self._memory.write(Unfinished(self.measured, self._changing))

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
        """Seconds of the budget."""
        return BUDGET - self._cost(min((one.rate for one in self.measured), default=float("inf")))

    def _cost(self, rate: float) -> float:
        """Seconds that changes took, and turns more than at this rate; the first plan would have run anyway."""
        slower = sum(max(turn.seconds - turn.records * rate, 0.0) for one in self.measured[1:] for turn in one.turns)
        return self._changing + slower

    def _all_turns(self) -> Generator[Measured]:
        """Whose turn it is, again and again; in the end the network has the fastest."""
        under_way = self.measured[-1] if self.measured else None
        if under_way is not None:
            yield from self._turns_of(under_way)
        likeliest = min(self._plans.values())
        for plan, on_paper in self._plans.items():
            # The first step with it, and changing to it and back again.
            affordable = not self.measured or on_paper - likeliest + self._there_and_back(plan) < self._left()
            if affordable and self._is_new(plan):
                yield from self._turns_of(self._begun(plan))
        for plan in variations(self._fastest().plan):
            if self._is_new(plan) and self._left() > 0:
                yield from self._turns_of(self._begun(plan))
        fastest = self._fastest()
        self._take(fastest.plan)
        if self._memory is not None and len(self.measured) > 1:
            self._memory.write(Remembered(fastest.plan, fastest.rate, self._cost(fastest.rate)))

    def _is_new(self, plan: StepPlan) -> bool:
        return plan not in [one.plan for one in self.measured]

    def _begun(self, plan: StepPlan) -> Measured:
        self.measured.append(Measured(plan))
        return self.measured[-1]

    def _trained(self) -> float:
        """Seconds of all turns."""
        return sum(one.seconds for one in self.measured)

    def _there_and_back(self, plan: StepPlan) -> float:
        """Seconds of changing to a plan, and to the one that is fastest so far."""
        return change(self._description, plan) + change(self._description, self._fastest().plan)

    def _turns_of(self, one: Measured) -> Generator[Measured]:
        """Those that a plan has not had yet."""
        best = min((other.rate for other in self.measured if other is not one), default=float("inf"))
        while self._trained() < LASTS:
            yield one
        for turn in range(len(one.turns), TURNS):
            if (turn > 0 and self._left() < 0) or (turn > 1 and one.rate > HOPELESS * best):
                return
            yield one

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
            self._remembered, self._cold = None, False
            self._turns = self._all_turns()
        self._slices.clear()
