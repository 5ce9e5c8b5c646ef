"""What a user has to predict on → records as a saved model takes them, and what was done to them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.dataset import Dataset, unmasked
from rowwise.data.source import check_written, is_frame
from rowwise.errors import UsageError, warn_user

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Schema
    from rowwise.runs.saved import Saved


class Records(NamedTuple):
    """x `(records, ...)` as the model takes it; in words, what was done to the data before."""

    x: NDArray[Any]
    notes: list[str]


def records_of(saved: Saved, data: Any, written: Mapping[str, Any]) -> Records:
    """The records of `data`, of any kind that `Saved.predict` takes.

    Args:
        written: how the file of a table writes what it holds, by the names in `rowwise.data.source.WRITTEN`.

    Raises:
        DataError: data that cannot be read, or lack columns. UsageError: data of a kind that the model does not take.
    """
    if written and (isinstance(data, Dataset | np.ndarray) or saved.schema is None):
        check_written(written)
        raise UsageError("saved.no_file", options=", ".join(written))
    if isinstance(data, Dataset):
        taken, notes = saved.as_taken(data)
        return Records(taken.x, notes)
    if saved.schema is not None:
        return _rows(saved.schema, data, written)
    if is_frame(data) or isinstance(data, Mapping) or _are_all(data, Mapping):
        raise UsageError("saved.no_table", path=saved.path, accepts=str(saved.accepts))
    if saved.accepts.kind != "pictures":
        return _array(saved, data)
    if isinstance(data, str | Path) and Path(data).is_dir():
        return _joined([_pictures(saved, path) for path in _files(Path(data))])
    if _are_all(data, str | Path | bytes):
        return _joined([_pictures(saved, item) for item in data])
    return _pictures(saved, data)


def _rows(schema: Schema, data: Any, written: Mapping[str, Any]) -> Records:
    """Rows of a table; X itself, as an array of numbers, is taken as it is."""
    if "numpy.ma" in sys.modules and isinstance(data, np.ma.MaskedArray):
        data = np.ma.filled(data.astype(np.float32), np.nan)  # as missing values are in X
    if isinstance(data, np.ndarray) and data.dtype.kind in "fiu":
        return Records(data, [])
    from rowwise.data.tables.encode import encode, oddity_notes
    from rowwise.data.tables.frames import rows_of_columns

    encoded = encode(schema, rows_of_columns(data) if isinstance(data, Mapping) else data, written=written)
    notes = oddity_notes(schema, encoded.oddities)
    for note in notes:
        warn_user(note)
    return Records(encoded.x, notes)


def _pictures(saved: Saved, data: Any) -> Records:
    from rowwise.data.pictures.prepare import read_pictures

    takes = saved.accepts
    shape = tuple(size for size in takes.shape if size is not None)
    source = Path(data) if isinstance(data, str) else data
    if not isinstance(source, Path | bytes):
        source = np.asarray(unmasked(source, "x"))
    return Records(*read_pictures(source, shape, takes.white, takes.pictures))


def _files(folder: Path) -> list[Path]:
    """The pictures of a folder at any depth, by path."""
    from rowwise.data.pictures.tree import scan_all

    tree = scan_all(folder)
    return [tree.folder / name for name in tree.names]


def _joined(parts: list[Records]) -> Records:
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    return Records(np.concatenate([part.x for part in parts]), list(notes))


def _array(saved: Saved, data: Any) -> Records:
    """Records of a model that takes arrays; of one record's shape, one record."""
    if isinstance(data, str | Path):
        if Path(data).suffix.lower() != ".npy" or None in saved.accepts.shape:
            raise UsageError("saved.no_array", path=data, accepts=str(saved.accepts))
        return _pictures(saved, data)  # which reads arrays of any shape
    x = np.asarray(unmasked(data, "x"))
    return Records(x[None] if x.shape == saved.accepts.shape else x, [])


def _are_all(data: Any, kind: Any) -> bool:
    return isinstance(data, list | tuple) and bool(data) and all(isinstance(item, kind) for item in data)
