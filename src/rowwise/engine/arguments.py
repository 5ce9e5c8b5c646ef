"""Numbers that a user passed → nothing where they make sense, else an error that names the argument."""

from __future__ import annotations

from typing import Any

import numpy as np

from rowwise.environment import MOST_THREADS
from rowwise.errors import UsageError

LEAST = {
    "epochs": 0,  # in which Keras trains nothing
    "batch_size": 1,
    "initial_epoch": 0,
    "seed": 0,
    "workers": 1,
    "threads": 1,
    "steps": 1,
    "steps_per_epoch": 1,
    "validation_steps": 1,
    "validation_batch_size": 1,
}
ON_DIVERGENCE = ("stop", "continue")
REQUIRED = ("epochs", "initial_epoch", "seed")  # None leaves the others to rowwise


def check_numbers(**numbers: Any) -> None:
    """Raises UsageError where one of `LEAST`, by its name, is no integer or too small."""
    for name, value in numbers.items():
        if value is None and name not in REQUIRED:
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < LEAST[name]:
            raise UsageError("fit.number", name=name, least=LEAST[name], found=repr(value))
        if name == "threads" and value > MOST_THREADS:
            raise UsageError("fit.threads", most=MOST_THREADS, found=repr(value))


def check_on_divergence(found: object) -> None:
    """Raises UsageError where it is none of ON_DIVERGENCE."""
    if found not in ON_DIVERGENCE:
        raise UsageError("fit.on_divergence", found=repr(found), known=", ".join(ON_DIVERGENCE))
