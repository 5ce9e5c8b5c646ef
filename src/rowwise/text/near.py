"""A word that is not known, and those that are → the nearest of them, by itself or as a sentence that asks."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterable

SIMILAR = 0.6  # of two names, for one to be taken for a slip of the other: `epoch` and `epochs`, not `lr` and `x`


def nearest(word: str, known: Iterable[str]) -> str:
    """The one that the word may be a slip of; empty where none is."""
    return next(iter(difflib.get_close_matches(word, list(known), 1, SIMILAR)), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean train?`, or nothing."""
    near = nearest(word, known)
    return " " + say("cli.usage.near", near=near) if near else ""
