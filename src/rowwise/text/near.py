"""A word that is not known, and those that are → the nearest of them, as a sentence that asks."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterable

SIMILAR = 0.6


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean train?`, or nothing."""
    found = difflib.get_close_matches(word, list(known), 1, SIMILAR)
    return " " + say("cli.usage.near", near=found[0]) if found else ""
