"""A table's training records → a sample of them, as the network would get them, for those who look for what is odd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.overlap import fingerprints

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

RECORDS = 2_000


@dataclass(frozen=True, eq=False)
class Sample:
    """Different records: what a copy agrees with its original in would look like a rule.

    Attributes:
        columns: `(records,)` by name: a column's numbers, level numbers, zeros and ones, the first part of its dates;
            NaN where a value is missing.
        numbers: those of them that are numbers, in float64 and the table's own size, whatever they are counted from.
        targets: `(records,)` by name, in float64: numbers, class numbers, zeros and ones.
        classes: of each target, what its numbers stand for; empty for plain numbers.
    """

    columns: dict[str, NDArray[np.float32]]
    numbers: dict[str, NDArray[np.float64]]
    targets: dict[str, NDArray[np.float64]]
    classes: dict[str, tuple[str, ...]]


def sampled(train: Dataset) -> Sample:
    """Of data that have a schema."""
    schema = train.schema
    assert schema is not None
    rows = np.unique(np.linspace(0, len(train) - 1, min(RECORDS, len(train))).astype(np.int64))
    x, y = np.asarray(train.x[rows]), np.asarray(train.y[rows]).reshape(len(rows), -1).astype(np.float64)
    _, first = np.unique(fingerprints(np.concatenate([x, y], axis=1) + 0.0), return_index=True)
    x, y = x[np.sort(first)], y[np.sort(first)]
    places = {column.name: schema.inputs.index(column.inputs[0]) for column in schema.used}
    numbers = {c.name: x[:, places[c.name]].astype(np.float64) + c.origin for c in schema.used if c.kind == "numeric"}
    names = [schema.classes] if schema.classes else list(schema.labels)
    classes = names or [()] * len(schema.targets)
    return Sample(
        {name: x[:, place] for name, place in places.items()},
        numbers,
        dict(zip(schema.targets, y.T, strict=True)),
        dict(zip(schema.targets, classes, strict=True)),
    )
