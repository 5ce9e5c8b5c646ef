"""Labels of any form, by part → class numbers and names, or numbers to be predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import too_coarse
from rowwise.errors import DataError, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

FEW = 20  # whole numbers stored as floating ones are classes where they have no more values than this
MOST_CLASSES = 10_000


def is_regression(path: Path, y: Mapping[str, NDArray[Any]], task: str) -> bool:
    """Whether y holds numbers to be predicted, rather than classes.

    Integers, truth values, text and one-hot rows are classes; so are floating numbers that are whole and few.

    Raises:
        DataError: labels of another type, or text where `task` says regression.
    """
    kinds = {values.dtype.kind for values in y.values()}
    if not kinds <= set("biufUS"):
        raise DataError("arrays.labels.dtype", file=path, found=next(iter(y.values())).dtype)
    numbers = kinds <= set("biuf")
    if task == "regression" and not numbers:
        raise DataError("arrays.labels.text", file=path, found=next(iter(y.values())).dtype)
    if task or not kinds <= set("f"):
        return task == "regression"
    if all(_one_hot(values) for values in y.values()):
        return False
    if any(_column(values).ndim > 1 for values in y.values()):
        return True
    distinct = np.unique(np.concatenate([_column(values) for values in y.values()]))
    return not (len(distinct) <= FEW and bool(np.all(distinct == np.rint(distinct))))


def targets(path: Path, y: NDArray[Any]) -> NDArray[np.float32]:
    """`(records,)` or `(records, targets)` float32.

    Raises:
        DataError: of more axes.

    Warns:
        Suspicious: numbers that float32 can hardly tell apart.
    """
    y = _column(y)
    if y.ndim > 2:
        raise DataError("arrays.labels.shape", file=path, found=y.shape)
    columns = y.reshape(len(y), -1)
    with np.errstate(all="ignore"):  # what is not finite is refused later
        coarse = too_coarse(columns.mean(0, dtype=np.float64), columns.std(0, dtype=np.float64))
    if len(y) and (columns[:, coarse] != columns[0, coarse]).any():
        warn_user(say("arrays.labels.digits", file=path))
    return y.astype(np.float32)


def class_names(path: Path, y: Mapping[str, NDArray[Any]], named: NDArray[Any] | None) -> tuple[str, ...]:
    """The classes' names, by number: `named` where the labels are its numbers, else the labels themselves, sorted.

    Raises:
        DataError: more or fewer than one label a record; too many classes, or a single one; classes that only test
            records have.
    """
    plain = {part: _plain(path, values) for part, values in y.items()}
    distinct = np.unique(np.concatenate(list(plain.values())))
    if named is not None and named.ndim == 1 and named.dtype.kind in "US" and distinct.dtype.kind in "iu":
        first, last = int(distinct.min()), int(distinct.max())
        if len(set(_texts(named))) == len(named) > 1 and 0 <= first <= last < len(named):
            return _texts(named)
        raise DataError("arrays.classes", file=path, names=len(named), first=first, last=last)
    records = sum(map(len, plain.values()))
    if len(distinct) > MOST_CLASSES or len(distinct) > max(FEW, records / 2):
        raise DataError("arrays.labels.many", file=path, found=f"{len(distinct):,}", records=f"{records:,}")
    if len(distinct) < 2:
        raise DataError("arrays.labels.one", file=path, found=_texts(distinct)[0])
    one_hot = next(iter(y.values()))
    if _one_hot(one_hot):
        return tuple(map(str, range(one_hot.shape[1])))
    if "test" in plain and len(only_tested := np.setdiff1d(plain["test"], plain["train"])):
        raise DataError("arrays.only_tested", file=path, names=", ".join(_texts(only_tested)[:10]))
    return _texts(distinct)


def numbered(path: Path, y: NDArray[Any], names: tuple[str, ...]) -> NDArray[np.int32]:
    """`(records,)` class numbers: where the labels stand among `names`; labels that are class numbers already stay."""
    labels = _plain(path, y)
    distinct, inverse = np.unique(labels, return_inverse=True)
    if set(texts := _texts(distinct)) <= set(names):
        by_name = {name: number for number, name in enumerate(names)}
        return np.array([by_name[text] for text in texts], np.int32)[inverse.reshape(-1)]
    return labels.astype(np.int32)


def _plain(path: Path, y: NDArray[Any]) -> NDArray[Any]:
    """`(records,)` of integers or text: one-hot rows, columns, whole floating numbers and truth values unpacked."""
    if _one_hot(y):
        return y.argmax(1)
    y = _column(y)
    if y.ndim > 1:
        raise DataError("arrays.labels.shape", file=path, found=y.shape)
    if y.dtype.kind == "f":
        if not np.all(np.isfinite(y)) or np.any(y != np.rint(y)) or np.abs(y).max(initial=0) > 2**53:
            raise DataError("arrays.labels.broken", file=path)
        return y.astype(np.int64)
    return y.astype(np.uint8) if y.dtype.kind == "b" else y


def _one_hot(y: NDArray[Any]) -> bool:
    """Rows with a single 1 among zeros."""
    if y.ndim != 2 or y.shape[1] < 2 or y.dtype.kind not in "biuf":
        return False
    return bool(np.all((y == 0) | (y == 1)) and np.all(np.count_nonzero(y, axis=1) == 1))


def _column(y: NDArray[Any]) -> NDArray[Any]:
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def _texts(labels: NDArray[Any]) -> tuple[str, ...]:
    if labels.dtype.kind == "S":
        return tuple(label.decode("utf-8", "replace") for label in labels.tolist())
    return tuple(str(label) for label in labels.tolist())
