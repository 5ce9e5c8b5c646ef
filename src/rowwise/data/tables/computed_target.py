"""Columns of numbers and a target → those columns that the target is the sum, difference, product or ratio of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FEWEST = 30  # different numbers of the target
MOST_COLUMNS = 60  # of which all pairs are tried
MOST_SUMMED = 6
FEW = 12  # records that a pair is tried on before all
ROUNDED = 1e-6  # of the largest number: what float32 leaves of a sum
MOST_PLACES = 4  # digits behind the point that a target was rounded to
FINE = 1_000  # times less than the target's range: how exactly a rounded one is to be met
OPERATIONS = {"+": np.add, "-": np.subtract, "×": np.multiply, "/": np.divide}


def computed_from(numbers: Mapping[str, NDArray[np.float64]], y: NDArray[np.float64]) -> tuple[str, list[str]] | None:
    """`a + b` and the names in it; None where the target is nothing of the kind in every record.

    Args:
        numbers: `(records,)` by name.
        y: `(records,)`.
    """
    if len(np.unique(y)) < FEWEST:
        return None
    whole = {name: values for name, values in numbers.items() if not np.isnan(values).any()}
    names = [name for name, values in whole.items() if np.count_nonzero(values) * 10 >= len(y)][:MOST_COLUMNS]
    if len(names) < 2:
        return None
    table, tolerance = np.stack([whole[name] for name in names]), _tolerance(y)
    return _pair(names, table, y, tolerance) or _sum(names, table, y, tolerance)


def _tolerance(y: NDArray[np.float64]) -> float:
    """How far a computed number may be from the target: as float32 rounds, or as the target itself was rounded."""
    exact = ROUNDED * max(float(np.abs(y).max()), 1.0)
    for places in range(MOST_PLACES + 1):
        half = 0.5001 * 10.0**-places
        if (np.abs(y - np.round(y, places)) <= exact).all():
            return max(exact, half) if half * FINE <= np.ptp(y) else exact
    return exact


def _pair(
    names: list[str], table: NDArray[np.float64], y: NDArray[np.float64], near: float
) -> tuple[str, list[str]] | None:
    """Of `table` `(columns, records)` two rows; all pairs are tried on a few records, what is left on all."""
    some, few = table[:, :FEW], y[:FEW]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for sign, operation in OPERATIONS.items():
            distance = np.abs(operation(some[:, None], some[None]) - few).max(2)  # (columns, columns)
            for i, j in np.argwhere(distance <= near):
                if i != j and np.abs(operation(table[i], table[j]) - y).max() <= near:
                    return f"{names[i]} {sign} {names[j]}", [names[i], names[j]]
    return None


def _sum(
    names: list[str], table: NDArray[np.float64], y: NDArray[np.float64], near: float
) -> tuple[str, list[str]] | None:
    """A few rows of `table` `(columns, records)`, each added or taken away once, or their mean."""
    if len(y) < 2 * len(names):
        return None
    scales = np.abs(table).max(1)
    features = np.column_stack([(table / scales[:, None]).T, np.ones(len(y))])
    weights = np.linalg.lstsq(features, y, rcond=None)[0]
    if np.abs(features @ weights - y).max() > near:
        return None
    weights = weights[:-1] / scales
    size = np.abs(weights).max()
    summed = np.flatnonzero(np.abs(weights) > size / 2)
    if not 2 <= len(summed) <= MOST_SUMMED:
        return None
    equal = np.where(np.abs(weights) > size / 2, np.sign(weights) * np.abs(weights[summed]).mean(), 0)
    left_over = y - equal @ table
    if np.ptp(left_over) > 2 * near:
        return None
    terms = [f"{'-' if weights[place] < 0 else '+'} {names[place]}" for place in summed]
    return " ".join(terms).removeprefix("+ "), [names[place] for place in summed]
