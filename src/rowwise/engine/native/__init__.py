"""A description → the network that C++ trains (`*.h`, `*.cpp` here), where the installation could compile it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rowwise.cores import usable_cores
from rowwise.engine.native.network_description import NetworkDescription
from rowwise.environment import instruction_set, threads
from rowwise.errors import UsageError

WORTH_A_THREAD = 1.25e6  # multiply-adds of a step forward, for which meeting at barriers pays; measured on two cores

_native: Any = None
why_missing = ""
try:
    _native = import_module(f"{__name__}._native")
except ImportError as missing:  # no compiler at installation, or another platform than the wheel's
    why_missing = str(missing)


def instruction_sets() -> list[tuple[str, bool]]:
    """Name and "this machine runs it", fastest first; empty where the engine was not compiled."""
    return _native.instruction_sets() if _native is not None else []


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


def threads_for(multiply_adds: float) -> int:
    """Threads for a step with so many multiply-adds forward: $ROWWISE_THREADS, else as many usable cores as pay.

    Raises:
        UsageError: $ROWWISE_THREADS is no number of threads.
    """
    if (requested := threads()) is not None:
        return requested
    return max(1, min(usable_cores(), int(multiply_adds // WORTH_A_THREAD)))


def change_pictures(x: Any, how: Any, out: Any) -> bool:
    """`rowwise.data.augmentation.changed` for x `(pictures, height, width, channels)`; False where nothing compiled is
    here to do it, or what is has no such function."""
    if (change := getattr(_native, "change_pictures", None)) is None:
        return False
    change(x, how, out)
    return True


def network(description: NetworkDescription, isa: str | None = None, float64: bool = False) -> Any:
    """A Network of the extension (`module.cpp`), whose arrays are those of `network.h`.

    Args:
        isa: an instruction set; None for the `chosen` one, for float64 the one that has it.
        float64: numbers of double precision, for checks of the gradient.

    Raises:
        ValueError: an invalid description, by the field's name, or an instruction set that this
            machine cannot run.
    """
    return _native.Network(description.as_dictionary(), isa or (None if float64 else chosen()), float64)
