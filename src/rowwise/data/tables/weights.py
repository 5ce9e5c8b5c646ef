"""A table's column of weights → how much each record counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.cleaning import ROW
from rowwise.data.tables.parse import as_float32, as_numbers, check_range
from rowwise.errors import DataError, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.data.source import Source

WEIGHT = "weight"  # why a column of weights is no feature


def with_weights(
    rows: pl.DataFrame, name: str, decimal: str, unit: str = ""
) -> tuple[pl.DataFrame, NDArray[np.float32]]:
    """The rows that have a weight, and the weights `(rows,)`; `unit` is what may stand beside these.

    Raises:
        DataError: a weight that is negative, infinite, beyond float32, or no number.
    """
    values = rows[name]
    numbers = as_numbers(values, decimal, unit)
    _refuse(rows, values, values.is_not_null() & numbers.is_null(), name, numbers)
    _refuse(rows, values, (numbers < 0).fill_null(False), name, numbers)
    present = numbers.is_not_null()
    kept, weights = rows.filter(present), as_float32(numbers.filter(present))
    check_range(name, weights, kept[name], kept[ROW])
    return kept, weights


def _refuse(rows: pl.DataFrame, values: pl.Series, wrong: pl.Series, name: str, numbers: pl.Series) -> None:
    if wrong.any():
        place = int(wrong.arg_max() or 0)
        found: Any = values[place] if numbers[place] is None else f"{numbers[place]:g}"
        raise DataError("weight.value", name=name, found=str(found)[:30], record=f"{rows[ROW][place]:,}")


def check_weights(weights: NDArray[np.float32], name: str) -> None:
    """Raises DataError where no record has a weight, or none counts."""
    if not len(weights):
        raise DataError("weight.none", name=name)
    if not weights.any():
        raise DataError("weight.zero", name=name)


def check_parts(train: Dataset, test: Dataset, source: Source) -> None:
    """Raises DataError where no training record, or no test record, counts."""
    for part in (train, test):
        if part.weights is not None and not part.weights.any():
            raise DataError(f"weight.zero.{part.part}", name=source.weight, records=f"{len(part):,}")


def tell_weightless(name: str, count: int, records: int) -> None:
    """Warn where records had no weight, and are left out."""
    if count:
        warn_user(say("weight.left_out", name=name, count=f"{count:,}", records=f"{records:,}"))
