"""The bytes of a request → JSON of the form that is expected, strictly; and nested lists → arrays."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from rowwise.serve.problems import TOO_LARGE, WRONG, Refused
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

Form = TypeVar("Form")
NO_JSON = re.compile(rb"\b(NaN|-?Infinity)\b")
NUMBERS = {int, float}
LARGEST = 1e30  # of numbers: sums of products of larger ones are soon beyond float32
TYPES = {int: "123", float: "0.5", str: '"…"', bool: "true", dict: "{…}", list: "[…]", type(None): "null"}


def decoded(decoder: msgspec.json.Decoder[Form], body: bytes) -> Form:
    """The value of a body of JSON.

    Raises:
        Refused: no JSON, which has neither NaN nor Infinity, or JSON of another form.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as cause:
        raise Refused(WRONG, say("serve.json.form", cause=cause)) from cause
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        if found := NO_JSON.search(body):
            raise Refused(WRONG, say("serve.json.nan", found=found[1].decode())) from cause
        raise Refused(WRONG, say("serve.json.broken", cause=cause)) from cause
    except RecursionError as cause:
        raise Refused(WRONG, say("serve.json.deep")) from cause


def check_count(count: int, most: int) -> None:
    """Raises Refused where a request has no records, or more than the server takes at a time."""
    if not count:
        raise Refused(WRONG, say("serve.records.none"))
    if count > most:
        raise Refused(TOO_LARGE, say("serve.records.many", count=f"{count:,}", most=f"{most:,}"))


def numbers(name: str, nested: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """`(records, *shape)` of lists within lists; whole numbers and fractions, nothing else.

    Raises:
        Refused: another shape, or something that is no number.
    """
    flat = [nested]
    for depth, size in enumerate((None, *shape)):
        if not all(type(part) is list for part in flat):
            raise Refused(WRONG, say("serve.tensor.depth", name=name, depth=len(shape) + 1, found=_shown(flat)))
        if size is not None and (wrong := {len(part) for part in flat} - {size}):
            raise Refused(WRONG, say("serve.tensor.size", name=name, axis=depth, expected=size, found=min(wrong)))
        flat = flat[0] if len(flat) == 1 else list(itertools.chain.from_iterable(flat))
    if not {*map(type, flat)} <= NUMBERS:
        other = next(value for value in flat if type(value) not in NUMBERS)
        raise Refused(WRONG, say("serve.tensor.value", name=name, found=TYPES.get(type(other), "?")))
    return array(name, flat, np.float32).reshape(-1, *shape)


def array(name: str, flat: list[Any], dtype: Any) -> NDArray[Any]:
    """Whole numbers and fractions as float32, whole numbers as uint8, none of them as infinity or another number.

    Raises:
        Refused: a number that the type cannot hold.
    """
    try:
        if dtype is np.uint8:
            return np.frombuffer(bytes(flat), np.uint8)  # five times as fast as NumPy, and as strict
        numbers = np.array(flat, np.float64)
    except (OverflowError, ValueError, TypeError) as cause:
        raise _beyond(name, dtype) from cause
    if (np.abs(numbers) > LARGEST).any():
        raise _beyond(name, dtype)
    return numbers.astype(np.float32)


def _beyond(name: str, dtype: Any) -> Refused:
    kind = "uint8: 0 … 255" if dtype is np.uint8 else f"{-LARGEST:g} … {LARGEST:g}"
    return Refused(WRONG, say("serve.tensor.range", name=name, type=kind))


def _shown(flat: list[Any]) -> str:
    other = next(part for part in flat if type(part) is not list)
    return TYPES.get(type(other), "?")
