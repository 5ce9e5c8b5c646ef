"""No cell of a predicted table runs in a spreadsheet, and no number looks any different."""

import io
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rowwise
from rowwise.cli import main
from rowwise.data.tables.formulas import harmless, harmless_cells, harmless_names

FORMULAS = [
    '"=1+1',
    '""@x',
    '"-cmd',
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x","y")',
    "@SUM(A1)",
    "+cmd",
    "-2+3",
    "+1-555-0100",
]
FORMULAS += ["\tcmd", "\rcmd", "\ncmd", "＝1+1", "－x", "-5 apples", "+82-10-1234-5678", "-1.2.3-4", "--1+2", "-A1"]
STAY = ["-5", "+3.2", "-0,637", "-1.234,50", "-1 234,5", "-1'234", "+1e-5", "-1E+9", "-.5", "-$1,234", "-€5", "- 5"]
FORMULAS_WITHIN = {
    "y;=cmd": "y;'=cmd",
    "y;=cmd|' /C calc'!A0": "y;'=cmd|' /C calc'!A0",
    "y,=1+1": "y,'=1+1",
    "a;b;@SUM(A1)": "a;b;'@SUM(A1)",
    "\t=1": "'\t'=1",
    "y\t=1": "y\t'=1",
    "y\n=1": "y\n'=1",
    "y\r\n+cmd": "y\r\n'+cmd",
    'y;"=1+1"': 'y;"\'=1+1"',
    "=1;=2": "'=1;'=2",
    "1;-5;=x": "1;-5;'=x",
    "-1,234;=x": "'-1,234;'=x",
    "5;-2+3": "5;'-2+3",
    "y;＝1": "y;'＝1",
    "12,-(A1)": "12,'-(A1)",
}
STAY += [
    '"-5"',
    '"a"',
    '""',
    "1;-5",
    "1,-2.5,+3",
    "a, -b",
    "a; =b",
    "12,-",
    "12,- €",
    "CHF 5,--",
    "1.234,-EUR",
    "-5,-",
    "a;-;b",
    "x=y;z",
    "1;-5,5",
]
STAY += ["-12.5%", "-4,587,000원", "-inf", "+nan", "-", "+", "--", "5", "a=b", "'=1", "", " =1", "2023-01-01", "김치"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_a_text(text):
    assert harmless(text) == f"'{text}"
    rows, count = harmless_cells(pl.DataFrame({"a": [text]}))
    assert (rows["a"].to_list(), count) == ([f"'{text}"], 1)


@pytest.mark.parametrize("text", FORMULAS_WITHIN)
def test_a_formula_behind_another_separator_is_none_either(text):
    assert harmless(text) == FORMULAS_WITHIN[text]
    assert harmless_cells(pl.DataFrame({"a": [text, "b", text]}))[0]["a"].to_list() == [
        harmless(text),
        "b",
        harmless(text),
    ]
    assert harmless(harmless(text)) == harmless(text)


@given(st.text(st.sampled_from("=+-@;,\t\n\"' 15.ab"), max_size=10))
def test_no_piece_runs_whatever_a_line_is_cut_at(text):
    shown = harmless(text)
    for separator in ",;\t":
        for piece in re.split(f"[{separator}\r\n]", shown):
            assert not re.match(r"\"*[=@]", piece)
            assert not re.match(r"[+-].*[ab(]", piece) or re.search(r"\d,-{1,2} ?[ab]*$", text)
    assert re.sub("'", "", shown) == re.sub("'", "", text)


def test_what_was_predicted_reads_back_but_for_the_apostrophes():
    rows = pl.DataFrame({"a": ["y;=1", "-5", "1;-5"], "b": pl.Series(["x,+y", "c", "c"], dtype=pl.Categorical)})
    harmless_rows, count = harmless_cells(rows)
    again = pl.read_csv(io.BytesIO(harmless_rows.write_csv().encode()), infer_schema=False)
    assert count == 2
    assert again.to_dict(as_series=False) == {"a": ["y;'=1", "-5", "1;-5"], "b": ["x,'+y", "c", "c"]}


@pytest.mark.parametrize("text", STAY)
def test_numbers_and_plain_texts_stay(text):
    assert harmless(text) == text
    assert harmless_cells(pl.DataFrame({"a": [text]}))[1] == 0


@given(st.text(st.sampled_from("=+-@\t\r\n 0123456789.,eE%$A('" + "＝"), max_size=8))
def test_one_rule_for_a_text_and_for_a_column(text):
    rows, count = harmless_cells(pl.DataFrame({"a": [text, None]}))
    assert rows["a"].to_list() == [harmless(text), None]
    assert count == (harmless(text) != text)
    shown = harmless(text)
    assert not re.match(r"[=@\t\r\n＝]|[+-].*[A-DF-Za-df-z(]", shown)
    assert harmless_names([text]) == [shown]


@given(st.floats(allow_nan=False) | st.integers())
def test_whatever_python_writes_as_a_number_stays(number):
    assert harmless(str(number)) == str(number)
    assert harmless(f"{number:+}") == f"{number:+}"


def test_names_of_columns_stay_different():
    assert harmless_names(["=a", "'=a", "b", "-1"]) == ["''=a", "'=a", "b", "-1"]


def test_a_predicted_table_runs_nothing_in_a_spreadsheet(tmp_path, capsys):
    rows = 40
    frame = pl.DataFrame(
        {
            "=now()": [f"{number - 20}.5" for number in range(rows)],
            "note": pl.Series([["=1+1", "plain", "-3"][number % 3] for number in range(rows)], dtype=pl.Categorical),
            "y": [["@yes", "=no"][number % 2] for number in range(rows)],
        }
    )
    frame.write_csv(tmp_path / "t.csv")
    rowwise.train(tmp_path / "t.csv", "y", epochs=1, pictures=False, observer=lambda event: None, out=tmp_path / "run")
    assert main(["predict", str(tmp_path / "run"), str(tmp_path / "t.csv"), "--out", str(tmp_path / "out.csv")]) == 0
    written = pl.read_csv(tmp_path / "out.csv", infer_schema=False)
    assert written.columns == ["'=now()", "note", "y", "prediction", "probability =no", "probability @yes"]
    assert written["'=now()"].to_list() == frame["=now()"].to_list()
    assert set(written["note"]) == {"'=1+1", "plain", "-3"}
    assert set(written["y"]) == {"'@yes", "'=no"}
    assert set(written["prediction"]) <= {"'@yes", "'=no"}
    assert "apostrophe" in capsys.readouterr().err
    frame.write_parquet(tmp_path / "t.parquet")
    main(["predict", str(tmp_path / "run"), str(tmp_path / "t.parquet")])
    again = pl.read_csv(io.StringIO(capsys.readouterr().out), infer_schema=False)
    assert again.equals(written)
