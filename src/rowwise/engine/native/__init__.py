"""A description → the network that C++ trains (`*.h`, `*.cpp` here), where the installation could compile it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.cores import usable_cores
from rowwise.engine.native.network_description import NetworkDescription
from rowwise.engine.native.sensible_plans import sensible_plans
from rowwise.engine.native.step_plan import StepPlan
from rowwise.environment import instruction_set
from rowwise.environment import threads as threads_asked_for
from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_native: Any = None
why_missing = ""
try:
    _native = import_module(f"{__name__}._native")
except ImportError as missing:  # no compiler at installation, or another platform than the wheel's
    why_missing = str(missing)


def instruction_sets() -> list[tuple[str, bool]]:
    """Name and "this machine runs it", fastest first; empty where the engine was not compiled."""
    return _native.instruction_sets() if _native is not None else []


def bfloat16_sets() -> list[tuple[str, bool]]:
    """As `instruction_sets`: those that run layers in bfloat16, and nothing else."""
    return getattr(_native, "bfloat16_sets", list)()


def set_in_bfloat16() -> str:
    """The one of them that runs: of the instruction set that is `chosen`; empty where there is none."""
    base = chosen()
    return next((name for name, here in bfloat16_sets() if here and name == f"{base}-bf16"), "")


def set_for(description: NetworkDescription) -> str:
    """The instruction set that runs a network."""
    return set_in_bfloat16() if description.in_bfloat16 else chosen()


def chosen() -> str:
    """The instruction set that runs: $ROWWISE_ISA, else the fastest of this build on this machine.

    Raises:
        UsageError: $ROWWISE_ISA names another.
    """
    runs = [name for name, here in instruction_sets() if here]
    requested = instruction_set()
    if requested and requested not in runs:
        raise UsageError("native.isa", found=requested, known=", ".join(runs))
    return requested or next(iter(runs), "")


def plans_for(
    description: NetworkDescription, threads: int | None = None, trains: bool = True
) -> dict[StepPlan, float]:
    """Plans worth measuring, the one to begin with first, with their seconds a step on paper.

    Args:
        description: the network.
        threads: None for $ROWWISE_THREADS, else as many usable cores as pay.
        trains: whether it does more than predict.

    Raises:
        UsageError: $ROWWISE_THREADS is no number of threads.
    """
    return sensible_plans(description, set_for(description), usable_cores(), threads or threads_asked_for(), trains)


def change_pictures(x: Any, how: Any, out: Any, isa: str | None = None) -> bool:
    """`rowwise.data.augmented_pictures.changed` for x `(pictures, height, width, channels)`, by an instruction set, the
    `chosen` one unless it is named; False where nothing compiled is here to do it."""
    if _native is None:
        return False
    _native.change_pictures(x, how, out, isa or chosen())
    return True


def mix_pictures(own: Any, x: Any, partner: Any, weight: Any, out: Any, isa: str | None = None) -> bool:
    """`rowwise.data.augmented_pictures.mixed`, as `change_pictures` is of `changed`."""
    if _native is None:
        return False
    _native.mix_pictures(own, x, partner, weight, out, isa or chosen())
    return True


def json_numbers(
    body: bytes, name: str, sizes: Sequence[int], most: int, largest: float
) -> tuple[NDArray[Any], int, int] | None:
    """The numbers behind the first `"name":` of a JSON, `(count,)`, where their array begins and where it ends.

    They are uint8 where all are whole numbers from 0 to 255, else float32. None for what is not an array of at most
    `most` arrays of these sizes, for numbers beyond `largest`, and where nothing compiled is here to read them.
    """
    if (read := getattr(_native, "json_numbers", None)) is None:
        return None
    found: tuple[NDArray[Any], int, int] | None = read(body, f'"{name}"'.encode(), list(sizes), most, largest)
    return found


def network(
    description: NetworkDescription, plan: StepPlan | None = None, isa: str | None = None, float64: bool = False
) -> Any:
    """A Network of the extension (`module.cpp`), whose arrays are those of `network.h`.

    Args:
        plan: how it computes a step; None for one thread's.
        isa: an instruction set; None for the one that runs it here, for float64 the one that has it.
        float64: numbers of double precision, for checks of the gradient.

    Raises:
        ValueError: an invalid description, by the field's name, or an instruction set that this
            machine cannot run.
    """
    isa = isa or (None if float64 else set_for(description))
    return _native.Network(description.as_dictionary(), (plan or StepPlan()).as_dictionary(), isa, float64)


def build() -> str:
    """Which build of the engine this is: another may be faster elsewhere."""
    file = Path(_native.__file__).stat()
    return f"{file.st_size}-{file.st_mtime_ns}"
