"""Training and test records → how many of the second stand among the first as well; a warning where any do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

WORD = 8  # bytes of a uint64
BLOCK = 1 << 20  # bytes of records that are hashed at once


def fingerprints(records: NDArray[Any]) -> NDArray[np.uint64]:
    """`(records, ...)` of any type → `(records,)`: a hash of each record's bytes.

    Two of n different records share one with a chance of about n² / 2⁶⁵. The hash is made for comparing records
    within one process: nothing keeps it.
    """
    flat = records.reshape(len(records), -1)
    hashes = np.empty(len(flat), np.uint64)
    step = max(BLOCK // max(flat.shape[1] * flat.itemsize, 1), 1)
    for start in range(0, len(flat), step):
        rows = np.ascontiguousarray(flat[start : start + step]).view(np.uint8)
        if spare := -rows.shape[1] % WORD:
            rows = np.pad(rows, ((0, 0), (0, spare)))
        words = rows.view(np.uint64)
        salts = np.random.default_rng(0).integers(0, 2**64, words.shape[1], np.uint64)
        hashes[start : start + step] = _mixed(words + salts).sum(1, dtype=np.uint64)  # modulo 2⁶⁴
    return hashes


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of a word depends on every other (the last steps of SplitMix64); in place."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        words ^= words >> np.uint64(shift)
        words *= np.uint64(factor)
    words ^= words >> np.uint64(31)
    return words


def _among(hashes: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """`(hashes,)`: whether each is one of the others."""
    if not len(others):
        return np.zeros(len(hashes), bool)
    others = np.sort(others)
    places = np.searchsorted(others, hashes)
    return others[np.minimum(places, len(others) - 1)] == hashes


def shared(train: Dataset, test: Dataset) -> tuple[int, int]:
    """How many records of `test` are in `train` as well, bit for bit; and how many of these in other classes only."""
    train_prints, test_prints = fingerprints(train.x), fingerprints(test.x)
    rows_of: dict[bytes, list[int]] = {}
    for row in np.flatnonzero(_among(train_prints, test_prints)):
        rows_of.setdefault(train.x[row].tobytes(), []).append(int(row))
    same = contrary = 0
    for row in np.flatnonzero(_among(test_prints, train_prints)):
        if rows := rows_of.get(test.x[row].tobytes()):
            same += 1
            contrary += bool(test.classes) and not np.any(train.y[rows] == test.y[row])
    return same, contrary


def warn_of_shared(train: Dataset, test: Dataset) -> None:
    """Warn where test records, compared without their targets, are training records too.

    Warns:
        Suspicious: says how many, and how many of them have another class there.
    """
    same, contrary = shared(train, test)
    if same:
        words = say("duplicates.shared", name=train.name, count=f"{same:,}", records=f"{len(test):,}")
        if contrary:
            words += " " + say("duplicates.contrary", count=f"{contrary:,}")
        warn_user(words)


def warn_of_repeated(train: NDArray[np.uint64], test: NDArray[np.uint64]) -> None:
    """Warn where test records of a table are training records too, target and all.

    A large table is not compared value for value: its records lie in files, and each is read but once.

    Args:
        train, test: `(records,)` fingerprints of records with their targets.

    Warns:
        Suspicious: says how many.
    """
    same = int(_among(np.sort(test), train).sum())  # in order: far faster than jumping about in a long array
    if same:
        warn_user(say("split.duplicates", count=f"{same:,}", records=f"{len(test):,}"))
