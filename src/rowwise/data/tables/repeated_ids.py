"""A table's training records → columns of ids that several records share: one person's are in training and test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.tables.codes import is_code
from rowwise.data.tables.identifiers import names_owner

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset

LOOKED_AT = 200_000  # records
FEWEST = 10  # different ids
REPEATED = 0.5  # of the records, at least, share their id with another


def repeated_ids(train: Dataset) -> list[str]:
    """Names of columns that are used, called as ids are, and have the same value in several records."""
    schema = train.schema
    assert schema is not None
    found = []
    for column in schema.used:
        if column.kind not in ("numeric", "categorical") or not names_owner(column.name) or is_code(column.name):
            continue
        values = np.asarray(train.x[:LOOKED_AT, schema.inputs.index(column.name)])
        values = values[~np.isnan(values) & (values != (len(column.levels) or np.nan))]  # the rare ones share a number
        ids, counts = np.unique(values, return_counts=True)
        whole = column.kind == "categorical" or bool((ids == np.rint(ids)).all())
        if whole and len(ids) >= FEWEST and counts[counts > 1].sum() >= REPEATED * max(len(values), 1):
            found.append(column.name)
    return found
