"""Arrays in the structure of a model's inputs or outputs (bare, or in dicts, lists and tuples) → the same, as NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.shapes.checks.as_array import array_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def tree_of(values: Any, name: str, several: int | None = None) -> Any:
    """What a user passed for x, y or the weights, with an array in the place of each of its parts.

    Args:
        values: an array, or what makes one; or a dict, list or tuple of such. Keras takes a list for several inputs,
            never for several records: so do we, where it holds arrays and the model has not one input alone.
        name: of the argument, for errors.
        several: how many inputs or outputs the model has; None where that is not known before it is called.

    Raises:
        DataError: a part is no array.
    """
    if values is None:
        return None
    if isinstance(values, dict):
        by_name = {key: tree_of(part, f"{name}[{key!r}]") for key, part in values.items()}
        return next(iter(by_name.values())) if several == 1 and len(by_name) == 1 else by_name
    if not isinstance(values, list | tuple) or not _holds_parts(values, several):
        return array_of(values, name)
    parts = [tree_of(part, f"{name}[{place}]") for place, part in enumerate(values)]
    if several == 1:
        return parts[0]
    return tuple(parts) if isinstance(values, tuple) else parts


def _holds_parts(values: list[Any] | tuple[Any, ...], several: int | None) -> bool:
    """Whether a list holds inputs or outputs, and not records."""
    if several == 1:
        return len(values) == 1 and bool(getattr(values[0], "shape", ()))
    return any(bool(getattr(part, "shape", ())) or isinstance(part, dict) or _nested(part) for part in values)


def _nested(part: Any) -> bool:
    return isinstance(part, list | tuple) and any(bool(getattr(one, "shape", ())) for one in part)


def leaves(tree: Any) -> list[NDArray[Any]]:
    """The arrays of a structure, in Keras's order; what is None is an input that is left out."""
    return [array for array in keras.tree.flatten(tree) if array is not None]


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """The structure with each array replaced; None stays None."""
    if isinstance(tree, np.ndarray):
        return function(tree)
    return keras.tree.map_structure(lambda array: None if array is None else function(array), tree)


def count_of(tensors: Any) -> int | None:
    """How many inputs or outputs a model has by its `inputs` or `outputs`; None where it does not say."""
    return len(tensors) if tensors else None
