"""A network's shape on this machine → the plan that was fastest when it was measured, kept in the folder of caches.

One small file a shape, written whole: processes that measure at the same time replace each other's. Whatever is in a
file that cannot be used counts as no file: the shape is measured again.
"""

from __future__ import annotations

import hashlib
import json
import platform
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.engine.native.step_plan import StepPlan
from rowwise.environment import cache_folder
from rowwise.errors import SaveError
from rowwise.files import atomic_write, read_small

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rowwise.engine.native.network_description import NetworkDescription

FORMAT = 1
MOST_BYTES = 1 << 14


@dataclass(frozen=True)
class Remembered:
    """A plan, and the seconds that a record took with it."""

    plan: StepPlan
    seconds: float


class PlanMemory:
    """What is remembered of one shape.

    Args:
        description: the network.
        isa: the instruction set that runs it.
        engine: which build of the engine it is.
        plans: those that are worth measuring here.
    """

    def __init__(self, description: NetworkDescription, isa: str, engine: str, plans: Iterable[StepPlan]) -> None:
        plans = list(plans)
        self.about: dict[str, Any] = {
            "format": FORMAT,
            "engine": engine,
            "processor": processor(),
            "isa": isa,
            "plans": [plan.as_dictionary() for plan in plans],
            "network": shape_of(description),
        }
        self._divisions = {_division(plan) for plan in plans}
        digest = hashlib.sha256(json.dumps(self.about, sort_keys=True).encode()).hexdigest()[:24]
        self._file = cache_folder() / "plans" / f"{digest}.json"

    def read(self) -> Remembered | None:
        """What was measured; None where nothing was, or nothing that can be used."""
        try:
            found = json.loads(read_small(self._file, MOST_BYTES))
            if found["about"] != self.about or type(found["seconds"]) is not float or found["seconds"] <= 0:
                return None
            plan = StepPlan.from_dictionary(found["plan"])
            return Remembered(plan, found["seconds"]) if _division(plan) in self._divisions else None
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def write(self, fastest: Remembered) -> None:
        """Where the folder cannot be written, it is measured again next time."""
        content = {"about": self.about, "plan": fastest.plan.as_dictionary(), "seconds": fastest.seconds}
        with suppress(SaveError, OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(self._file, json.dumps(content).encode())


def _division(plan: StepPlan) -> tuple[int, bool, int]:
    """Who works on what: what is remembered may differ from the plans worth measuring in the sizes of pieces only."""
    return plan.threads, plan.by_records, plan.task


def shape_of(d: NetworkDescription) -> list[Any]:
    """What the time of a step depends on."""
    layers = [
        [layer.kind, layer.inputs, layer.units, layer.activation, layer.dropout > 0, list(layer.back)]
        for layer in d.layers
    ]
    clips = d.optimizer.global_clipnorm > 0 or d.optimizer.clipnorm > 0
    return [layers, d.loss.name, d.optimizer.rule, d.optimizer.averages, clips, d.bytes, d.batch_size]


@cache
def processor() -> str:
    """The processor's name, as the system gives it."""
    with suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
        for line in file.read(4096).splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model"):
                return value.strip()
    return platform.processor() or platform.machine()
