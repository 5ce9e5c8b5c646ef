"""What the columns of a table show of their dates → one order of day, month and year for the file.

A date such as 14/01/2023 proves that the day comes first, and a file has one order: it settles the other columns.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rowwise.data.tables.dates.timestamps import CENTURY, as_timestamps
from rowwise.errors import UsageError, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rowwise.data.tables.dates.evidence import DateEvidence

SHOWN = 3  # columns in a message
FEWEST_DAYS, MANY_DAYS = 5, 20  # different numbers behind names of months: with gaps, or so many, they may be days


def settle(evidence: Mapping[str, DateEvidence], asked: str = "") -> list[str]:
    """Give each column its order; the names of those that are a guess.

    Args:
        evidence: by column.
        asked: one of `ORDERS`, which goes before all that the file shows.

    Raises:
        UsageError: a column has dates in another order than the one asked for.
    """
    choices = {name: candidates for name, one in evidence.items() if (candidates := one.candidates)}
    proven = {candidates[0] for candidates in choices.values() if len(candidates) == 1}
    signs = {match[1] for one in evidence.values() if (match := re.match(r"%Y\s*([/.])", one.pattern))}
    guessed = []
    for name, candidates in choices.items():
        one = evidence[name]
        if asked and asked not in candidates:
            unread = one.reads[asked].unread or ("", 0)
            raise UsageError("dates.asked", name=name, asked=asked, found=unread[0], record=f"{unread[1] + 1:,}")
        shared = [order for order in candidates if order in proven]
        if asked or len(candidates) == 1:
            one.order = asked or candidates[0]
        elif len(shared) == 1 and len(proven) == 1:
            one.order = shared[0]
        elif "year-first" in candidates and not proven and signs & set(one.sample):  # 23.1.14 beside 2023.01.14
            one.order = "year-first"
        else:
            one.order = _likely(one, candidates)
            if "." not in one.sample or len(candidates) > 2 or "year-first" in candidates:
                guessed.append(name)
    return guessed


def _likely(one: DateEvidence, candidates: list[str]) -> str:
    """Of the orders that nothing in the file decides between.

    What is the same in all dates is the day, as of monthly data, which stand on the first. Years differ least in any
    file. Points and dashes are written in Europe, where the day comes first, slashes in America as well.
    """
    first, second, third = (len(place) for place in one.places)
    if "year-first" in candidates and (first, _stretch(one.places[0])) < (third, _stretch(one.places[2])):
        return "year-first"
    rest = [order for order in candidates if order != "year-first"] or candidates
    if len(rest) == 1:
        return rest[0]
    if (first == 1) != (second == 1):
        return "day-first" if first == 1 else "month-first"
    return "month-first" if "/" in one.sample else "day-first"


def _stretch(numbers: set[str]) -> int:
    """From the least to the greatest of them."""
    return max(map(int, numbers), default=0) - min(map(int, numbers), default=0)


def tell_guessed(evidence: Mapping[str, DateEvidence], guessed: list[str]) -> None:
    """Tells the user how ambiguous dates were read, and how to change it."""
    if not guessed:
        return
    one = evidence[guessed[0]]
    names = ", ".join(guessed[:SHOWN]) + (", …" if len(guessed) > SHOWN else "")
    other = next(order for order in one.candidates if order != one.order)
    read = say(f"dates.{one.order}")
    warn_user(say("dates.ambiguous", names=names, sample=one.sample, read=read, order=one.order, other=other))


def tell_unread(name: str, one: DateEvidence) -> None:
    """Say how many values of a column of dates are none, and which is the first."""
    text, record = one.best.unread or ("", 0)
    facts = {
        "count": f"{one.unread:,}",
        "values": f"{one.looked_at:,}",
        "found": text[:30],
        "record": f"{record + 1:,}",
    }
    warn_user(say("dates.unread", name=name, **facts))


def tell_mostly(name: str, one: DateEvidence) -> None:
    """Say that a column is taken as a category of which many values are dates, and which is the first that is none."""
    text, record = one.best.unread or ("", 0)
    facts = {"dates": f"{one.best.count:,}", "found": text[:30], "record": f"{record + 1:,}"}
    warn_user(say("dates.mostly", name=name, sample=one.sample[:30], **facts))


def tell_zones(name: str, one: DateEvidence) -> None:
    """Say that the names of some zones tell no offset."""
    if unknown := one.unknown_zones:
        found = ", ".join([*unknown][:SHOWN])
        warn_user(say("dates.zones", name=name, count=f"{unknown.total():,}", found=found))


def tell_weeks(name: str, one: DateEvidence) -> None:
    """Say which day a week is read as, where it is not written as in ISO 8601 and so may be counted in another way."""
    import polars as pl

    if "%V" in one.pattern and "W%V" not in one.pattern.removeprefix("%Y"):
        day = as_timestamps(pl.Series([one.sample]), one.pattern)[0]
        warn_user(say("dates.weeks", name=name, found=one.sample[:30], day=day.date().isoformat()))


def tell_days_as_years(name: str, one: DateEvidence, values: Collection[str]) -> None:
    """Say that `Jan 14` is read as a month and its year where the numbers look like days: up to 31, and with gaps."""
    import polars as pl

    if not re.fullmatch(r"%[bB][ .-]*%y", one.pattern):
        return
    days = {int(found[0]) for text in values if (found := re.search(r"\d\d?$", text.strip()))}
    if len(days) < FEWEST_DAYS or not days <= set(range(1, 32)):
        return
    if max(days) - min(days) >= len(days) or len(days) >= MANY_DAYS:
        year = str(as_timestamps(pl.Series([one.sample]), one.pattern)[0].year)
        warn_user(say("dates.years", name=name, found=one.sample[:30], year=year))


def tell_years(name: str, one: DateEvidence) -> None:
    """Say what years of two digits are taken for where that is a guess; and which years can hardly be meant."""
    if one.century != CENTURY:
        short = f"{one.century % 100:02}"
        warn_user(
            say("dates.century", name=name, found=one.best.ahead, first=f"19{short}", last=f"20{one.century - 1}")
        )
    if one.best.unusual:
        text, record = one.best.unusual
        facts = {"count": f"{one.best.odd:,}", "found": text[:30], "record": f"{record + 1:,}"}
        warn_user(say("dates.unusual", name=name, **facts))
