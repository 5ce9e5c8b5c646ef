"""What stands among a column's numbers → the error that names it, or the line that says how it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.data.tables.number_profile import SHOWN
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.data.tables.profile import Profile
    from rowwise.errors import RowwiseError

LONGEST = 30  # characters of a value in a message


def no_numbers(error: type[RowwiseError], name: str, profile: Profile) -> RowwiseError:
    """The error about a column that should hold numbers: which values are none, or are in another unit."""
    numbers = profile.numbers
    if numbers.several_units and not numbers.strays:
        first, second = list(numbers.units.values())[:2]
        return error(
            "table.units",
            name=name,
            first=first.text[:LONGEST],
            first_record=f"{first.record + 1:,}",
            second=second.text[:LONGEST],
            second_record=f"{second.record + 1:,}",
        )
    others = numbers.others(profile.present)
    return error(
        "table.mixed",
        name=name,
        numbers=f"{profile.present - others - numbers.marks:,}",
        others=f"{others:,}",
        found=_examples(profile),
    )


def number_notes(name: str, profile: Profile, kind: str) -> list[str]:
    """Sentences on values that are taken for something else than they may be: marks, bare numbers, codes, units."""
    numbers = profile.numbers
    if kind == "numeric":
        notes = []
        if numbers.mark:
            text, record = numbers.mark
            found = {"count": f"{numbers.marks:,}", "found": text[:LONGEST], "record": f"{record + 1:,}"}
            notes.append(say("table.marks", name=name, **found))
        if numbers.unit and numbers.bare:
            text, record = numbers.bare
            found = {"count": f"{numbers.without_unit:,}", "found": text[:LONGEST], "record": f"{record + 1:,}"}
            notes.append(say("table.bare", name=name, unit=numbers.unit, **found))
        return notes
    if profile.all_numbers and numbers.code and kind in ("categorical", "dropped"):
        return [say(f"table.codes.{kind}", name=name, found=numbers.code[:LONGEST])]
    if numbers.several_units and kind == "categorical" and numbers.mostly_numbers(profile.present):
        first, second = list(numbers.units.values())[:2]
        return [say("table.units.levels", name=name, first=first.text[:LONGEST], second=second.text[:LONGEST])]
    return []


def _examples(profile: Profile) -> str:
    """`"n/k" in record 39, "x" in record 52, …`."""
    numbers = profile.numbers
    found = sorted(numbers.strays.items(), key=lambda stray: stray[1]) or [numbers.unlike or profile.first]
    shown = [say("table.example", found=text[:LONGEST], record=f"{record + 1:,}") for text, record in found[:SHOWN]]
    return ", ".join(shown) + (", …" if len(found) > SHOWN else "")
