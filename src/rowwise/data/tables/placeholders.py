"""Training records of a table → advice on numbers such as -999 that only say that there is no value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

NINES = re.compile(r"-?9+|-9+\.9+|-?[89]8+|-?7{3,}")  # as weather stations, surveys and databases write them
FEWEST = 2  # records that have it
SHOWN = 6  # columns in a message


def placeholders(columns: Mapping[str, NDArray[np.float64]]) -> list[str]:
    """A line, in the current language, where columns have such a number; else none.

    Args:
        columns: `(records,)` by name, in the table's own numbers; NaN where a value is missing.
    """
    found = [
        (name, number, count) for name, values in columns.items() if (one := _of(values)) for number, count in [one]
    ]
    if not found:
        return []
    listed = ", ".join(f"{name} {number:g} ({count:,})" for name, number, count in found[:SHOWN])
    return [say("advice.placeholder", columns=listed + (", …" if len(found) > SHOWN else ""))]


def _of(values: NDArray[np.float64]) -> tuple[float, int] | None:
    """The least or the greatest number, where it is written as a placeholder is and lies far from all others."""
    numbers, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    if len(numbers) < 3:
        return None
    for at, others in ((0, numbers[1:]), (-1, numbers[:-1])):
        number = float(numbers[at])
        gap = float(np.abs(others - number).min())
        written = NINES.fullmatch(f"{number:.10g}") is not None
        if written and counts[at] >= FEWEST and gap > float(others[-1] - others[0]):
            return number, int(counts[at])
    return None
