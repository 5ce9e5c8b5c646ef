"""Arithmetic that is written for NumPy and Keras, done with names instead of numbers → the steps of a Program.

A `Tracer` answers to the same functions as `keras.ops` and NumPy, so that the layers of a table's model say themselves
what they compute: nothing is written down twice.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.exports.arithmetic import TRUTHS
from rowwise.exports.program import DOUBLE, FLOAT, TRUTH, Array, Program, Step

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray


class Tracer:
    """The steps so far. `layer` is the name that the next ones are noted under.

    Args:
        reserved: names that only inputs may have.
    """

    def __init__(self, reserved: Collection[str] = ()) -> None:
        self.layer = ""
        self._reserved = frozenset(reserved)
        self.steps: list[Step] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self._inputs: list[Array] = []
        self._known: dict[tuple[Any, ...], str] = {}  # constants by their bytes

    def input(self, name: str, columns: int, type: str, shape: tuple[int, ...] | None = None) -> Traced:
        """One more input."""
        self._inputs.append(Array(name, columns, type))
        return Traced(self, self._inputs[-1], shape or (columns,))

    def program(self, outputs: dict[str, Traced], raw: Traced, shape: tuple[int, ...]) -> Program:
        """All that leads to the outputs."""
        wanted = {value.array.name for value in outputs.values()} | {raw.array.name}
        steps: list[Step] = []
        for step in reversed(self.steps):
            if step.gives.name in wanted:
                steps.append(step)
                wanted.update(step.takes)
        constants = {name: constant for name, constant in self.constants.items() if name in wanted}
        roles = {role: value.array for role, value in outputs.items()}
        return Program(tuple(self._inputs), shape, tuple(reversed(steps)), constants, roles, raw.array.name)

    def constant(self, value: Any, name: str = "") -> str:
        """The name of a constant; of equal ones that have no names of their own, one name."""
        array = np.asarray(value)
        if array.dtype.kind == "f" and array.dtype != np.float64:
            array = array.astype(np.float32)
        key = (array.dtype.str, array.shape, array.tobytes(), name)
        if key not in self._known:
            taken = name or f"c{len(self.constants)}"
            while taken in self.constants or taken in self._reserved:
                taken += "_"
            self._known[key] = taken
            self.constants[taken] = np.ascontiguousarray(array).reshape(array.shape)
        return self._known[key]

    def step(self, operation: str, *takes: Any, columns: int = 0, type: str = "", **options: Any) -> Traced:
        """One more operation, on arrays, numbers and names of constants; its columns and type follow from them."""
        arrays = [take for take in takes if isinstance(take, Traced)]
        numbers = DOUBLE if any(taken.array.type == DOUBLE for taken in arrays) else FLOAT
        names = [take.array.name if isinstance(take, Traced) else self._name(take, numbers) for take in takes]
        if not columns:
            sizes = [math.prod(self.constants[name].shape) for name in names if name in self.constants]
            columns = max(*(taken.array.columns for taken in arrays), *sizes, 1)
        type = type or (TRUTH if operation in TRUTHS else numbers)
        given = f"t{len(self.steps)}"
        while given in self._reserved:
            given += "_"
        array = Array(given, columns, type)
        self.steps.append(Step(operation, tuple(names), array, self.layer, options))
        same = [taken.shape for taken in arrays if math.prod(taken.shape) == columns]
        return Traced(self, array, same[0] if same else (columns,))

    def _name(self, take: Any, numbers: str) -> str:
        if isinstance(take, str):
            return take
        array = np.asarray(take)
        return self.constant(array if array.dtype.kind in "bi" and array.ndim else array.astype(numbers))

    # What `models.preparation` and `models.encoding` call, under the names of keras.ops.

    def take(self, x: Traced, places: NDArray[Any], axis: int = 1) -> Traced:
        """Some of the columns, in this order; a run of them as it is."""
        first, last = int(places[0]), int(places[-1]) + 1
        if np.array_equal(places, np.arange(first, last)):
            return x[:, first:last]
        places = places.astype(np.int32)
        return self.step("take", x, self.constant(places), columns=len(places), type=x.array.type)

    def where(self, condition: Any, this: Any, other: Any) -> Traced:
        """`this` where the condition holds, else `other`; it may be known for each column already."""
        return self.step("where", condition, this, other, type=FLOAT)

    def concatenate(self, parts: Sequence[Traced], axis: int = 1) -> Traced:
        """Columns beside columns."""
        if len(parts) == 1:
            return parts[0]
        columns = sum(part.array.columns for part in parts)
        return self.step("concatenate", *parts, columns=columns, type=parts[0].array.type)

    def cast(self, x: Traced, type: str) -> Traced:
        """In another type."""
        return x if x.array.type == type else self.step("cast", x, type=type, to=type)

    def matmul(self, x: Traced, kernel: Any) -> Traced:
        """`(records, inputs) @ (inputs, units)`; the kernel may be the name of a constant."""
        name = kernel if isinstance(kernel, str) else self.constant(np.asarray(kernel, np.float32))
        return self.step("matmul", x, name, columns=self.constants[name].shape[1])

    def equal(self, x: Any, other: Any) -> Traced:
        return self.step("equal", x, other)

    def logical_and(self, x: Traced, other: Traced) -> Traced:
        return self.step("and", x, other)

    def logical_not(self, x: Traced) -> Traced:
        return self.step("not", x)

    def clip(self, x: Traced, least: float, most: float) -> Traced:
        return self.step("minimum", self.step("maximum", x, least), most)

    def zeros_like(self, x: Traced) -> float:
        return 0.0

    def isnan(self, x: Traced) -> Traced:
        return self.step("isnan", x)

    def sqrt(self, x: Traced) -> Traced:
        return self.step("sqrt", x)

    def sin(self, x: Traced) -> Traced:
        return self.step("sin", x)

    def cos(self, x: Traced) -> Traced:
        return self.step("cos", x)


class Traced:
    """An array that does not exist yet. `shape` is that of one record: its columns are written in one row."""

    __array_ufunc__ = None  # NumPy leaves the operators to this class
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, tracer: Tracer, array: Array, shape: tuple[int, ...]) -> None:
        self.tracer, self.array, self.shape = tracer, array, shape

    def shaped(self, shape: tuple[int, ...]) -> Traced:
        """The same numbers, as records of another shape."""
        return Traced(self.tracer, self.array, shape)

    def __getitem__(self, place: tuple[slice, slice]) -> Traced:
        first, last, _ = place[1].indices(self.array.columns)
        if (first, last) == (0, self.array.columns):
            return self
        return self.tracer.step("columns", self, columns=last - first, type=self.array.type, first=first, last=last)

    def __add__(self, other: Any) -> Traced:
        return self.tracer.step("add", self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Traced:
        return self.tracer.step("subtract", self, other)

    def __rsub__(self, other: Any) -> Traced:
        return self.tracer.step("subtract", other, self)

    def __mul__(self, other: Any) -> Traced:
        return self.tracer.step("multiply", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Traced:
        return self.tracer.step("divide", self, other)

    def __rtruediv__(self, other: Any) -> Traced:
        return self.tracer.step("divide", other, self)

    def __pow__(self, power: int) -> Traced:
        if power != 2:
            raise ValueError(power)
        return self * self

    def __neg__(self) -> Traced:
        return self.tracer.step("negative", self)

    def __ge__(self, other: Any) -> Traced:
        return self.tracer.step("greater_equal", self, other)

    def __gt__(self, other: Any) -> Traced:
        return self.tracer.step("greater", self, other)

    def __lt__(self, other: Any) -> Traced:
        return self.tracer.step("less", self, other)
