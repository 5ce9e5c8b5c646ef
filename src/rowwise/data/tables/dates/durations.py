"""Durations as texts, such as `1 days 02:00:00`, `26:15:30`, `PT2H15M` or `2h 15m` → seconds; which columns have them.

`02:15:30` is a time of day as well: a column is of durations by its values only where one of them is none. `3:1` is
a score or a ratio.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

LOOKED_AT = 16  # values of a batch that are looked at before all are
_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
# Of a whole text; the names of the groups are those of `SECONDS`, but for signs.
EXPRESSIONS = (
    r"(?i)^(?P<sign>[-+])?\s*(?:(?P<days>[0-9]+)\s*(?:days?|d|tage?|jours?|días?|일|日),?\s*)?"
    r"(?P<clock_sign>[-+])?(?P<hours>[0-9]+):(?P<minutes>[0-5][0-9])(?::(?P<seconds>[0-5][0-9](?:[.,][0-9]+)?))?$",
    rf"(?i)^(?P<sign>[-+])?P(?:(?P<weeks>{_NUMBER})W)?(?:(?P<days>{_NUMBER})D)?"
    rf"(?:T(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?(?:(?P<seconds>{_NUMBER})S)?)?$",
    rf"(?i)^(?P<sign>[-+])?\s*(?:(?P<weeks>{_NUMBER})\s*(?:w|wks?|weeks?|wochen?|주|週|周)\.?\s*,?\s*)?"
    rf"(?:(?P<days>{_NUMBER})\s*(?:d|days?|tage?n?|jours?|días?|일|日|天|дн|день|дня|дней)\.?\s*,?\s*)?"
    rf"(?:(?P<hours>{_NUMBER})\s*(?:h|hrs?|hours?|std|stunden?|heures?|horas?|시간|時間|小时|ч|час(?:а|ов)?)\.?\s*,?\s*)?"
    rf"(?:(?P<minutes>{_NUMBER})\s*(?:m|mins?|minut(?:en?|es?|os?|a|y|ы|е)?|분|分钟?|мин|минут[аы]?)\.?\s*,?\s*)?"
    rf"(?:(?P<seconds>{_NUMBER})\s*(?:s|secs?|seconds?|sek|sekunden?|secondes?|segundos?|초|秒|с|сек|секунд[аы]?)\.?)?$",
    r"^(?P<sign>[-+])?(?P<minutes>[0-9]+):(?P<seconds>[0-5][0-9][.,][0-9]+)$",  # 1:02.5, of a lap
)
SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
_RESEMBLES = re.compile(r"[0-9]\s*[^\W\d_]|[0-9]:[0-9]")  # a number with a unit, or a clock
_TIME_OF_DAY = r"^(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?$"


def as_seconds(texts: pl.Series) -> pl.Series:
    """Float64; null where a text is no duration."""
    import polars as pl

    read = pl.Series([None] * len(texts), dtype=pl.Float64)
    for expression in EXPRESSIONS:
        unread = (read.is_null() & texts.is_not_null()).arg_true()
        if not len(unread):
            break
        read = read.scatter(unread, _by(texts.gather(unread), expression))
    return read


def _by(texts: pl.Series, expression: str) -> pl.Series:
    import polars as pl

    parts = texts.str.extract_groups(expression).struct.unnest()
    named = [name for name in SECONDS if name in parts.columns]
    amounts = {name: parts[name].str.replace(",", ".", literal=True).cast(pl.Float64) for name in named}
    has_amount = pl.select(pl.any_horizontal(amount.is_not_null() for amount in amounts.values())).to_series()
    signs = {
        name: pl.Series([1.0] * len(texts)).set((parts[name] == "-").fill_null(False), -1.0)
        for name in ("sign", "clock_sign")
        if name in parts.columns
    }
    total = pl.Series([0.0] * len(texts))
    if "clock_sign" in parts.columns:  # as pandas has it, -1 days +22:00:00 is two hours less than none
        apart = amounts["days"].is_not_null()
        of_clock = signs["clock_sign"].zip_with(apart, signs["sign"] * signs["clock_sign"])
        total += amounts.pop("days").fill_null(0) * signs["sign"] * SECONDS["days"]
    else:
        of_clock = signs["sign"]
    for name, amount in amounts.items():
        total += amount.fill_null(0) * of_clock * SECONDS[name]
    return total.set(~has_amount, None)


@dataclass
class DurationEvidence:
    """What a column of texts shows of durations.

    Attributes:
        possible: whether all values so far are durations.
        count: how many.
        beyond: whether one of them is no time of day.
    """

    possible: bool = True
    count: int = 0
    beyond: bool = False

    @property
    def all(self) -> bool:
        """Whether there are values, and all are durations."""
        return self.possible and self.count > 0

    @property
    def matches(self) -> bool:
        """Whether they can be nothing else."""
        return self.all and self.beyond

    def add(self, present: pl.Series) -> None:
        """One more batch of texts, none of them null."""
        if not self.possible or not len(present):
            return
        some = present.gather_every(max(len(present) // LOOKED_AT, 1))[:LOOKED_AT]
        resembles = all(_RESEMBLES.search(text) for text in some.to_list())  # numbers and words, most often, do not
        if not resembles or as_seconds(some).null_count() or as_seconds(present).null_count():
            self.possible = False
            return
        self.count += len(present)
        self.beyond = self.beyond or not bool(present.str.contains(_TIME_OF_DAY).all())
