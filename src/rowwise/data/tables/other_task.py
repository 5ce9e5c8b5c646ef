"""A target of whole numbers → a line of advice where its classes may be amounts, or its amounts classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

FEWEST, MOST = 5, 100  # different numbers, of which a task is doubted
FEWEST_EACH = 5  # records of a number, on average, that may be a class
UNEVEN = 3  # times the rarest, at least, is the most frequent number of a count
SLACK = 0.8  # of its neighbour's records: so far chance bends a curve that rises or falls


def other_task(train: Dataset) -> list[str]:
    """Nothing where the task was asked for.

    A count or a rating has many records amid and few at an end, or ever fewer; codes of classes are frequent in no
    order.
    """
    asked = train.source.get("load", {})
    if any(asked.get(name) for name in ("task", "quantiles", "ordered", "target_scale")):
        return []
    if len(train.targets) > 1 or train.schema is None:
        return []
    numbers, counts = _whole_numbers(train)
    if not FEWEST <= len(numbers) <= MOST:
        return []
    values = {"target": train.schema.targets[0], "count": len(numbers), "low": f"{numbers[0]:g}"}
    values["high"] = f"{numbers[-1]:g}"
    gapless = numbers[-1] - numbers[0] + 1 == len(numbers)
    if train.classes:
        key = "advice.amounts.counts" if numbers[0] in (0, 1) else "advice.amounts"
        return [say(key, **values)] if gapless and _like_amounts(counts) else []
    coded = gapless and numbers[0] in (0, 1) and counts.sum() >= FEWEST_EACH * len(numbers)
    return [say("advice.classes", **values)] if coded and not _like_amounts(counts) else []


def _whole_numbers(train: Dataset) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The target's different numbers, ascending, and how many records have each; none where they are not whole."""
    if train.task == "multilabel":
        return np.empty(0), np.empty(0, np.int64)
    if not train.classes:
        numbers, counts = np.unique(np.asarray(train.y).astype(np.float64), return_counts=True)
    else:
        try:
            numbers, counts = np.array([float(name) for name in train.classes]), train.counts
        except ValueError:
            return np.empty(0), np.empty(0, np.int64)
    whole = bool((numbers == np.rint(numbers)).all())
    return (numbers, counts) if whole else (np.empty(0), np.empty(0, np.int64))


def _like_amounts(counts: NDArray[np.int64]) -> bool:
    """Whether they rise to one peak and fall from it."""
    peak = int(counts.argmax())
    rising = counts[1 : peak + 1] >= SLACK * counts[:peak]
    falling = counts[peak:-1] >= SLACK * counts[peak + 1 :]
    return bool(rising.all() and falling.all()) and counts.max() >= UNEVEN * max(int(counts.min()), 1)
