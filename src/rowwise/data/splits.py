"""Labels, groups or times of records, and a share → which records are held out."""

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
