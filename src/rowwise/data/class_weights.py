"""How many records each class has → a weight for each class, so that all count alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.errors import UsageError

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset


def balanced(dataset: Dataset) -> dict[int, float]:
    """`{class number: records / (classes · records of that class)}`, scikit-learn's `class_weight="balanced"`.

    Classes without records count for nothing and are left out; the weights' mean over the records is 1.

    Raises:
        UsageError: the data have no classes.
    """
    if not dataset.classes:
        raise UsageError("data.balance", name=dataset.name)
    counts = dataset.counts
    labels = np.flatnonzero(counts)
    return {int(label): float(len(dataset) / (len(labels) * counts[label])) for label in labels}
