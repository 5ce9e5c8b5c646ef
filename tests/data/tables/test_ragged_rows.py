"""Rows with fewer or more fields than the header: counted, named by their line, never filled in silence."""

import random

import pytest
from synthetic_tables import csv_of, houses, write

import rowwise
from rowwise.data import Source
from rowwise.data.tables.load import load
from rowwise.data.tables.ragged_rows import Ragged, ragged
from rowwise.data.tables.read import Limits
from rowwise.errors import DataError, Suspicious

LINES = csv_of(houses(60)).splitlines()
SHORT = "61,6.1"


def count(path, text, separator=",", **more):
    path.write_bytes(text.encode())
    return ragged(path, separator, 3, text.startswith("\n") + 1, **more)


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_fields_are_counted_outside_quotes_whatever_the_block(tmp_path, block):
    text = '\na,b,c\r\n1,2,3\r\n\r\n"x\ny,z",5,\n7,8\n"",,\n1,"2,3"\n1,2,3,4\n9'
    found = count(tmp_path / "t.csv", text, block_bytes=block)
    assert found == Ragged(7, short=3, long=1, short_line=7, long_line=10, short_fields=2, long_fields=4)


def test_a_quote_that_is_never_closed_ends_the_count(tmp_path):
    assert count(tmp_path / "t.csv", 'a,b,c\n1,2\n"3,4,5\n6,7\n').short == 1


def test_counting_agrees_with_python_on_drawn_files(tmp_path):
    import csv
    import io

    draw = random.Random(0)
    for _ in range(50):
        fields = [
            [draw.choice(["", "a", '"b;c"', '"d\ne"', '"f""g"', "0.5"]) for _ in range(draw.choice([2, 3, 3, 3, 4]))]
            for _ in range(20)
        ]
        text = "a;b;c\n" + "".join(";".join(row) + "\n" for row in fields)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1:]
        found = count(tmp_path / "t.csv", text, ";")
        assert found.rows == len(rows)
        assert (found.short, found.long) == (sum(len(r) < 3 for r in rows), sum(len(r) > 3 for r in rows))


@pytest.mark.parametrize("in_memory", [0, 1 << 20])
def test_a_few_short_rows_are_warned_of_once_with_the_line_of_the_first(tmp_path, in_memory):
    (tmp_path / "t.csv").write_text("\n".join([*LINES[:30], "", SHORT, *LINES[30:], SHORT]))
    with pytest.warns(Suspicious) as caught:
        train, test = load(Source(str(tmp_path / "t.csv"), target=("rooms",)), Limits(in_memory=in_memory))
    assert len(train) + len(test) == 62
    (warning,) = [str(one.message) for one in caught if "fewer fields" in str(one.message)]
    assert "2 of 62 rows" in warning
    assert "line 32 (2 of 8)" in warning


def test_a_table_of_mostly_short_rows_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("\n".join([*LINES[:20], *[SHORT] * 30]))
    with pytest.raises(DataError, match=r"30 of 49 rows have fewer fields .* line 21: 2 of 8"):
        rowwise.load(tmp_path / "t.csv", target="rooms")


def test_a_last_column_with_missing_values_is_no_short_row(tmp_path):
    columns = houses(60)
    columns["dear"] = [None if number % 3 else value for number, value in enumerate(columns["dear"])]
    rowwise.load(write(tmp_path / "t.csv", columns), target="price")  # warnings are errors here


def test_the_line_of_a_row_with_too_many_fields_is_named(tmp_path):
    (tmp_path / "t.csv").write_text("\n".join([*LINES[:30], LINES[30] + ",1", *LINES[31:]]))
    with pytest.raises(DataError, match=r"line 31: 9 fields, but the header has 8 names \(rows like this: 1\)"):
        rowwise.load(tmp_path / "t.csv", target="rooms")
