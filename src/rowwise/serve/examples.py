"""A model → a request that it answers, from what its schema says of the training records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rowwise.data.tables.schema import Column
    from rowwise.serve.model import Model


def example_records(model: Model) -> list[Any]:
    """One record: of a table by column name, else an array of zeros."""
    if model.schema is not None:
        return [{column.name: example_value(column) for column in model.schema.used}]
    return np.zeros((1, *model.shape), int).tolist()


def example_value(column: Column) -> Any:
    """A usual value of a column: the mean, the level in the middle, the last date."""
    if column.kind == "numeric":
        if column.low is None or not column.means:
            return None
        mean = column.means[0] + column.origin
        whole = all(float(bound).is_integer() for bound in (column.low, column.high) if bound is not None)
        return round(mean) if whole else float(f"{mean:.4g}")
    if column.kind == "boolean":
        return True
    if column.kind == "date":
        return None if column.high is None else str(column.high)
    return column.levels[len(column.levels) // 2] if column.levels else None
