"""A call as Keras's `Model.fit` is called, or in rowwise's own order → its arguments by name, or an error in words.

Python itself would answer a call that does not fit with a bare TypeError, which knows neither language nor the name
that was meant.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from rowwise.errors import CallError
from rowwise.text import say
from rowwise.text.near import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

P = ParamSpec("P")
R = TypeVar("R")


def called_as_in_keras(
    former: Sequence[str] = (), renamed: Mapping[str, str] = {}
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator: calls that do not fit the signature are a `CallError`.

    Args:
        former: names of the third argument and those after it in rowwise's own order, which is meant where the third
            is a whole number: `fit(model, data, 5, 32)`. Keras has the labels there.
        renamed: what an argument was called before → what it is called now.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            given, named = _in_order(function.__name__, args, kwargs, former)
            named = {renamed.get(name, name): value for name, value in named.items()}
            _check_names(function.__name__, signature, given, named)
            return function(*given, **named)

        return called

    return decorate


def _in_order(
    function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], former: Sequence[str]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments by position and by name; those in rowwise's own order by name."""
    if not former or len(args) < 3 or not _is_number(args[2]):
        return args, dict(kwargs)
    given = dict(zip(former, args[2:], strict=False))
    for name in given:
        if name in kwargs:
            raise CallError("call.twice", function=function, name=name)
    if len(args) - 2 > len(former):
        raise CallError("call.too_many", function=function, most=len(former) + 2, found=len(args))
    return args[:2], {**kwargs, **given}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _check_names(function: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raises CallError where Python would raise TypeError."""
    parameters = list(signature.parameters.values())
    positional = [one.name for one in parameters if one.kind is not one.KEYWORD_ONLY]
    if len(args) > len(positional):
        raise CallError("call.too_many", function=function, most=len(positional), found=len(args))
    for name in kwargs:
        if name not in signature.parameters:
            near = nearest(name, signature.parameters)
            mend = say("call.near", near=near) if near else say("call.known", known=", ".join(signature.parameters))
            raise CallError("call.unknown", function=function, name=name, mend=mend)
        if name in positional[: len(args)]:
            raise CallError("call.twice", function=function, name=name)
    for one in parameters[len(args) :]:
        if one.default is one.empty and one.name not in kwargs:
            raise CallError("call.missing", function=function, name=one.name)
