"""Arrays in the structure of a model's inputs or outputs (bare, or in dicts, lists and tuples) → the same, as NumPy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.engine.sparse_rows import SparseRows
from rowwise.environment import device_bytes
from rowwise.errors import DataError, warn_user
from rowwise.shapes.checks.as_array import array_of
from rowwise.text import say

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
        return {key: tree_of(part, f"{name}[{key!r}]") for key, part in values.items()}
    if hasattr(values, "todense"):
        return _dense(values, name)
    if not isinstance(values, list | tuple) or not _holds_parts(values, several):
        return array_of(values, name)
    parts = [tree_of(part, f"{name}[{place}]") for place, part in enumerate(values)]
    return tuple(parts) if isinstance(values, tuple) else parts


def _dense(matrix: Any, name: str) -> NDArray[Any] | SparseRows:
    """A sparse matrix of SciPy or JAX as an array; one of SciPy as rows where that is more than may lie on the device.

    Raises:
        DataError: it is one of JAX, and too large.

    Warns:
        Suspicious: how much memory it takes.
    """
    bytes_dense = math.prod(matrix.shape) * 4  # float32
    if bytes_dense > device_bytes():
        if hasattr(matrix, "tocsr") and len(matrix.shape) == 2:
            warn_user(say("fit.sparse.rows", name=name, shape=tuple(matrix.shape), size=f"{bytes_dense / 2**30:.1f}"))
            return SparseRows(matrix)
        raise DataError("fit.sparse.large", name=name, size=f"{bytes_dense / 2**30:.1f}")
    warn_user(say("fit.sparse", name=name, shape=tuple(matrix.shape), size=f"{bytes_dense / 2**20:.1f}"))
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix.todense())


def _holds_parts(values: list[Any] | tuple[Any, ...], several: int | None) -> bool:
    """Whether a list holds inputs or outputs, and not records."""
    if several == 1:
        return len(values) == 1 and bool(getattr(values[0], "shape", ()))
    return any(bool(getattr(part, "shape", ())) or isinstance(part, dict) or _nested(part) for part in values)


def _nested(part: Any) -> bool:
    return isinstance(part, list | tuple) and any(bool(getattr(one, "shape", ())) for one in part)


def is_array(part: Any) -> bool:
    """Whether it is the array of one input or output, and no structure of them."""
    return isinstance(part, np.ndarray | SparseRows)


def leaves(tree: Any) -> list[NDArray[Any]]:
    """The arrays of a structure, in Keras's order; what is None is an input that is left out."""
    if is_array(tree):
        return [tree]
    import keras

    return [array for array in keras.tree.flatten(tree) if array is not None]


def alone(tree: Any) -> Any:
    """The one array of a structure; the structure itself where it holds several."""
    if tree is None or is_array(tree):
        return tree
    arrays = leaves(tree)
    return arrays[0] if len(arrays) == 1 else tree


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """The structure with each array replaced; None stays None."""
    if is_array(tree):
        return function(tree)
    import keras

    return keras.tree.map_structure(lambda array: None if array is None else function(array), tree)


def count_of(tensors: Any) -> int | None:
    """How many inputs or outputs a model has by its `inputs` or `outputs`; None where it does not say."""
    return len(tensors) if tensors else None
