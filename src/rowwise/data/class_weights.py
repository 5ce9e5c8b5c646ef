"""How many records each class has → a weight for each class, so that all count alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.errors import UsageError

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset


def balanced(dataset: Dataset) -> dict[int, float]:
    """Class number → records / (classes · records of that class), as scikit-learn's `class_weight="balanced"`.

    The weights' mean over the records is 1; classes that no record has are left out.

    Raises:
        UsageError: the data have no classes.
    """
    if not dataset.classes:
        raise UsageError("data.balance", name=dataset.name)
    counts = dataset.counts
    held = np.flatnonzero(counts)
    return {int(c): float(len(dataset) / (len(held) * counts[c])) for c in held}
