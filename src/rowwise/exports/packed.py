"""Arrays → JSON, their numbers in base64; and a few records with their answers, by which an export checks itself."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rowwise.exports.program import Program
    from rowwise.exports.proof import Expected

CHECKED, MOST = 32, 1 << 13  # records that an export checks itself with, and bytes that they may take
TYPES = {"float32": "F32", "float64": "F64", "int32": "I32", "int64": "I64", "bool": "BOOL"}


def packed(array: NDArray[Any]) -> dict[str, Any]:
    """Type, shape and numbers, by the names that `.safetensors` files have for them."""
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": TYPES[array.dtype.name], "shape": array.shape, "data": data}


def compressed(arrays: Mapping[str, NDArray[Any]]) -> tuple[str, dict[str, dict[str, Any]]]:
    """All float32 arrays in one text, and for each its type, shape, and where its numbers stand among all.

    Of each number its first byte stands first, then of each its second one, and so on: signs and exponents, which say
    little, are then compressed to a third.
    """
    floats = {name: array for name, array in arrays.items() if array.dtype == np.float32}
    places, first = {}, 0
    for name, array in floats.items():
        places[name] = {"dtype": "F32", "shape": array.shape, "first": first, "last": (first := first + array.size)}
    numbers = np.concatenate([np.zeros(0, "<f4"), *(array.astype("<f4").ravel() for array in floats.values())])
    planes = np.ascontiguousarray(numbers.view(np.uint8).reshape(-1, 4).T)
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode(), places


def few(program: Program, wanted: Expected) -> dict[str, Any]:
    """Some of the run's records as the program takes them, and the model's answers."""
    (given,) = program.inputs
    records = wanted.inputs[given.name].astype(given.type)
    count = max(1, min(CHECKED, MOST // records[:1].nbytes, wanted.tried.usual))
    arrays = {"records": records, **wanted.answers}
    return {name: packed(array[:count]) for name, array in arrays.items()}
