"""What telling the page of a training costs that training → how long the next state waits."""

from __future__ import annotations

from collections import deque
from statistics import median

SHARE = 0.02  # of the time of a training, at most, that a page which follows it takes
FIRST = 1.0  # seconds between two states before anything is known of their cost
SHORTEST, LONGEST = 0.25, 2.0
AFTER = 0.15  # seconds after a state in which the page draws, or half of those until the next; then it is at rest
KNOWN = 5  # parts of undisturbed training that tell how fast it is by itself
NEWER = 0.3  # of a state's cost, what the newest one says


class Pace:
    """Seconds between two states, by what they cost: drawing takes cores from the training where there are few.

    A part of the training that ran while the page drew is held against those that ran while it did not.

    Attributes:
        seconds: that the next state waits.
    """

    def __init__(self) -> None:
        self.seconds = FIRST
        self._cost = FIRST * SHARE  # seconds of training that one state costs
        self._told = float("-inf")
        self._counted = True  # whether the last state's cost is in `_cost`
        self._lost = 0.0
        self._alone: deque[float] = deque(maxlen=64)  # seconds a step, undisturbed
        self._last: tuple[float, int, int] | None = None

    def begin(self) -> None:
        """Another training: how fast it is by itself is not known."""
        self._alone.clear()
        self._last, self._counted = None, True

    def told(self, now: float) -> None:
        """A page is sent a state at this second."""
        self._told, self._counted, self._lost = now, False, 0.0

    def steps(self, now: float, epoch: int, done: int) -> None:
        """So many steps of an epoch are done at this second."""
        before, self._last = self._last, (now, epoch, done)
        if before is None or before[1] != epoch or done <= before[2]:
            return
        begun, took, steps = before[0], now - before[0], done - before[2]
        if begun >= self._told + max(AFTER, self.seconds / 2):
            self._alone.append(took / steps)
            self._count()
        elif now > self._told and len(self._alone) >= KNOWN:
            self._lost += took - steps * median(self._alone)

    def _count(self) -> None:
        """What the last state has cost, once its time is over."""
        if self._counted or len(self._alone) < KNOWN:
            return
        self._counted = True
        self._cost += NEWER * (max(0.0, self._lost) - self._cost)
        self.seconds = min(LONGEST, max(SHORTEST, self._cost / SHARE))
