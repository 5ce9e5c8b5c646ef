"""Texts of levels and classes → which of them say the same: `1` and `1.0`, `True`, `TRUE` and `true`.

A class or level is compared by its text first. What is none of the known texts may still be one of them in another
spelling, since a CSV file, a DataFrame and a dictionary each write one value in their own way.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING

from rowwise.data.column_names import composed
from rowwise.data.tables.parse import FALSE, TRUE

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

# A number as text; a comma before its fraction unless it may stand between thousands; no code such as `00E1`.
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+|\d+,(?:\d{1,2}|\d{4,}))(?:[eE][+-]\d{1,3})?", re.ASCII)


def yes_or_no(texts: Iterable[str]) -> bool:
    """Whether the texts are those of yes and no, in whatever spellings, and both are there."""
    lower = {text.lower() for text in texts}
    return lower <= {*TRUE, *FALSE} and bool(lower & {*TRUE}) and bool(lower & {*FALSE})


def meaning(text: str, boolean: bool) -> Hashable:
    """Equal for texts that say the same.

    Args:
        boolean: whether the text is one of yes and no.
    """
    lower = text.lower()
    if boolean and lower in TRUE:
        return True, "boolean"
    if boolean and lower in FALSE:
        return False, "boolean"
    return Decimal(text.replace(",", ".")) if NUMBER.fullmatch(text) else composed(text)


def merged(texts: Iterable[str]) -> tuple[list[str], list[tuple[str, ...]]]:
    """One text for each meaning, the shortest; and the groups of those that say the same and look otherwise."""
    texts = list(texts)
    boolean = yes_or_no(texts)
    groups: dict[Hashable, list[str]] = {}
    for text in texts:
        groups.setdefault(meaning(text, boolean), []).append(text)
    ordered = [sorted(group, key=lambda text: (len(text), text.swapcase())) for group in groups.values()]
    said = [tuple(group) for group in ordered if len({composed(text) for text in group}) > 1]
    return [composed(group[0]) for group in ordered], said


def numbers_of(texts: Iterable[str], levels: tuple[str, ...]) -> dict[str, int]:
    """The number of its level for each text that is a level in another spelling."""
    boolean = yes_or_no(levels)
    known = {meaning(level, boolean): number for number, level in enumerate(levels)}
    words = {level.lower(): number for number, level in enumerate(levels) if level.lower() in ("true", "false")}
    found = {text: known.get(meaning(text, boolean), words.get(text.lower())) for text in texts}
    return {text: number for text, number in found.items() if number is not None}


def folded_name(text: str) -> str:
    """The same for names that differ in case, in the width of their letters, in spaces, in what is not seen, or in a
    point at the end."""
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")
    return " ".join(seen.casefold().split()).rstrip(" .") or text
