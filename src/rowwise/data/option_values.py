"""What a user gives for an option, as numbers, texts or one text → its value as a Source has it, checked."""

from __future__ import annotations

import csv
import operator
from numbers import Real
from typing import Any

from rowwise.errors import UsageError
from rowwise.text.options import as_given

LARGEST_SIDE = 4096  # pixels of a record


def spellings_of(given: Any) -> tuple[str, ...]:
    """Of texts and numbers, as texts: -999.0 is `-999`."""
    several = given if isinstance(given, list | tuple | set | frozenset) else (given,)
    texts = []
    for one in several:
        if isinstance(one, bool) or not isinstance(one, str | Real):
            raise UsageError("source.spellings", found=as_given(one))
        texts.append(one if isinstance(one, str) else f"{float(one):.17g}")
    return tuple(texts)


def levels_of(given: Any) -> tuple[float, ...]:
    """Levels of quantiles, rising, of numbers or text: `0.1,0.5,0.9`."""
    several = given if isinstance(given, list | tuple) else (given,)
    try:
        parts = [part for one in several for part in (one.split(",") if isinstance(one, str) else (one,))]
        levels = sorted({float(part) for part in parts if not isinstance(part, bool)})
    except (TypeError, ValueError):
        parts, levels = [], []
    if several and (not levels or len(levels) != len(parts) or not all(0 < level < 1 for level in levels)):
        raise UsageError("source.quantiles", found=as_given(given))
    return tuple(levels)


def order_of(given: Any) -> tuple[str, ...]:
    """Classes in their order: of texts and numbers, or of one text with commas between them."""
    if isinstance(given, list | tuple) and len(given) == 1:
        given = given[0]
    if isinstance(given, str):
        given = [part.strip() for part in next(csv.reader([given], skipinitialspace=True), [])]
    classes = spellings_of(given)
    if classes and (len(classes) < 3 or len(set(classes)) < len(classes) or not all(classes)):
        raise UsageError("source.ordered", found=as_given(given))
    return classes


def size_of(size: Any) -> tuple[int, int]:
    """`(height, width)` of two numbers, one for both, or text: `48x64`."""
    parts = size.lower().split("x") if isinstance(size, str) else size
    try:
        several = parts if isinstance(parts, list | tuple) else [parts]
        sides = [int(side) if isinstance(side, str) else operator.index(side) for side in several]
    except (TypeError, ValueError):
        sides = []
    if len(sides) == 1:
        sides *= 2
    if len(sides) != 2 or not all(1 <= side <= LARGEST_SIDE for side in sides):
        raise UsageError("folder.size", found=as_given(size), most=LARGEST_SIDE)
    return sides[0], sides[1]
