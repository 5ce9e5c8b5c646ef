"""Two Datasets → a warning where they share records: what was learned by heart is no test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

WORD = 8  # bytes of a uint64


def shared(train: Dataset, test: Dataset) -> tuple[int, int]:
    """How many records of `test` are in `train` as well, bit for bit; and how many of these in other classes only."""
    prints = _fingerprints(train.x), _fingerprints(test.x)
    alike = np.flatnonzero(np.isin(prints[0], prints[1]))
    places: dict[bytes, list[int]] = {}
    for row in alike:
        places.setdefault(train.x[row].tobytes(), []).append(int(row))
    same = contrary = 0
    for row in np.flatnonzero(np.isin(prints[1], prints[0])):
        if rows := places.get(test.x[row].tobytes()):
            same += 1
            contrary += bool(test.classes) and not np.any(train.y[rows] == test.y[row])
    return same, contrary


def _fingerprints(x: NDArray[Any]) -> NDArray[np.uint64]:
    """`(records,)`: a number for each record, the same for the same values; others may share it, but seldom do."""
    rows = np.ascontiguousarray(x).reshape(len(x), -1).view(np.uint8)
    if rows.shape[1] < WORD:
        rows = np.pad(rows, ((0, 0), (0, WORD - rows.shape[1])))
    words = rows[:, : rows.shape[1] // WORD * WORD].view(np.uint64)
    weights = np.random.default_rng(0).integers(1, 2**64, words.shape[1], np.uint64)
    return words @ weights  # modulo 2**64


def warn_of_shared(train: Dataset, test: Dataset) -> None:
    """Warn where test records are training records too.

    Warns:
        Suspicious: says how many, and how many of them have another class there.
    """
    same, contrary = shared(train, test)
    if same:
        words = say("duplicates.shared", name=train.name, count=f"{same:,}", records=f"{len(test):,}")
        if contrary:
            words += " " + say("duplicates.contrary", count=f"{contrary:,}")
        warn_user(words)
