"""A Program → the source of a PyTorch module that computes it, and its state dict in PyTorch's convention."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.exports.c_header import identifier
from rowwise.exports.program import DOUBLE, FLOAT, WHOLE, bias_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rowwise.exports.program import Program, Step

ONE = {
    "isnan": "torch.isnan({a})",
    "not": "~{a}",
    "negative": "-{a}",
    "softplus": "nn.functional.softplus({a})",
    "softmax": "torch.softmax({a}, 1)",
    "row_max": "{a}.amax(1, keepdim=True)",
    "row_sum": "{a}.sum(1, keepdim=True)",
    "argmax": "{a}.argmax(1)",
    "column_of": "{a}[:, 0]",
    **{
        name: f"torch.{name}({{a}})"
        for name in ("exp", "log", "sqrt", "sin", "cos", "abs", "tanh", "erf", "relu", "sigmoid")
    },
}
TWO = {
    "add": "{a} + {b}",
    "subtract": "{a} - {b}",
    "multiply": "{a} * {b}",
    "divide": "{a} / {b}",
    "equal": "{a} == {b}",
    "less": "{a} < {b}",
    "greater": "{a} > {b}",
    "greater_equal": "{a} >= {b}",
    "and": "{a} & {b}",
    "matmul": "{a} @ {b}",
    "take": "{a}[:, {b}]",
    "rows": "{b}[{a}[:, 0].long()]",
}
CLAMPED = {"maximum": "min", "minimum": "max"}
CASTS = {FLOAT: "float", DOUBLE: "double", WHOLE: "long"}

SOURCE = '''\
"""{about}

    model = load()                       # {weights} beside this file, read by PyTorch alone
    answers = model(records)             # (records, {columns}) {type}: {roles}

`python {module}` compares it with answers of the run that it was written from.
"""

import base64
import hashlib
import json
from pathlib import Path

import torch
from torch import nn

WEIGHTS = Path(__file__).with_name({weights!r})
SHA256 = {sha256!r}  # of the weights that belong to this source
TYPES = {{"F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "BOOL": torch.bool}}


class Model(nn.Module):
    """Weights are (outputs, inputs), as in every nn.Linear."""

    def __init__(self):
        super().__init__()
{parts}

    def forward(self, {given}):
{steps}
        return {{{answers}}}


def load(path=WEIGHTS):
    """The model with its weights, ready to predict."""
    content = Path(path).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{{path}} does not belong to this source.")
    header, start = _header(content)
    state = {{}}
    for name, entry in header.items():
        first, last = (start + offset for offset in entry["data_offsets"])
        numbers = torch.frombuffer(bytearray(content[first:last]), dtype=TYPES[entry["dtype"]])
        state[name] = numbers.reshape(entry["shape"])
    model = Model()
    model.load_state_dict(state)
    return model.eval()


def check(path=WEIGHTS):
    """The largest difference from the run's own answers, for the few records that the file of weights has."""
    header, _ = _header(Path(path).read_bytes(), only_metadata=True)
    known = json.loads(header["check"])
    arrays = {{name: _array(entry) for name, entry in known.items()}}
    with torch.no_grad():
        answers = load(path)(arrays.pop("records"))
    return max(float((answers[role].double() - wanted.double()).abs().max()) for role, wanted in arrays.items())


def _header(content, only_metadata=False):
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    metadata = header.pop("__metadata__")
    return (metadata if only_metadata else header), 8 + size


def _array(entry):
    numbers = torch.frombuffer(bytearray(base64.b64decode(entry["data"])), dtype=TYPES[entry["dtype"]])
    return numbers.reshape(entry["shape"])


if __name__ == "__main__":
    print(f"largest difference from the run: {{check():.1e}}")
'''


class Written(NamedTuple):
    """What becomes of a program: lines of `__init__` and `forward`, and the state dict."""

    parts: list[str]
    steps: list[str]
    state: dict[str, NDArray[Any]]


def torch_module(program: Program) -> Written:
    """Each Dense layer as an nn.Linear, all other constants as buffers."""
    return _Writer(program).written()


class _Writer:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.parts: list[str] = []
        self.state: dict[str, NDArray[Any]] = {}
        self._constants: dict[str, str] = {}

    def written(self) -> Written:
        """All steps in order, a comment where a layer begins."""
        lines, layer = [], None
        if len(self.program.shape) > 1:
            given = self.program.inputs[0].name
            lines.append(f"{given} = {given}.flatten(1)  # pictures of {self.program.shape}, or rows of their pixels")
        steps = list(self.program.steps)
        while steps:
            step = steps.pop(0)
            if step.layer != layer:
                layer = step.layer
                lines.append(f"# {' '.join(layer.split())}")
            if step.operation == "matmul" and step.takes[1].endswith(".kernel"):
                bias = bias_after(step, steps)
                gives = steps.pop(0).gives if bias else step.gives
                lines.append(f"{gives.name} = {self._linear(step, bias)}({step.takes[0]})")
            else:
                lines.append(f"{step.gives.name} = {self._of(step)}")
        return Written(self.parts, lines, self.state)

    def _linear(self, step: Step, bias: str) -> str:
        """The nn.Linear of a Dense layer: its kernel is (inputs, outputs), a weight (outputs, inputs)."""
        name = self._free(step.layer)
        kernel = self.program.constants[step.takes[1]]
        self.state[f"{name}.weight"] = kernel.T
        if bias:
            self.state[f"{name}.bias"] = self.program.constants[bias]
        inputs, outputs = kernel.shape
        self.parts.append(f"self.{name} = nn.Linear({inputs}, {outputs}{'' if bias else ', bias=False'})")
        return f"self.{name}"

    def _of(self, step: Step) -> str:
        operation, options = step.operation, step.options
        takes = [self._taken(name) for name in step.takes]
        if operation in ONE:
            return ONE[operation].format(a=takes[0])
        if operation in TWO:
            return TWO[operation].format(a=takes[0], b=takes[1])
        if operation in CLAMPED:
            tensors = all(name not in self.program.constants for name in step.takes)
            return (
                f"torch.{operation}({takes[0]}, {takes[1]})"
                if tensors
                else f"{takes[0]}.clamp({CLAMPED[operation]}={takes[1]})"
            )
        if operation == "where":
            return f"torch.where({', '.join(takes)})"
        if operation == "columns":
            return f"{takes[0]}[:, {options['first']}:{options['last']}]"
        if operation == "cast":
            return f"{takes[0]}.{CASTS[options['to']]}()"
        if operation == "concatenate":
            return f"torch.cat([{', '.join(takes)}], 1)"
        raise KeyError(operation)

    def _taken(self, name: str) -> str:
        """An array by its name, a number as it is, an array of constants as a buffer."""
        if name not in self.program.constants:
            return name
        value = self.program.constants[name]
        if not value.ndim:
            text = str(value[()])
            return text if np.isfinite(value) else f'float("{text}")'
        if name not in self._constants:
            attribute = self._free(name)
            kept = value.astype(np.int64) if value.dtype.kind == "i" else value
            self.state[attribute] = kept
            kinds = {"float32": "", "float64": ", dtype=torch.double", "int64": ", dtype=torch.long"}
            kind = kinds.get(kept.dtype.name, ", dtype=torch.bool")
            self.parts.append(f'self.register_buffer("{attribute}", torch.zeros({list(kept.shape)}{kind}))')
            self._constants[name] = f"self.{attribute}"
        return self._constants[name]

    def _free(self, text: str) -> str:
        """A name that the module does not have yet."""
        name = identifier(text)
        taken = {key.partition(".")[0] for key in self.state} | set(RESERVED)
        while name in taken or keyword.iskeyword(name):
            name += "_"
        return name


RESERVED = ("forward", "train", "eval", "training", "float", "double", "half", "type", "to", "apply", "state_dict")


def lines_of(written: Written) -> Iterator[tuple[str, str]]:
    """The two places of SOURCE that are lines."""
    yield "parts", "\n".join(f"        {line}" for line in written.parts)
    yield "steps", "\n".join(f"        {line}" for line in written.steps)
