"""Labels, groups or times of records, and a share or a number of folds → which records are held out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def held_out(
    records: int,
    share: float,
    seed: int,
    labels: NDArray[Any] | None = None,
    keys: NDArray[Any] | None = None,
    split_by: str = "",
) -> NDArray[np.bool_]:
    """`(records,)`: True where a record is held out.

    Args:
        records: how many there are.
        share: of the records, between 0 and 1.
        seed: same seed, same records; by time it does not matter.
        labels: `(records,)` class numbers: every class gives its share, and keeps one record at least. None: drawn
            from all.
        keys: `(records,)` numbers of groups, or times.
        split_by: `"group"` (a group is held out whole or not at all), `"time"` (the latest are), or empty.
    """
    if split_by == "group" and keys is not None:
        return _by_group(share, seed, keys)
    if split_by == "time" and keys is not None:
        return _by_time(share, keys)
    return _stratified(share, seed, np.zeros(records, np.int32) if labels is None else labels)


def _stratified(share: float, seed: int, labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Of each class its share, class after class; O(records · log records) however many classes there are.

    No class is held out whole: a class without training records cannot be recognised.
    """
    random = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), bool)
    by_class = np.argsort(labels, kind="stable")
    ends = np.flatnonzero(np.diff(labels[by_class])) + 1
    # The remainder of each class carries over to the next, so that the whole has the share too.
    owed = 0.0
    for rows in np.split(by_class, ends):
        owed += len(rows) * share
        take = min(round(owed), max(len(rows) - 1, 0))
        owed -= take
        chosen[random.permutation(rows)[:take]] = True
    return chosen


def _by_group(share: float, seed: int, keys: NDArray[Any]) -> NDArray[np.bool_]:
    """Groups in random order, until the share is reached as nearly as whole groups can; one group stays at least."""
    groups, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(groups))[:-1]
    if not len(order):
        return np.zeros(len(keys), bool)
    totals = np.cumsum(sizes[order])
    most = int(np.argmin(np.abs(totals - share * len(keys)))) + 1
    return np.isin(group.reshape(-1), order[:most])


def _by_time(share: float, keys: NDArray[Any]) -> NDArray[np.bool_]:
    """The latest records; records of one moment are not parted."""
    order = np.argsort(keys, kind="stable")
    first = keys[order[len(keys) - max(round(share * len(keys)), 1)]] if len(keys) else 0
    chosen: NDArray[np.bool_] = keys >= first
    if chosen.all() and len(keys):  # all of one moment, or the first moment holds more than the rest
        chosen = keys > keys.min()
    return chosen


def folds_of(
    records: int,
    folds: int,
    seed: int,
    labels: NDArray[Any] | None = None,
    keys: NDArray[Any] | None = None,
    split_by: str = "",
) -> NDArray[np.int32]:
    """`(records,)`: the fold, from 1, in which a record is tested; 0 for the earliest records by time, which never are.

    Arguments as of `held_out`. Every class is spread evenly over the folds; groups are not parted, and the folds are
    made as equal as whole groups allow, the largest first. By time the records are cut into `folds` + 1 stretches, of
    which each but the first is tested by a model that has learned from those before it (Hyndman and Athanasopoulos,
    Forecasting: Principles and Practice, 5.10).
    """
    numbers = np.zeros(records, np.int32)
    random = np.random.default_rng(seed)
    if split_by == "group" and keys is not None:
        groups, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        shuffled = random.permutation(len(groups))
        totals, of_group = np.zeros(folds, np.int64), np.zeros(len(groups), np.int32)
        for index in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
            fold = int(totals.argmin())
            of_group[index], totals[fold] = fold + 1, totals[fold] + sizes[index]
        return of_group[group.reshape(-1)]
    if split_by == "time" and keys is not None:
        ordered = np.sort(keys)
        starts = [ordered[records * fold // (folds + 1)] for fold in range(1, folds + 1)]
        return np.searchsorted(np.array(starts), keys, side="right").astype(np.int32)
    labels = np.zeros(records, np.int32) if labels is None else labels
    by_class = random.permutation(records)
    by_class = by_class[np.argsort(labels[by_class], kind="stable")]
    numbers[by_class] = np.arange(records, dtype=np.int32) % folds + 1
    return numbers
