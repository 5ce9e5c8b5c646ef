"""Arrays → JSON, their numbers in base64; and a few records with their answers, by which an export checks itself."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.exports.program import Program
    from rowwise.exports.proof import Expected

CHECKED, MOST = 32, 1 << 13  # records that an export checks itself with, and bytes that they may take
TYPES = {"float32": "F32", "float64": "F64", "int32": "I32", "int64": "I64", "bool": "BOOL"}


def packed(array: NDArray[Any]) -> dict[str, Any]:
    """Type, shape and numbers, by the names that `.safetensors` files have for them."""
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": TYPES[array.dtype.name], "shape": array.shape, "data": data}


def few(program: Program, wanted: Expected) -> dict[str, Any]:
    """Some of the run's records as the program takes them, and the model's answers."""
    (given,) = program.inputs
    records = wanted.inputs[given.name].astype(given.type)
    count = max(1, min(CHECKED, MOST // records[:1].nbytes, wanted.tried.usual))
    arrays = {"records": records, **wanted.answers}
    return {name: packed(array[:count]) for name, array in arrays.items()}
