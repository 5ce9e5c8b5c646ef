"""How many records each class has → a weight for each class, so that all count alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.errors import UsageError

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset


def balanced(dataset: Dataset) -> dict[int, float]:
    """`{class number: records / (classes · records of that class)}`, scikit-learn's `class_weight="balanced"`.

    Classes without records count for nothing and are left out; the weights' mean over the records is 1. Where records
    have weights, these are added up in place of counting records.

    Raises:
        UsageError: the data have no classes.
    """
    if not dataset.classes:
        raise UsageError("data.balance", name=dataset.name)
    counts, total = dataset.counts, float(len(dataset))
    if dataset.weights is not None:
        weights = dataset.weights.astype(np.float64)
        counts, total = np.bincount(dataset.y, weights, len(dataset.classes)), float(weights.sum())
    labels = np.flatnonzero(counts)
    return {int(label): float(total / (len(labels) * counts[label])) for label in labels}
