"""The operations of a program, each as a function of NumPy arrays: the reference for all that is written from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    """1 / (1 + e⁻ˣ), however large x is."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def softmax(x: NDArray[Any]) -> NDArray[Any]:
    """Along the columns."""
    powers = np.exp(x - x.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def lookup(x: NDArray[Any], keys: Sequence[str], values: Sequence[float], default: float) -> NDArray[np.float32]:
    """A number for each text; `default` for a text that is none of the keys."""
    numbers = dict(zip(keys, values, strict=True))
    found = [numbers.get(text, default) for text in x.ravel().tolist()]
    return np.array(found, np.float32).reshape(x.shape)


# Of one array; all but the last lines number by number.
UNARY: dict[str, Callable[..., Any]] = {
    "isnan": np.isnan,
    "not": np.logical_not,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "abs": np.abs,
    "negative": np.negative,
    "tanh": np.tanh,
    "erf": lambda x: _erf(x).astype(x.dtype) if x.size else x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": sigmoid,
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "softmax": softmax,
    "row_max": lambda x: x.max(1, keepdims=True),
    "row_sum": lambda x: x.sum(1, keepdims=True),
    "argmax": lambda x: x.argmax(1),
}
# Of two arrays, or of an array and a constant.
BINARY: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "equal": np.equal,
    "less": np.less,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "and": np.logical_and,
}
TRUTHS = frozenset(("isnan", "not", "equal", "less", "greater", "greater_equal", "and"))  # what these give
ARITHMETIC: dict[str, Callable[..., Any]] = {
    **UNARY,
    **BINARY,
    "where": np.where,
    "take": lambda x, places: x[:, places],
    "columns": lambda x, first, last: x[:, first:last],
    "concatenate": lambda *parts: np.concatenate(parts, axis=1),
    "matmul": np.matmul,
    "cast": lambda x, to: x.astype(to),
    "rows": lambda x, table: table[x[:, 0].astype(np.int64)],
    "lookup": lookup,
    "column_of": lambda x: x[:, 0],
}
