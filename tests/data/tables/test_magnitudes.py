"""What multiplies a number, or turns it around, is part of its value: thousands, lakh, 억, debit; and is told."""

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.data.tables.encode import encode
from rowwise.data.tables.parse import as_numbers
from rowwise.errors import Suspicious, warnings_to

N = 40
WRITTEN = {
    "followers": (["1.2k", "950", "3.4k", "12k"], [1200, 950, 3400, 12_000]),
    "sizes": (["19M", "8.7M", "201k", "1.5B"], [19e6, 8.7e6, 201e3, 1.5e9]),
    "values": (["£1.2m", "£950k", "£2bn", "£800"], [1.2e6, 950e3, 2e9, 800]),
    "euro": (["1.5 Mio. €", "800 Tsd. €", "2 Mrd. €", "3 Mio. €"], [1.5e6, 8e5, 2e9, 3e6]),
    "rupees": (["₹85 Lac", "₹1.2 Cr", "₹95 Lakh", "₹2 Cr"], [8.5e6, 1.2e7, 9.5e6, 2e7]),
    "won": (["6만 9,500원", "4만원", "1억 2,000만원", "3억원"], [69_500, 40_000, 1.2e8, 3e8]),
    "yuan": (["1.5万元", "3亿元", "2万元", "8万元"], [15_000, 3e8, 20_000, 80_000]),
    "account": (["1,234.50 CR", "950.00 DR", "0.50 CR", "12.25 Dr"], [1234.5, -950, 0.5, -12.25]),
}
OF_MANY_LANGUAGES = {
    "만, 천": (["1만", "3만5천", "7천", "950"], [10_000, 35_000, 7000, 950]),
    "with and without won": (["1만", "3만 5,200원", "₩2만", "12만3천원"], [10_000, 35_200, 20_000, 123_000]),
    "hundreds": (["1만5백", "3천2백", "7백", "2십만"], [10_500, 3200, 700, 200_000]),
    "hundred millions": (["1억2000만", "7억 2천만", "1.5억", "2조"], [1.2e8, 7.2e8, 1.5e8, 2e12]),
    "thousands of millions": (["1천5백만원", "3천억원", "2백만원", "5십억원"], [1.5e7, 3e11, 2e6, 5e9]),
    "prices of houses": (["12억 5,000", "3억", "3억5천", "9억8500"], [1.25e9, 3e8, 3.5e8, 9.85e8]),
    "signs": (["-3만5천", "2만", "+1만2백", "7천"], [-35_000, 20_000, 10_200, 7000]),
    "times": (["1.2만회", "950회", "2천회", "3만회"], [12_000, 950, 2000, 30_000]),
    "Japanese": (["1万", "3万5千円", "2億3000万円", "7千円"], [10_000, 35_000, 2.3e8, 7000]),
    "Chinese": (["3.5万元", "1亿2000万", "7千元", "12万3千"], [35_000, 1.2e8, 7000, 123_000]),
    "traditional": (["3萬5千", "2億元", "8萬", "3千"], [35_000, 2e8, 80_000, 3000]),
    "German": (["1,5 Mio. €", "950 Tsd. €", "10 T€", "2,5 Mrd. €"], [1.5e6, 950e3, 10e3, 2.5e9]),
    "TEUR": (["1,5 Mio EUR", "950 TEUR", "2,5 TEUR", "7 MEUR"], [1.5e6, 950e3, 2500, 7e6]),
    "French": (["1,5 M€", "950 k€", "2,5 Md€", "10 millions"], [1.5e6, 950e3, 2.5e9, 1e7]),
    "French words": (["1,5 million", "950 mille", "2,5 milliards", "3 millions"], [1.5e6, 950e3, 2.5e9, 3e6]),
    "Spanish": (["1,5 millones", "950 mil", "1 millón", "20 mil"], [1.5e6, 950e3, 1e6, 20e3]),
    "Brazilian": (["R$ 1,5 milhões", "R$ 950 mil", "R$ 2 bi", "R$ 3,5 mi"], [1.5e6, 950e3, 2e9, 3.5e6]),
    "Italian": (["1,5 mln", "950 mila", "2,5 mld", "1 milione"], [1.5e6, 950e3, 2.5e9, 1e6]),
    "Dutch": (["1,5 miljoen", "950 duizend", "2,5 miljard", "3 mln"], [1.5e6, 950e3, 2.5e9, 3e6]),
    "Swedish": (["1,5 mkr", "950 tkr", "2,5 mdkr", "3 mkr"], [1.5e6, 950e3, 2.5e9, 3e6]),
    "Polish": (["1,5 mln zł", "950 tys. zł", "2,5 mld zł", "800 zł"], [1.5e6, 950e3, 2.5e9, 800]),
    "Russian": (["1,5 млн", "950 тыс.", "2,5 млрд", "3 млн."], [1.5e6, 950e3, 2.5e9, 3e6]),
    "Russian money": (["1,5 млн руб.", "950 тыс. руб.", "2,5 млрд ₽", "800 руб."], [1.5e6, 950e3, 2.5e9, 800]),
    "Turkish": (["1,5 milyon", "950 bin", "2,5 milyar", "3 milyon"], [1.5e6, 950e3, 2.5e9, 3e6]),
    "Vietnamese": (["1,5 triệu", "950 nghìn", "2,5 tỷ", "3 triệu"], [1.5e6, 950e3, 2.5e9, 3e6]),
    "Indonesian": (["Rp1,5 juta", "Rp950 ribu", "Rp2,5 miliar", "Rp3 juta"], [1.5e6, 950e3, 2.5e9, 3e6]),
    "lakh": (["2 lakh", "1.5 crore", "1,23,456", "3.25 lac"], [2e5, 1.5e7, 123_456, 3.25e5]),
    "letters": (["$1.5MM", "$950K", "$1.2T", "$800"], [1.5e6, 950e3, 1.2e12, 800]),
}
AS_BEFORE = {  # of one magnitude alone, numbers stay what is written
    "k": (["1.2k", "3.4k", "5k", "12k"], [1.2, 3.4, 5, 12]),
    "metres": (["5 m", "7.5 m", "12 m", "3"], [5, 7.5, 12, 3]),
    "salary": (["85k", "90", "120k", "75k"], [85, 90, 120, 75]),
}
ODD = {
    "1.5×10^3": 1500,
    "2.0x10^-2": 0.02,
    "1.5D+03": 1500,
    "1.2×10⁵": 120_000,
    "3.4·10⁻²": 0.034,
    "$(950.25)": -950.25,
    "Rs. 12,34,567/-": 1_234_567,
    "Fr. 1'234.–": 1234,
    "Rp 1.234.500": 1_234_500,
    "12억 500만원": 1_205_000_000,
}


def loaded(tmp_path, written):
    """`({column: its first four values}, schema, warnings)` of a CSV file."""
    rows = {name: (texts * (N // 4)) for name, (texts, _) in written.items()}
    path = tmp_path / "t.csv"
    pl.DataFrame(rows | {"n": range(N), "y": ["a", "b"] * (N // 2)}).write_csv(path, separator="\t")
    said: list[str] = []
    with warnings_to(said.append):
        schema = rowwise.load(path, target="y")[0].schema
    x = encode(schema, path).x[:4].astype(np.float64)
    origins = [column.origin for column in schema.used]
    return dict(zip((c.name for c in schema.used), (x + origins).T.tolist(), strict=True)), schema, said


def test_multiples_of_one_unit_are_numbers_and_it_is_told(tmp_path):
    values, schema, said = loaded(tmp_path, WRITTEN)
    assert {column.kind for column in schema.columns} == {"numeric"}
    for name, (_, expected) in WRITTEN.items():
        assert values[name] == pytest.approx(expected, rel=1e-6), name
    assert any('"followers"' in one and '"1.2k" is read as 1,200' in one for one in said)
    assert any('"won"' in one for one in said)
    served = [{name: texts[1] for name, (texts, _) in WRITTEN.items()} | {"n": 0, "sizes": "2,500"}]
    assert encode(schema, served).x[0, :2].tolist() == [950, 2500]


@pytest.mark.parametrize("name", OF_MANY_LANGUAGES)
def test_multiples_are_read_as_the_language_means_them(tmp_path, name):
    texts, expected = OF_MANY_LANGUAGES[name]
    values, schema, said = loaded(tmp_path, {name: (texts, expected)})
    assert values[name] == pytest.approx(expected, rel=1e-6)
    assert any(f'"{name}"' in one and "is read as" in one for one in said)
    served = encode(schema, [{name: text, "n": 0} for text in texts]).x[:, 0] + schema.columns[0].origin
    assert served == pytest.approx(expected, rel=1e-6)


def test_the_line_about_multiples_shows_the_price_of_a_house_whose_word_for_ten_thousand_is_left_out(tmp_path):
    *_, said = loaded(tmp_path, {"v": (["1억", "3억5천", "2억", "7천만"], [])})
    assert any('"3억5천" is read as 350,000,000' in one for one in said)


def test_what_multiplies_a_target_is_told_as_well():
    texts = [f"{n}만 {n % 7 + 1}천원" for n in range(1, N + 1)]
    with pytest.warns(Suspicious, match='Target "y": what stands .* so "1만 2천원" is read as 12,000'):
        train, test = rowwise.load(pl.DataFrame({"n": range(N), "y": texts}), "y", drop=())
    rows = np.concatenate([train.rows, test.rows])
    values = np.concatenate([train.y, test.y]).ravel() + (train.schema.target_origins or (0,))[0]
    assert values[np.argsort(rows)].tolist() == [n * 10_000 + (n % 7 + 1) * 1000 for n in range(1, N + 1)]
    bare = ["7" if n == 3 else f"{n / 4} kg" for n in range(N)]
    with pytest.warns(Suspicious, match='Target "y": 1 numbers, such as "7" in record 4, have no unit'):
        rowwise.load(pl.DataFrame({"n": range(N), "y": bare}), "y")


def test_an_amount_of_several_parts_served_to_a_model_in_ten_thousands_is_brought_to_them(tmp_path):
    values, schema, _ = loaded(tmp_path, {"v": (["1만", "3만", "12만", "5만"], [])})
    assert (values["v"], schema.columns[0].unit) == ([1, 3, 12, 5], "만")
    rows = [{"v": text, "n": 0} for text in ("3만5천", "7천", "1억 2천만")]
    assert encode(schema, rows).x[:, 0].tolist() == pytest.approx([3.5, 0.7, 12_000])


def test_words_of_one_size_are_one_unit(tmp_path):
    values, schema, _ = loaded(tmp_path, {"v": (["2 lakh", "3.5 lac", "12 lakhs", "1 lac"], [])})
    assert (values["v"], schema.columns[0].unit) == ([2, 3.5, 12, 1], "lakh")


def test_one_magnitude_alone_is_a_unit(tmp_path):
    values, schema, _ = loaded(tmp_path, AS_BEFORE)
    for name, (_, expected) in AS_BEFORE.items():
        assert values[name] == pytest.approx(expected, rel=1e-6), name
    assert [column.unit for column in schema.columns[:3]] == ["k", "m", "k"]
    rows = [{"k": "2M", "metres": "2km", "salary": "95k", "n": 0}]  # of a model in thousands, two million
    assert encode(schema, rows).x[0].tolist() == pytest.approx([2000, np.nan, 95, 0], nan_ok=True)


@pytest.mark.parametrize("text", ODD)
def test_ways_of_writing_that_have_one_meaning_have_that_value(text):
    for decimal in ".,":
        unit = next((u for u in ("원", "Rs.", "Fr.", "Rp", "$") if u in text), "")
        if "." not in text.replace("Rs.", "").replace("Fr.", "") or decimal == ".":
            assert as_numbers(pl.Series([text]), decimal, unit).to_list() == pytest.approx([ODD[text]])
