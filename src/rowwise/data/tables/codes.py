"""Columns of numbers → those that are codes by their names and values: hours, stores, postal codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

CODES = re.compile(
    r"(^|[ _.])(hour|hr|month|mnth|weekday|day_?of_?week|dow|zip(_?code)?|postal_?code|plz|store|shop|branch|region|"
    r"district|season|code|cd|cluster)([ _.]?(id|no|nr|code))?$|(코드|월|요일|시간대|우편번호|지점|매장|계절|구분)$"
)
LEVELS = range(3, 1001)  # different codes


def codes(numbers: Mapping[str, NDArray[Any]]) -> list[str]:
    """The names of those columns `(records,)` in which few whole numbers stand under the name of something that has no
    order, or starts over."""
    return [name for name, values in numbers.items() if is_code(name) and _few_whole(values)]


def is_code(name: str) -> bool:
    """Whether a column is called as codes are."""
    return CODES.search(name.strip().lower()) is not None


def _few_whole(values: NDArray[Any]) -> bool:
    present = values[~np.isnan(values)]
    distinct = len(np.unique(present))
    return distinct in LEVELS and distinct * 2 <= len(present) and bool((present == np.rint(present)).all())
