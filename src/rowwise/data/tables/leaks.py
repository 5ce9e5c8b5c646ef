"""Training records of a table → advice on columns that decide the target, and on codes.

What is looked at are the numbers of a sample of the records, as the network would get them.
"""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.tables.placeholders import placeholders
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

SAMPLE = 2_000  # records looked at
FEWEST = 30  # records: with so many a perfect rule is no coincidence
MOST_PAIRED = 60  # columns of numbers of which all pairs are tried
ROUNDED = 1e-6  # of the largest number: what float32 leaves of a sum
CODES = re.compile(
    r"(^|[ _.])(hour|hr|month|mnth|weekday|day_?of_?week|dow|zip(_?code)?|postal_?code|plz|store|shop|branch|region|"
    r"district|season|code|cd|cluster)([ _.]?(id|no|nr|code))?$|(코드|월|요일|시간대|우편번호|지점|매장|계절|구분)$"
)
LEVELS = range(3, 1001)  # different codes


def leaks_and_codes(train: Dataset) -> list[str]:
    """The lines, in the current language; empty for data that is not a table. Placeholders are among them."""
    if train.schema is None or len(train) < FEWEST:
        return []
    rows = np.unique(np.linspace(0, len(train) - 1, min(SAMPLE, len(train))).astype(np.int64))
    x, y = np.asarray(train.x[rows]), np.asarray(train.y[rows])
    numbers = {
        column.name: x[:, train.schema.inputs.index(column.name)]
        for column in train.schema.used
        if column.kind == "numeric"
    }
    origins = {column.name: column.origin for column in train.schema.used}
    lines = placeholders({name: values.astype(np.float64) + origins[name] for name, values in numbers.items()})
    if y.ndim == 1:
        leak = _separating(numbers, y) if train.classes else _determining(numbers, y.astype(np.float64))
        if leak:
            names = " + ".join(leak)
            lines.append(say("advice.leak", columns=names, target=train.schema.targets[0], option=",".join(leak)))
    if codes := [name for name, values in numbers.items() if _is_code(name, values)]:
        lines.append(say("advice.codes", columns=", ".join(codes[:8]), option=",".join(codes[:8])))
    return lines


def _determining(numbers: dict[str, NDArray[np.float32]], y: NDArray[np.float64]) -> tuple[str, ...]:
    """A column that rises or falls with the target in every record, or two of which it is the sum; else none."""
    whole = {name: values.astype(np.float64) for name, values in numbers.items() if not np.isnan(values).any()}
    if len(np.unique(y)) < FEWEST:
        return ()
    for name, values in whole.items():
        order = np.lexsort((y, values))
        steps, moved = np.diff(y[order]), np.diff(values[order]) > 0
        if (steps[~moved] == 0).all() and ((steps[moved] > 0).all() or (steps[moved] < 0).all()):
            return (name,)
    names = [name for name, values in whole.items() if np.count_nonzero(values) * 10 >= len(y)][:MOST_PAIRED]
    tolerance = ROUNDED * max(float(np.abs(y).max()), 1.0)
    for first, second in combinations(names, 2):
        if np.abs(whole[first][:8] + whole[second][:8] - y[:8]).max() <= tolerance and (
            np.abs(whole[first] + whole[second] - y).max() <= tolerance
        ):
            return first, second
    return ()


def _separating(numbers: dict[str, NDArray[np.float32]], y: NDArray[np.int32]) -> tuple[str, ...]:
    """A column whose ranges do not overlap between classes; else none."""
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2 or counts.min() < 10:
        return ()
    for name, values in numbers.items():
        if np.isnan(values).any():
            continue
        ranges = sorted((values[y == number].min(), values[y == number].max()) for number in classes)
        if all(one[1] < other[0] for one, other in pairwise(ranges)):
            return (name,)
    return ()


def _is_code(name: str, values: NDArray[np.float32]) -> bool:
    """Whether few whole numbers stand under the name of something that has no order, or starts over."""
    if not CODES.search(name.strip().lower()):
        return False
    present = values[~np.isnan(values)]
    distinct = len(np.unique(present))
    return distinct in LEVELS and distinct * 2 <= len(present) and bool((present == np.rint(present)).all())
