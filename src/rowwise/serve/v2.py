"""The Open Inference Protocol, version 2: what a model takes and gives as tensors, and requests of them in JSON.

A table's columns are tensors of their own, `[-1]` or `[-1, 1]`, with null for a missing value; pixels and other arrays
are one tensor `x`, taken as they are. The first axis, the records, is free.
https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np

from rowwise.data.column_names import listed
from rowwise.models.task import MULTILABEL
from rowwise.serve.bodies import array, check_count, decoded
from rowwise.serve.problems import CONTRADICTORY, WRONG, Refused
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.engine.interpretation import Prediction
    from rowwise.serve.model import Model

X = "x"  # the name of the one tensor of a model that takes no table
WHOLE = {f"{sign}INT{bits}": np.dtype(f"{sign.lower()}int{bits}") for sign in ("", "U") for bits in (8, 16, 32, 64)}
FRACTIONS = ("FP16", "FP32", "FP64")
OF_COLUMNS = {"numeric": "FP64", "boolean": "BOOL", "categorical": "BYTES", "date": "BYTES"}
TAKEN: dict[str, set[type]] = {"BYTES": {str}, "BOOL": {bool}}
TAKEN |= {name: {int, float} for name in FRACTIONS} | {name: {int} for name in WHOLE}
NUMERIC = (*FRACTIONS, *WHOLE)
OTHERS = {  # the datatypes that a column may come in
    "numeric": (*NUMERIC, "BYTES"),
    "boolean": ("BOOL", "BYTES", *NUMERIC),
    "categorical": ("BYTES", "BOOL", *NUMERIC),
    "date": ("BYTES",),
}
ENCODER = msgspec.json.Encoder()


Size = Annotated[float, msgspec.Meta(ge=-1, le=2**53, multiple_of=1)]


class Tensor(msgspec.Struct):
    """A tensor of a request."""

    name: str
    shape: list[Size]
    datatype: str
    data: list[Any]
    parameters: dict[str, Any] | None = None


class Wanted(msgspec.Struct):
    """An output that is asked for by name."""

    name: str
    parameters: dict[str, Any] | None = None


class Request(msgspec.Struct):
    """The body of a request."""

    inputs: list[Tensor]
    id: str | None = None
    outputs: list[Wanted] | None = None
    parameters: dict[str, Any] | None = None


DECODER = msgspec.json.Decoder(Request)


def metadata(model: Model) -> dict[str, Any]:
    """What the protocol tells of a model, and its classes."""
    return {
        "name": model.name,
        "versions": [],
        "platform": "rowwise",
        "inputs": inputs(model),
        "outputs": outputs(model),
        "parameters": {"task": model.saved.task, "classes": list(model.saved.classes)},
    }


def inputs(model: Model) -> list[dict[str, Any]]:
    """Name, type and shape of each tensor that the model takes."""
    if model.schema is None:
        datatype = "UINT8" if model.saved.accepts.white == 255 else "FP32"
        return [{"name": X, "datatype": datatype, "shape": [-1, *model.shape]}]
    return [{"name": c.name, "datatype": OF_COLUMNS[c.kind], "shape": [-1]} for c in model.schema.used]


def outputs(model: Model) -> list[dict[str, Any]]:
    """Name, type and shape of each tensor that it gives."""
    example = tensors(model, model.example)
    return [{"name": one["name"], "datatype": one["datatype"], "shape": [-1, *one["shape"][1:]]} for one in example]


def tensors(model: Model, prediction: Prediction) -> list[dict[str, Any]]:
    """A prediction's tensors: `class` and `probabilities`, `labels` and `probabilities`, or `values`."""
    count, given = len(prediction), []
    margins = prediction.values.shape[1] > 0
    if model.saved.classes and prediction.task == MULTILABEL:
        labels = prediction.labels
        given.append(_tensor("labels", "BOOL", labels.shape, labels.ravel().tolist()))
    elif model.saved.classes:
        given.append(_tensor("class", "BYTES", (count,), prediction.names))
    if not margins:
        numbers, name = prediction.probabilities, "probabilities"
    else:
        numbers, name = prediction.values, "margins" if model.saved.classes else "values"
    datatype = "FP64" if numbers.dtype == np.float64 else "FP32"
    return [*given, _tensor(name, datatype, numbers.shape, numbers.ravel().tolist())]


class TensorRequest:
    """A body of the protocol."""

    def __init__(self, body: bytes, most: int) -> None:
        self._body, self._most = body, most
        self._id: str | None = None
        self._wanted: list[str] | None = None
        self._warnings: list[dict[str, Any]] = []

    def records(self, model: Model) -> NDArray[Any]:
        request = decoded(DECODER, self._body)
        self._id = request.id
        self._wanted = None if request.outputs is None else [one.name for one in request.outputs]
        self._check_wanted(model)
        names = [tensor.name for tensor in request.inputs]
        for tensor in request.inputs:
            tensor.shape = [int(size) for size in tensor.shape]  # 2.0 is a whole number of JSON
        if twice := {name for name in names if names.count(name) > 1}:
            raise Refused(CONTRADICTORY, say("serve.tensor.twice", name=min(twice)))
        if model.named is None:
            x = self._x(model, request.inputs)
            self._warnings = model.remarks(x)
            return x
        columns = {tensor.name: self._column(model, tensor) for tensor in request.inputs}
        counts = {name: len(values) for name, values in columns.items()}
        if len({*counts.values()}) > 1:
            found = ", ".join(f"{name}: {count:,}" for name, count in [*counts.items()][:6])
            raise Refused(CONTRADICTORY, say("serve.tensor.lengths", found=found))
        check_count(next(iter(counts.values()), 0), self._most)
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        x, self._warnings = model.named.read(rows)
        return x

    def answer(self, model: Model, prediction: Prediction) -> bytes:
        given = tensors(model, prediction)
        if self._wanted is not None:
            given = [tensor for tensor in given if tensor["name"] in self._wanted]
        answer: dict[str, Any] = {"model_name": model.name, "outputs": given}
        if self._id is not None:
            answer["id"] = self._id
        if self._warnings:
            answer["parameters"] = {"warnings": [warning["message"] for warning in self._warnings]}
        return ENCODER.encode(answer)

    def _check_wanted(self, model: Model) -> None:
        if self._wanted is None:
            return
        known = [tensor["name"] for tensor in outputs(model)]
        if strange := [name for name in self._wanted if name not in known]:
            raise Refused(WRONG, say("serve.tensor.output", name=strange[0], known=", ".join(known)))

    def _x(self, model: Model, given: list[Tensor]) -> NDArray[Any]:
        if [tensor.name for tensor in given] != [X]:
            found = listed([tensor.name for tensor in given], 5) or "–"
            raise Refused(WRONG, say("serve.tensor.inputs", expected=X, found=found))
        tensor = given[0]
        shape = [-1, *model.shape]
        if len(tensor.shape) != len(shape) or tensor.shape[1:] != shape[1:]:
            raise Refused(WRONG, say("serve.tensor.shape", name=X, expected=shape, found=tensor.shape))
        flat, in_bytes = _flat(tensor), tensor.datatype == "UINT8"
        check_count(int(max(tensor.shape[0], 0)), self._most)
        flat = _checked(tensor, flat, bounds=not in_bytes)  # a byte's bounds are its array's
        return array(X, flat, np.uint8 if in_bytes else np.float32).reshape(-1, *model.shape)

    def _column(self, model: Model, tensor: Tensor) -> list[Any]:
        assert model.schema is not None
        kind = next((column.kind for column in model.schema.used if column.name == tensor.name), "")
        if kind and tensor.datatype not in OTHERS[kind]:
            raise Refused(
                WRONG, say("serve.tensor.column", name=tensor.name, expected=OF_COLUMNS[kind], found=tensor.datatype)
            )
        if len(tensor.shape) not in (1, 2) or tensor.shape[1:] not in ([], [1]):
            raise Refused(WRONG, say("serve.tensor.shape", name=tensor.name, expected=[-1], found=tensor.shape))
        flat = _flat(tensor)
        if None in flat:
            _checked(tensor, [value for value in flat if value is not None])
            return flat
        return _checked(tensor, flat)


def _flat(tensor: Tensor) -> list[Any]:
    """The numbers of a tensor, written flat or nested; raises Refused where they are not as many as its shape says."""
    flat, expected = tensor.data, math.prod(tensor.shape)
    for _ in tensor.shape[1:]:
        if not flat or type(flat[0]) is not list:
            break
        if not all(type(part) is list for part in flat):
            raise Refused(CONTRADICTORY, say("serve.tensor.nested", name=tensor.name))
        flat = flat[0] if len(flat) == 1 else list(itertools.chain.from_iterable(flat))
    if len(flat) != expected or any(size < 0 for size in tensor.shape):
        values = {"shape": tensor.shape, "expected": f"{expected:,}", "found": f"{len(flat):,}"}
        raise Refused(CONTRADICTORY, say("serve.tensor.count", name=tensor.name, **values))
    return flat


def _checked(tensor: Tensor, flat: list[Any], bounds: bool = True) -> list[Any]:
    """The values; raises Refused where they are not of the tensor's type, or beyond its bounds."""
    taken = TAKEN.get(tensor.datatype)
    if taken is None:
        raise Refused(WRONG, say("serve.tensor.type", found=tensor.datatype, known=", ".join(TAKEN)))
    kinds = {*map(type, flat)}
    if tensor.datatype in WHOLE and float in kinds:  # 1.0 is a whole number of JSON
        flat = [int(value) if type(value) is float and value.is_integer() else value for value in flat]
        kinds = {*map(type, flat)}
    if not kinds <= taken:
        other = next(value for value in flat if type(value) not in taken)
        raise Refused(WRONG, say("serve.tensor.other", name=tensor.name, type=tensor.datatype, found=_json(other)))
    if bounds and tensor.datatype in WHOLE and flat:
        limits = np.iinfo(WHOLE[tensor.datatype])
        if min(flat) < limits.min or max(flat) > limits.max:
            raise Refused(WRONG, say("serve.tensor.range", name=tensor.name, type=tensor.datatype))
    return flat


def _json(value: Any) -> str:
    return "[…]" if isinstance(value, list | dict) else msgspec.json.encode(value).decode()[:40]


def _tensor(name: str, datatype: str, shape: tuple[int, ...], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape), "data": data}
