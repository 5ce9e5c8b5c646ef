"""What a saved model computes, as a list of array operations: what every file format is written from, and NumPy runs.

All arrays are `(records, columns)`; constants are `(columns,)`, one number `()`, or a kernel `(inputs, units)`. The
operations are few and plain, so that each format needs one line for each. Numbers are float32 but where float32 could
not hold what a table has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.exports.arithmetic import ARITHMETIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

EPSILON = float(np.finfo(np.float32).eps)
SUMS = ("matmul", "row_sum")
EXACT = ("where", "take", "columns", "concatenate", "rows", "lookup", "column_of", "relu", "abs", "negative", "cast")
ROUNDED = frozenset(ARITHMETIC) - {*EXACT, "row_max", "maximum", "minimum"}  # whose numbers float32 rounds
FLOAT, DOUBLE, WHOLE, TRUTH, TEXT = "float32", "float64", "int64", "bool", "text"


@dataclass(frozen=True)
class Array:
    """An array `(records, columns)`, by its name; one of `(records,)` where it has no columns."""

    name: str
    columns: int
    type: str = FLOAT


@dataclass(frozen=True)
class Step:
    """One operation.

    Attributes:
        operation: a name in `arithmetic.ARITHMETIC`.
        takes: the names of the arrays and constants that it takes.
        gives: what it makes.
        layer: the layer of the model that it belongs to.
        options: whole numbers and names that are no arrays: `first` and `last` of `columns`, `to` of `cast`.
    """

    operation: str
    takes: tuple[str, ...]
    gives: Array
    layer: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """The whole computation.

    Attributes:
        inputs: what is handed in, in order; pictures come as rows of pixels.
        shape: of one record of the only input, as the model takes it.
        steps: in an order in which each finds what it takes.
        constants: by name.
        outputs: by what they are: `probabilities`, `values`, `class`, `labels`.
        raw: the name of what the model itself gives, before it is interpreted.
        kind: of inputs, one of `kinds.INPUTS`, or FLOATS.
    """

    inputs: tuple[Array, ...]
    shape: tuple[int, ...]
    steps: tuple[Step, ...]
    constants: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, Array]
    raw: str
    kind: str = ""

    def run(
        self, inputs: Mapping[str, NDArray[Any]], exact: bool = False, noise: np.random.Generator | None = None
    ) -> dict[str, NDArray[Any]]:
        """All arrays by name, of inputs `(records, columns)`.

        Args:
            exact: float64 wherever the program has float32.
            noise: with `exact`: each number is moved at random by as much as float32 may round it.
        """
        real = np.float64 if exact else np.float32
        known: dict[str, NDArray[Any]] = {}
        for name, constant in self.constants.items():
            known[name] = constant.astype(real) if constant.dtype == np.float32 else constant
        for array in self.inputs:
            given = inputs[array.name]
            known[array.name] = given.astype(np.float32).astype(real) if array.type == FLOAT else given
        with np.errstate(all="ignore"):  # records far outside the training's may overflow, as they do in the model
            for step in self.steps:
                options = dict(step.options)
                if options.get("to") == FLOAT:
                    options["to"] = real
                made = ARITHMETIC[step.operation](*(known[name] for name in step.takes), **options)
                if step.gives.type == FLOAT and made.dtype != real:
                    made = made.astype(real)
                if noise is not None and step.gives.type == FLOAT and step.operation in ROUNDED:
                    made = made + _rounding(step, known, made) * noise.uniform(-1, 1, made.shape)
                known[step.gives.name] = made
        return known

    def answers(
        self, inputs: Mapping[str, NDArray[Any]], exact: bool = False, noise: np.random.Generator | None = None
    ) -> dict[str, NDArray[Any]]:
        """The outputs, by what they are; arguments as of `run`."""
        known = self.run(inputs, exact, noise)
        return {role: known[array.name] for role, array in self.outputs.items()}

    def answers_of(self, numbers: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The outputs of a runner that knows numbers alone, each `(records, columns)`, as `answers` gives them."""
        typed = {
            role: numbers[role].astype(np.int64) if array.type == WHOLE else numbers[role]
            for role, array in self.outputs.items()
        }
        return {role: values[:, 0] if role == "class" else values for role, values in typed.items()}


def _rounding(step: Step, known: Mapping[str, NDArray[Any]], made: NDArray[Any]) -> NDArray[Any]:
    """How far float32 may be from what a step makes: a sum loses digits of its terms, however small it is itself."""
    terms = [np.abs(known[name]) for name in step.takes] if step.operation in SUMS else []
    sizes = ARITHMETIC[step.operation](*terms) if terms else np.abs(made)
    rounding: NDArray[Any] = sizes * (EPSILON / 2)
    return rounding


def bias_after(step: Step, following: Sequence[Step]) -> str:
    """The name of the bias that is added to a Dense layer's product right behind it; empty where there is none."""
    if not following or following[0].operation != "add":
        return ""
    product, bias = following[0].takes
    return bias if product == step.gives.name and bias.endswith(".bias") else ""
