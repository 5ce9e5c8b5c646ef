"""What multiplies a number, or turns it around, is part of its value: thousands, lakh, 억, debit; and is told."""

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.data.tables.encode import encode
from rowwise.data.tables.parse import as_numbers
from rowwise.errors import warnings_to

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
AS_BEFORE = {  # of one magnitude alone, numbers stay what is written
    "k": (["1.2k", "3.4k", "5k", "12k"], [1.2, 3.4, 5, 12]),
    "metres": (["5 m", "7.5 m", "12 m", "3"], [5, 7.5, 12, 3]),
    "salary": (["85k", "90", "120k", "75k"], [85, 90, 120, 75]),
}
ODD = {
    "1.5×10^3": 1500,
    "2.0x10^-2": 0.02,
    "1.5D+03": 1500,
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
