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
# Of the parameters at the peak, as measured with 1 to 21 million of them: the states of the native engine, of Keras and
# of the optimizer, those kept of the last and the best epoch, a model being written.
COPIES = 22
REFITTED_COPIES = 34  # the first model stays until the second is saved
OTHERS_COPIES = 3  # of the parameters of each further network of an ensemble,
MEAN_COPIES = 13  # and of those of their mean, whose layers but the first and the last are as wide as all, squared
PREDICTED = 1536  # records whose outputs, of all layers, are there at once while records are predicted
GIGABYTE = 10**9


def check_memory(
    shape: Sequence[int],
    hidden: Sequence[int],
    classes: int,
    batch_size: int,
    available: int | None,
    refit: bool = False,
    ensemble: int = 1,
) -> None:
    """Refuse a model that cannot be trained in `available` bytes of memory: the system would kill the process.

    Raises:
        UsageError: says what is needed and what there is.
    """
    parameters, needed = training_bytes(shape, hidden, classes, batch_size, refit, ensemble)
    if available is not None and needed > available:
        shown = {"needed": f"{needed / GIGABYTE:,.1f}", "available": f"{available / GIGABYTE:,.1f}"}
        if ensemble > 1:
            raise UsageError("cli.hidden.memory.ensemble", parameters=f"{parameters:,}", networks=ensemble, **shown)
        raise UsageError("cli.hidden.memory", parameters=f"{parameters:,}", **shown)


def training_bytes(
    shape: Sequence[int],
    hidden: Sequence[int],
    classes: int,
    batch_size: int,
    refit: bool = False,
    ensemble: int = 1,
) -> tuple[int, int]:
    """`(parameters, bytes)` of a Dense classifier of records of `shape`: its state, and one batch's activations.

    Args:
        refit: whether a second model is trained on all records.
        ensemble: networks whose mean is the model; the parameters are those of one.
    """
    units, of_mean = (prod(shape), *hidden, classes), (prod(shape), *(ensemble * width for width in hidden), classes)
    parameters = _parameters(units)
    copies = (REFITTED_COPIES if refit else COPIES) * parameters
    if ensemble > 1:
        copies += OTHERS_COPIES * (ensemble - 1) * parameters + MEAN_COPIES * _parameters(of_mean)
    return parameters, FLOAT * (copies + max(2 * batch_size * sum(units), PREDICTED * sum(of_mean)))


def _parameters(units: Sequence[int]) -> int:
    return sum(rows * columns + columns for rows, columns in pairwise(units))


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
