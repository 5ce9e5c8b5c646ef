"""A request of the Open Inference Protocol → its tensors' values, checked: a column's as a list, others as an array."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Annotated, Any, cast

import msgspec
import numpy as np

from rowwise.serve.bodies import array, check_count, decoded, scanned
from rowwise.serve.problems import CONTRADICTORY, WRONG, Refused
from rowwise.serve.v2_bytes import ALL_ASKED, FRACTIONS, NUMBERS, SIZE, WHOLE, Behind, numbers_of, text_of, texts_of
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Schema

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
Size = Annotated[float, msgspec.Meta(ge=-1, le=2**53, multiple_of=1)]


class Tensor(msgspec.Struct):
    """A tensor of a request."""

    name: str
    shape: list[Size]
    datatype: str
    data: list[Any] | msgspec.UnsetType = msgspec.UNSET
    parameters: dict[str, Any] | None = None

    @property
    def names(self) -> int:
        """At most as many as its JSON has."""
        return 3 + (self.data is not msgspec.UNSET) + _names_in(self.parameters)


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

    @property
    def names(self) -> int:
        """At most as many as its JSON has."""
        wanted = () if self.outputs is None else self.outputs
        own = 1 + (self.id is not None) + (self.outputs is not None) + _names_in(self.parameters)
        inner = sum(tensor.names for tensor in self.inputs) + sum(1 + _names_in(one.parameters) for one in wanted)
        return own + inner


def _names_in(parameters: dict[str, Any] | None) -> int:
    return 0 if parameters is None else 1 + len(parameters)


DECODER = msgspec.json.Decoder(Request)


def read_request(text: bytes) -> Request:
    """The request of a JSON; raises Refused where it is none."""
    return decoded(DECODER, text, lambda request: request.names)


def scanned_request(text: bytes, shape: tuple[int, ...], most: int) -> tuple[Request, NDArray[Any]] | None:
    """A request of one tensor whose numbers stand in the JSON, without these, and `(records, *shape)` of them.

    None for any other, and where something is wrong: `read_request` and `x_of` say what.
    """
    requests: list[Request] = []

    def read(rest: bytes) -> Any:
        requests.append(read_request(rest))
        return requests[-1].inputs[0].data if len(requests[-1].inputs) == 1 else None

    for sizes in (shape, ()):  # nested, or flat
        x = scanned("data", text, sizes, most if sizes else most * math.prod(shape), read)
        if x is None:
            continue
        (tensor,) = requests[-1].inputs
        whole = x.dtype == np.uint8 and not (tensor.datatype == "INT8" and (x > np.iinfo(np.int8).max).any())
        fits = tensor.datatype in FRACTIONS or (tensor.datatype in WHOLE and whole)
        if not fits or tensor.parameters or tensor.shape[1:] != [*shape] or math.prod(tensor.shape) != x.size:
            return None
        x = x if tensor.datatype == "UINT8" else x.astype(np.float32, copy=False)
        return requests[-1], x.reshape(-1, *shape)
    return None


def of_bytes(takes: list[dict[str, Any]], body: bytes) -> Request:
    """The request that a body stands for which is nothing but bytes, of the only tensor that a model takes.

    Raises:
        Refused: it takes several, or the bytes are no text where it takes one.
    """
    if len(takes) > 1:
        raise Refused(WRONG, say("serve.binary.several", count=len(takes)))
    name, datatype, (_, *shape) = takes[0].values()
    if datatype == "BYTES":  # a text by itself, whose length is the body's
        return Request([Tensor(name, [1], datatype, [text_of(name, memoryview(body))])])
    of_one = math.prod(shape) * (1 if datatype == "BOOL" else NUMBERS[datatype].itemsize)
    about = {SIZE: len(body)}
    return Request(
        [Tensor(name, [len(body) // of_one, *shape], datatype, parameters=about)], parameters={ALL_ASKED: True}
    )


def _content(tensor: Tensor, behind: Behind) -> memoryview | None:
    """The tensor's bytes; None where its values stand in the JSON."""
    size = (tensor.parameters or {}).get(SIZE)
    if (size is None) == (tensor.data is msgspec.UNSET):
        raise Refused(CONTRADICTORY, say("serve.binary.either", name=tensor.name))
    return None if size is None else behind.take(tensor.name, size)


def _of_content(tensor: Tensor, content: memoryview) -> NDArray[Any]:
    """The numbers of a tensor's bytes."""
    if tensor.datatype not in (*NUMBERS, "BOOL"):
        raise Refused(WRONG, say("serve.tensor.type", found=tensor.datatype, known=", ".join(TAKEN)))
    return numbers_of(tensor.name, tensor.datatype, content, _count(tensor))


def x_of(tensor: Tensor, shape: tuple[int, ...], most: int, behind: Behind) -> NDArray[Any]:
    """`(records, *shape)` of a tensor; raises Refused where it is none of so many records at most."""
    expected = [-1, *shape]
    if len(tensor.shape) != len(expected) or tensor.shape[1:] != expected[1:]:
        raise Refused(WRONG, say("serve.tensor.shape", name=tensor.name, expected=expected, found=tensor.shape))
    in_bytes = tensor.datatype == "UINT8"
    values: NDArray[Any] | list[Any]
    if (content := _content(tensor, behind)) is not None:
        values = _of_content(tensor, content)
        check_count(int(tensor.shape[0]), most)
        if in_bytes:
            return values.reshape(-1, *shape)
    else:
        values = _flat(tensor)
        check_count(int(tensor.shape[0]), most)
        values = _checked(tensor, values, bounds=not in_bytes)  # a byte's bounds are its array's
    return array(tensor.name, values, np.uint8 if in_bytes else np.float32).reshape(-1, *shape)


def column_of(schema: Schema, tensor: Tensor, behind: Behind) -> list[Any]:
    """A column's values, None for a missing one; raises Refused where its datatype or its shape is no column's."""
    kind = next((column.kind for column in schema.used if column.name == tensor.name), "")
    if kind and tensor.datatype not in OTHERS[kind]:
        raise Refused(
            WRONG, say("serve.tensor.column", name=tensor.name, expected=OF_COLUMNS[kind], found=tensor.datatype)
        )
    if len(tensor.shape) not in (1, 2) or tensor.shape[1:] not in ([], [1]):
        raise Refused(WRONG, say("serve.tensor.shape", name=tensor.name, expected=[-1], found=tensor.shape))
    if (content := _content(tensor, behind)) is not None:
        if tensor.datatype == "BYTES":
            return [*texts_of(tensor.name, content, _count(tensor))]
        return [None if value != value else value for value in _of_content(tensor, content).tolist()]  # NaN
    flat = _flat(tensor)
    if None in flat:
        _checked(tensor, [value for value in flat if value is not None])
        return flat
    return _checked(tensor, flat)


def _count(tensor: Tensor) -> int:
    """Of the tensor's values, by its shape."""
    if any(size < 0 for size in tensor.shape):
        raise Refused(WRONG, say("serve.tensor.negative", name=tensor.name, found=tensor.shape))
    return int(math.prod(tensor.shape))


def _flat(tensor: Tensor) -> list[Any]:
    """The numbers of a tensor, written flat or nested; raises Refused where they are not as many as its shape says."""
    flat, expected = cast("list[Any]", tensor.data), math.prod(tensor.shape)
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
