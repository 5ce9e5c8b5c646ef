"""The labels of a table's columns → names that differ; what a user calls columns → their names."""

from __future__ import annotations

import csv
import difflib
import unicodedata
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rowwise.errors import DataError, UsageError, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rowwise.data.source import Source

MOST_COLUMNS = 10_000
LONGEST = 40  # characters of a name, or of a value, in a message
MOST_LISTED = 20  # names in a message
SEVERAL = ("target", "categorical", "numeric", "drop")  # options that take several names
SINGLE = ("group", "time", "weight")  # and those that take one


def composed(name: str) -> str:
    """A name as one text for all ways to encode its letters: macOS writes `é` and Hangul in pieces."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def checked_names(place: object, names: Sequence[str]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The names, `composed`, and of each that several columns had, what these are called: `x`, `x.1`, as pandas does.

    Raises:
        DataError: there are too many.
    """
    if len(names) > MOST_COLUMNS:
        raise DataError("table.columns", path=place, found=f"{len(names):,}", most=f"{MOST_COLUMNS:,}")
    names = [composed(name) for name in names]
    counts = Counter(names)
    if len(counts) == len(names):
        return tuple(names), {}
    taken, distinct = set(names), []
    repeated: dict[str, list[str]] = {}
    for name in names:
        new = name
        if counts[name] > 1:
            number = len(repeated.setdefault(name, []))
            while number and (new := f"{name}.{number}") in taken:
                number += 1
            taken.add(new)
            repeated[name].append(new)
        distinct.append(new)
    return tuple(distinct), {name: tuple(several) for name, several in repeated.items()}


def label_name(label: Any, number: int) -> str:
    """The name of a pandas column: a label of several levels is joined by spaces; `column_3` where there is none."""
    if isinstance(label, str) and label:
        return label
    parts = label if isinstance(label, tuple) else (label,)
    return " ".join(text for part in parts if part is not None and (text := str(part))) or f"column_{number}"


def labels_named(frame: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with columns' names in place of labels of a DataFrame that are no texts: `3`, `("size", "cm")`."""
    labels = list(frame.columns) if hasattr(frame, "iloc") else []
    names = {label: label_name(label, number) for number, label in enumerate(labels, 1) if not isinstance(label, str)}
    if not names:
        return dict(options)

    def name_of(value: Any) -> Any:
        try:
            return names.get(value, value)
        except TypeError:  # a list
            return value

    def names_of(value: Any) -> Any:
        one = name_of(value)
        return [name_of(part) for part in one] if isinstance(one, list | tuple) else one

    return {key: names_of(value) if key in (*SEVERAL, *SINGLE) else value for key, value in options.items()}


def resolved(source: Source, place: object, columns: Sequence[str], repeated: Mapping[str, tuple[str, ...]]) -> Source:
    """The source with the names of columns in place of what the user wrote: see `named`.

    Where several columns had one name, it stands for all of them but for the target, a group, a time or a weight, of
    which there is one.

    Raises:
        UsageError: a target, group, time or weight whose name several columns have.

    Warns:
        Suspicious: columns had the same name, and are not dropped.
    """
    names: dict[str, Any] = {option: names_in(map(composed, getattr(source, option)), columns) for option in SEVERAL}
    single: dict[str, Any] = {option: composed(getattr(source, option)) for option in SINGLE}
    source = replace(source, **single)
    if not repeated:
        return replace(source, **names)
    for option in ("target", *SINGLE):
        asked = names["target"] if option == "target" else (getattr(source, option),)
        for name in asked:
            left = [one for one in repeated.get(name, ()) if one not in names["drop"] or one in asked]
            if len(left) > 1:
                values = {"option": option, "name": cut(name), "path": place, "names": listed(left)}
                raise UsageError("table.twice.asked", **values, drop=listed(left[1:2]))
    for option in ("categorical", "numeric", "drop"):
        names[option] = tuple(one for name in names[option] for one in repeated.get(name, (name,)))
    for name, several in repeated.items():
        if not set(several) <= {*names["drop"], *names["target"]}:
            warn_user(say("table.twice", path=place, name=cut(name), names=listed(several)))
    return replace(source, **names)


def names_in(asked: Iterable[str], columns: Sequence[str]) -> tuple[str, ...]:
    """The names that the user wrote, one or several in a text: `id,zip`, `"Income, monthly",id`, `Income, monthly`.

    What is a column's name as it stands is taken for that, commas and all. Else names are separated by commas, and one
    may be quoted as in CSV. What is no column's name is left as it is, so that the message about it says so.
    """
    known = set(columns)
    return tuple(name for text in asked for name in ([text] if text in known else _parted(text, known)))


def _parted(text: str, known: set[str]) -> list[str]:
    if '"' in text:
        parts = next(csv.reader([text], skipinitialspace=True), [])
        return [part if part in known else part.strip() for part in parts if part.strip()]
    names, parts = [], text.split(",")
    while parts:
        longest = (",".join(parts[:count]) for count in range(len(parts), 1, -1))
        found = next((part for part in longest if part in known or part.strip() in known), parts[0])
        del parts[: found.count(",") + 1]
        names.append(found if found in known else found.strip())
    names = [name for name in names if name]
    if not known.issuperset(names) and difflib.get_close_matches(text, [n for n in known if "," in n], 1, 0.8):
        return [text]  # a name with a comma, misspelt
    return names


def cut(text: object, most: int = LONGEST) -> str:
    """A text of the user's as a message has it: not longer than `most` characters."""
    shown = str(text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def listed(names: Iterable[str], most: int = MOST_LISTED) -> str:
    """Names as the user may write them in an option: quoted where they hold a comma; the rest is hinted at."""
    several = list(names)
    shown = [f'"{cut(name)}"' if "," in name else cut(name) for name in several[:most]]
    return ", ".join(shown) + (", …" if len(several) > most else "")
