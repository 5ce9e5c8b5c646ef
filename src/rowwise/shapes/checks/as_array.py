"""What a user passed for x or y → an array, or an error that names what it is instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import unmasked
from rowwise.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 30  # characters of a value that a message quotes


def array_of(values: Any, name: str) -> NDArray[Any]:
    """`values` as an array; x or y by `name`.

    Raises:
        DataError: rows of different lengths, masked values, or no array at all.
    """
    values = unmasked(values, name)
    try:
        return np.asarray(values)
    except ValueError as cause:
        raise DataError("fit.ragged", what=name, cause=cause) from cause
    except Exception as cause:  # such as a tensor of PyTorch that still takes part in gradients
        raise no_array(name, values) from cause


def no_array(name: str, value: Any) -> DataError:
    """The error for what has no axis of records: None, a text, a single number, a loader."""
    value = value.item() if isinstance(value, np.generic) else value
    quoted = repr(value) if value is None or isinstance(value, str | int | float) else type(value).__name__
    quoted = quoted if len(quoted) <= LONGEST else f"{quoted[: LONGEST - 1]}…"
    if hasattr(value, "toarray"):
        return DataError("mistake.sparse", name=name, found=quoted)
    if hasattr(value, "detach"):
        return DataError("mistake.tensor", name=name, found=quoted)
    return DataError("mistake.no_array", name=name, found=quoted)


def array_or_none(values: Any) -> NDArray[Any] | None:
    """The array itself; None where its values are not computed yet: a tracer of JAX, a symbolic tensor."""
    try:
        return np.asarray(values)
    except Exception:
        return None


def array_or_zeros(values: Any) -> NDArray[Any] | None:
    """The array itself, or zeros that take no memory where only shape and type are known; None for any other value."""
    shape, dtype = getattr(values, "shape", None), getattr(values, "dtype", None)
    if shape is None or any(not isinstance(size, int) for size in shape):
        return None
    array = array_or_none(values)
    return array if array is not None else np.broadcast_to(np.zeros((), str(dtype)), tuple(shape))
