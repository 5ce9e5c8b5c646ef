"""How the native engine computes a step, as a value: the same step of the same network has the same bits with any plan.

Only the instruction set changes rounding. So plans are chosen by measuring (`planner`), and results never depend on it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

MOST_BLOCK, MOST_CHUNK = 256, 256  # `plan.h`
LANES = {
    "x86-64-v4-bf16": 16,
    "x86-64-v4": 16,
    "x86-64-v3": 8,
    "x86-64": 4,
    "neon": 4,
    "generic": 4,
}  # numbers of a vector register


@dataclass(frozen=True)
class StepPlan:
    """How a step is computed.

    Attributes:
        threads: that share it.
        by_records: whether they divide the records of a batch, not the columns of its layers.
        task: records that a thread takes at a time, where they are divided.
        block: inputs, or records, that are packed at a time.
        chunk: rows of the left operand, packed, that pass over the panels together.
        sharing: four packed rows are walked together up to so many numbers, zeros included, for one that is not zero.
    """

    threads: int = 1
    by_records: bool = False
    task: int = 16
    block: int = 256
    chunk: int = 256
    sharing: float = 2.6

    def as_dictionary(self) -> dict[str, Any]:
        """Every field by its name, as `plan.h` has them."""
        return asdict(self)

    @classmethod
    def from_dictionary(cls, values: Any) -> StepPlan:
        """Raises ValueError, or TypeError, where it is no dictionary of a plan."""
        plan = cls(**values)
        for name, default in asdict(cls()).items():
            value = getattr(plan, name)
            if type(value) is not type(default) or value < 0:
                raise ValueError(name)
        whole = plan.block % 16 == 0 == plan.chunk % 4 and plan.block <= MOST_BLOCK and plan.chunk <= MOST_CHUNK
        if not whole or min(plan.threads, plan.task, plan.block, plan.chunk) < 1:
            raise ValueError("block")
        return plan

    def __str__(self) -> str:
        """A line that says all of it."""
        divided = f"records/{self.task}" if self.by_records else "columns"
        return f"{self.threads} × {divided}, block {self.block}, chunk {self.chunk}, sharing {self.sharing:g}"
