"""A sample of a table's records → advice on columns that decide the target, alone or together, or by being filled in.

What decides the target exactly is rarely known before it: it was computed from it, or came with it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.computed_target import computed_from
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from rowwise.data.tables.sample import Sample

FEWEST = 30  # records, or different numbers: with so many a rule without an exception is no coincidence
FEWEST_OF_A_CLASS = 10
MOST_LEVELS = 32  # different values of a column that are looked at as levels,
RECORDS_PER_LEVEL = 10  # or as many as there are so many records each
MOSTLY = 0.95  # of the records that have a value, or of those that have none, are of one class
BEYOND = 10  # times as many of the others are not
COINCIDENCE = 14.0  # nats: what chance does once in a million
SHOWN = 8


def leaks(sample: Sample, without: Collection[str] = ()) -> list[str]:
    """The lines, in the current language.

    Args:
        without: columns that are not looked at.
    """
    lines = []
    for target, y in sample.targets.items():
        if len(y) < FEWEST:
            continue
        columns = {name: values for name, values in sample.columns.items() if name not in without}
        discrete = bool(sample.classes[target])
        alone = [name for name, values in columns.items() if _decides(values, y, name in sample.numbers, discrete)]
        if alone:
            lines.append(_said("leak" if len(alone) == 1 else "leak.each", alone, target))
        elif not discrete and (together := computed_from({n: v for n, v in sample.numbers.items() if n in columns}, y)):
            lines.append(say("advice.leak", columns=together[0], target=target, option=",".join(together[1])))
        others = {name: values for name, values in columns.items() if name not in alone}
        lines += _filled(others, y, target, sample.classes[target])
    return lines


def _said(key: str, names: list[str], target: str) -> str:
    return say(f"advice.{key}", columns=", ".join(names[:SHOWN]), target=target, option=",".join(names[:SHOWN]))


def _decides(values: NDArray[np.float32], y: NDArray[np.float64], number: bool, discrete: bool) -> bool:
    if number and not np.isnan(values).any():
        if discrete and _separates(values, y):
            return True
        if not discrete and _moves_with(values.astype(np.float64), y):
            return True
    return _one_target_a_level(values, y)


def _moves_with(values: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Whether the column rises or falls with the target in every record, as far as both are told apart."""
    if len(np.unique(y)) < FEWEST or len(np.unique(values)) < FEWEST:
        return False
    rising, falling = y[np.lexsort((y, values))], y[np.lexsort((-y, values))]
    return bool((np.diff(rising) >= 0).all() or (np.diff(falling) <= 0).all())


def _separates(values: NDArray[np.float32], y: NDArray[np.float64]) -> bool:
    """Whether the column's ranges do not overlap between classes."""
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2 or counts.min() < FEWEST_OF_A_CLASS:
        return False
    ranges = sorted((values[y == number].min(), values[y == number].max()) for number in classes)
    return all(one[1] < other[0] for one, other in pairwise(ranges))


def _one_target_a_level(values: NDArray[np.float32], y: NDArray[np.float64]) -> bool:
    """Whether records with the same value of the column have the same target, beyond what chance gives."""
    known = ~np.isnan(values)
    if known.sum() * 2 < len(values):
        return False
    order = np.lexsort((y[known], values[known]))
    values, y = values[known][order], y[known][order]
    again = values[1:] == values[:-1]
    levels = len(values) - int(again.sum())
    if levels > max(MOST_LEVELS, len(values) // RECORDS_PER_LEVEL) or not (y[1:] == y[:-1])[again].all():
        return False
    _, counts = np.unique(y, return_counts=True)
    _, repeated = np.unique(y[1:][again], return_counts=True)
    if len(repeated) < 2 or np.sort(repeated)[-2] < FEWEST_OF_A_CLASS or again.sum() < FEWEST:
        return False
    agreeing = float(((counts / len(y)) ** 2).sum())  # the chance that two records have the same target
    return -float(again.sum()) * np.log(agreeing) > COINCIDENCE


def _filled(
    columns: dict[str, NDArray[np.float32]], y: NDArray[np.float64], target: str, classes: tuple[str, ...]
) -> list[str]:
    """Columns that have a value, or none, almost only with one class; a number that is frequent counts as one."""
    if not classes:
        numbers, counts = np.unique(y, return_counts=True)
        frequent = float(numbers[counts.argmax()])
        y, classes = (y != frequent).astype(np.float64), (f"{frequent:g}", f"≠ {frequent:g}")
    found: dict[str, dict[str, str]] = {"filled": {}, "empty": {}}
    for name, values in columns.items():
        empty = np.isnan(values)
        for key, chosen in (("filled", ~empty), ("empty", empty)):
            if one := _mostly_of_one_class(y[chosen], y[~chosen], len(classes)):
                label, count = one
                found[key][name] = f"{name} ({classes[label]}: {count:,} / {int(chosen.sum()):,})"
                break
    return [
        say(f"advice.{key}", columns=", ".join([*one.values()][:SHOWN]), target=target, option=",".join([*one][:SHOWN]))
        for key, one in found.items()
        if one
    ]


def _mostly_of_one_class(some: NDArray[Any], others: NDArray[Any], classes: int) -> tuple[int, int] | None:
    """The class of nearly all of some records but of far fewer of the others, and how many of the first have it."""
    if min(len(some), len(others)) < FEWEST_OF_A_CLASS:
        return None
    counts = np.bincount(some.astype(np.int64), minlength=classes)
    label = int(counts.argmax())
    count, elsewhere = int(counts[label]), int((others == label).sum())
    share, expected = count / len(some), (count + elsewhere) / (len(some) + len(others))
    if share < MOSTLY or len(others) - elsewhere < BEYOND * (1 - share) * len(others):
        return None
    surprise = share * np.log(share / expected)
    if share < 1:
        surprise += (1 - share) * np.log((1 - share) / (1 - expected))
    return (label, count) if len(some) * surprise > COINCIDENCE else None
