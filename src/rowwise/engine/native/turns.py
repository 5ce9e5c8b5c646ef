"""Turns of plans: how long some steps took with each, as a training measures them and as they are kept for the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rowwise.engine.native.step_plan import StepPlan

TURNS = 5  # of a plan; the first does not count: it finds another plan's data in the caches


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

    @property
    def seconds(self) -> float:
        """Of all turns."""
        return sum(turn.seconds for turn in self.turns)

    def as_dictionary(self) -> dict[str, Any]:
        """The plan and the turns that its rate comes from; those before them as one."""
        before, last = self.turns[: 1 - TURNS], self.turns[1 - TURNS :]
        if len(self.turns) > TURNS:
            last = [Turn(sum(turn.records for turn in before), sum(turn.seconds for turn in before)), *last]
        else:
            last = self.turns
        return {"plan": self.plan.as_dictionary(), "turns": [[turn.records, turn.seconds] for turn in last]}

    @classmethod
    def from_dictionary(cls, values: Any) -> Measured:
        """Raises ValueError, TypeError or KeyError where it is none."""
        turns = [Turn(records, seconds) for records, seconds in values["turns"]]
        if any(type(turn.records) is not int or turn.records < 1 for turn in turns):
            raise ValueError("turns")
        if any(type(turn.seconds) is not float or not 0 <= turn.seconds < float("inf") for turn in turns):
            raise ValueError("turns")
        return cls(StepPlan.from_dictionary(values["plan"]), turns)


@dataclass(frozen=True)
class Unfinished:
    """What trainings have measured that were over before the fastest plan was known.

    Attributes:
        measured: plans and their turns; of the last, more turns may be missing.
        changing: seconds that changes from plan to plan took.
    """

    measured: list[Measured]
    changing: float
