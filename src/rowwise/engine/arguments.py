"""Numbers that a user passed → nothing where they make sense, else an error that names the argument."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from rowwise.environment import MOST_THREADS
from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

LEAST = {"epochs": 1, "batch_size": 1, "initial_epoch": 0, "seed": 0, "workers": 1, "threads": 1}
ON_DIVERGENCE = ("stop", "continue")
OPTIONAL = ("workers", "threads")  # None leaves them to rowwise


def check_numbers(**numbers: Any) -> None:
    """Raises UsageError where one of `LEAST`, by its name, is no integer or too small."""
    for name, value in numbers.items():
        if value is None and name in OPTIONAL:
            continue
        if isinstance(value, np.ndarray):
            raise UsageError("fit.labels_apart", name=name, found=f"an array {value.shape}")
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < LEAST[name]:
            raise UsageError("fit.number", name=name, least=LEAST[name], found=repr(value))
        if name == "threads" and value > MOST_THREADS:
            raise UsageError("fit.threads", most=MOST_THREADS, found=repr(value))


def refuses_labels_apart(function: Callable[P, R]) -> Callable[P, R]:
    """`function(model, x, y, epochs=5)`, the habit of Keras, is a UsageError that says how to pass x and y."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        if len(args) > 2 and "epochs" in kwargs:  # Python would say that there are two values for epochs
            found = f"{type(args[2]).__name__} {getattr(args[2], 'shape', '')}".rstrip()
            raise UsageError("fit.labels_apart", name="epochs", found=found)
        return function(*args, **kwargs)

    return called


def check_on_divergence(found: object) -> None:
    """Raises UsageError where it is none of ON_DIVERGENCE."""
    if found not in ON_DIVERGENCE:
        raise UsageError("fit.on_divergence", found=repr(found), known=", ".join(ON_DIVERGENCE))
