"""The Open Inference Protocol, version 2: what a model takes and gives as tensors, and requests of them.

A table's columns are tensors of their own, `[-1]` or `[-1, 1]`, with null for a missing value; pixels and other arrays
are one tensor `x`, taken as they are. The first axis, the records, is free. Values stand in the JSON or, as bytes,
behind it: there NaN is a missing value of a column.
https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from rowwise.data.column_names import listed
from rowwise.models.task import MULTILABEL
from rowwise.serve.batches import Predicted
from rowwise.serve.bodies import QUICK, check_count
from rowwise.serve.predict import IS_JSON, Headers
from rowwise.serve.problems import CONTRADICTORY, WRONG, Refused
from rowwise.serve.v2_bytes import ALL_ASKED, ASKED, LENGTH, SIZE, Behind, asked_for, to_bytes
from rowwise.serve.v2_requests import OF_COLUMNS, Request, column_of, of_bytes, read_request, scanned_request, x_of
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.serve.model import Model

X = "x"  # the name of the one tensor of a model that takes no table
ENCODER = msgspec.json.Encoder()


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
        datatype = "UINT8" if model.takes_bytes else "FP32"
        return [{"name": X, "datatype": datatype, "shape": [-1, *model.shape]}]
    return [{"name": c.name, "datatype": OF_COLUMNS[c.kind], "shape": [-1]} for c in model.schema.used]


def outputs(model: Model) -> list[dict[str, Any]]:
    """Name, type and shape of each tensor that it gives."""
    given = tensors(model, Predicted.of(model.example))
    return [{"name": one.name, "datatype": one.datatype, "shape": [-1, *one.shape[1:]]} for one in given]


class Given(NamedTuple):
    """A tensor of an answer; `values` is an array, or a list of texts."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: Any


def tensors(model: Model, predicted: Predicted) -> list[Given]:
    """A prediction's tensors: `class` and `probabilities`, `labels` and `probabilities`, or `values`."""
    given, whole = [], predicted.whole
    if model.saved.classes and whole.task == MULTILABEL:
        labels = predicted.labels
        given.append(Given("labels", "BOOL", labels.shape, labels))
    elif model.saved.classes:
        given.append(Given("class", "BYTES", (len(predicted),), predicted.names))
    numbers, name = predicted.outputs, "probabilities"
    if whole.values.shape[1]:
        name = "margins" if model.saved.classes else "values"
    datatype = "FP64" if numbers.dtype == np.float64 else "FP32"
    return [*given, Given(name, datatype, numbers.shape, numbers)]


class TensorRequest:
    """A body of the protocol.

    Args:
        json: the bytes of its JSON, the tensors' being behind it; 0 where the body is nothing but one tensor's; None
            where it is nothing but JSON.
    """

    def __init__(self, body: bytes, most: int, json: int | None = None) -> None:
        self._body, self._most, self._json = body, most, json
        self._request = Request([])
        self._warnings: list[dict[str, Any]] = []
        self.quick = len(body) <= QUICK
        self.headers: Headers = IS_JSON

    def most(self, model: Model) -> int:
        """Of the values, a comma behind each in the JSON, or a byte; a column's are as many as the records."""
        end = len(self._body) if self._json is None else self._json
        values = self._body.count(b",", 0, end) + 1 + len(self._body) - end
        return values // (math.prod(model.shape) if model.named is None else 1)

    def records(self, model: Model) -> NDArray[Any]:
        end = len(self._body) if self._json is None else self._json
        if model.named is None and end == len(self._body):
            scanned = scanned_request(self._body, model.shape, self._most)
            if scanned is not None and scanned[0].inputs[0].name == X:
                self._request, x = scanned
                self._check_wanted(model)
                self._warnings = model.remarks(x)
                return x
        behind = Behind(self._body, end)
        self._request = request = read_request(self._body[:end]) if end else of_bytes(inputs(model), self._body)
        self._check_wanted(model)
        names = [tensor.name for tensor in request.inputs]
        for tensor in request.inputs:
            tensor.shape = [int(size) for size in tensor.shape]  # 2.0 is a whole number of JSON
        if twice := {name for name in names if names.count(name) > 1}:
            raise Refused(CONTRADICTORY, say("serve.tensor.twice", name=min(twice)))
        if model.named is None or model.schema is None:
            if names != [X]:
                raise Refused(WRONG, say("serve.tensor.inputs", expected=X, found=listed(names, 5) or "–"))
            x = x_of(request.inputs[0], model.shape, self._most, behind)
            behind.check_end()
            self._warnings = model.remarks(x)
            return x
        columns = {tensor.name: column_of(model.schema, tensor, behind) for tensor in request.inputs}
        behind.check_end()
        counts = {name: len(values) for name, values in columns.items()}
        if len({*counts.values()}) > 1:
            found = ", ".join(f"{name}: {count:,}" for name, count in [*counts.items()][:6])
            raise Refused(CONTRADICTORY, say("serve.tensor.lengths", found=found))
        check_count(next(iter(counts.values()), 0), self._most)
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        x, self._warnings = model.named.read(rows)
        return x

    def answer(self, model: Model, predicted: Predicted) -> bytes:
        request, given = self._request, tensors(model, predicted)
        wanted = {one.name: one.parameters for one in request.outputs or ()}
        if request.outputs is not None:
            given = [tensor for tensor in given if tensor.name in wanted]
        otherwise = asked_for(request.parameters, ALL_ASKED)
        behind = {one.name for one in given if asked_for(wanted.get(one.name), ASKED, otherwise)}
        contents = [to_bytes(one.datatype, one.values) for one in given if one.name in behind]
        sizes = iter(map(len, contents))
        written = [_written(one, next(sizes) if one.name in behind else None) for one in given]
        answer: dict[str, Any] = {"model_name": model.name, "outputs": written}
        if request.id is not None:
            answer["id"] = request.id
        if self._warnings:
            answer["parameters"] = {"warnings": [warning["message"] for warning in self._warnings]}
        text = ENCODER.encode(answer)
        if not behind:
            return text
        self.headers = ((b"content-type", b"application/octet-stream"), (LENGTH, str(len(text)).encode()))
        return b"".join([text, *contents])

    def _check_wanted(self, model: Model) -> None:
        if not self._request.outputs:
            return
        known = [tensor["name"] for tensor in outputs(model)]
        if strange := [one.name for one in self._request.outputs if one.name not in known]:
            raise Refused(WRONG, say("serve.tensor.output", name=strange[0], known=", ".join(known)))


def _written(tensor: Given, size: int | None) -> dict[str, Any]:
    """As JSON has it: its values, or how many bytes they take behind it."""
    about: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
    if size is not None:
        return about | {"parameters": {SIZE: size}}
    return about | {"data": tensor.values if tensor.datatype == "BYTES" else tensor.values.ravel().tolist()}
