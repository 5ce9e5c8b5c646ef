"""The binary tensor data extension of the Open Inference Protocol: a tensor's values → bytes behind the JSON, and back.

Bytes are little-endian, row by row and without gaps; a truth is a byte, a text its length in 4 bytes and then UTF-8.
https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_binary_data.html
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.serve.problems import CONTRADICTORY, WRONG, Refused
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

EXTENSION = "binary_tensor_data"
LENGTH = b"inference-header-content-length"  # the header that says where the JSON ends
SIZE, ASKED, ALL_ASKED = "binary_data_size", "binary_data", "binary_data_output"
WHOLE = {f"{sign}INT{bits}": np.dtype(f"{sign.lower()}int{bits}") for sign in ("", "U") for bits in (8, 16, 32, 64)}
FRACTIONS = {f"FP{bits}": np.dtype(f"float{bits}") for bits in (16, 32, 64)}
NUMBERS: dict[str, np.dtype[Any]] = {**WHOLE, **FRACTIONS}


class Behind:
    """The bytes behind the JSON, of one tensor after another."""

    def __init__(self, content: bytes, start: int) -> None:
        self._content, self._start = memoryview(content), start

    def take(self, name: str, size: Any) -> memoryview:
        """The next `size` bytes; raises Refused where there are fewer."""
        if type(size) is not int or size < 0:
            raise Refused(WRONG, say("serve.binary.size", name=name, found=size))
        rest = len(self._content) - self._start
        if size > rest:
            raise Refused(CONTRADICTORY, say("serve.binary.few", name=name, size=f"{size:,}", found=f"{rest:,}"))
        self._start += size
        return self._content[self._start - size : self._start]

    def check_end(self) -> None:
        """Raises Refused where bytes are left, which no tensor has."""
        if rest := len(self._content) - self._start:
            raise Refused(CONTRADICTORY, say("serve.binary.many", found=f"{rest:,}"))


def json_size(given: str, size: int) -> int:
    """The bytes of the JSON, of a body of `size`; raises Refused where the header does not say it."""
    if not (given.isascii() and given.isdecimal()) or int(given) > size:
        raise Refused(WRONG, say("serve.binary.length", found=given, size=f"{size:,}"))
    return int(given)


def asked_for(parameters: Mapping[str, Any] | None, key: str, otherwise: bool = False) -> bool:
    """Whether the parameters ask for bytes; raises Refused where they say neither yes nor no."""
    asked = (parameters or {}).get(key, otherwise)
    if type(asked) is not bool:
        raise Refused(WRONG, say("serve.binary.asked", key=key, found=asked))
    return asked


def numbers_of(name: str, datatype: str, content: memoryview, count: int) -> NDArray[Any]:
    """`(count,)` of a tensor's bytes; raises Refused where they are not as many, or no truths."""
    dtype: np.dtype[Any] = np.dtype(np.uint8) if datatype == "BOOL" else NUMBERS[datatype]
    if len(content) != count * dtype.itemsize:
        sizes = {"expected": f"{count * dtype.itemsize:,}", "found": f"{len(content):,}"}
        raise Refused(CONTRADICTORY, say("serve.binary.count", name=name, type=datatype, **sizes))
    values: NDArray[Any] = np.frombuffer(content, dtype.newbyteorder("<"))
    if datatype != "BOOL":
        return values
    if count and values.max() > 1:
        raise Refused(WRONG, say("serve.tensor.other", name=name, type=datatype, found=f"{values.max():#04x}"))
    return values.astype(np.bool_)


def texts_of(name: str, content: memoryview, count: int) -> list[str]:
    """The texts of a tensor's bytes; raises Refused where they are not as many, or no UTF-8."""
    texts, place, end = [], 0, len(content)
    while place + 4 <= end:
        (size,) = struct.unpack_from("<I", content, place)
        place += 4 + size
        if place > end:
            break
        texts.append(text_of(name, content[place - size : place]))
    if place != end or len(texts) != count:
        raise Refused(CONTRADICTORY, say("serve.binary.texts", name=name, expected=f"{count:,}"))
    return texts


def text_of(name: str, content: memoryview) -> str:
    """A text of its bytes; raises Refused where they are no UTF-8."""
    try:
        return str(content, "utf-8")
    except UnicodeDecodeError as cause:
        found = bytes(content[:10]).decode("utf-8", "replace")
        raise Refused(WRONG, say("serve.binary.text", name=name, found=found)) from cause


def to_bytes(datatype: str, values: Sequence[str] | NDArray[Any]) -> bytes:
    """A tensor's values as bytes."""
    if datatype == "BYTES":
        texts = [text.encode() for text in values]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    dtype = np.dtype(np.bool_) if datatype == "BOOL" else NUMBERS[datatype].newbyteorder("<")
    return np.ascontiguousarray(values, dtype).tobytes()
