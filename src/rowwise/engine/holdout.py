"""Records and a share of them → which are held out to validate with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import Dataset
from rowwise.errors import warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CLASSES = 10_000  # whole numbers of which there are more are quantities, whatever the loss


def held_out(
    y: NDArray[Any], share: float, seed: int, source: Any = None, quantities: bool = False
) -> NDArray[np.bool_]:
    """`(records,)`: True where a record is held out.

    Args:
        y: labels `(records,)` or `(records, outputs)`.
        share: of the records, between 0 and 1.
        seed: same seed, same records.
        source: what the records were made of: a Dataset is split as `Dataset.split` does.
        quantities: whether whole numbers in y are quantities and no classes. One-hot rows are classes all the same.

    Raises:
        UsageError: the share is not between 0 and 1, or leaves a part empty.
    """
    numbers = np.arange(len(y), dtype=np.int64)
    if isinstance(source, Dataset):
        rows = replace(source, x=numbers[:, None], schema=None)
    else:
        labels, classes = _classes(y, quantities)
        rows = Dataset("train", numbers[:, None], labels, tuple(map(str, range(classes))))
    chosen = np.zeros(len(y), bool)
    chosen[rows.split(share, seed)[1].x[:, 0]] = True
    return chosen


def warn_of_lost_classes(source: Any, held: NDArray[np.bool_]) -> None:
    if not isinstance(source, Dataset) or not source.split_by or not source.classes:
        return  # otherwise each class keeps some
    left = np.bincount(source.y[~held], minlength=len(source.classes))
    lost = np.flatnonzero((left == 0) & (source.counts > 0))
    if len(lost):
        names = ", ".join(source.class_names[number] for number in lost[:6]) + (", …" if len(lost) > 6 else "")
        warn_user(say("fit.validation.classes", classes=names, by=source.split_by))


def _classes(y: NDArray[Any], quantities: bool) -> tuple[NDArray[np.int32], int]:
    """Labels as class numbers from 0, and how many classes there are; one for all where labels are no classes."""
    if y.ndim == 2 and y.shape[1] > 1 and np.array_equal(y.sum(1), np.ones(len(y))):
        y = y.argmax(1)
    elif quantities or y.size != len(y) or y.dtype.kind not in "iu":
        return np.zeros(len(y), np.int32), 1
    values, labels = np.unique(y, return_inverse=True)
    if len(values) > MOST_CLASSES:
        return np.zeros(len(y), np.int32), 1
    return labels.reshape(-1).astype(np.int32), len(values)
