"""What people read as numbers or days and rowwise does not is said, with an example; nothing is converted."""

import datetime

import numpy as np
import polars as pl
import pytest

import rowwise
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
    "texts", [["10-20", "20-30", "30+"], ["3/4", "6/8", "2/4"], ["<5", "5-9", ">9"], ["A1", "B2", "C3"], ["1:2", "3:1"]]
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
