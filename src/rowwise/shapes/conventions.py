"""One Dense layer → the same numbers as Keras, PyTorch and courses with examples in columns write them.

=========  =====================  ======================  ==================  =========================
           X                      weights                 bias                Y
=========  =====================  ======================  ==================  =========================
keras      `(records, features)`  `(features, units)`     `(units,)`          X · W + b
torch      `(records, features)`  `(units, features)`     `(units,)`          X · Wᵀ + b
columns    `(features, records)`  `(units, features)`     `(units, 1)`        W · X + b
=========  =====================  ======================  ==================  =========================

Keras: `keras.layers.Dense`. PyTorch: `torch.nn.Linear`, whose `weight` has shape (out_features, in_features).
Columns: the notation of many courses, where an example is a column vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CONVENTIONS = ("keras", "torch", "columns")


def to_torch(kernel: ArrayLike, bias: ArrayLike | None = None) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Keras's kernel `(features, units)` and bias `(units,)` → PyTorch's weight `(units, features)` and its bias.

    Raises:
        ShapeError: no such shapes.
    """
    kernel, bias = _checked(kernel, bias)
    return np.ascontiguousarray(kernel.T), bias


def from_torch(weight: ArrayLike, bias: ArrayLike | None = None) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """PyTorch's weight `(units, features)` and bias `(units,)` → Keras's kernel `(features, units)` and its bias.

    Raises:
        ShapeError: no such shapes.
    """
    weight = np.asarray(weight)
    if weight.ndim != 2:
        raise ShapeError("convention.kernel", found=weight.shape)
    return _checked(np.ascontiguousarray(weight.T), bias)


def to_columns(kernel: ArrayLike, bias: ArrayLike | None = None) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Keras's kernel and bias → W `(units, features)` and b `(units, 1)`, for X `(features, records)` in W · X + b.

    Raises:
        ShapeError: no such shapes.
    """
    kernel, bias = _checked(kernel, bias)
    return np.ascontiguousarray(kernel.T), None if bias is None else bias[:, None]


def from_columns(weight: ArrayLike, bias: ArrayLike | None = None) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """The reverse of `to_columns`.

    Raises:
        ShapeError: no such shapes.
    """
    bias = None if bias is None else np.asarray(bias)
    if bias is not None and (bias.ndim != 2 or bias.shape[1] != 1):
        raise ShapeError("convention.column_bias", found=bias.shape)
    return from_torch(weight, None if bias is None else bias[:, 0])


def dense_equation(convention: str, records: int | None, features: int, units: int, bias: bool = True) -> str:
    """`(32, 784) · (100, 784)ᵀ + (100,) → (32, 100)`: the shapes of one Dense layer in that convention."""
    rows, kernel, weight = f"({records}, {features})", f"({features}, {units})", f"({units}, {features})"
    if convention == "columns":
        return f"{weight} · ({features}, {records}){f' + ({units}, 1)' if bias else ''} → ({units}, {records})"
    right = kernel if convention == "keras" else f"{weight}ᵀ"
    return f"{rows} · {right}{f' + ({units},)' if bias else ''} → ({records}, {units})"


@dataclass(frozen=True, eq=False)
class SideBySide:
    """The same layer on the same records in all three conventions.

    Attributes:
        outputs: by convention; keras and torch `(records, units)`, columns `(units, records)`.
        largest_difference: between any two of them, records in rows.
    """

    outputs: dict[str, NDArray[Any]]
    largest_difference: float


def side_by_side(x: ArrayLike, kernel: ArrayLike, bias: ArrayLike) -> SideBySide:
    """Compute one layer's output, before its activation, three times, each with its own arrays.

    Args:
        x: `(records, features)`.
        kernel: `(features, units)`. bias: `(units,)`.

    Raises:
        ShapeError: shapes that do not belong together.
    """
    x = np.asarray(x)
    kernel, bias_ = _checked(kernel, bias)
    if x.ndim != 2 or x.shape[1] != kernel.shape[0]:
        raise ShapeError("convention.records", found=x.shape, features=kernel.shape[0])
    assert bias_ is not None
    weight, torch_bias = to_torch(kernel, bias_)
    columns, column_bias = to_columns(kernel, bias_)
    outputs = {"keras": x @ kernel + bias_, "torch": x @ weight.T + torch_bias, "columns": columns @ x.T + column_bias}
    rows = [outputs["keras"], outputs["torch"], outputs["columns"].T]
    differences = [float(np.abs(one - other).max(initial=0)) for one in rows for other in rows]
    return SideBySide(outputs, max(differences))


def _checked(kernel: ArrayLike, bias: ArrayLike | None) -> tuple[NDArray[Any], NDArray[Any] | None]:
    kernel = np.asarray(kernel)
    if kernel.ndim != 2:
        raise ShapeError("convention.kernel", found=kernel.shape)
    if bias is None:
        return kernel, None
    bias = np.asarray(bias)
    if bias.shape != (kernel.shape[1],):
        raise ShapeError("convention.bias", found=bias.shape, units=kernel.shape[1])
    return kernel, bias
