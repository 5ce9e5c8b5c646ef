"""Numbers as people write them: the value of each text, one sign before fractions for a file, units, marks, codes."""

import datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowwise
from rowwise.data import Source
from rowwise.data.tables.encode import encode, oddity_notes
from rowwise.data.tables.load import read_as
from rowwise.data.tables.parse import as_numbers
from rowwise.errors import DataError, UsageError, warnings_to

Y = ["a", "b"]


def csv(path, header, *columns, separator=";", rows=60):
    """A CSV file whose columns repeat the values given; fields that hold the separator are quoted."""

    def field(text):
        return f'"{text}"' if separator in text else text

    lines = [header, *(separator.join(field(str(c[n % len(c)])) for c in columns) for n in range(rows))]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def loaded(path, target="y", **options):
    """`({column: values in the file's order}, schema, what was warned of)`; the target among the columns."""
    said = []
    with warnings_to(said.append):
        parts = rowwise.load(path, target=target, **options)
    x, y, rows = (np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y", "rows"))
    order = np.argsort(rows)
    columns = {name: x[order, place].tolist() for place, name in enumerate(parts[0].schema.inputs)}
    said = [one for one in said if "stand among the training records" not in one]
    return columns | {target: y[order].tolist()}, parts[0].schema, said


def about(values):
    return pytest.approx(values, rel=1e-6, nan_ok=True)


SURE = {
    "0.637": 0.637,
    "0,637": 0.637,
    "1.234,50": 1234.5,
    "1,234.50": 1234.5,
    "1.234.567": 1_234_567,
    "1,234,567": 1_234_567,
    "1,23,456": 123_456,
    "12,34,567.5": 1_234_567.5,
    "1'234": 1234,
    "1’234.5": 1234.5,
    "1 234,50": 1234.5,
    "1\u00a0234\u00a0567": 1_234_567,
    "1\u202f234,5": 1234.5,
    "1234,5": 1234.5,
    "1,5E+03": 1500,
    "2,5e-3": 0.0025,
    "(1200)": -1200,
    "( 12.5 )": -12.5,
    "1200-": -1200,
    "−5": -5,
    "–5,25": -5.25,
    "+7": 7,
    "１２３": 123,
    "１，２３４．５": 1234.5,
    "٣٫٥": 3.5,
    "00012.5": 12.5,
}
IN_POINTS_AND_COMMAS = {
    "1.050": (1.05, 1050),
    "12,345": (12_345, 12.345),
    "-1.050": (-1.05, -1050),
    "(1,200)": (-1200, -1.2),
    "1,200-": (-1200, -1.2),
    "999,999": (999_999, 999.999),
}
NO_NUMBERS = [
    "1.2.3",
    "1,234,56",
    "0,123,456",
    "010-1234-5678",
    "3+",
    "10-20",
    "12:30",
    "4x2",
    "1½",
    "0x1F",
    "1e999",
    "0, quoted",
    "5. kg",
]


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_text_of_one_meaning_has_that_value_whatever_the_files_sign(decimal):
    assert as_numbers(pl.Series(list(SURE)), decimal).to_list() == about(list(SURE.values()))
    assert as_numbers(pl.Series(NO_NUMBERS), decimal).null_count() == len(NO_NUMBERS)


def test_a_text_of_two_meanings_is_read_by_the_files_sign():
    for place, decimal in enumerate(".,"):
        expected = [values[place] for values in IN_POINTS_AND_COMMAS.values()]
        assert as_numbers(pl.Series(list(IN_POINTS_AND_COMMAS)), decimal).to_list() == about(expected)


def written(number, thousands, decimal):
    return f"{number:,.3f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=5),
    st.sampled_from([",.", ".,", "'.", " ,", "\u00a0,", "\u202f.", " ."]),
)
def test_every_number_is_read_as_it_was_written(whole, signs):
    thousands, decimal = signs
    numbers = [number / 1000 for number in whole]
    texts = pl.Series([written(number, thousands, decimal) for number in numbers])
    assert as_numbers(texts, decimal).to_list() == pytest.approx(numbers, rel=1e-12)


UNITS = {
    "₩": (["₩69,500", "₩1,200,000", "-₩300"], [69_500, 1_200_000, -300]),
    "￦": (["￦69,500", "￦1,200"], [69_500, 1200]),
    "원": (["4,587,000원", "900원", "12,000 원"], [4_587_000, 900, 12_000]),
    "$": (["$1,234", "$7.5", "$-3", "($1,200)"], [1234, 7.5, -3, -1200]),
    "US$": (["US$ 5", "US$ 1,250.75"], [5, 1250.75]),
    "€": (["1 234,50 €", "0,99 €", "12 €"], [1234.5, 0.99, 12]),
    "CHF": (["CHF 1'234.50", "CHF 3.–", "CHF 0.95"], [1234.5, 3, 0.95]),
    "EUR": (["1.234,50 EUR", "0,50 EUR"], [1234.5, 0.5]),
    "₹": (["₹1,23,456", "₹99"], [123_456, 99]),
    "%": (["12.5%", "7 %", "-0.5%"], [12.5, 7, -0.5]),
    "kg": (["-5 kg", "1.5 kg", "12kg"], [-5, 1.5, 12]),
    "km/h": (["50 km/h", "120.5 km/h"], [50, 120.5]),
    "m²": (["84.5 m²", "102 m²"], [84.5, 102]),
    "month": (["1 month", "12 months", "3 months"], [1, 12, 3]),
    "°C": (["-3.5°C", "20 °C"], [-3.5, 20]),
}


@pytest.mark.parametrize("unit", UNITS)
def test_numbers_with_a_unit_are_numbers_and_the_unit_is_said(tmp_path, unit):
    texts, values = UNITS[unit]
    columns, schema, said = loaded(csv(tmp_path / "t.csv", "v;y", texts, Y))
    assert columns["v"] == about([values[n % len(values)] for n in range(60)])
    column = schema.columns[0]
    assert (column.kind, column.unit) == ("numeric", "₩" if unit == "￦" else unit)
    assert column.unit in str(schema)
    assert not said
    assert rowwise.data.tables.schema.Schema.from_dict(schema.to_dict()) == schema


def test_what_is_served_is_read_in_the_unit_of_the_training(tmp_path):
    _, schema, _ = loaded(csv(tmp_path / "t.csv", "v;y", ["$1,234", "$7.5", "$80"], Y))
    rows = [{"v": "$2,500.5"}, {"v": "USD 30"}, {"v": "12"}, {"v": 12.5}, {"v": "€900"}, {"v": "na"}, {"v": "much"}]
    x, oddities = encode(schema, rows)
    assert x[:, 0].tolist() == about([2500.5, 30, 12, 12.5, *[float("nan")] * 3])
    assert +oddities["v"] == {"unit": 1, "missing": 1, "unreadable": 1}
    assert any("1 value is in another unit" in note for note in oddity_notes(schema, oddities))
    again = csv(tmp_path / "new.csv", "v,y", ["$1,234", "$0.5"], Y, separator=",", rows=2)
    assert encode(schema, again).x[:, 0].tolist() == about([1234, 0.5])


def test_units_that_cannot_be_added_up_are_never_numbers(tmp_path):
    many = [f"${n}" if n % 3 else f"€{n}" for n in range(60)]
    path = csv(tmp_path / "t.csv", "v;w;y", many, range(60), Y)
    _, schema, said = loaded(path)
    assert schema.columns[0].reason == "mixed"
    assert 'units that cannot be added up, "€0" in record 1 and "$1" in record 2' in said[0]
    with pytest.raises(DataError, match="units that cannot be added up"):
        loaded(path, target="v")
    assert loaded(path, drop="v")[2] == []
    _, schema, said = loaded(csv(tmp_path / "few.csv", "v;y", ["250 g", "1 kg", "500 g"], Y))
    assert schema.columns[0].levels == ("1 kg", "250 g", "500 g")
    assert '"250 g" and "1 kg"' in said[0]
    with pytest.raises(UsageError, match="units that cannot be added up"):
        loaded(tmp_path / "few.csv", numeric="v")


def test_numbers_without_the_unit_of_their_column_are_told_of(tmp_path):
    columns, schema, said = loaded(csv(tmp_path / "t.csv", "v;y", ["5 kg", "7", "9 kg"], Y))
    assert columns["v"][:3] == [5, 7, 9]
    assert schema.columns[0].unit == "kg"
    assert '20 numbers, such as "7" in record 2, have no unit and are taken to be in kg' in said[0]


def test_house_numbers_and_ratings_with_letters_are_no_amounts(tmp_path):
    _, schema, said = loaded(csv(tmp_path / "t.csv", "v;w;y", ["12A", "7", "13B"], ["0", "1", "2", "3+"], Y))
    assert [c.kind for c in schema.columns] == ["categorical", "categorical"]
    assert not said


def test_a_target_with_a_unit_is_a_number_and_its_unit_is_kept(tmp_path):
    prices = [f"{n * 1250:,}원" for n in range(60)]
    columns, schema, _ = loaded(csv(tmp_path / "t.csv", "v;price", range(60), prices), "price")
    assert columns["price"] == [n * 1250 for n in range(60)]
    assert (schema.task, schema.target_unit("price")) == ("regression", "원")
    new = csv(tmp_path / "new.csv", "v;price", [1, 2], ["2,500원", "₩900"], rows=2)
    assert read_as(schema, Source(str(new)))[0].y.tolist() == [2500, 900]
    with pytest.raises(DataError, match='holds "\\$900" in record 2, which is no number in the unit'):
        read_as(schema, Source(str(csv(tmp_path / "new.csv", "v;price", [1, 2], ["2,500원", "$900"], rows=2))))


FILES = {
    "the other columns settle it": (
        "v;kg;y",
        [["950", "1.050", "2.155"], ["0,250", "1,500", "2"]],
        ",",
        {"v": [950, 1050, 2155], "kg": [0.25, 1.5, 2]},
    ),
    "points elsewhere": ("v;kg;y", [["1.050", "2.155"], ["0.25", "1.5"]], ".", {"v": [1.05, 2.155], "kg": [0.25, 1.5]}),
    "a second sign between thousands": ("v;w;y", [["1.050", "3.000"], ["1.234.567", "9"]], ",", {"v": [1050, 3000]}),
    "hundreds beside it": ("v;y", [["950", "87", "1.050"]], ",", {"v": [950, 87, 1050]}),
    "leading zeros": ("v;y", [["0.100", "1.137", "2.211"]], ".", {"v": [0.1, 1.137, 2.211]}),
    "money without fractions": ("v;w;y", [["₩1,050", "₩69,500"], ["2,000원"]], ".", {"v": [1050, 69_500]}),
    "money": ("v;w;y", [["1.050 €", "80,5 €"], ["1.250", "2.750"]], ",", {"v": [1050, 80.5], "w": [1250, 2750]}),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_has_one_sign_before_fractions(tmp_path, what):
    header, columns, decimal, expected = FILES[what]
    found, schema, said = loaded(csv(tmp_path / "t.csv", header, *columns, Y))
    assert (schema.decimal, said) == (decimal, [])
    for name, values in expected.items():
        assert found[name] == about([values[n % len(values)] for n in range(60)])
    assert f'"{decimal}" before the fraction' in str(schema)


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_where_nothing_else_shows_the_sign_the_separator_does(tmp_path, separator):
    german = separator == ";"
    path = csv(tmp_path / "t.csv", separator.join("vy"), ["1.050", "2.155"], Y, separator=separator)
    found, _, said = loaded(path)
    assert found["v"][:2] == about([1050, 2155] if german else [1.05, 2.155])
    assert len(said) == (separator != ",")
    for words in said:
        assert '"1.050" in column "v" is taken for' in words
        assert f'decimal="{"." if german else ","}"' in words
    for decimal, values in ((".", [1.05, 2.155]), (",", [1050, 2155])):
        found, _, said = loaded(path, decimal=decimal)
        assert (found["v"][:2], said) == (about(values), [])
    found, _, said = loaded(csv(tmp_path / "long.csv", separator.join("vy"), ["1.050", "1050"], Y, separator=separator))
    assert (found["v"][:2], len(said)) == (about([1.05, 1050]), german)
    with pytest.raises(UsageError, match="decimal must be one of"):
        rowwise.load(path, target="y", decimal=";")


def test_thousands_of_a_comma_separated_file_are_quoted(tmp_path):
    found, _, said = loaded(csv(tmp_path / "t.csv", "v,y", ["1,050", "2,155,000", "3"], Y, separator=","))
    assert (found["v"][:3], said) == ([1050, 2_155_000, 3], [])
    found, schema, said = loaded(csv(tmp_path / "t.csv", "v,w,y", ["0,5", "12,25"], ["1.050"], Y, separator=","))
    assert (found["v"][:2], schema.decimal) == (about([0.5, 12.25]), ",")


def test_both_signs_in_a_file_are_told_of_and_read_as_they_show(tmp_path):
    columns = ["0,5", "1,25"], ["3,75", "2"], ["0.5", "1.250"]
    found, _, said = loaded(csv(tmp_path / "t.csv", "a;b;c;y", *columns, Y))
    assert [found[name][:2] for name in "abc"] == [[0.5, 1.25], [3.75, 2], [0.5, 1.25]]
    assert len(said) == 1
    assert 'column "c" has "0.5"' in said[0]
    assert loaded(tmp_path / "t.csv", drop="c")[2] == []


def test_a_model_of_one_country_serves_the_files_of_another(tmp_path):
    def files(folder, decimal, separator):
        folder.mkdir()
        numbers = [f"{n / 8 + 0.125:.3f}".replace(".", decimal) for n in range(60)]
        header = separator.join(["v", "w", "y"])
        return csv(folder / "t.csv", header, numbers, range(60), numbers, separator=separator)

    german = files(tmp_path / "de", ",", ";")
    american = files(tmp_path / "us", ".", ",")
    for trained, served in ((german, american), (american, german), (german, german)):
        found, schema, _ = loaded(trained)
        values = [n / 8 + 0.125 for n in range(60)]
        assert found["v"] == found["y"] == values
        assert encode(schema, served).x[:, 0].tolist() == values
        again, _ = read_as(schema, Source(str(served)))
        assert (again.x[:, 0].tolist(), again.y.tolist()) == (values, values)
        rows = pl.read_csv(served, separator=";" if served is german else ",", infer_schema=False)
        assert encode(schema, rows.to_dicts()).x[:, 0].tolist() == values
        assert encode(schema, rows).x[:, 0].tolist() == values


def test_a_sign_that_a_later_part_of_a_long_file_shows_holds_for_all_of_it(tmp_path):
    values = ["1.050"] * 3000 + ["0,25"] * 2000 + ["2.000"] * 3000
    found, _, said = loaded(csv(tmp_path / "t.csv", "v;w;y", values, range(8000), Y, rows=8000))
    assert (found["v"], said) == (about([1050] * 3000 + [0.25] * 2000 + [2000] * 3000), [])


def test_thousands_with_points_beside_a_mark_are_numbers(tmp_path):
    """Nothing else in their column shows the sign: the range of what they are worth has to be known by then."""
    found, _, said = loaded(csv(tmp_path / "t.csv", "v;w;y", ["1.050", "n/a", "2.000", "-3.000"], ["0,25"], Y))
    assert (found["v"][:4], said) == (about([1050, np.nan, 2000, -3000]), [])
    long = ["1.050", "2.155", "-900.001"] * 1000
    found, _, _ = loaded(csv(tmp_path / "long.csv", "v;w;y", [*long, "n/a"], ["0,25"], Y, rows=3001))
    assert found["v"][2999:] == about([-900_001, np.nan])


def test_rows_that_do_not_show_their_sign_are_read_as_the_training_was(tmp_path):
    for decimal, value in ((",", 1050), (".", 1.05)):
        path = csv(tmp_path / "t.csv", "v;y", [f"0{decimal}5", f"2{decimal}25"], Y)
        _, schema, _ = loaded(path)
        assert encode(schema, [{"v": "1.050"}, {"v": "7"}]).x[:, 0].tolist() == about([value, 7])
        assert encode(schema, [{"v": Decimal("1.050")}, {"v": 1.05}]).x[:, 0].tolist() == about([1.05, 1.05])
        new = csv(tmp_path / "new.csv", "v;y", ["1.050"], Y, rows=3)
        assert encode(schema, new).x[:, 0].tolist() == about([value] * 3)
        assert encode(schema, Source(str(new), decimal=",")).x[0, 0] == 1050


def test_the_sign_of_a_served_file_does_not_depend_on_its_batches(tmp_path):
    from rowwise.data.tables.read import Limits

    _, schema, _ = loaded(csv(tmp_path / "t.csv", "v;y", ["0,5", "2,25"], Y))
    values = ["1.050", "2.000"] * 100 + ["0.25"]
    new = csv(tmp_path / "new.csv", "v;y", values, Y, rows=201)
    for limits in (None, Limits(64, 0)):
        assert encode(schema, new, limits).x[:, 0].tolist() == about([1.05, 2] * 100 + [0.25])


MARKS = ["na", ".", "#DIV/0!", "inf", "없음", "-inf", "n.a.", "..", "nan", "N/D", "#VALUE!", "*"]


@pytest.mark.parametrize("many", [20, 60])
@pytest.mark.parametrize("mark", MARKS)
def test_marks_among_numbers_are_missing_values_however_many_numbers_there_are(tmp_path, mark, many):
    values = [mark if n == 3 else f"{n % many * 1.5}" for n in range(60)]
    found, schema, said = loaded(csv(tmp_path / "t.csv", "v,w,y", values, range(60), Y, separator=","))
    assert schema.columns[0].kind == "numeric"
    assert found["v"] == about([float("nan") if n == 3 else n % many * 1.5 for n in range(60)])
    shown = [] if mark in ("nan",) else [f'1 value, "{mark}" in record 4, stands for no number']
    assert [words.split(": ", 1)[1].split(" and count")[0] for words in said] == shown


def test_a_target_that_is_only_marked_is_no_record(tmp_path):
    values = ["#N/A!" if n == 3 else "na" if n == 9 else n * 0.25 for n in range(60)]
    values[3] = "na"
    found, _, _ = loaded(csv(tmp_path / "t.csv", "v,y", range(60), values, separator=","))
    assert found["y"] == [n * 0.25 for n in range(60) if n not in (3, 9)]


@pytest.mark.parametrize("many", [20, 60])
def test_what_is_no_number_is_named_with_its_record_however_many_numbers_there_are(tmp_path, many):
    values = {3: "abc", 7: "n/k", 40: "abc"}
    texts = [values.get(n, n % many * 1.5) for n in range(60)]
    path = csv(tmp_path / "t.csv", "v,w,y", texts, range(60), Y, separator=",")
    _, schema, said = loaded(path)
    assert schema.columns[0].reason == "mixed"
    assert 'not used: it mixes 57 numbers with 3 values that are none, such as "abc" in record 4, "n/k"' in said[0]
    with pytest.raises(UsageError, match=r'mixes 57 numbers with 3 .*such as "abc" in record 4, "n/k" in record 8'):
        loaded(path, numeric="v")
    assert loaded(path, categorical="v")[1].columns[0].kind == "categorical"


def test_levels_that_are_mostly_numbers_stay_a_category(tmp_path):
    columns = ["0", "1", "2", "3+"], ["1", "2", "3", "4", "F"], ["<18", "18", "19", "20"], ["1.5", "2.5", "3.5+"]
    _, schema, said = loaded(csv(tmp_path / "t.csv", "a,b,c,d,y", *columns, Y, separator=","))
    assert [c.kind for c in schema.columns] == ["categorical"] * 4
    assert not said


CODES = {
    "post codes": ["00123", "01234", "90210"],
    "one width": ["007", "012", "350"],
    "long ids": ["12345678901234567", "45678901234567891", "98765432109876543"],
    "telephones": ["+821012345678", "+821087654321", "+821055555555"],
}


@pytest.mark.parametrize("what", CODES)
def test_codes_keep_their_digits(tmp_path, what):
    values = CODES[what]
    path = csv(tmp_path / "t.csv", "v,y", values, Y, separator=",")
    _, schema, said = loaded(path)
    assert schema.columns[0].levels == tuple(sorted(values))
    assert len(said) == 1
    assert 'numeric="v" takes it as numbers' in said[0]
    assert loaded(path, numeric="v")[1].columns[0].kind == "numeric"
    assert encode(schema, [{"v": values[1]}]).x[0, 0] == schema.columns[0].levels.index(values[1])


def test_codes_that_differ_everywhere_are_not_used_and_told_of(tmp_path):
    values = [f"{n * 37:06}" for n in range(60)]
    _, schema, said = loaded(csv(tmp_path / "t.csv", "v,w,y", values, range(60), Y, separator=","))
    assert schema.columns[0].reason == "identifier"
    assert 'codes such as "000000"' in said[0]


def test_long_ids_of_a_dataframe_keep_their_digits_too():
    ids = [2**60 + 1, 2**61 + 1, 2**62 + 1]
    _, schema, said = loaded(pl.DataFrame({"v": ids * 20, "y": Y * 30}))
    assert schema.columns[0].levels == tuple(str(number) for number in ids)
    assert len(said) == 1
    for carried in (int, str):  # what differs little is counted from a number in its middle
        ids = [carried(10**18 + n) for n in range(60)]
        found, schema, said = loaded(pl.DataFrame({"v": ids, "y": Y * 30}))
        assert (schema.columns[0].kind, said) == ("numeric", [])
        assert np.diff(found[schema.inputs[0]]).tolist() == [1] * 59


def test_a_zero_before_a_number_here_and_there_makes_no_codes(tmp_path):
    found, schema, _ = loaded(csv(tmp_path / "t.csv", "v,y", ["05", "7", "12", "3"], Y, separator=","))
    assert (schema.columns[0].kind, found["v"][:4]) == ("numeric", [5, 7, 12, 3])
    found, schema, _ = loaded(csv(tmp_path / "t.csv", "v,y", ["00.5", "07.25", "12.00"], Y, separator=","))
    assert (schema.columns[0].kind, found["v"][:3]) == ("numeric", [0.5, 7.25, 12])


def test_texts_and_decimals_of_a_dataframe_are_the_numbers_that_a_csv_gives(tmp_path):
    texts = [f"{n * 1.5}" if n % 9 else "?" for n in range(60)]
    decimals = [None if text == "?" else Decimal(text) for text in texts]
    frames = {
        "csv": csv(tmp_path / "t.csv", "v,y", texts, Y, separator=","),
        "texts": pl.DataFrame({"v": texts, "y": Y * 30}),
        "decimals": pl.DataFrame({"v": decimals, "y": Y * 30}),
    }
    frames["texts"].write_parquet(tmp_path / "t.parquet")
    frames["decimals"].write_parquet(tmp_path / "d.parquet")
    frames |= {"parquet": tmp_path / "t.parquet", "parquet of decimals": tmp_path / "d.parquet"}
    expected = [float("nan") if text == "?" else float(text) for text in texts]
    for form, data in frames.items():
        found, schema, _ = loaded(data)
        assert (schema.columns[0].kind, found["v"]) == ("numeric", about(expected)), form
    german = pl.DataFrame({"v": ["1.050", "0,5", "7"] * 20, "y": Y * 30})
    assert loaded(german)[0]["v"][:3] == [1050, 0.5, 7]
    target = frames["texts"].select(pl.col("v").alias("y"), w=pl.int_range(60)).filter(pl.col("y") != "?")
    assert loaded(target, task="regression")[0]["y"] == [value for value in expected if value == value]


@pytest.mark.parametrize("values", [["1.2.3", "1.2.4", "2.0.0"], ["010-1234-5678", "02-123-4567", "031-123-4567"]])
def test_versions_and_telephones_are_no_numbers(tmp_path, values):
    _, schema, said = loaded(csv(tmp_path / "t.csv", "v,y", values, Y, separator=","))
    assert (schema.columns[0].levels, said) == (tuple(sorted(values)), [])


def test_years_with_a_unit_are_no_dates_and_dates_no_years(tmp_path):
    years, days = [f"{2000 + n % 20}년" for n in range(60)], [f"2023년 {n % 12 + 1}월 3일" for n in range(60)]
    found, schema, _ = loaded(csv(tmp_path / "t.csv", "v,w,y", years, days, Y, separator=","))
    assert [c.kind for c in schema.columns] == ["numeric", "date"]
    assert found["v"][:2] == [2000, 2001]


def test_a_schema_of_an_earlier_version_is_read_and_serves(tmp_path):
    column = {"name": "v", "kind": "numeric", "decimal": ",", "means": [1.0], "scales": [1.0]}
    schema = rowwise.data.tables.schema.Schema.from_dict({"columns": [column], "targets": ["y"], "classes": []})
    assert (schema.decimal, schema.usual_decimal) == ("", ",")
    assert encode(schema, [{"v": "1.050"}]).x[0, 0] == 1050
    assert encode(schema, [{"v": "0.637"}, {"v": "1.050"}]).x[:, 0].tolist() == about([0.637, 1.05])


def test_a_duration_or_time_is_no_text(tmp_path):
    frame = pl.DataFrame({"v": [datetime.timedelta(seconds=n) for n in range(60)], "y": Y * 30})
    assert loaded(frame)[0]["v"][:3] == [0, 1, 2]


@pytest.mark.parametrize("odd", ["<0.5", "> 100", "~3"])
def test_bounds_among_few_amounts_make_no_categories(tmp_path, odd):
    path = csv(tmp_path / "t.csv", "v;w;y", ["2.5", odd, "7.25", ":", "4"], [str(n) for n in range(60)], Y)
    _, schema, said = loaded(path)
    assert (schema.columns[0].kind, schema.columns[0].reason) == ("dropped", "mixed")
    assert any(f'such as "{odd}" in record 2' in one for one in said)


def test_few_whole_numbers_and_a_bound_are_levels(tmp_path):
    path = csv(tmp_path / "t.csv", "v;w;y", ["0", "1", "2", ">2"], [str(n) for n in range(60)], Y)
    assert loaded(path)[1].columns[0].kind == "categorical"


IN_SEVERAL_SPELLINGS = {  # of one unit; four texts are 5, 6, 7 and 8
    "area": ["5㎡", "6 m2", "7 m²", "8 sqm"],
    "mass": ["5 kg", "6㎏", "7 Kg", "8kg"],
    "dose": ["5 \u00b5g", "6 \u03bcg", "7 ug", "8 mcg"],
    "heat": ["5 ℃", "6 °C", "7°C", "8℃"],
    "speed": ["5 km/h", "6 kph", "7kmh", "8 km/h"],
    "share": ["5%", "6 pct", "7 percent", "8 %"],
    "won": ["₩5", "6원", "KRW 7", "8"],
    "roubles": ["5 ₽", "6 руб.", "7 RUB", "8"],
    "lira": ["₺5", "6 TL", "7 TRY", "8"],
    "złoty": ["5 zł", "6 PLN", "PLN 7", "8 zł"],
    "rand": ["R 5,00", "R6,00", "ZAR 7", "R 8,00"],
}


@pytest.mark.parametrize("what", IN_SEVERAL_SPELLINGS)
def test_one_unit_in_several_spellings_is_one_unit(tmp_path, what):
    path = csv(tmp_path / "t.csv", "v;x;y", IN_SEVERAL_SPELLINGS[what], ["0,5", "1,25", "2,75"], Y)
    columns, schema, _ = loaded(path)
    assert schema.columns[0].kind == "numeric"
    assert columns["v"][:4] == [5, 6, 7, 8]


def test_codes_that_begin_with_r_are_no_money(tmp_path):
    path = csv(tmp_path / "t.csv", "v;x;y", ["R12", "R7", "R134"], ["0,5", "1,25", "2,75"], Y)
    assert loaded(path)[1].columns[0].levels == ("R12", "R134", "R7")
