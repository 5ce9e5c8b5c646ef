"""A Program → an ONNX model of plain operators, which any runtime of the last years runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import UsageError
from rowwise.exports.program import DOUBLE, FLOAT, TEXT, TRUTH, WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rowwise.exports.program import Array, Program, Step

OPSET, OPSET_ML, IR = 13, 2, 7  # of 2020: old enough for every runtime in use
# Operations that are one operator without attributes.
PLAIN = {
    "isnan": "IsNaN",
    "not": "Not",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "sin": "Sin",
    "cos": "Cos",
    "abs": "Abs",
    "negative": "Neg",
    "tanh": "Tanh",
    "erf": "Erf",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "maximum": "Max",
    "minimum": "Min",
    "equal": "Equal",
    "less": "Less",
    "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
    "and": "And",
    "where": "Where",
    "matmul": "MatMul",
}
WITH_ATTRIBUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "softmax": ("Softmax", {"axis": 1}),
    "take": ("Gather", {"axis": 1}),
    "concatenate": ("Concat", {"axis": 1}),
    "row_max": ("ReduceMax", {"axes": [1], "keepdims": 1}),
    "argmax": ("ArgMax", {"axis": 1, "keepdims": 0}),
}
BATCH = "batch"  # the free first axis
DOMAIN_ML = "ai.onnx.ml"


def onnx_model(program: Program, metadata: Mapping[str, str]) -> Any:
    """The model, checked by the `onnx` package.

    Args:
        metadata: goes into `metadata_props`, all keys beginning with `rowwise.`.

    Raises:
        UsageError: the package is missing.
    """
    onnx = imported()
    writer = _Writer(onnx, program)
    nodes = list(writer.nodes())
    helper = onnx.helper
    graph = helper.make_graph(
        nodes,
        "rowwise",
        [writer.described(array, program.shape if len(program.inputs) == 1 else None) for array in program.inputs],
        [writer.described(array, None) for array in program.outputs.values()],
        [onnx.numpy_helper.from_array(constant, name) for name, constant in writer.constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    if any(node.domain == DOMAIN_ML for node in nodes):
        opsets.append(helper.make_opsetid(DOMAIN_ML, OPSET_ML))
    from rowwise import __version__

    made = helper.make_model(graph, opset_imports=opsets, producer_name="rowwise", producer_version=__version__)
    made.ir_version = IR
    helper.set_model_props(made, dict(metadata))
    onnx.checker.check_model(made, full_check=True)
    return made


def imported() -> Any:
    """The `onnx` package, its parts loaded.

    Raises:
        UsageError: it is missing.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ModuleNotFoundError as cause:
        raise UsageError("export.onnx.missing") from cause
    return onnx


class _Writer:
    """The nodes of a program, and the constants that they take."""

    def __init__(self, onnx: Any, program: Program) -> None:
        self.onnx, self.program = onnx, program
        self.constants = dict(program.constants)
        self._inputs = frozenset(array.name for array in program.inputs)
        self._roles = {array.name: self._free(role) for role, array in program.outputs.items()}

    def nodes(self) -> Iterator[Any]:
        """In order; pictures are first written in one row."""
        if len(self.program.shape) > 1:
            rows = self._constant("row", np.array([0, self.program.inputs[0].columns], np.int64))
            yield self._node("Reshape", [self.program.inputs[0].name, rows], "rows")
        for step in self.program.steps:
            yield from self._of(step)

    def described(self, array: Array, shape: tuple[int, ...] | None) -> Any:
        """The input or output as the file announces it."""
        types = self.onnx.TensorProto
        kind = {FLOAT: types.FLOAT, DOUBLE: types.DOUBLE, WHOLE: types.INT64, TEXT: types.STRING, TRUTH: types.BOOL}
        sizes = (array.columns,) if shape is None or len(shape) < 2 else shape
        made = next((step.operation for step in self.program.steps if step.gives.name == array.name), "")
        one = made in ("argmax", "column_of")  # of these each record has one number, in no column
        free = [BATCH] if one else [BATCH, *sizes]
        return self.onnx.helper.make_tensor_value_info(self._given(array.name), kind[array.type], free)

    def _of(self, step: Step) -> Iterator[Any]:
        takes, gives = [self._name(name) for name in step.takes], self._given(step.gives.name)
        options = dict(step.options)
        title = f"{step.layer}.{gives}" if step.operation == "matmul" else gives  # names that readers look for
        if step.operation in PLAIN:
            yield self._node(PLAIN[step.operation], takes, gives, title)
        elif step.operation in WITH_ATTRIBUTES:
            operator, attributes = WITH_ATTRIBUTES[step.operation]
            yield self._node(operator, takes, gives, title, **attributes)
        elif step.operation == "columns":
            bounds = [self._constant(f"i{bound}", np.array([bound], np.int64)) for bound in (*options.values(), 1)]
            yield self._node("Slice", [takes[0], *bounds], gives, title)
        elif step.operation == "cast":
            types = {FLOAT: 1, DOUBLE: 11, WHOLE: 7}
            yield self._node("Cast", takes, gives, title, to=types[options["to"]])
        elif step.operation == "row_sum":
            axes = self._constant("i1", np.array([1], np.int64))
            yield self._node("ReduceSum", [takes[0], axes], gives, title, keepdims=1)
        elif step.operation == "column_of":
            axes = self._constant("i1", np.array([1], np.int64))
            yield self._node("Squeeze", [takes[0], axes], gives, title)
        elif step.operation == "rows":
            whole = f"{gives}.number"
            axes = self._constant("i1", np.array([1], np.int64))
            yield self._node("Squeeze", [takes[0], axes], f"{whole}s", f"{title}.squeeze")
            yield self._node("Cast", [f"{whole}s"], whole, f"{title}.cast", to=7)
            yield self._node("Gather", [takes[1], whole], gives, title, axis=0)
        elif step.operation == "lookup":
            attributes = {"keys_strings": options["keys"], "values_floats": options["values"]}
            more = {"default_float": options["default"], "domain": DOMAIN_ML}
            yield self._node("LabelEncoder", takes, gives, title, **attributes, **more)
        else:
            raise KeyError(step.operation)

    def _node(self, operator: str, takes: list[str], gives: str, title: str = "", **attributes: Any) -> Any:
        return self.onnx.helper.make_node(operator, takes, [gives], name=title or gives, **attributes)

    def _constant(self, name: str, value: Any) -> str:
        name = self._free(name)
        self.constants[name] = value
        return name

    def _free(self, name: str) -> str:
        """A name that no input has: a column of the table may be called anything."""
        while name in self._inputs:
            name += "_"
        return name

    def _name(self, name: str) -> str:
        """Of an array that is taken: pictures are taken as rows."""
        if len(self.program.shape) > 1 and name == self.program.inputs[0].name:
            return "rows"
        return self._given(name)

    def _given(self, name: str) -> str:
        return self._roles.get(name, name)
