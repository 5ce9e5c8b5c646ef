"""What stands among a column's numbers → the error that names it, or the line that says how it is taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rowwise.data.tables.magnitudes import WRITTEN_OUT, magnitude
from rowwise.data.tables.number_lookalikes import days_without_year, different_units, digits_of_dates, unread_way
from rowwise.data.tables.number_profile import SHOWN
from rowwise.data.tables.number_text import SHORTENED, as_numbers
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.data.tables.profile import Profile

LONGEST = 30  # characters of a value in a message
OPEN_LEVEL = r"[<>≤≥]|.*\+$"  # the first or the last of several, such as 3.5+
LEAST_YEAR = 1900  # no date in digits alone is a smaller number


def no_numbers(name: str, profile: Profile) -> tuple[str, dict[str, str]]:
    """The message about a column that should hold numbers: its key, and which values are none or in other units."""
    numbers = profile.numbers
    if numbers.several_units and not numbers.strays:
        first, second = list(numbers.units.values())[:2]
        found = {"first": first.text[:LONGEST], "first_record": f"{first.record + 1:,}"}
        found |= {"second": second.text[:LONGEST], "second_record": f"{second.record + 1:,}"}
        return "table.units", {"name": name, **found}
    others = numbers.others(profile.present)
    found = {"name": name, "found": _examples(profile)}
    if not (read := profile.present - others - numbers.marks):
        return "table.no_number", found
    return "table.mixed", {**found, "numbers": f"{read:,}", "others": f"{others:,}"}


def number_notes(name: str, profile: Profile, kind: str) -> list[str]:
    """Sentences on values that are taken for something else than they may be: marks, bare numbers, codes, units.

    Args:
        kind: what the column is taken for; of one that is not used, why.
    """
    numbers = profile.numbers
    if kind == "mixed":
        key, values = no_numbers(name, profile)
        return [say(f"{key}.left", **values)]
    if kind == "numeric":
        notes = []
        if numbers.mark:
            text, record = numbers.mark
            found = {
                "count": f"{numbers.marks or numbers.infinite:,}",
                "found": text[:LONGEST],
                "record": f"{record + 1:,}",
            }
            notes.append(say("table.marks", name=name, **found))
        return notes + unit_notes(name, profile)
    if profile.all_numbers and numbers.code and kind in ("categorical", "identifier", "levels"):
        return [
            say(f"table.codes.{'used' if kind == 'categorical' else 'left'}", name=name, found=numbers.code[:LONGEST])
        ]
    if numbers.several_units and kind == "categorical" and numbers.mostly_numbers(profile.present):
        first, second = list(numbers.units.values())[:2]
        return [say("table.units.levels", name=name, first=first.text[:LONGEST], second=second.text[:LONGEST])]
    if kind == "categorical" and (units := different_units(profile.values or ())):
        return [say("table.units.levels", name=name, first=units[0][:LONGEST], second=units[1][:LONGEST])]
    signed = numbers.units or numbers.evidence.proofs or numbers.evidence.twofold  # which levels such as 0, 1, 3+ lack
    strays = [text for text in numbers.strays if not re.match(OPEN_LEVEL, text)]
    if kind == "categorical" and strays and signed and numbers.mostly_numbers(profile.present):
        return [say("table.written.used", name=name, found=strays[0][:LONGEST])]
    if kind in ("categorical", "identifier", "levels") and (text := unread_way(profile.values or numbers.strays)):
        return [say(f"table.written.{'used' if kind == 'categorical' else 'left'}", name=name, found=text[:LONGEST])]
    return []


def digits_note(name: str, profile: Profile, kind: str) -> list[str]:
    """A sentence where a column's digits, or numbers and names of months, may all be dates; see `number_notes`."""
    numbers = profile.numbers.range
    values = profile.values or ()
    form = digits_of_dates(values) if numbers.low >= LEAST_YEAR else ""  # of what is no number as well
    form = form or days_without_year(values)  # whose month may look like a unit
    if not form:
        return []
    found = min(values)
    return [say(f"table.digits.{'used' if kind == 'numeric' else 'other'}", name=name, found=found, form=form)]


def _examples(profile: Profile) -> str:
    """`"n/k" in record 39, "x" in record 52, …`."""
    numbers = profile.numbers
    found = sorted(numbers.strays.items(), key=lambda stray: stray[1]) or [numbers.unlike or profile.first]
    shown = [say("table.example", found=text[:LONGEST], record=f"{record + 1:,}") for text, record in found[:SHOWN]]
    return ", ".join(shown) + (", …" if len(found) > SHOWN else "")


def unit_notes(name: str, profile: Profile, role: str = "") -> list[str]:
    """Sentences on numbers that are multiplied by what stands beside them, or take their unit from the others.

    Args:
        role: `".target"` of a target, which no option makes a category or leaves out.
    """
    numbers = profile.numbers
    if numbers.several_magnitudes:
        found, value = _multiplied(profile)
        return [say(f"table.multiplied{role}", name=name, found=found, value=value)]
    if not (numbers.unit and numbers.bare):
        return []
    text, record = numbers.bare
    where = {"count": f"{numbers.without_unit:,}", "found": text[:LONGEST], "record": f"{record + 1:,}"}
    return [say(f"table.bare{role}", name=name, unit=numbers.unit, **where)]


def _multiplied(profile: Profile) -> tuple[str, str]:
    """An amount in thousands, millions or the like, and what it is read as."""
    import polars as pl

    numbers = profile.numbers
    units = numbers.units.values()
    shortened = [text for text in profile.values or () if re.match(SHORTENED, text)]
    others = [unit.text for unit in units if WRITTEN_OUT in unit.name or magnitude(unit.name).scale > 1]  # type: ignore[union-attr]
    text = min(shortened, default=others[0])
    value = as_numbers(pl.Series([text]), numbers.decimal, numbers.unit)[0]
    return text[:LONGEST], f"{value:,.6f}".rstrip("0").rstrip(".")
