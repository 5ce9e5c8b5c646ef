"""Arrays by name → the bytes of a `.safetensors` file: a JSON header, then the numbers; no code can hide in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.exports.packed import TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ALIGNED = 8  # bytes that the header is filled up to


def safetensors(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, str]) -> bytes:
    """The content of the file.

    Args:
        about: its metadata.
    """
    header: dict[str, Any] = {"__metadata__": dict(about)}
    parts, end = [], 0
    for name, array in arrays.items():
        content = np.ascontiguousarray(array).tobytes()
        offsets = [end, end := end + len(content)]
        header[name] = {"dtype": TYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": offsets}
        parts.append(content)
    text = json.dumps(header, ensure_ascii=False).encode("utf-8", "backslashreplace")
    text += b" " * (-len(text) % ALIGNED)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])
