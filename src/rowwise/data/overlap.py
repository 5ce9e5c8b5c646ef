"""Training and test records → how many of the second stand among the first as well; a warning where any do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

WORD = 8  # bytes of a uint64
MOST_TRAIN, MOST_TEST = 100_000, 5_000  # records that chance is estimated from, and for
MOST_VALUES = 1 << 25  # of the training records that chance is estimated from: of pictures these are fewer
TOLERANCE = 1.5  # times what chance gives: the halves of a record are rarely independent
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
    count = contrary = 0
    for row in np.flatnonzero(_among(test_prints, train_prints)):
        if rows := rows_of.get(test.x[row].tobytes()):
            count += 1
            contrary += bool(test.classes) and not np.any(train.y[rows] == test.y[row])
    return count, contrary


def warn_of_shared(train: Dataset, test: Dataset) -> None:
    """Warn where more test records, compared without their targets, are training records too than chance would have it.

    Warns:
        Suspicious: says how many, and how many of them have another class there.
    """
    count, contrary = shared(train, test)
    if not count:
        return
    chance = expected_by_chance(*(part.x.reshape(len(part), -1) for part in (train, test)))
    if _beyond_chance(count, chance):
        key = "duplicates.shared.chance" if chance >= 1 else "duplicates.shared"
        words = say(key, name=train.name, count=f"{count:,}", records=f"{len(test):,}", chance=f"{chance:,.0f}")
        if contrary:
            words += " " + say("duplicates.contrary", count=f"{contrary:,}")
        warn_user(words)


def warn_of_repeated(
    train: NDArray[np.uint64],
    test: NDArray[np.uint64],
    records: Callable[[], tuple[NDArray[Any], NDArray[Any]]],
    part: str = "test",
) -> None:
    """Warn where more test records of a table are training records too, target and all, than chance would have it.

    A large table is not compared value for value: its records lie in files, and each is read but once.

    Args:
        train, test: `(records,)` fingerprints of records with their targets.
        part: what the records that are compared are for: "test" or "validation".
        records: gives training and test records `(records, columns)` with their targets; called where any are repeated.

    Warns:
        Suspicious: says how many.
    """
    count = int(_among(np.sort(test), train).sum())  # in order: far faster than jumping about in a long array
    if not count:
        return
    chance = expected_by_chance(*records())
    if _beyond_chance(count, chance):
        key = "split.duplicates.chance" if chance >= 1 else "split.duplicates"
        key = key if part == "test" else f"{key}.{part}"
        warn_user(say(key, count=f"{count:,}", records=f"{len(test):,}", chance=f"{chance:,.0f}"))


def _beyond_chance(count: int, chance: float) -> bool:
    return count > TOLERANCE * chance + 3 * math.sqrt(chance)


def expected_by_chance(train: NDArray[Any], test: NDArray[Any]) -> float:
    """How many test records would look like a training record if all were drawn anew from what the columns hold.

    Of coarse records (few columns, few distinct values) many look alike without being the same. Half of the columns
    are taken as they stand together, and so is the other half; that the halves meet is left to chance. A record that
    was copied has values that are rare in both halves, which rarely meet by chance; a coarse one has frequent ones.
    The larger of two ways to halve the columns counts.
    """
    columns = train.shape[1]
    most = max(min(len(train), MOST_TRAIN, MOST_VALUES // columns), 1)
    train_sample = train[np.linspace(0, len(train) - 1, most).astype(int)]
    test_sample = test[np.linspace(0, len(test) - 1, min(len(test), MOST_TEST)).astype(int)]
    twins = _counts(fingerprints(train_sample), fingerprints(test_sample))  # they must not testify for themselves
    every = np.arange(columns)
    expected = 0.0
    for first in (every % 2 == 0, every < (columns + 1) // 2):
        shares = np.ones(len(test_sample))
        for half in (first, ~first):
            if half.any():
                matches = _counts(fingerprints(train_sample[:, half]), fingerprints(test_sample[:, half]))
                shares *= np.maximum(matches - twins, 0) / len(train_sample)
        meeting = -np.expm1(len(train) * np.log1p(-np.minimum(shares, 1 - 1e-12)))
        expected = max(expected, float(meeting.mean()) * len(test))
    return expected


def _counts(train: NDArray[np.uint64], test: NDArray[np.uint64]) -> NDArray[np.int64]:
    """`(test,)`: how many of the training records look like each of the test records."""
    values, counts = np.unique(train, return_counts=True)
    places = np.minimum(np.searchsorted(values, test), len(values) - 1)
    return np.where(values[places] == test, counts[places], 0)
