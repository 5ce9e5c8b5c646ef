"""The number texts of a file's columns → the sign that stands before fractions, one for the file.

A text with one meaning (`0,25`, `1.234,5`, `1,234,567`) proves a sign. One with two (`1.050`: 1.05, or 1050) is
settled, in this order, by the option `decimal`, by other texts of its column, by the other columns, by the file that a
model was trained on where this one is separated alike, by plain whole numbers beside it (`950` shows that thousands are
what is separated; `1050` that they are not), and by what separates the fields.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rowwise.data.tables.number_text import FORMS, SIGNS, TWOFOLD, as_numbers
from rowwise.data.tables.units import COMMAS_BETWEEN_THOUSANDS, MYRIADS, WITHOUT_FRACTIONS
from rowwise.errors import warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    import polars as pl
    from numpy.typing import NDArray

THOUSAND = 1000  # the least number that may have a sign between its thousands


@dataclass
class Evidence:
    """What a column's number texts show.

    Attributes:
        proofs: texts that can only be read with that sign before their fraction.
        twofold: by the sign that stands in them, texts of two meanings.
        short, long: whole numbers without any sign, below `THOUSAND` (or such as `$1,234`), and others.
        examples: by the sign that it proves, a text; and at `""` the first one of two meanings.
    """

    proofs: Counter[str] = field(default_factory=Counter)
    twofold: Counter[str] = field(default_factory=Counter)
    short: int = 0
    long: int = 0
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def proven(self) -> str:
        """The sign that most of its texts prove; empty where none does, or as many prove the other."""
        points, commas = self.proofs["."], self.proofs[","]
        return "" if points == commas else "." if points > commas else ","

    @property
    def likely(self) -> str:
        """The sign that plain whole numbers beside texts of two meanings make likely; empty where there are none."""
        points, commas = self.twofold["."], self.twofold[","]
        if points == commas or not (self.short or self.long):
            return ""
        stands = "." if points > commas else ","
        return stands if self.long else _other(stands)

    def add_plain(self, texts: pl.Series, numbers: NDArray[np.float64]) -> None:
        """Look at texts that Polars reads as these numbers: there are no commas in them."""
        pointed = texts.str.contains(".", literal=True).to_numpy()
        if not pointed.any():
            self._add_whole(numbers)
            return
        self._add_whole(numbers[~pointed])
        with_point = texts.filter(pointed)
        twofold = with_point.str.contains(TWOFOLD)
        self._count("", ".", with_point.filter(twofold))
        self._count(".", ".", with_point.filter(~twofold))

    def add_other(self, texts: pl.Series, parts: pl.DataFrame, numbers: NDArray[np.float64]) -> None:
        """Look at texts that were taken apart to these numbers, NaN where one is none."""
        bodies = parts["body"]
        fits = {sign: bodies.str.contains(FORMS[sign]).fill_null(False) for sign in SIGNS}
        signed = bodies.str.contains("[.,]").fill_null(False)
        both = fits["."] & fits[","]
        self._add_whole(numbers[(both & ~signed).to_numpy()])
        whole = parts["unit"].is_in(WITHOUT_FRACTIONS).fill_null(False)
        for sign in SIGNS:  # the point first
            twofold = both & bodies.str.contains(sign, literal=True)
            if sign == ",":
                whole |= parts["unit"].is_in(MYRIADS).fill_null(False)
            self._count("", sign, texts.filter(twofold & ~whole))
            self._count(_other(sign), _other(sign), texts.filter(twofold & whole))
            self._count(sign, sign, texts.filter(fits[sign] & ~fits[_other(sign)]))
        thousands = both & parts["unit"].is_in(COMMAS_BETWEEN_THOUSANDS).fill_null(False)
        self.short += int((thousands & bodies.str.contains(",", literal=True)).sum())

    def _add_whole(self, numbers: NDArray[np.float64]) -> None:
        long = int((np.abs(numbers) >= THOUSAND).sum())
        self.long += long
        self.short += len(numbers) - long

    def _count(self, proof: str, sign: str, texts: pl.Series) -> None:
        if len(texts):
            (self.proofs if proof else self.twofold)[sign] += len(texts)
            self.examples.setdefault(proof, str(texts[0]))


class Signs(NamedTuple):
    """The sign before fractions.

    Attributes:
        file: of the file.
        columns: of each column that has number texts.
        shown: the same as `file` where a text has such a sign, or it was asked for; else empty.
    """

    file: str
    columns: Mapping[str, str]
    shown: str = ""

    def of(self, name: str) -> str:
        return self.columns.get(name, self.file)


def choose_signs(
    evidence: Mapping[str, Evidence],
    separator: str = "",
    asked: str = "",
    usual: str = "",
    usual_separator: str = "",
    used: Container[str] | None = None,
) -> Signs:
    """The signs of a file.

    Args:
        evidence: of its columns that mostly hold numbers.
        separator: between its fields; empty of what is no CSV file.
        asked: the user's option; empty: none.
        usual, usual_separator: of the file that a model was trained on, where there is one.
        used: the columns that are worth a warning; None: all of them.

    Warns:
        Suspicious: both signs are proven, or none is and a text has two meanings.
    """
    if asked:
        return Signs(asked, {}, asked)
    watched = {name: one for name, one in evidence.items() if used is None or name in used}
    proven = Counter(one.proven for one in evidence.values())
    likely = Counter(one.likely for one in evidence.values())
    alike = bool(usual) and (separator == usual_separator or separator not in (",", ";"))
    expected = usual if alike else "," if separator == ";" else "."
    if proven["."] or proven[","]:
        file = _most(proven, expected)
        _warn_of_two_signs(watched, file)
    else:
        file = expected if alike else _most(likely, expected)
        confirmed = likely[file] > likely[_other(file)]
        if not (file == expected and (confirmed or alike or separator == ",")):
            _warn_of_two_meanings(watched, file)
    seen = any(one.proofs or one.twofold for one in evidence.values())
    return Signs(file, {name: one.proven or file for name, one in evidence.items()}, file if seen else "")


def _most(votes: Counter[str], otherwise: str) -> str:
    return otherwise if votes["."] == votes[","] else "." if votes["."] > votes[","] else ","


def _other(sign: str) -> str:
    return "," if sign == "." else "."


def _warn_of_two_signs(evidence: Mapping[str, Evidence], file: str) -> None:
    other = _other(file)
    odd = [name for name, one in evidence.items() if one.proofs[other]]
    if odd:
        warn_user(say("table.decimal.two", name=odd[0], found=evidence[odd[0]].examples[other], sign=file))


def _warn_of_two_meanings(evidence: Mapping[str, Evidence], file: str) -> None:
    found = [(name, one.examples[""]) for name, one in evidence.items() if "" in one.examples]
    if found:
        import polars as pl

        name, text = found[0]
        value = as_numbers(pl.Series([text]), file)[0]
        warn_user(say("table.decimal.open", name=name, found=text, value=value, sign=_other(file)))
