"""What people read as numbers or days and rowwise does not is said, with an example; nothing is converted."""

import datetime
import re

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.data.tables.encode import encode
from rowwise.errors import Suspicious

N = 60
MORE = {"n": np.arange(N) * 7 % 23 / 4, "y": ["a", "b", "b"] * (N // 3)}


def column(texts, **options):
    return rowwise.load(pl.DataFrame({"v": texts, **MORE}), "y", **options)[0].schema.columns[0]


@pytest.mark.parametrize(
    "texts",
    [
        ["5'11\"", "6'0\"", "5'2\"", "6'"],
        ["5 ft 11 in", "6 ft", "5 ft 2 in"],
        ["1 1/2", "2 1/4", "3/4", "2"],
        ["1½", "¾", "2 ¼"],
        ["0x1F", "0x0a", "0xFF"],
        ["~12.5", "~3", "ca. 7.25", "8"],
        ["'12", "'3", "'7"],
        ["1.5±0.1", "2.5 ± 0.2", "0.9+/-0.3"],
        ["37°33'N", "12°05'S", "0°30'N"],
        ["1,000+", "500+", "10,000+"],
        ["1K+", "500+", "10M+"],
        ["3만5", "2만", "1만2"],
        ["69,500", "1,200,000", "△3,000"],
        ["69,500원", "500원", "▲3,000원", "▼100원"],
        ["1,234.50", "950.25", "12.5/7", "7"],
    ],
    ids=lambda texts: texts[0],
)
def test_numbers_in_a_form_that_is_not_read_are_named(texts):
    with pytest.warns(Suspicious, match="in a form that is not read, such as .*: it is taken as a category"):
        kind = column([texts[n % len(texts)] for n in range(N)]).kind
    assert kind == "categorical"
    with pytest.warns(Suspicious, match=r"not read, such as .*: it is not used"):
        assert column([f"{n + 4}'{n % 12}\"" for n in range(N)]).reason == "identifier"


@pytest.mark.parametrize(
    "texts",
    [
        ["0", "1", "2", "3+"],
        ["1.2.3", "1.2.4", "2.0.0"],
        ["12 Main", "7 Elm", "9 Oak"],
        ["10-20", "20-30", "30+"],
        ["3/4", "6/8", "2/4"],
        ["<5", "5-9", ">9"],
        ["A1", "B2", "C3"],
        ["1:2", "3:1"],
    ],
)
def test_levels_are_levels(texts):
    assert column([texts[n % len(texts)] for n in range(N)]).kind == "categorical"


@pytest.mark.parametrize(("form", "pattern"), [("DDMMYYYY", "%d%m%Y"), ("MMDDYYYY", "%m%d%Y"), ("YYMMDD", "%y%m%d")])
@pytest.mark.parametrize("typed", [str, int])
def test_days_of_digits_alone_are_not_taken_for_amounts_without_a_word(form, pattern, typed):
    days = [datetime.date(2011, 1, 14) + datetime.timedelta(n % 20 * 137) for n in range(N)]
    texts = [typed(day.strftime(pattern)) for day in days]
    with pytest.warns(Suspicious, match=f'Column "v" may hold dates written as {form}, such as'):
        column(texts)
    assert column(texts, categorical="v").kind == "categorical"
    assert column([typed(20_230_000 + n % 12 * 100 + 101) for n in range(N)]).kind == "date"


@pytest.mark.parametrize("distinct", [3, 4, 20])
@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("YYMMDD", "%y%m%d"),
        ("DDMMYY", "%d%m%y"),
        ("MMDDYY", "%m%d%y"),
        ("DDMMYYYY", "%d%m%Y"),
        ("YYYY-DDD", "%Y-%j"),
        ("YYYY-DDD", "%Y/%j"),
        ("YYYY-DDD", "%Y.%j"),
        ("DDD-YYYY", "%j/%Y"),
        ("YYYYDDD", "%Y%j"),
        ("YYYYWW", "%G%V"),
        ("YYYY-WW", "%G-%V"),
    ],
)
def test_days_and_weeks_without_signs_that_show_them_are_said_however_few_they_are(form, pattern, distinct):
    days = [datetime.date(2022, 9, 14) + datetime.timedelta(n % max(distinct, 4) * 37) for n in range(N)]
    with pytest.warns(Suspicious, match=f'Column "v" may hold dates written as {form}, such as') as told:
        assert column([day.strftime(pattern) for day in days]).kind != "date"
    assert len(told) == 1


@pytest.mark.parametrize("distinct", [12, N])
@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        (r"HH:MM\+HH:MM", "%H:%MZ"),
        (r"HH:MM\+HH:MM", "%H:%M:%S+09:00"),
        ("MM-DD", "%m-%d"),
        ("MM-DD", "%m/%d"),
        ("MM-DD", "%m-%d %H:%M"),
        ("DD-MM", "%d/%m"),
        ("DD-MM", "%d.%m."),
        ("D Mon", "%d %b"),
        ("D Mon", "%d-%b"),
        ("D Mon", "%d. %B"),
        ("Mon D", "%b %d."),
        ("M월 D일, M月D日", "%m월 %d일"),
        ("M월 D일, M月D日", "%m月%d日"),
    ],
)
def test_days_without_a_year_are_said(form, pattern, distinct):
    days = [datetime.datetime(2023, 1, 14, 9) + n % distinct * datetime.timedelta(23, 3780) for n in range(N)]
    with pytest.warns(Suspicious, match=f'Column "v" may hold dates written as {form}, such as'):
        assert column([day.strftime(pattern) for day in days]).kind != "date"
    assert column([day.strftime("%Y-%m-%d") for day in days]).kind == "date"


@pytest.mark.parametrize("texts", [["T13:18", "T06:30", "T00:05"], ["T13:18:00", "T06:30:00.5", "T00:05:00"]])
def test_times_of_day_behind_a_t_are_read(texts):
    table = pl.DataFrame({"v": [texts[n % 3] for n in range(N)], **MORE})
    x = encode(rowwise.load(table, "y")[0].schema, table).x
    assert x[:3, 0].round(2).tolist() == pytest.approx([13.3, 6.5, 0.08], abs=0.01)
    assert column([["T1", "T13", "T2"][n % 3] for n in range(N)]).kind == "categorical"


@pytest.mark.parametrize("pattern", ["%b %d", "%B %d", "%b-%d"])
def test_days_behind_months_that_are_read_as_years_are_said(pattern):
    days = [datetime.date(2023, 1, 14) + datetime.timedelta(n % 12 * 23) for n in range(N)]
    with pytest.warns(Suspicious, match='"v": ".*14" is read as a month and its year, 2014. If the number is a day'):
        assert column([day.strftime(pattern) for day in days]).parts == ("year", "month")


@pytest.mark.filterwarnings("error:.*is read as a month and its year")
def test_years_behind_months_are_years():
    assert column([f"{datetime.date(2017 + n // 12, n % 12 + 1, 1):%b-%y}" for n in range(N)]).kind == "date"


@pytest.mark.parametrize("text", ["Set {}", "Lot {}", "{} Main", "{}-{}", "1-{}", "0{}/99"])
@pytest.mark.filterwarnings("error:.*may hold dates")
def test_names_and_ranges_are_no_days(text):
    column([text.format(n % 12 + 1, n % 12 + 4) for n in range(N)])


def test_days_of_japanese_eras_in_short_are_said():
    with pytest.warns(Suspicious, match=r"may hold dates written as R5\.1\.14, such as H31\.4\.30"):
        assert column([["R5.1.14", "R4.12.31", "H31.4.30"][n % 3] for n in range(N)]).kind == "categorical"


@pytest.mark.parametrize(
    "texts", [["Cr 100.50", "Dr 20.25", "Cr. 3.00", "Dr 7.75"], ["100.50 CR", "20.25 DR", "3.00 CR", "7.75 dr"]]
)
def test_credits_and_debits_are_signs(texts):
    table = pl.DataFrame({"v": [texts[n % 4] for n in range(N)], **MORE})
    assert encode(rowwise.load(table, "y")[0].schema, table).x[:4, 0].tolist() == [100.5, -20.25, 3.0, -7.75]
    assert column([["CR7", "DR5", "CR2032"][n % 3] for n in range(N)]).kind == "categorical"


def test_a_few_months_of_digits_alone_are_said():
    with pytest.warns(Suspicious, match='"v" may hold dates written as YYYYMM, such as 202301: it is taken as numbers'):
        assert column([202301 + n % 4 for n in range(N)]).kind == "numeric"
    assert column([202301 + n % 12 for n in range(N)]).kind == "date"


@pytest.mark.parametrize(
    "texts", [["2L", "1.5Cr", "3.25L"], ["1,5 mi", "950 mil", "2,5 bi"], ["1.5 foo", "2 bar", "3 foo"]]
)
def test_numbers_in_units_that_nobody_knows_are_said(texts):
    with pytest.warns(Suspicious, match='"v" holds numbers in several units, such as'):
        assert column([texts[n % len(texts)] for n in range(N)]).kind == "categorical"


@pytest.mark.parametrize("word", ["#VALEUR!", "#¡VALOR!", "#ЗНАЧ!", "#N/D", "#WAARDE!", "#########", "nicht verfügbar"])
def test_errors_of_spreadsheets_in_many_languages_are_missing(word):
    with pytest.warns(Suspicious, match=re.escape(word)):
        found = column([word if n % 5 == 0 else f"{n / 4}" for n in range(N)])
    assert (found.kind, round(found.missing, 1)) == ("numeric", 0.2)


def test_a_backslash_before_an_amount_is_the_sign_of_won_or_yen():
    texts = ["\\69,500", "\\1,200,000", "\\500", "-\\3,000"]
    found = column([texts[n % 4] for n in range(N)])
    assert (found.kind, found.low, found.high) == ("numeric", -3000, 1_200_000)


def test_a_word_among_a_few_sizes_is_said():
    texts = ["19M", "8.7M", "201k", "Varies with device", "23M"]
    with pytest.warns(Suspicious, match='mixes 48 numbers with 12 values that are none, such as "Varies with device"'):
        assert column([texts[n % 5] for n in range(N)]).reason == "mixed"


def test_amounts_of_six_or_eight_digits_are_amounts():
    assert column([str(100_000 + n * 4_519) for n in range(N)]).kind == "numeric"
    assert column([10_000_000 + n * 1_204_519 for n in range(N)]).kind == "numeric"


@pytest.mark.parametrize("separator", [",", ";"])
def test_commas_in_ten_thousands_stand_between_thousands(tmp_path, separator):
    texts, values = ["1,234만원", "987만원", "1억 2,000만원", "3만5천원"], [12_340_000, 9_870_000, 120_000_000, 35_000]
    rows = [separator.join([f'"{texts[n % 4]}"', str(n * 7 % 23), "ab"[n % 2]]) for n in range(N)]
    (tmp_path / "t.csv").write_text("\n".join([separator.join("vny"), *rows]), "utf-8")
    with pytest.warns(Suspicious, match='"1,234만원" is read as 12,340,000'):
        train, _ = rowwise.load(tmp_path / "t.csv", "y")
    order = np.argsort(train.rows)
    place = train.schema.inputs.index("v")
    assert train.x[order, place].tolist() == [values[(row - 1) % 4] for row in train.rows[order]]


@pytest.mark.parametrize("word", ["unbekannt", "н/д", "不明", "sin datos", "なし"])
def test_words_for_no_number_in_many_languages_are_missing(word):
    with pytest.warns(Suspicious, match=word):
        found = column([word if n % 5 == 0 else f"{n / 4}" for n in range(N)])
    assert (found.kind, round(found.missing, 1)) == ("numeric", 0.2)
