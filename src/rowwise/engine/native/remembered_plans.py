"""A network's shape on this machine → the plan that was fastest when it was measured, kept in the folder of caches.

One small file a shape, written whole: processes that measure at the same time replace each other's. Whatever is in a
file that cannot be used counts as no file: the shape is measured again. A plan that no training has begun with for
weeks, because the engine was built anew, the machine is another or nobody has such a network any more, goes when
another is written; so do the oldest beyond a number.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.engine.native.step_plan import StepPlan
from rowwise.engine.native.turns import Measured, Unfinished
from rowwise.environment import cache_folder
from rowwise.errors import SaveError
from rowwise.files import atomic_write, read_small, remove_unused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rowwise.engine.native.network_description import NetworkDescription

FORMAT = 2
MOST_BYTES = 1 << 14
MOST_FILES = 256
UNUSED = 30 * 86400  # seconds, after which a file goes


@dataclass(frozen=True)
class Remembered:
    """A plan.

    Attributes:
        plan: the fastest.
        seconds: that a record took with it.
        cost: seconds that finding it took, more than training with it from the first step.
    """

    plan: StepPlan
    seconds: float
    cost: float = field(default=0.0, compare=False)


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

    def read(self) -> Remembered | Unfinished | None:
        """What was measured, in the end or so far; None where nothing was, or nothing that can be used."""
        try:
            content = read_small(self._file, MOST_BYTES)
            with suppress(OSError):  # a folder that is only read
                os.utime(self._file)  # it is in use
            found = json.loads(content)
            if found["about"] != self.about:
                return None
            if "measured" in found:
                return self._unfinished(found)
            plan, seconds, cost = StepPlan.from_dictionary(found["plan"]), found["seconds"], found["cost"]
            usable = _is_time(seconds) and seconds > 0 and _is_time(cost) and self._is_sensible(plan)
            return Remembered(plan, seconds, cost) if usable else None
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def write(self, found: Remembered | Unfinished) -> None:
        """Where the folder cannot be written, it is measured again next time."""
        content: dict[str, Any] = {"about": self.about}
        if isinstance(found, Remembered):
            content |= {"plan": found.plan.as_dictionary(), "seconds": found.seconds, "cost": found.cost}
        else:
            content |= {"measured": [one.as_dictionary() for one in found.measured], "changing": found.changing}
        folder = self._file.parent
        with suppress(SaveError, OSError):
            new = not self._file.exists()
            folder.mkdir(parents=True, exist_ok=True)
            atomic_write(self._file, json.dumps(content).encode())
            if new:
                remove_unused(folder.glob("*.json"), UNUSED, MOST_FILES)

    def _unfinished(self, found: Any) -> Unfinished | None:
        measured = [Measured.from_dictionary(one) for one in found["measured"]]
        changing = found["changing"]
        plans = [one.plan for one in measured]
        usable = _is_time(changing) and plans and len(set(plans)) == len(plans) and all(map(self._is_sensible, plans))
        return Unfinished(measured, changing) if usable else None

    def _is_sensible(self, plan: StepPlan) -> bool:
        return _division(plan) in self._divisions


def _is_time(value: Any) -> bool:
    return type(value) is float and 0 <= value < float("inf")


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
