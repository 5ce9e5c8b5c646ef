"""The widths of a model → the memory that training it takes, compared with what this machine has."""

from __future__ import annotations

import os
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

FLOAT = 4  # bytes of a float32
# Of the parameters at the peak, as measured with 2 to 21 million of them: the states of the native engine, of Keras and
# of the optimizer, those kept of the last and the best epoch, a model being written. A refit or an ensemble takes more.
COPIES = 22
GIGABYTE = 10**9


def check_memory(
    shape: Sequence[int], hidden: Sequence[int], classes: int, batch_size: int, available: int | None
) -> None:
    """Refuse a model that cannot be trained in `available` bytes of memory: the system would kill the process.

    Raises:
        UsageError: says what is needed and what there is.
    """
    parameters, needed = training_bytes(shape, hidden, classes, batch_size)
    if available is not None and needed > available:
        shown = {"needed": f"{needed / GIGABYTE:,.0f}", "available": f"{available / GIGABYTE:,.0f}"}
        raise UsageError("cli.hidden.memory", parameters=f"{parameters:,}", **shown)


def training_bytes(shape: Sequence[int], hidden: Sequence[int], classes: int, batch_size: int) -> tuple[int, int]:
    """`(parameters, bytes)` of a Dense classifier of records of `shape`: its state, and one batch's activations."""
    units = (prod(shape), *hidden, classes)
    parameters = sum(rows * columns + columns for rows, columns in pairwise(units))
    return parameters, FLOAT * (COPIES * parameters + 2 * batch_size * sum(units))


def available_bytes() -> int | None:
    """The memory that is available, within a container's limit; None where the system does not say."""
    limits = []
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text("ascii").splitlines())
        limits.append(int(lines["MemAvailable"].split()[0]) * 1024)
    except (OSError, KeyError, ValueError):
        try:
            limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        except (AttributeError, ValueError, OSError):
            return None
    group = Path("/sys/fs/cgroup")
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            limits.append(int((group / limit).read_text("ascii")) - int((group / used).read_text("ascii")))
        except (OSError, ValueError):  # no such limit; "max" means none
            continue
    return min(limits)
