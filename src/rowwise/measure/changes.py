"""One record and the training records → the nearest changes of one or two columns that change the model's answer.

Counterfactual explanations (Wachter, Mittelstadt and Russell 2018), found by trying: every column takes values that
training records have, alone and together with every other column. How far a change goes is counted in the deviations of
a column's numbers; another level, or another answer of yes and no, is one. Nobody says that a change is possible, or
that it would do in the world what it does to the model.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from rowwise.measure.columns import FEW_VALUES, blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from rowwise.measure.columns import TableColumn

    Predict: TypeAlias = Callable[[NDArray[np.float32]], tuple[NDArray[np.float64], NDArray[np.bool_]]]

ALONE, TOGETHER = 64, 10  # values of a column that are tried by itself, and with another's
MOST_PREDICTED = 400_000  # of pairs: of many columns fewer values are tried, or those that move the number most
SHOWN = 3  # changes of one column, and as many of two
HALVINGS = 12  # of the way to the nearest value that suffices
MOST_DIGITS = 5  # of the way, beyond its first, that the nearest value is rounded to where two are not enough
STEP = 1e-9  # of a unit: what rounding in binary may have added


class Change(NamedTuple):
    """What is enough to change the answer.

    Attributes:
        columns: one or two names.
        before, after: their values, as the table writes them.
        number: what the model then says; `distance` how far it is.
    """

    columns: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    number: float
    distance: float


def nearest_changes(
    predict: Predict,
    record: NDArray[np.float32],
    others: NDArray[np.float32],
    columns: Sequence[TableColumn],
) -> list[Change]:
    """Changes of one column, the nearest first, then those of two neither of which is enough by itself.

    Args:
        predict: x `(records, columns of X)` → a number of each, and whether that is an answer that is wanted.
        record: `(columns of X,)`, whose own answer is not.
        others: training records `(records, columns of X)`, whose values are tried.
    """
    tries = [_tries(column, record, others, ALONE) for column in columns]
    ones = _ones(predict, record, others, columns, tries)
    fewer = [_tries(column, record, others, TOGETHER) for column in columns]
    return [*ones[:SHOWN], *_twos(predict, record, columns, fewer)[:SHOWN]]


class _Tries(NamedTuple):
    values: NDArray[np.float32]  # `(tries, places)`
    distances: NDArray[np.float64]


def _tries(column: TableColumn, record: NDArray[np.float32], others: NDArray[np.float32], most: int) -> _Tries:
    """Values of training records, but the record's own, and how far each is."""
    own = record[column.at]
    values = column.values(others, most)
    values = values[(values != own).any(1)]
    ones = np.ones(len(values))
    if column.column is not None and column.column.kind in ("categorical", "boolean"):
        return _Tries(values, ones)
    if np.isnan(own).any():
        return _Tries(values, ones)
    scale = np.nanstd(others[:, column.places].astype(np.float64), axis=0)
    scale[scale == 0] = 1
    return _Tries(values, np.abs((values - own) / scale).mean(1))


def _with(record: NDArray[np.float32], column: TableColumn, values: NDArray[Any]) -> NDArray[np.float32]:
    changed = np.tile(record, (len(values), 1))
    changed[:, column.places] = values
    return changed


def _ones(
    predict: Predict,
    record: NDArray[np.float32],
    others: NDArray[np.float32],
    columns: Sequence[TableColumn],
    tries: Sequence[_Tries],
) -> list[Change]:
    wanted: list[NDArray[np.bool_]] = []
    found = []
    for block in blocks([len(one.values) for one in tries], len(record)):
        some = list(zip(columns[block], tries[block], strict=True))
        enough = predict(np.concatenate([_with(record, column, one.values) for column, one in some]))[1]
        wanted += np.split(enough, np.cumsum([len(one.values) for _, one in some])[:-1])
    if not wanted:
        return []
    for column, one, enough in zip(columns, tries, wanted, strict=True):
        if not enough.any():
            continue
        nearest = int(np.argmin(np.where(enough, one.distances, np.inf)))
        value, distance = one.values[nearest : nearest + 1], float(one.distances[nearest])
        own = record[column.at]
        if column.is_number and not np.isnan(own[0]) and len(np.unique(others[:, column.places])) > FEW_VALUES:
            values = others[:, column.places]
            whole = bool((values[~np.isnan(values)] % 1 == 0).all())
            closer = _closer(predict, record, column, value[0], whole)
            distance *= float(abs(closer[0] - own[0]) / abs(value[0, 0] - own[0]))
            value = closer[None]
        number = float(predict(_with(record, column, value))[0][0])
        found.append(Change((column.name,), (column.text(own),), (column.text(value[0]),), number, distance))
    return sorted(found, key=lambda change: change.distance)


def _closer(
    predict: Predict,
    record: NDArray[np.float32],
    column: TableColumn,
    enough: NDArray[Any],
    whole: bool,
) -> NDArray[Any]:
    """A value between the record's own and one that is enough, which is enough as well; found by halving."""
    near: NDArray[Any] = record[column.at]
    far = enough
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        middle = np.rint(middle) if whole else middle
        if (middle == near).all() or (middle == far).all():
            break
        if predict(_with(record, column, middle[None]))[1][0]:
            far = middle
        else:
            near = middle
    return _round(predict, record, column, far, enough)


def _round(
    predict: Predict, record: NDArray[np.float32], column: TableColumn, far: NDArray[Any], enough: NDArray[Any]
) -> NDArray[Any]:
    """A value a little farther than `far`, in few digits, that is enough as well and no farther than `enough`; else
    `far`."""
    own = record[column.at]
    way = float(far[0]) - float(own[0])
    if not way:
        return far
    origin = column.column.origin if column.column is not None else 0.0
    tries = []
    for digits in range(2, MOST_DIGITS + 1):
        unit = 10.0 ** (math.floor(math.log10(abs(way))) - digits)
        steps = (float(far[0]) + origin) / unit
        steps = math.ceil(steps - STEP) if way > 0 else math.floor(steps + STEP)
        tries.append([float(f"{steps * unit:.12g}") - origin])
    values = np.array(tries, np.float32)
    no_farther = np.abs(values - own) <= np.abs(enough - own)
    wanted = predict(_with(record, column, values))[1] & no_farther[:, 0]
    return values[int(wanted.argmax())] if wanted.any() else far


def _twos(
    predict: Predict,
    record: NDArray[np.float32],
    columns: Sequence[TableColumn],
    tries: Sequence[_Tries],
) -> list[Change]:
    alone = [
        predict(_with(record, column, one.values)) if len(one.values) else None
        for column, one in zip(columns, tries, strict=True)
    ]
    chosen = [place for place, one in enumerate(alone) if one is not None]
    most = int(np.sqrt(2 * MOST_PREDICTED / TOGETHER**2))
    if len(chosen) > most:  # those that move the number most
        own = predict(record[None])[0][0]
        moves = {place: np.abs(alone[place][0] - own).max() for place in chosen}  # type: ignore[index]
        chosen = sorted(sorted(chosen, key=lambda place: -moves[place])[:most])
    pairs, found = [], []
    for first, second in combinations(chosen, 2):
        # Neither may be enough by itself.
        a, b = (np.flatnonzero(~alone[place][1]) for place in (first, second))  # type: ignore[index]
        if len(a) and len(b):
            pairs.append((first, second, np.repeat(a, len(b)), np.tile(b, len(a))))
    for block in blocks([len(pair[2]) for pair in pairs], len(record)):
        found += _enough_together(predict, record, columns, tries, pairs[block])
    return sorted(found, key=lambda change: change.distance)


def _enough_together(
    predict: Predict,
    record: NDArray[np.float32],
    columns: Sequence[TableColumn],
    tries: Sequence[_Tries],
    pairs: Sequence[tuple[int, int, NDArray[np.int64], NDArray[np.int64]]],
) -> list[Change]:
    """Of pairs of columns with the values that are tried of each, the nearest change of those that have any."""
    parts = []
    for first, second, a, b in pairs:
        parts.append(_with(record, columns[first], tries[first].values[a]))
        parts[-1][:, columns[second].places] = tries[second].values[b]
    numbers, wanted = predict(np.concatenate(parts))
    found, start = [], 0
    for (first, second, a, b), changed in zip(pairs, parts, strict=True):
        enough = wanted[start : start + len(changed)]
        if enough.any():
            distances = tries[first].distances[a] + tries[second].distances[b]
            at = int(np.argmin(np.where(enough, distances, np.inf)))
            both = columns[first], columns[second]
            found.append(
                Change(
                    tuple(column.name for column in both),
                    tuple(column.text(record[column.at]) for column in both),
                    tuple(column.text(changed[at, column.at]) for column in both),
                    float(numbers[start + at]),
                    float(distances[at]),
                )
            )
        start += len(changed)
    return found
