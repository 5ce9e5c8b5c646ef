"""The bytes of a request → JSON of the form that is expected, strictly; and nested lists → arrays."""

from __future__ import annotations

import itertools
import json
import math
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from rowwise.engine.native import json_numbers
from rowwise.serve.problems import TOO_LARGE, WRONG, Refused
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Form = TypeVar("Form")
NO_JSON = re.compile(rb"\b(NaN|-?Infinity)\b")
NUMBERS = {int, float}
QUICK = 64 * 1024  # bytes of a body that the loop may read itself
LARGEST = 1e30  # of numbers: sums of products of larger ones are soon beyond float32
TYPES = {int: "123", float: "0.5", str: '"…"', bool: "true", dict: "{…}", list: "[…]", type(None): "null"}


def decoded(decoder: msgspec.json.Decoder[Form], body: bytes, names: Callable[[Form], int]) -> Form:
    """The value of a body of JSON.

    Args:
        names: how many names the objects of the value have, all together.

    Raises:
        Refused: no JSON, which has neither NaN nor Infinity, JSON of another form, or a name that stands twice in one
            object.
    """
    try:
        value = decoder.decode(body)
        if body.count(b":") != names(value):  # one of them is in a text, or a name stands twice
            json.loads(body.decode(), object_pairs_hook=_check_names, parse_int=str, parse_float=str)
        return value
    except msgspec.ValidationError as cause:
        raise Refused(WRONG, say("serve.json.form", cause=cause)) from cause
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        if found := NO_JSON.search(body):
            raise Refused(WRONG, say("serve.json.nan", found=found[1].decode())) from cause
        raise Refused(WRONG, say("serve.json.broken", cause=cause)) from cause
    except RecursionError as cause:
        raise Refused(WRONG, say("serve.json.deep")) from cause


def _check_names(pairs: list[tuple[str, Any]]) -> None:
    """msgspec takes the last of two values of one name, and drops the others."""
    check_once([name for name, _ in pairs])


def check_once(names: list[str]) -> None:
    """Raises Refused where one of an object's names stands in it twice."""
    if len({*names}) == len(names):
        return
    seen = set[str]()
    for name in names:
        if name in seen:
            raise Refused(WRONG, say("serve.json.twice", name=name))
        seen.add(name)


def array_of(
    key: str, body: bytes, shape: tuple[int, ...], pixels: bool, most: int, read: Callable[[bytes], list[Any]]
) -> NDArray[Any]:
    """`(records, *shape)` of `{key: …}`, lists within lists.

    Args:
        pixels: whether whole numbers from 0 to 255 may become uint8.
        most: records, of which more are refused.
        read: checks a body of this form, and gives the lists in it.
    """
    if (found := scanned(key, body, shape, most, read)) is not None:
        # Zeros and ones may be pixels that were scaled: fractions leave that open.
        in_bytes = pixels and found.dtype == np.uint8 and (found > 1).any()
        return found if in_bytes else found.astype(np.float32, copy=False)
    nested = read(body)
    check_count(len(nested), most)
    return numbers(key, nested, shape)


def scanned(
    key: str, body: bytes, shape: tuple[int, ...], most: int, read: Callable[[bytes], Any]
) -> NDArray[Any] | None:
    """The numbers of the lists that are called `key`, in a tenth of the time that `numbers` takes for them.

    They are uint8 where all are whole numbers from 0 to 255, else float32.

    None where that is not plain: `numbers`, or whoever reads the body, says then what is wrong.

    Args:
        read: gives the value that is called `key` of a body, and raises Refused where the body is not of its form. It
            is handed the body with an empty list in the place of the lists.
    """
    found = json_numbers(body, key, shape, most, LARGEST)
    if found is None:
        return None
    flat, start, end = found
    rest = body[:start] + b"[]" + body[end:]
    if b"\\" in rest or rest.count(b'"%s"' % key.encode()) > 1:  # there may be another value of that name
        return None
    try:
        if read(rest) != []:
            return None
    except Refused:
        return None
    return flat.reshape(-1, *shape)


def most_records(body: bytes, shape: tuple[int, ...]) -> int:
    """At least as many as the records of a JSON, each an object, or lists for an array of this shape."""
    return (body.count(b"{") + body.count(b"[")) // math.prod(shape[:-1])


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


def array(name: str, flat: list[Any] | NDArray[Any], dtype: Any) -> NDArray[Any]:
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
    if not (np.abs(numbers) <= LARGEST).all():
        raise Refused(WRONG, say("serve.binary.nan", name=name)) if np.isnan(numbers).any() else _beyond(name, dtype)
    return numbers.astype(np.float32)


def _beyond(name: str, dtype: Any) -> Refused:
    kind = "uint8: 0 … 255" if dtype is np.uint8 else f"{-LARGEST:g} … {LARGEST:g}"
    return Refused(WRONG, say("serve.tensor.range", name=name, type=kind))


def _shown(flat: list[Any]) -> str:
    other = next(part for part in flat if type(part) is not list)
    return TYPES.get(type(other), "?")
