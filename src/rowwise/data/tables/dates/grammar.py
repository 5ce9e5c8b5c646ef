"""One text → the way its date or time of day is written, as a pattern of strftime; and the same ways as expressions.

The expressions are of Python and of Polars alike. They are looser than a pattern: digits may lack a zero before them,
a time may follow a date or not, with a fraction of a second or not.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from rowwise.data.tables.dates.month_names import MONTHS, WORDS

# Which number of 01/02/2023 is what, by the names of `rowwise.data.source.DATE_ORDERS`.
ORDERS = {"day-first": "dmy", "month-first": "mdy", "year-first": "ymd"}
NUMBERS = ("one", "two", "three")
LETTERS = {"y": "year", "m": "month", "d": "day"}

# Before the first year of each; the ends of two overlap, as they did.
ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "明治": 1867, "民國": 1911, "民国": 1911}
AFTERNOON = ("pm", "p.m.", "p.m", "p. m.", "p. m", "오후", "下午", "午後")
_HALF = "AM|PM|A\\.\\s?M\\.?|P\\.\\s?M\\.?|오전|오후|上午|下午|午前|午後"

_YEAR = "(?P<year>[12][0-9]{3})"
_ANY_YEAR = "(?P<year>[0-2][0-9]{3})"  # beside a month and a day: 0123-04 is a code
_SOME_YEAR = "(?P<year>[0-2][0-9]{3}|[0-9]{2})"
_MONTH = "(?P<month>[0-9]{1,2})"
_DAY = "(?P<day>[0-9]{1,2})"
_NAME = r"(?P<name>[^\W\d_]{3,12}\.?)"
WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,?\s+)?"
_NTH = "(?:st|nd|rd|th|er)?"
_HOUR = "(?P<hour>[0-9]{1,2})"


def _clock(between: str, unit: str = "시時") -> str:
    """A time of day, its hour and minute apart by one of the signs `between`, or by a word for the hour."""
    return (
        rf"(?:(?P<before>{_HALF})\s*)?{_HOUR}(?:\s*(?:(?P<colon>[{between}])|[{unit}])\s*(?P<minute>[0-9]{{1,2}})"
        rf"(?:\s*[{between}분分]\s*(?P<second>[0-9]{{1,2}})(?:[.,](?P<fraction>[0-9]{{1,9}}))?)?)?\s*[시時분分초秒]?"
        rf"(?:\s*(?:(?P<after>{_HALF})|Uhr))?"
    )


_CLOCK = _clock(":")
_FULL_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
# What may follow a date: its weekday, a time of day, whose parts a point may separate there.
_THEN = (
    r"(?:\s?(?:г\.?|года|р\.|року|r\.|roku))?"  # a word for year, as of Russian, Ukrainian and Polish
    r"(?:\s*\([^\W\d_]{1,9}\)|,?\s*(?:[월화수목금토일]요일|[月火水木金土日]曜日?|星期[一二三四五六日]))?"
    rf"(?:(?:\s*T\s*|,?\s+(?:at\s+|um\s+|à\s+)?|:){_clock(':.', '시時h')})?"
)
# What may stand before three numbers: a weekday, a time of day.
BEFORE = rf"(?:{WEEKDAY}|{_FULL_CLOCK}\s+)"


class Form(NamedTuple):
    """A way of writing.

    Attributes:
        grain: what it says: a `"day"` with or without a time, a `"month"`, or a `"clock"` alone.
        expression: of a whole text; its named groups are the parts.
        any_order: whether its three numbers, `NUMBERS`, wait for one of `ORDERS`.
    """

    grain: str
    expression: str
    any_order: bool = False


def _form(grain: str, expression: str, any_order: bool = False) -> Form:
    return Form(grain, f"(?i)^{expression}$", any_order)


_THREE = r"(?P<one>[0-9]{1,2})\s*[-/.]\s*(?P<two>[0-9]{1,2})\s*[-/.]\s*(?P<three>[0-2][0-9]{3}|[0-9]{2})"
_THIRD = r"(?:\.|er|e|º|°|th|st|nd|rd)?\s*(?:quartal|quarter|trimestre|trim\.?|kwartał|квартал)"
_WEEKLY = "(?:KW|CW|Wk|Week|Woche|Sem|Semaine|Semana|Settimana|Vecka|Uge|Tydzień|Hafta|W|неделя)"
FORMS = (
    _form(
        "day",
        rf"{WEEKDAY}{_ANY_YEAR}(?:\s*[-/._년年]\s*|\s){_MONTH}(?:\s*[-/._월月]\s*|\s){_DAY}\s*[.일日]?{_THEN}",
    ),
    _form("day", rf"{WEEKDAY}(?P<year>[0-9]{{2}})\s*[년年]\s*{_MONTH}\s*[월月]\s*{_DAY}\s*[일日]?{_THEN}"),
    _form("day", rf"'(?P<year>[0-9]{{2}})\s*[-/.]\s*{_MONTH}\s*[-/.]\s*{_DAY}\.?{_THEN}"),
    _form("day", WEEKDAY + _THREE + _THEN, any_order=True),
    _form("day", rf"{WEEKDAY}{_DAY}{_NTH}[-\s/.]*(?:of\s+|de\s+)?{_NAME}[-\s/.,]*(?:de\s+)?{_SOME_YEAR}{_THEN}"),
    _form("day", rf"(?:ngày\s+)?{_DAY}\s+tháng\s+{_MONTH}(?:,?\s*năm|,)?\s+{_YEAR}{_THEN}"),  # Vietnamese
    _form("day", rf"{WEEKDAY}{_NAME}[-\s/.]*{_DAY}{_NTH}(?:,\s*|[-\s/]+){_SOME_YEAR}{_THEN}"),
    _form("day", rf"{_YEAR}[-\s/.]*{_NAME}[-\s/.]*{_DAY}\.?{_THEN}"),
    _form(
        "day",
        r"(?P<year>[12][0-9]{3})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
        r"(?:[T\s]?(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?",
    ),
    _form("day", rf"{WEEKDAY}{_NAME}\s+{_DAY}\s+{_CLOCK}\s+(?:(?:UTC|GMT|[+-]0000)\s+)?{_YEAR}"),  # as of `date`
    _form("day", rf"{_CLOCK}\s+{_YEAR}[-/.]{_MONTH}[-/.]{_DAY}"),
    _form("day", rf"{_CLOCK}\s+{_THREE}", any_order=True),
    _form("day", rf"(?P<era>{'|'.join(ERAS)})\s*(?P<year>元|[0-9]{{1,3}})\s*年\s*{_MONTH}\s*月\s*{_DAY}\s*日?{_THEN}"),
    _form("day", rf"{_YEAR}-?W(?P<week>[0-9]{{2}})(?:-?(?P<weekday>[1-7]))?"),
    _form("day", rf"{_YEAR}\s*[-/.,]?\s*{_WEEKLY}\.?\s*(?P<week>[0-9]{{1,2}})"),
    _form("day", rf"{_WEEKLY}\.?\s*(?P<week>[0-9]{{1,2}})(?:\s*[-/.,]\s*|\s+){_YEAR}"),
    _form("day", rf"S(?P<week>[0-9]{{2}})(?:\s*[-/.,]\s*|\s+){_YEAR}"),  # French; S1 is half a year
    _form("day", rf"{_YEAR}\s*[년年]\s*[제第]?\s*(?P<week>[0-9]{{1,2}})\s*(?:주차?|[週周])"),
    _form("day", rf"{_YEAR}-(?P<yearday>[0-9]{{3}})(?:T|\s+){_CLOCK}"),  # without a time it may be a number of anything
    _form("month", rf"{_YEAR}\s*[-/.년年]\s*{_MONTH}\s*[.월月]?"),
    _form("month", rf"(?P<year>[0-9]{{2}})\s*[년年]\s*{_MONTH}\s*[월月]"),
    _form("month", rf"{_YEAR}M{_MONTH}"),
    _form("month", r"(?P<year>19[0-9]{2}|20[0-9]{2})(?P<month>0[1-9]|1[0-2])"),
    _form("month", rf"{_MONTH}[-/.]{_YEAR}"),
    _form("month", rf"{_NAME}[-\s/.,']+(?:de\s+)?{_SOME_YEAR}"),
    _form("month", rf"{_YEAR}[-\s/.]+{_NAME}"),
    _form("month", rf"{_YEAR}\s*[-/년年]?\s*Q(?P<quarter>[1-4])"),
    _form("month", rf"Q(?P<quarter>[1-4])[-\s/]*{_YEAR}"),
    _form("month", rf"Q(?P<quarter>[1-4])[-\s/']+{_SOME_YEAR}"),
    _form("month", rf"(?P<quarter>[1-4])Q[-\s/']*{_SOME_YEAR}"),
    _form("month", rf"T(?P<quarter>[1-4])[-\s/]+{_YEAR}"),
    _form("month", rf"(?P<quarter>[1-4]){_THIRD}\s*(?:de\s+|of\s+)?{_YEAR}"),
    _form("month", rf"{_YEAR}\s*[년年.]?\s*[제第]?\s*(?P<quarter>[1-4])\s*(?:분기|季度?|四半期)"),
    _form("clock", _CLOCK),
    _form(
        "clock",
        r"T(?P<hour>[0-9]{2})(?P<colon>:)(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?",
    ),
    _form("clock", r"(?P<hour>[0-9]{1,2})\s?h\s?(?P<minute>[0-9]{2})"),
    _form("clock", r"(?P<hour>[0-9]{1,2})\.(?P<minute>[0-9]{2})\s*Uhr"),
)
# Stands where a date is missing, as in MySQL's 0000-00-00 and in .NET's 0001-01-01.
_FIRST = r"(?:0001-01-01|0?1[/.]0?1[/.]0001)(?:[ T]0?0:00(?::00(?:\.0+)?)?)?|1/1/0001 12:00:00 AM"
ZEROS = rf"^(?:[0\-/.: T년월일]+|{_FIRST}|NaT|<NA>)$"

_DIRECTIVES = {
    "year": "%Y",
    "month": "%m",
    "day": "%d",
    "hour": "%H",
    "minute": "%M",
    "second": "%S",
    "before": "%p",
    "after": "%p",
    "quarter": "%q",
    "week": "%V",
    "weekday": "%u",
    "yearday": "%j",
    "era": "%E",
}


@cache
def _compiled(form: Form) -> re.Pattern[str]:
    return re.compile(form.expression)


def form_of(text: str) -> Form | None:
    """The form that a text has; None where it is no date nor time of day, or its numbers are out of range."""
    found = _match(text)
    return found[0] if found else None


def pattern_of(text: str, order: str = "dmy") -> str:
    """The pattern of strftime that a text is written in, `""` for none.

    Args:
        order: of three numbers that may stand in any, by their letters; empty where it is not known.
    """
    found = _match(text)
    if found is None or (found[0].any_order and not order):
        return ""
    form, match = found
    named = dict(zip(NUMBERS, order, strict=True)) if form.any_order else {}
    half = match.groupdict().get("before") or match.groupdict().get("after")
    pieces, end = [], 0
    values = match.groupdict().items()
    spans = sorted((match.span(name), name) for name, value in values if value is not None and name != "colon")
    for (start, stop), name in spans:
        pieces.append(text[end:start].replace("%", "%%"))
        part = LETTERS.get(named.get(name, ""), name)
        if part == "fraction":
            pieces[-1] = pieces[-1][:-1]
            directive = "%.f"
        elif part == "name":
            directive = "%b" if stop - start == 3 else "%B"
        elif part == "year" and stop - start < 4:
            directive = "%y"
        elif part == "hour" and half:
            directive = "%I"
        else:
            directive = _DIRECTIVES[part]
        pieces.append(directive)
        end = stop
    return "".join([*pieces, text[end:].replace("%", "%%")])


def grain_of(pattern: str) -> str:
    """Of what is written by a pattern; of dates that were no texts, whose pattern is empty, `"day"`."""
    if not pattern or any(day in pattern for day in ("%d", "%V", "%j")):
        return "day"
    return "month" if "%Y" in pattern or "%y" in pattern else "clock"


def order_of(pattern: str) -> str:
    """The letters of its numbers' order, such as `"dmy"`; empty where the order shows by itself, or there is none."""
    if not {"%m", "%d"} <= (found := set(re.findall("%[A-Za-z]", pattern))) or "%E" in found:
        return ""
    year = "%y" if "%y" in pattern else "%Y"
    letters = "".join(sorted("ymd", key=lambda letter: pattern.find(year if letter == "y" else f"%{letter}")))
    return "" if letters == "ymd" and (year == "%Y" or re.search(r"^'%y|%y\s*[년年]", pattern)) else letters


def _match(text: str) -> tuple[Form, re.Match[str]] | None:
    for form in FORMS:
        if (match := _compiled(form).match(text)) and _in_range(match.groupdict()):
            return form, match
    return None


def _in_range(parts: dict[str, str | None]) -> bool:
    """Whether the parts can be a date's or a time's: 99:99 is neither, and `Lot 12 2023` names no month."""
    name = parts.get("name")
    if name is not None:
        word = name.lower().rstrip(".")
        if word not in MONTHS or (word in WORDS and parts.get("day") is None and len(parts["year"] or "") < 4):
            return False
    if parts.get("hour") is not None and parts.get("minute") is None and not {"year", "three"} & set(parts):
        return bool(parts.get("before") or parts.get("after"))
    if parts.get("colon") and len(parts["minute"] or "") < 2:  # 16:9 is no time
        return False
    limits = {
        "month": (1, 12),
        "week": (1, 53),
        "yearday": (1, 366),
        "day": (1, 31),
        "hour": (0, 24),
        "minute": (0, 59),
        "second": (0, 60),
    }
    return all(low <= int(value) <= high for key, (low, high) in limits.items() if (value := parts.get(key)))
