"""A dictionary of a configuration → its values, each of which is taken once and is what it must be, or Unread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MOST = 1 << 30  # whole numbers that anything here may have
_NONE: Any = object()


class Unread(Exception):
    """Something that is not known exactly here: Keras reads the file."""


class Fields:
    """The entries of a dictionary that came as JSON; leave the block once all of them were taken."""

    def __init__(self, values: Any) -> None:
        if not isinstance(values, dict):
            raise Unread(f"{values!r:.60}")
        self._left: dict[str, Any] = dict(values)

    def __enter__(self) -> Fields:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._left:
            raise Unread(", ".join(self._left))

    def take(self, name: str, check: Callable[[Any], Any], default: Any = _NONE) -> Any:
        """The value by its name, as `check` gives it; `default` where there is none."""
        if name not in self._left:
            if default is _NONE:
                raise Unread(name)
            return default
        return check(self._left.pop(name))

    def rest(self) -> dict[str, Any]:
        """All that was not taken yet."""
        rest, self._left = self._left, {}
        return rest


def text(value: Any) -> str:
    if not isinstance(value, str) or not value or "/" in value or len(value) > 200:
        raise Unread(f"{value!r:.60}")
    return value


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unread(f"{value!r:.60}")
    return value


def number(value: Any) -> float:
    """Finite, also as float32."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e30 or math.isnan(value):
        raise Unread(f"{value!r:.60}")
    return float(value)


def share(value: Any) -> float:
    """From 0 to less than 1."""
    if not 0 <= number(value) < 1:
        raise Unread(f"{value!r:.60}")
    return float(value)


def positive(value: Any) -> float:
    if number(value) <= 0:
        raise Unread(f"{value!r:.60}")
    return float(value)


def whole(value: Any) -> int:
    """1 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
        raise Unread(f"{value!r:.60}")
    return value


def seed(value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31):
        raise Unread(f"{value!r:.60}")
    return value


def numbers(value: Any) -> float | list[float]:
    """One number, or a list of them."""
    return [number(one) for one in value] if isinstance(value, list) and value else number(value)


def shape(value: Any) -> tuple[int | None, ...]:
    """Of records: the first axis is of any length."""
    if not isinstance(value, list) or len(value) < 2 or value[0] is not None:
        raise Unread(f"{value!r:.60}")
    return (None, *map(whole, value[1:]))


def only(*values: Any) -> Callable[[Any], Any]:
    """A check for one of these values, and of its type: 1 is not True."""

    def check(value: Any) -> Any:
        if not any(value == one and type(value) is type(one) for one in values):
            raise Unread(f"{value!r:.60}")
        return value

    return check


def optional(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A check that lets null pass."""
    return lambda value: None if value is None else check(value)


def instance(value: Any, kinds: Mapping[str, Any], module: str) -> tuple[str, Fields]:
    """The name and the configuration of an object of Keras's, of one of `kinds`, as it writes it."""
    with Fields(value) as fields:
        kind = fields.take("class_name", only(*kinds))
        fields.take("module", only(module))
        fields.take("registered_name", only(None))
        fields.take("shared_object_id", whole_id, None)
        return kind, Fields(fields.take("config", lambda config: config))


def whole_id(value: Any) -> int:
    """What Keras tells objects apart by that are used several times."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unread(f"{value!r:.60}")
    return value


def dtype(value: Any) -> str:
    """float32, by itself or as a policy."""
    if value == "float32":
        return "float32"
    _, config = instance(value, {"DTypePolicy": ()}, "keras")
    with config:
        config.take("name", only("float32"))
    return "float32"


def holds_no_objects(value: Any) -> None:
    """Raises Unread where Keras would make an object of a part of plain JSON."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "class_name" in one or not all(isinstance(key, str) for key in one):
                raise Unread("class_name")
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif not isinstance(one, str | int | float | bool | None):
            raise Unread(f"{one!r:.60}")


def parts_of(values: Sequence[Any] | Any) -> list[Any]:
    if not isinstance(values, list):
        raise Unread(f"{values!r:.60}")
    return values
