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
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import ShapeError
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

# Convention → what it computes.
CONVENTIONS = {"keras": "X · W + b", "torch": "X · Wᵀ + b", "columns": "W · X + b"}
FIRST = 4  # numbers of an output that are shown
RECORDS = 3  # of the batch that an example is computed on


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
    weight = _matrix(weight)
    bias = None if bias is None else _array(bias)
    units, features = weight.shape
    if bias is not None and units != features and _is_bias(bias, features):
        raise ShapeError("convention.turned_weight", found=weight.shape, expected=weight.shape[::-1])
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
    bias = None if bias is None else _array(bias)
    if bias is not None and (bias.ndim != 2 or bias.shape[1] != 1):
        raise ShapeError("convention.column_bias", found=bias.shape)
    return from_torch(weight, None if bias is None else bias[:, 0])


def dense_arrays(convention: str, features: int, units: int) -> dict[str, tuple[int, ...]]:
    """The arrays of one Dense layer, name → shape: its weights, then its bias."""
    if convention == "keras":
        return {"kernel": (features, units), "bias": (units,)}
    if convention == "torch":
        return {"weight": (units, features), "bias": (units,)}
    return {"W": (units, features), "b": (units, 1)}


def dense_equation(convention: str, records: int | None, features: int, units: int, bias: bool = True) -> str:
    """`(32, 784) · (100, 784)ᵀ + (100,) → (32, 100)`: the shapes of one Dense layer in that convention."""
    rows, kernel, weight = f"({records}, {features})", f"({features}, {units})", f"({units}, {features})"
    if convention == "columns":
        return f"{weight} · ({features}, {records}){f' + ({units}, 1)' if bias else ''} → ({units}, {records})"
    right = kernel if convention == "keras" else f"{weight}ᵀ"
    return f"{rows} · {right}{f' + ({units},)' if bias else ''} → ({records}, {units})"


@dataclass(frozen=True, eq=False)
class SideBySide:
    """One layer computed on the same records in all three conventions; prints as text of at most 80 columns.

    Attributes:
        arrays: by convention, those that were computed with, by name: `X`, then as `dense_arrays` names them.
        outputs: by convention; keras and torch `(records, units)`, columns `(units, records)`.
        largest_difference: between any two of them, records in rows.
    """

    arrays: dict[str, dict[str, NDArray[Any]]]
    outputs: dict[str, NDArray[Any]]
    largest_difference: float

    @cached_property
    def rounding(self) -> float:
        """The largest difference that rounding can make: terms of a sum × epsilon × the sum of their magnitudes."""
        x, kernel, *bias = (np.abs(array) for array in self.arrays["keras"].values())
        kind = self.outputs["keras"].dtype
        if kind.kind != "f" or not self.outputs["keras"].size:
            return 0.0
        return float((len(kernel) + 1) * np.finfo(kind).eps * (x @ kernel + sum(bias)).max())

    def equation(self, convention: str) -> str:
        """`(32, 784) · (784, 100) + (100,) → (32, 100)`."""
        (records, features), units = self.arrays["keras"]["X"].shape, self.outputs["keras"].shape[1]
        return dense_equation(convention, records, features, units, "bias" in self.arrays["keras"])

    def first_values(self, convention: str) -> str:
        """`Y[0, :4] = 0.5213, -0.071, …`: the first record's first units, where this convention keeps them."""
        output = self.outputs[convention]
        if not output.size:
            return ""
        record = output[:, 0] if convention == "columns" else output[0]
        shown = record[:FIRST]
        place = f"[:{shown.size}, 0]" if convention == "columns" else f"[0, :{shown.size}]"
        return f"Y{place} = {', '.join(map(_number, shown))}{', …' if record.size > shown.size else ''}"

    @property
    def verdict(self) -> str:
        """How far the three agree, in the current language."""
        difference = np.format_float_positional(self.largest_difference, 2, fractional=False, trim="-")
        if self.largest_difference == 0:
            return say("view.same.exactly")
        if self.largest_difference <= self.rounding:
            return say("view.same.rounded", difference=difference)
        return say("view.same.difference", difference=difference)

    def __str__(self) -> str:
        lines = []
        for convention in CONVENTIONS:
            lines.append(say(f"view.convention.{convention}"))
            arrays = [f"{name} {array.shape}" for name, array in self.arrays[convention].items()]
            for words in (", ".join(arrays), self.equation(convention), self.first_values(convention)):
                lines += [f"  {line}" for line in wrap(words, WIDTH - 2)]
        return "\n".join([*lines, *wrap(self.verdict)])


def side_by_side(x: ArrayLike, kernel: ArrayLike, bias: ArrayLike | None = None) -> SideBySide:
    """Compute one layer's output, before its activation, three times, each with its own arrays.

    Args:
        x: `(records, features)`.
        kernel: `(features, units)`. bias: `(units,)`; None for a layer without one.

    Raises:
        ShapeError: shapes that do not belong together.
    """
    x = _array(x)
    kernel, bias_ = _checked(kernel, bias, x.shape[1] if x.ndim == 2 else None)
    if x.ndim == 2 and x.shape[1] != kernel.shape[0] == x.shape[0]:
        raise ShapeError("convention.turned_records", found=x.shape, features=kernel.shape[0])
    if x.ndim != 2 or x.shape[1] != kernel.shape[0]:
        raise ShapeError("convention.records", found=x.shape, features=kernel.shape[0])
    operands = {
        "keras": (x, kernel, bias_),
        "torch": (x, *to_torch(kernel, bias_)),
        "columns": (np.ascontiguousarray(x.T), *to_columns(kernel, bias_)),
    }
    arrays = {
        convention: {
            name: array
            for name, array in zip(("X", *dense_arrays(convention, *kernel.shape)), triple, strict=True)
            if array is not None
        }
        for convention, triple in operands.items()
    }
    outputs = {convention: _output(convention, *named.values()) for convention, named in arrays.items()}
    rows = [outputs["keras"], outputs["torch"], outputs["columns"].T]
    differences = [float(np.abs(one - other).max(initial=0)) for one in rows for other in rows]
    return SideBySide(arrays, outputs, max(differences))


@dataclass(frozen=True, eq=False)
class Example:
    """One Dense layer of a model, computed in all conventions on a small batch drawn from seed 0.

    Attributes:
        layer: its name.
        own: whether the weights are the model's own; else they are drawn from seed 0 too.
        computed: the three computations.
    """

    layer: str
    own: bool
    computed: SideBySide


def example(layer: str, shape: tuple[int, int], bias: bool, own: Sequence[NDArray[Any]] | None) -> Example:
    """Compute a layer of `shape` (features, units) with its `own` kernel and bias, or with numbers from seed 0."""
    random = np.random.default_rng(0)
    x = random.random((RECORDS, shape[0]), "float32")
    kernel = (2 * random.random(shape, "float32") - 1) * np.float32((6 / sum(shape)) ** 0.5)  # Glorot's, as Keras
    drawn = [kernel, random.random(shape[1], "float32")][: 2 if bias else 1]
    # At least float32: NumPy is slow with smaller floats, or does not know them.
    weights = [np.asarray(array, np.result_type(array, "float32")) for array in own or drawn]
    return Example(layer, own is not None, side_by_side(x, *weights))


def _output(convention: str, x: NDArray[Any], weights: NDArray[Any], bias: NDArray[Any] | None = None) -> NDArray[Any]:
    products = {"keras": lambda: x @ weights, "torch": lambda: x @ weights.T, "columns": lambda: weights @ x}
    product = products[convention]()
    return product if bias is None else product + bias


def _checked(
    kernel: ArrayLike, bias: ArrayLike | None, features: int | None = None
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Both as arrays of shapes that fit. The kernel is checked first: transposed, it makes the bias look wrong.

    Args:
        kernel: `(features, units)`.
        bias: `(units,)`.
        features: of the records, where they are known.
    """
    kernel = _matrix(kernel)
    bias = None if bias is None else _array(bias)
    rows, units = kernel.shape
    if rows != units and features != rows:
        other_bias = bias is None or bias.shape != (units,)
        if (features == units and other_bias) or (bias is not None and _is_bias(bias, rows)):
            raise ShapeError("convention.turned", found=kernel.shape, expected=(units, rows))
    if bias is not None and bias.shape == (units, 1):
        raise ShapeError("convention.upright_bias", found=bias.shape, units=units)
    if bias is not None and bias.shape != (units,):
        raise ShapeError("convention.bias", found=bias.shape, units=units)
    return kernel, bias


def _is_bias(bias: NDArray[Any], units: int) -> bool:
    """Whether it has a number for each unit, in a row or in a column."""
    return bias.shape in ((units,), (units, 1))


def _matrix(kernel: ArrayLike) -> NDArray[Any]:
    kernel = _array(kernel)
    if kernel.ndim != 2:
        raise ShapeError("convention.kernel", found=kernel.shape)
    return kernel


def _array(value: Any) -> NDArray[Any]:
    """Numbers, those of a PyTorch parameter too; a layer is refused, whose arrays have names."""
    try:
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    except (TypeError, ValueError, RuntimeError):
        array = np.asarray(None)
    if array.dtype.kind in "OUSMm":
        raise ShapeError("view.numbers", found=type(value).__name__)
    return array


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, np.floating) else str(value)
