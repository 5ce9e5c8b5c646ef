"""Texts of a table's column → what each says: a number, and the unit beside it.

A text is taken apart once (`taken_apart`); what it is worth depends on the sign that stands before fractions only where
it can be read in two ways, such as `1.050` and `1,050`. Any other text, `0,25`, `1.234,5` or `1,234,567`, has one
meaning, whatever the rest of the file looks like.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rowwise.data.tables.magnitudes import COUNTED, WRITTEN_OUT, factor
from rowwise.data.tables.units import CURRENCIES

if TYPE_CHECKING:
    import polars as pl

SIGNS = (".", ",")
# What stands for a number that is not available, besides `missing_words.MISSING`: marks of spreadsheets, databases,
# SAS, Eurostat and people, in lower case.
MARKS = (
    *("na", "n/a", "n.a.", "n.a", "n/d", "nd", "n.d.", "<na>", "nan", "nat", "none", "null", "(null)", "nil", r"\n"),
    *("#n/a", "#na", "#nv", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#wert!", "#bezug!", "#zahl!"),
    # Spreadsheets' errors in the languages that these are sold in.
    *("#valeur!", "#nom?", "#nul!", "#nombre!", "#¡valor!", "#¡div/0!", "#¡ref!", "#¿nombre?", "#¡num!", "#¡nulo!"),
    *("#valor!", "#nome?", "#núm!", "#nulo!", "#n/d", "#valore!", "#rif!", "#nullo!", "#знач!", "#дел/0!", "#ссылка!"),
    *("#имя?", "#число!", "#н/д", "#пусто!", "#waarde!", "#verw!", "#naam?", "#deel/0!", "#n/b", "#getal!", "#leeg!"),
    *("#arg!", "#adr!", "#nazwa?", "#liczba!", "#zero!", "#n/d!", "#värdefel!", "#referens!", "#namn?", "#ogiltigt!"),
    *("#division/0!", "#saknas!", "#værdi!", "#reference!", "#navn?", "#i/t", "#değer!", "#başv!", "#ad?", "#sayi/0!"),
    *("#yok", "#spill!", "#calc!", "#überlauf!", *("#" * count for count in range(3, 12))),
    *("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "∞", "-∞", "+∞"),
    *("$-", "$ -", "€-", "€ -", "£-", "£ -", "₩-", "₩ -"),
    *(".", "..", "...", "…", "-", "--", "---", "–", "—", "*", "**", ":", "?", "??"),
    *("missing", "unknown", "not available", "no data", "nodata", "k.a.", "k. a.", "s/d", "n.c.", "unbekannt"),
    *("tbd", "tba", "nicht verfügbar", "nicht vorhanden", "sans objet", "non disponible", "no disponible", "n.v.t."),
    *("não informado", "non disponibile", "ej tillgänglig", "ikke oplyst", "belirtilmemiş"),
    *("keine angabe", "inconnu", "desconocido", "sin datos", "desconhecido", "sconosciuto", "onbekend", "brak danych"),
    *("неизвестно", "нет данных", "н/д", "不明", "不详", "未知", "无", "無", "暂无", "なし", "該当なし", "データなし"),
    *("없음", "결측", "결측치", "결측값", "미상", "모름", "무응답", "해당없음", "해당 없음", "자료없음", "자료 없음"),
)
RAISED = dict(zip("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789", strict=True))
LARGEST_EXACT = 2**53  # up to it float64 holds every whole number

_ZEROS = "０٠۰०০๐"  # full-width, Arabic-Indic, Persian, Devanagari, Bengali, Thai
_TYPED = {
    **{chr(ord(zero) + digit): str(digit) for zero in _ZEROS for digit in range(10)},
    **dict.fromkeys("−－﹣‐‑–—", "-"),
    **dict.fromkeys("＋﹢", "+"),
    **dict.fromkeys("\u00a0\u202f\u2009\u2007\u2008\u200a\u3000", " "),
    **dict.fromkeys("’‘ʼ＇´`", "'"),
    **dict.fromkeys("\u200b\u200e\u200f\ufeff\u2060", ""),
    **{"．": ".", "，": ",", "٫": ".", "٬": ",", "（": "(", "）": ")", "％": "%", "٪": "%"},
    **{"￥": "¥", "￦": "₩", "＄": "$", "￡": "£", "￠": "¢"},
}
# `(`, a minus sign, a currency, a minus sign, digits with their signs, an exponent, `,-` for no cents, a minus sign,
# a unit, `)`. Nothing in it is optional twice, so that no text takes long.
_NUMBER = (
    r"^(?P<open>\()?\s?(?P<first>[+-])?\s?(?P<currency>" + CURRENCIES + r")?\s?(?P<second>[+-])?"
    r"(?P<body>[.,]?\d[\d.,' ]*?)(?P<exponent>[eE][+-]?\d{1,3}|[dD][+-]\d{2,3})?"
    r"(?P<cents>[.,]-{1,2}|/-)?\s?(?P<last>-)?\s?"
    r"(?P<unit>[kcdm]?m[23]|ft[23]|[\p{L}\p{Sc}%‰°′″\"㍱-㏟℃℉][\p{L}\p{M}\p{Sc}%°²³/·.^-]{0,15}"
    r"(?: (?:\p{L}{1,12}\.?|\p{Sc})){0,2})?"
    r"(?P<close>\))?$"
)


def _forms(decimal: str) -> str:
    """The ways of writing a number with that sign before its fraction, as a pattern of all its digits."""
    point, comma = rf"\{decimal}", "," if decimal == "." else r"\."
    groups = "|".join(rf"(?:{sign}\d{{3}})+" for sign in (comma, "'", " "))
    indian = rf"\d?(?:{comma}\d{{2}})+{comma}\d{{3}}"
    return rf"^(?:\d+(?:{point}\d+)?|{point}\d+|[1-9](?:\d{{0,2}}(?:{groups})|{indian})(?:{point}\d+)?)$"


FORMS = {sign: _forms(sign) for sign in SIGNS}
# A number that Polars reads with the point before a fraction, and that would be a whole one with points between
# thousands.
TWOFOLD = r"^[+-]?[1-9]\d{0,2}\.\d{3}$"


COMPOUND = r"10[⁺⁻]?[⁰¹²³⁴-⁹]|^[CcDd][Rr]\.?\s|^R\s?\d|[\^십백천만억조十百千万萬億亿兆]|[\p{Sc}A-Z]\s?\("
# Korean, Japanese and Chinese amounts: up to four digits with their words stand before each of the large ones.
LARGE = {"조兆": 10**12, "억億亿": 10**8, "만万萬": 10**4, "": 1}
SMALL = {"천千": 1000, "백百": 100, "십十": 10, "": 1}
_DIGITS = r"\d[\d,]{0,14}"
_SECTION = r"\s?".join(rf"((?:{_DIGITS})?\s?[{word}])?" if word else rf"({_DIGITS})?" for word in SMALL)
_SECTIONS = r"\s?".join(rf"(?:{_SECTION}\s?[{word}])?" if word else _SECTION for word in LARGE)
# 3억5천 and 12억 5,000, as prices of houses are written, leave the word for ten thousand out.
SHORTENED = r"^(.*[억億亿]\s?)(\d[천千]|\d,?\d{3})$"
_AMOUNTS = rf"^([+-]?\s?\p{{Sc}}?)\s?{_SECTIONS}\s?({'|'.join(COUNTED)})?$"


class Read(NamedTuple):
    """`(records,)`: Float64 numbers, null where there is none; units as they are written, null where none is."""

    numbers: pl.Series
    units: pl.Series


def as_numbers(texts: pl.Series, decimal: str = ".", unit: str = "") -> pl.Series:
    """`(records,)` Float64; null where there is no finite number, or one with another unit.

    Args:
        texts: without spaces around them.
        decimal: the sign before fractions, where a text does not show it.
        unit: of the column; a number without any is taken for one in that unit.
    """
    import polars as pl

    values = plain_numbers(texts, decimal)
    places = np.flatnonzero((values.is_null() & texts.is_not_null()).to_numpy())
    if not len(places):
        return values
    numbers, units = read(texts.gather(places), decimal)
    factors = [1.0 if text is None else factor(text, unit) for text in units.to_list()]
    return values.scatter(places, finite(numbers * pl.Series(factors, dtype=pl.Float64)))


def plain_numbers(texts: pl.Series, decimal: str) -> pl.Series:
    """Float64 where Polars itself reads a text, null elsewhere: of most columns these are all."""
    import polars as pl

    if decimal == ",":
        twofold = texts.str.contains(TWOFOLD).fill_null(False)
        texts = texts.set(twofold, None) if twofold.any() else texts
        texts = texts.str.replace(",", ".", literal=True)
    return finite(texts.cast(pl.Float64, strict=False))


def read(texts: pl.Series, decimal: str) -> Read:
    """Numbers and units of texts that are written in any way."""
    parts = taken_apart(texts)
    return Read(worth(parts, decimal), parts["unit"])


def taken_apart(texts: pl.Series) -> pl.DataFrame:
    """`body`: the digits with their signs; `exponent`; `negative`; `unit`. The body of what is no number is null."""
    import polars as pl

    frame = pl.DataFrame({"text": texts.cast(pl.String)})
    text = pl.col("text")
    if (frame["text"].str.len_bytes() != frame["text"].str.len_chars()).any():
        frame = frame.select(text.str.replace_many(list(_TYPED), list(_TYPED.values())).str.strip_chars())
    compound = frame["text"].str.contains(COMPOUND).fill_null(False)
    if compound.any():
        frame = frame.select(pl.when(pl.lit(compound)).then(_as_one_number(text)).otherwise(text).alias("text"))
    groups = frame.select(text.str.extract_groups(_NUMBER)).unnest("text")
    minus = [pl.col(name).eq("-").fill_null(False) for name in ("first", "second", "last")]
    bracketed = pl.col("open").is_not_null()
    signs = sum(
        (pl.col(name).is_not_null().cast(pl.Int8) for name in ("first", "second", "last")), bracketed.cast(pl.Int8)
    )
    fits = (bracketed == pl.col("close").is_not_null()) & (signs <= 1)
    fits &= ~(pl.col("last").is_not_null() & pl.col("unit").str.contains(r"^\p{L}").fill_null(False))  # 14-Jan
    body = pl.concat_str("body", pl.col("cents").str.replace("^/-$", "").str.replace("-+", "0"), ignore_nulls=True)
    unit = pl.concat_str("currency", "unit", separator=" ", ignore_nulls=True).str.strip_chars()
    debit = unit.str.contains("(?i)(^|\\s)dr$").fill_null(False)  # of an account: what is taken from it
    return groups.select(
        pl.when(fits).then(body.str.strip_chars(" ")).alias("body"),
        pl.col("exponent").fill_null("").str.replace("(?i)d", "e"),
        pl.any_horizontal(bracketed, *minus).xor(debit).alias("negative"),
        pl.when(fits & (unit != ""))
        .then(pl.when(debit).then(unit.str.slice(0, unit.str.len_chars() - 2) + "CR").otherwise(unit))
        .alias("unit"),
    )


def _as_one_number(text: pl.Expr) -> pl.Expr:
    """Ways of writing that take more than one number apart, as one: `1.5×10^3`, `$(950)`, `1억 2,000만원`."""
    import polars as pl

    raised = text.str.contains("10[⁺⁻]?[⁰¹²³⁴-⁹]+$")
    text = (
        pl.when(raised)
        .then(text.str.replace("10([⁺⁻⁰¹²³⁴-⁹]+)$", "10^$1").str.replace_many([*RAISED], [*RAISED.values()]))
        .otherwise(text)
    )
    text = text.str.replace(r"^([\d.,]+)\s?[x×*·]\s?10\^([+-]?\d{1,3})$", "${1}e${2}")
    text = text.str.replace(r"^(\p{Sc}|[A-Z]{3})\s?\(([\d.,' ]+)\)$", "(${1}${2})")
    text = text.str.replace(SHORTENED, "${1}${2}만")
    text = text.str.replace(r"^([CcDd][Rr])\.?\s([\d.,]+[.,]\d\d)$", "${2} ${1}")
    text = text.str.replace(r"^R\s?(\d[\d.,' ]*[.,]\d\d)$", "ZAR ${1}")  # R12 may be a code
    groups = text.str.extract_groups(_AMOUNTS)
    total, several = pl.lit(0.0), pl.lit(0)
    for number, (large, small) in enumerate(product(LARGE.values(), SMALL.values()), 2):
        part = groups.struct.field(str(number))
        digits = part.str.extract(r"(\d[\d,]*)").str.replace_all(",", "").cast(pl.Float64, strict=False)
        total += digits.fill_null(pl.when(part.is_not_null()).then(1.0).otherwise(0.0)) * (large * small)
        several += digits.is_not_null().cast(pl.Int8)
    one = (
        (several > 1) & (total < LARGEST_EXACT) & ~text.str.contains(r"[만万萬억億亿]\s?\d$")
    )  # 3万5 is 35,000 to many
    sign, unit = (groups.struct.field(str(place)).fill_null("") for place in (1, 2 + len(LARGE) * len(SMALL)))
    return pl.when(one).then(sign + total.cast(pl.Int64).cast(pl.String) + WRITTEN_OUT + unit).otherwise(text)


def in_ascii(texts: pl.Series) -> pl.Series:
    """Digits and signs of any script as ASCII has them, for what is no number by itself; null for null."""
    if (texts.str.len_bytes() == texts.str.len_chars()).all():
        return texts
    return texts.str.replace_many(list(_TYPED), list(_TYPED.values())).str.strip_chars()


def worth(parts: pl.DataFrame, decimal: str) -> pl.Series:
    """Float64 of texts taken apart; null where there is no finite number."""
    import polars as pl

    body, other = pl.col("body"), "," if decimal == "." else "."
    numbers = pl.coalesce(_value(decimal), _value(other))
    signed = pl.when(pl.col("negative")).then(-numbers).otherwise(numbers)
    values = parts.select(pl.when(body.is_not_null()).then(signed).alias("number"))["number"]
    return finite(values)


def _value(decimal: str) -> pl.Expr:
    import polars as pl

    body = pl.col("body")
    digits = body.str.replace_all(r"[,' ]" if decimal == "." else r"[.' ]", "").str.replace(",", ".", literal=True)
    return pl.when(body.str.contains(FORMS[decimal])).then(digits + pl.col("exponent")).cast(pl.Float64, strict=False)


def finite(numbers: pl.Series) -> pl.Series:
    """The numbers, null where one is not finite."""
    if all_finite(numbers):
        return numbers
    return numbers.set(~numbers.is_finite().fill_null(False), None)


def all_finite(numbers: pl.Series) -> bool:
    """Whether every value but nulls is finite. By NumPy: each call of Polars plans a query, which takes longer."""
    return int(np.isfinite(numbers.to_numpy()).sum()) == len(numbers) - numbers.null_count()


def is_mark(values: pl.Series) -> pl.Series:
    """`(records,)` Boolean: which values stand where a number is not available, as all infinite numbers do."""
    import polars as pl

    if values.dtype != pl.String:
        return pl.Series([True] * len(values), dtype=pl.Boolean)
    return values.str.to_lowercase().is_in(MARKS).fill_null(False)
