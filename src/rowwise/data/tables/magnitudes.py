"""Words beside a number that multiply it: `1.2k`, `3.5M`, `95 Lac`, `69만원`, `€ 12 Mio`, `950 тыс.`.

A word counts only where it can mean nothing else: `5 m` are metres, but `£5m` and `5M` are millions, and a column in
which all numbers have the same one beside them keeps it as its unit.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from rowwise.data.tables.units import canonical

WRITTEN_OUT = "一"  # beside what was put together from several amounts, such as 35000 from `3만5천`: times one
_SCALES = {
    1: WRITTEN_OUT,
    10: "십 十",
    100: "백 百",
    1e3: "k tsd tsd. thousand 천 千 mil mille mila tys tys. тыс тыс. тис. duizend nghìn ngàn ribu bin tusen tusind",
    1e4: "만 万 萬",
    1e5: "십만 十万 lac lacs lakh lakhs",
    1e6: "mn mio mio. million millions mln mln. 백만 百万 millón millones milhão milhões milione milioni "
    "млн млн. miljoen triệu juta milyon miljon miljoner",
    1e7: "cr crore crores 천만 千万",
    1e8: "억 亿 億",
    1e9: "bn billion billions mrd mrd. md mds milliard milliards milliarden 십억 十億 十亿 mld mld. bilhão bilhões "
    "млрд млрд. miljard miljarder miliardi miliar tỷ milyar",
    1e10: "백억 百億 百亿",
    1e11: "천억 千億 千亿",
    1e12: "tn trillion trillions 조 兆",
}
WORDS = {word: scale for scale, words in _SCALES.items() for word in words.split()}
LETTERS = {"M": 1e6, "B": 1e9, "T": 1e12}  # of which the small ones are metres, bits and tonnes
BESIDE_MONEY = {"m": 1e6, "MM": 1e6, "mi": 1e6, "b": 1e9, "bi": 1e9}
BEFORE_MONEY = {"T": 1e3, "t": 1e3}  # `T€` and `tkr` are thousands, `$1.2T` are trillions
HUMAN = 1e3  # of this scale numbers below it are written without any, where the others have a fraction: 950, 1.2k
_TOKENS = re.compile(r"(?:R|US|NT|HK|NZ|CA|AU|MX|[ACS])\$|[^\W\d_]+\.?|[^\w\s]")
COUNTED = ("원", "円", "元", "人", "個", "个", "件", "次", "回", "회", "명", "개", "건", "부", "장", "표")
_GLUED = re.compile(rf"(.+?)({'|'.join(COUNTED)})$|(k|t|T|m|M|md|Md|mrd|mln|Mio|Mrd)(EUR|USD|CHF|GBP|kr)$")


class Magnitude(NamedTuple):
    """How many of a unit, by its canonical name and as it is written, one number stands for."""

    scale: float
    unit: str
    written: str


@lru_cache(1024)
def magnitude(unit: str) -> Magnitude | None:
    """What stands beside a number as a multiple; None where it is none, nor money, of which it would be a multiple."""
    tokens = [part for token in _TOKENS.findall(unit) for part in _parts(token)]
    money = [token for token in tokens if _is_money(token)]
    others = [token for token in tokens if token not in money]
    if len(money) > 1 or len(others) > 1 or not tokens:
        return None
    written = money[0] if money else ""
    scale = 1.0
    if others:
        word = others[0]
        found = BEFORE_MONEY.get(word) if money and word == tokens[0] else None
        found = found or WORDS.get(word.casefold()) or LETTERS.get(word) or (BESIDE_MONEY.get(word) if money else None)
        if found is None:
            return None
        scale = found
    return Magnitude(scale, canonical(written), written)


def factor(unit: str, column_unit: str) -> float | None:
    """What brings a number with that unit to the column's; None where they cannot be compared."""
    if canonical(unit) == canonical(column_unit):
        return 1.0
    one, other = magnitude(unit), magnitude(column_unit) if column_unit else Magnitude(1.0, "", "")
    if one is None or other is None or one.unit not in ("", other.unit):  # as a number alone is taken for the column's
        return None
    return one.scale / other.scale


def _parts(token: str) -> list[str]:
    glued = _GLUED.match(token)
    return [part for part in glued.groups() if part] if glued else [token]


def _is_money(token: str) -> bool:
    """Whether it is what is counted, money most often: of that there may be a multiple."""
    return (
        token in COUNTED
        or canonical(token) in _CURRENCIES
        or any(unicodedata.category(letter) == "Sc" for letter in token)
    )


_CURRENCIES = frozenset(  # by their canonical names
    [
        "원",
        "元",
        "usd",
        "eur",
        "gbp",
        "chf",
        "jpy",
        "inr",
        "brl",
        "cny",
        "cad",
        "aud",
        "kr",
        "krw",
        "rp",
        "pln",
        "czk",
        "rub",
        "try",
        "vnd",
        "ils",
        "thb",
        "php",
        "zar",
    ]
)
