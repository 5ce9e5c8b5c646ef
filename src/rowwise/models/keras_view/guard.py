"""Variables of a model → a call before anything uses one of them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import keras


@contextmanager
def before_use(variables: Sequence[keras.Variable], call: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Within the block `call` runs, once, before the first of these variables is read or given a value.

    From whatever code and thread that comes: a callback may hold a layer or the optimizer of its own, and look at it
    beside the training. Another thread that uses a variable meanwhile waits until `call` has ended.

    Yields:
        What makes `call` run now, as a use would.
    """
    classes: list[Any] = [type(variable) for variable in variables]
    lock = threading.RLock()  # `call` itself uses the variables
    begun = False

    def end() -> None:
        with lock:
            for variable, own in zip(variables, classes, strict=True):
                variable.__class__ = own
                vars(variable).pop("before_use", None)

    def used() -> None:
        nonlocal begun
        with lock:
            if begun:
                return
            begun = True
            try:
                call()
            finally:
                end()

    for variable, own in zip(variables, classes, strict=True):
        vars(variable)["before_use"] = used
        variable.__class__ = _guarded(own)
    try:
        yield used
    finally:
        end()


@cache
def _guarded(own: Any) -> Any:
    """A class of variables whose value cannot be reached without a call of `before_use`."""

    def announce(variable: Any) -> None:
        if (used := vars(variable).get("before_use")) is not None:  # another thread may have ended it
            used()

    def read(variable: Any) -> Any:
        announce(variable)
        return vars(variable)["_value"]

    def write(variable: Any, value: Any) -> None:
        announce(variable)
        vars(variable)["_value"] = value

    return type(own.__name__, (own,), {"_value": property(read, write), "__module__": own.__module__})
