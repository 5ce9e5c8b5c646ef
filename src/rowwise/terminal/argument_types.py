"""The text of an argument → its value, or what was expected instead, in the catalogue's words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Value(click.ParamType):  # type: ignore[type-arg]
    """A value that `read` makes of a text; what it raises as ValueError is the message."""

    name = "value"

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as cause:
            self.fail(str(cause), param, ctx)


def whole(least: int, most: int | None = None) -> Value:
    """A whole number of at least `least` and, where that is given, at most `most`."""

    def read(text: str) -> int:
        number = _number(int, text, least - 1)
        if number < least:
            raise _refused("cli.value.whole", text, least=least)
        if most is not None and number > most:
            raise _refused("cli.value.most", text, most=most)
        return number

    return Value(read)


def one_of(*known: str) -> Value:
    """One of these words."""

    def read(text: str) -> str:
        if text not in known:
            raise _refused("cli.value.choice", text, known=", ".join(known))
        return text

    return Value(read)


def _share(text: str) -> float:
    if not 0 <= (number := _number(float, text, math.nan)) < 1:
        raise _refused("cli.value.share", text)
    return number


def _of_layers(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """One value for all hidden layers, or one for each, with commas between them."""
    return lambda text: tuple(read(part.strip()) for part in text.split(",")) if "," in text else read(text)


def _positive(text: str) -> float:
    if not 0 < (number := _number(float, text, math.nan)) < math.inf:
        raise _refused("cli.value.positive", text)
    return number


def _widths(text: str) -> tuple[int, ...]:
    units = tuple(_number(int, part, 0) for part in text.split(",")) if text.strip() else ()
    if min(units, default=1) < 1:
        raise _refused("cli.value.widths", text)
    return units


def _batches(text: str) -> tuple[int | None, ...]:
    sizes = [None if part.strip().lower() == "none" else _number(int, part, 0) for part in text.split(",")]
    if any(size is not None and size < 1 for size in sizes):
        raise _refused("explain.batches", text)
    return tuple(dict.fromkeys(sizes))


def _pair(text: str) -> tuple[int, int]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(part.removeprefix("-").isdecimal() for part in parts):
        raise _refused("explain.pair", text)
    return int(parts[0]), int(parts[1])


SHARE = Value(_share)  # a number of at least 0 and less than 1
SHARES, NAMES = Value(_of_layers(_share)), Value(_of_layers(str))
POSITIVE = Value(_positive)  # a finite number greater than 0
WIDTHS = Value(_widths)  # positive whole numbers separated by commas; none at all for an empty text
BATCHES = Value(_batches)  # numbers of records separated by commas, `none` among them
PAIR = Value(_pair)  # two whole numbers separated by a comma; which there are is known where they are used


def hosts(auto: str) -> Value:
    """A number of hosts, or this word."""

    def read(text: str) -> int | str:
        if text == auto:
            return text
        if not text.isdecimal() or int(text) < 1:
            raise _refused("cli.value.hosts", text)
        return int(text)

    return Value(read)


def given_names(ctx: click.Context, option: click.Parameter, values: Sequence[str]) -> tuple[str, ...] | None:
    """A callback for an option of names that may be given several times; None where it is not.

    A text may hold several, separated by commas; which commas are a name's own is known once the columns are.
    """
    return tuple(text for text in values if text.strip()) or None


def _number(kind: type[Any], text: str, otherwise: float) -> Any:
    try:
        return kind(text)
    except ValueError:
        return otherwise


def _refused(key: str, text: str, **values: Any) -> ValueError:
    return ValueError(say(key, found=text if len(text) <= 40 else f"{text[:37]}…", **values))
