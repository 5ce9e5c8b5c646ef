"""A layer, a model or a loss, of Keras or read from a file → what kind it is, by name, without importing Keras."""

from __future__ import annotations

from typing import Any

from rowwise.models.plain import PlainLayer, PlainModel

OURS = ("keras.", "rowwise.")  # beginnings of the modules whose classes compute what their name says


def kind_of(part: Any) -> str:
    """The name of its class, where that is one of Keras's or rowwise's; empty for what derives from it or is another's.

    What a class computes is known by its name: no two layers, and no two models, have the same in Keras.
    """
    if isinstance(part, PlainLayer):
        return part.kind
    kind = type(part)
    return kind.__name__ if kind.__module__.startswith(OURS) else ""


def is_a(part: Any, *names: str) -> bool:
    """Whether it is of one of Keras's or rowwise's classes of these names, or derives from one."""
    if isinstance(part, PlainLayer):
        return part.kind in names
    return any(base.__name__ in names and base.__module__.startswith(OURS) for base in type(part).__mro__)


def is_plain(part: Any) -> bool:
    """Whether it was read from a file without Keras."""
    return isinstance(part, PlainModel | PlainLayer)
