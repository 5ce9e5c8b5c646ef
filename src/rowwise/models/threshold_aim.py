"""What a user wants of the decision between yes and no → an Aim: a measure, costs, or the probability itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

F1, BALANCED, COST, GIVEN = "f1", "balanced_accuracy", "cost", "given"


@dataclass(frozen=True)
class Aim:
    """`kind` is F1, BALANCED, COST or GIVEN.

    Attributes:
        false_yes, false_no: what a false yes and a false no cost.
        given: the probability from which on the answer is yes, where the user named it.
    """

    kind: str
    false_yes: float = 1.0
    false_no: float = 1.0
    given: float = 0.5

    def figure(
        self, true_yes: NDArray[np.float64], false_yes: NDArray[np.float64], yes: float, no: float
    ) -> NDArray[np.float64]:
        """The measure, of costs the mean cost of a record; a share of no records is 0.

        Args:
            true_yes, false_yes: weights of the records that are answered yes, rightly and wrongly.
            yes, no: weights of all records that are yes, and that are no.
        """
        if self.kind == BALANCED:
            return (true_yes / (yes or 1) + (no - false_yes) / (no or 1)) / 2
        if self.kind == COST:
            return (self.false_yes * false_yes + self.false_no * (yes - true_yes)) / (yes + no)
        answers: NDArray[np.float64] = true_yes + false_yes + yes
        return 2 * true_yes / (answers + (answers == 0))

    @property
    def sign(self) -> int:
        """1 where more is better, -1 for costs."""
        return -1 if self.kind == COST else 1


def aim_of(text: str) -> Aim | None:
    """`f1`, `balanced_accuracy`, `cost=FP:FN`, or a probability such as `0.3`; None where it is none of these."""
    if text in (F1, BALANCED):
        return Aim(text)
    try:
        if text.startswith(f"{COST}="):
            first, second = map(float, text[len(COST) + 1 :].split(":"))
            costs = 0 < first < math.inf and 0 < second < math.inf
            return Aim(COST, first, second) if costs else None
        given = float(text)
    except ValueError:
        return None
    return Aim(GIVEN, given=given) if 0 < given < 1 else None
