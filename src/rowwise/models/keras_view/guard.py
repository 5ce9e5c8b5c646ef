"""Variables of a model → a call before anything uses one of them."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import keras


@contextmanager
def before_use(variables: Sequence[keras.Variable], call: Callable[[], None]) -> Iterator[None]:
    """Within the block `call` runs, once, before the first of these variables is read or given a value.

    From whatever code of this thread that comes: a callback may hold a layer or the optimizer of its own.
    """
    classes: list[Any] = [type(variable) for variable in variables]

    def end() -> None:
        for variable, own in zip(variables, classes, strict=True):
            variable.__class__ = own
            vars(variable).pop("before_use", None)

    def used() -> None:
        end()
        call()

    for variable, own in zip(variables, classes, strict=True):
        vars(variable)["before_use"] = used
        variable.__class__ = _guarded(own)
    try:
        yield
    finally:
        end()


@cache
def _guarded(own: Any) -> Any:
    """A class of variables whose value cannot be reached without a call of `before_use`, which ends that."""

    def read(variable: Any) -> Any:
        vars(variable)["before_use"]()
        return variable._value

    def write(variable: Any, value: Any) -> None:
        vars(variable)["before_use"]()
        variable._value = value

    return type(own.__name__, (own,), {"_value": property(read, write), "__module__": own.__module__})
