"""What a user has to predict on → records as a saved model takes them, and what was done to them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.dataset import Dataset
from rowwise.data.source import is_frame
from rowwise.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.runs.saved import Saved

MANY = 1024  # pictures of a folder read at a time


class Records(NamedTuple):
    """x `(records, ...)` as the model takes it; in words, what was done to the data before."""

    x: NDArray[Any]
    notes: list[str]


def records_of(saved: Saved, data: Any) -> Records:
    """The records of `data`, of any kind that `Saved.predict` takes.

    Raises:
        DataError: data that cannot be read, or lack columns. UsageError: data of a kind that the model does not take.
    """
    if isinstance(data, Dataset):
        taken, notes = saved.as_taken(data)
        return Records(taken.x, notes)
    if saved.schema is not None:
        return _rows(saved, data)
    if isinstance(data, str | Path | bytes):
        return _file(saved, data)
    if isinstance(data, list | tuple) and data and all(isinstance(item, str | Path | bytes) for item in data):
        parts = [_file(saved, item) for item in data]
        notes = list(dict.fromkeys(note for part in parts for note in part.notes))
        return Records(np.concatenate([part.x for part in parts]), notes)
    if is_frame(data) or isinstance(data, Mapping):
        raise UsageError("saved.no_table", path=saved.path, accepts=saved.accepts)
    return _pixels(saved, np.asarray(data))
