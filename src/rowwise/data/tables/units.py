"""The units that stand beside numbers in tables: which are well known, and which are one unit written in two ways."""

from __future__ import annotations

_CODES = (
    *("USD", "EUR", "KRW", "JPY", "CNY", "RMB", "GBP", "CHF", "AUD", "CAD", "NZD", "HKD", "TWD", "SGD", "INR", "BRL"),
    *("MXN", "RUB", "TRY", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "ILS", "ZAR", "THB", "VND", "IDR", "MYR"),
    *("PHP", "AED", "SAR", "EGP", "NGN", "KES", "ARS", "CLP", "COP", "PEN", "UAH", "KZT"),
)
# Pattern for what may stand before a number: `$`, `US$`, `EUR`, `Rs.`, `kr`, the Turkish `%12`, and a backslash, which
# is how the signs of won and yen are coded in Korea and Japan.
CURRENCIES = r"(?:[A-Z]{0,3}\p{Sc}|(?:" + "|".join(_CODES) + r")|Rs\.?|Rp\.?|S?Fr\.|kr\.?|%|\\)"
# In lower case. Only of these may a column have several before it is refused: `12A` and `13B` are no amounts.
KNOWN = frozenset(
    unit.casefold()  # of the sign for micro as well
    for unit in (
        *(code.lower() for code in _CODES),
        *(
            "원",
            "천원",
            "만원",
            "백만원",
            "억원",
            "억",
            "円",
            "元",
            "rs",
            "rs.",
            "kr",
            "kr.",
            "zł",
            "kč",
            "ft",
            "lei",
            "руб",
        ),
        *("€/m²", "$/h", "ct", "cents", "usd/t", "%", "‰", "pct", "percent", "pp", "bp", "ppm", "ppb"),
        *("°c", "°f", "°", "k", "m", "bn", "mn", "mio", "mrd", "tsd", "k€", "m€", "k$", "m$"),
        *("nm", "µm", "um", "mm", "cm", "dm", "m", "km", "in", "inch", '"', "ft", "feet", "yd", "mi", "mile", "miles"),
        *("mm²", "cm²", "m²", "km²", "m2", "km2", "cm2", "ft²", "ft2", "sqft", "sq ft", "sqm", "ha", "acre", "acres"),
        *("cm³", "m³", "m3", "cc", "ml", "cl", "dl", "l", "hl", "gal", "평", "㎡", "㎥", "㎏", "㎞", "㎝", "㎜", "㎢"),
        *("㎖", "㎗", "ℓ", "㎘", "㏄", "㎍", "㎎", "℃", "℉", "㎾", "㎿"),
        *("㎐", "㎑", "㎒", "㎓", "㎧", "㎩", "㎪", "㏈"),
        *(
            "µg",
            "ug",
            "mcg",
            "µl",
            "ul",
            "mg",
            "g",
            "kg",
            "t",
            "lb",
            "lbs",
            "oz",
            "st",
            "mg/dl",
            "g/dl",
            "mmol/l",
            "µmol/l",
            "u/l",
        ),
        *("ns", "µs", "us", "ms", "s", "sec", "secs", "second", "seconds", "min", "mins", "minute", "minutes"),
        *("h", "hr", "hrs", "hour", "hours", "day", "days", "week", "weeks", "month", "months", "mo", "mos"),
        *("yr", "yrs", "year", "years", "초", "분", "시간", "일", "주", "개월", "년", "세", "살"),
        *("km/h", "kmh", "kph", "mph", "m/s", "kn", "kmpl", "km/kg", "km/l", "mpg", "l/100km", "rpm", "nm", "bhp"),
        *("hp", "ps", "cv", "kw", "mw", "gw", "wh", "kwh", "mwh", "gwh", "kj", "mj", "cal", "kcal"),
        *(
            "mv",
            "kv",
            "ma",
            "ah",
            "mah",
            "ω",
            "hz",
            "khz",
            "mhz",
            "ghz",
            "db",
            "lx",
            "lm",
            "pa",
            "hpa",
            "kpa",
        ),
        *("mpa", "bar", "mbar", "psi", "mmhg", "atm", "bit", "kb", "mb", "gb", "tb", "mbps", "gbps", "px", "mp", "dpi"),
        *("개", "명", "인", "대", "권", "건", "회", "층", "점", "위", "호", "동", "등", "pcs", "pc", "ea", "stk"),
    )
)
# Nobody writes fractions of these; and `$1,234` is a thousand dollars wherever it stands.
WITHOUT_FRACTIONS = ("₩", "\\", "원", "KRW", "¥", "円", "JPY", "₫", "VND", "IDR")
# Where these are written a comma never stands before a fraction, though there may be one: 1.5만원.
MYRIADS = (
    "만",
    "만원",
    "억",
    "억원",
    "조",
    "조원",
    "천원",
    "백만원",
    "천만원",
    "万",
    "万円",
    "億円",
    "亿",
    "万元",
    "亿元",
    "元",
)
COMMAS_BETWEEN_THOUSANDS = ("$", "US$", "USD", "£", "GBP", "₹", "Rs.", "Rs", "INR")
_SAME = {
    "₩": "원",
    "krw": "원",
    "£": "gbp",
    "$": "usd",
    "us$": "usd",
    "€": "eur",
    "eur": "eur",
    "円": "jpy",
    "₹": "inr",
    **dict.fromkeys(("rs", "rs."), "inr"),
    **dict.fromkeys(("₽", "руб", "руб."), "rub"),
    **dict.fromkeys(("₺", "tl"), "try"),
    **{"zł": "pln", "kč": "czk", "₫": "vnd", "đ": "vnd", "₪": "ils", "฿": "thb", "₱": "php", "r$": "brl", "yen": "jpy"},
    **dict.fromkeys(("pct", "percent"), "%"),
    **dict.fromkeys(("m2", "㎡", "sqm", "sq m"), "m²"),
    **dict.fromkeys(("ft2", "sqft", "sq ft"), "ft²"),
    **{"km2": "km²", "cm2": "cm²", "m3": "m³", "㎥": "m³", "cm3": "cm³", "cc": "cm³", "㏄": "cm³"},
    **{"㎏": "kg", "㎝": "cm", "㎜": "mm", "㎞": "km", "ℓ": "l", "㎖": "ml", "㎎": "mg", "℃": "°c", "℉": "°f"},
    **{"ug": "μg", "mcg": "μg", "um": "μm", "ul": "μl", "ug/m3": "μg/m³", "μg/m3": "μg/m³", "㎍": "μg"},
    **dict.fromkeys(("kph", "kmh"), "km/h"),
}


def canonical(unit: str) -> str:
    """The same for two ways of writing one unit: `Kg` and `kg`, `1 month` and `2 months`, `₩` and `원`."""
    folded = " ".join(unit.casefold().split())
    folded = _SAME.get(folded, folded)
    return folded[:-1] if len(folded) > 3 and folded.endswith("s") and "/" not in folded else folded


def is_known(unit: str) -> bool:
    """Whether it is a currency, or a unit that tables often have."""
    import unicodedata

    folded = unit.casefold()
    return folded in KNOWN or canonical(unit) in KNOWN or any(unicodedata.category(letter) == "Sc" for letter in folded)
