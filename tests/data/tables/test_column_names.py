"""What columns are called: commas in a name, names that several columns have, labels that are no texts."""

import json
import types

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_tables import PandasFrame

import rowwise
from rowwise.cli import main
from rowwise.data.column_names import checked_names, listed, names_in
from rowwise.data.tables.encode import encode
from rowwise.errors import Suspicious, UsageError

pytestmark = pytest.mark.filterwarnings("ignore:.*test records stand among")
ROWS = range(60)
OK = ["ab"[n % 2] for n in ROWS]
COMMAS = '"Income, monthly",Income,y\n' + "".join(f"{n},{n % 5},{OK[n]}\n" for n in ROWS)
COLUMNS = ("Income, monthly", "Income", "a, b, c", "y")


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (["Income, monthly"], ["Income, monthly"]),
        (["Income"], ["Income"]),
        (["Income, monthly,Income"], ["Income, monthly", "Income"]),
        (["Income,Income, monthly"], ["Income", "Income, monthly"]),
        (['"Income, monthly",Income'], ["Income, monthly", "Income"]),
        (['Income, "Income, monthly" , y'], ["Income", "Income, monthly", "y"]),
        (["Income, monthly", "Income"], ["Income, monthly", "Income"]),
        (["a, b, c,y"], ["a, b, c", "y"]),
        (["y, a, b, c"], ["y", "a, b, c"]),
        (["y,,Income,"], ["y", "Income"]),
        (["y, none"], ["y", "none"]),
        (["Income, monthyl"], ["Income, monthyl"]),
        ([], []),
    ],
)
def test_a_name_may_hold_commas(written, names):
    assert names_in(written, COLUMNS) == tuple(names)


@given(st.lists(st.text(min_size=1, max_size=12).filter(str.strip), min_size=1, max_size=5, unique=True))
def test_a_columns_name_as_it_stands_always_names_it(columns):
    assert names_in(columns, columns) == tuple(columns)


@given(st.lists(st.text(st.sampled_from("ab, \t한"), min_size=1, max_size=8), min_size=1, max_size=5))
def test_what_a_message_lists_can_be_written_in_an_option(columns):
    columns = [name for name in dict.fromkeys(columns) if name == name.strip() != ""]
    assert names_in([listed(columns)] if columns else [], columns) == tuple(columns)


@pytest.mark.parametrize(
    ("drop", "left"),
    [
        (["Income, monthly"], ["Income"]),
        (['"Income, monthly"'], ["Income"]),
        (["Income"], ["Income, monthly"]),
    ],
)
@pytest.mark.parametrize("option", ["--drop", "--categorical", "--numeric"])
def test_the_command_line_names_a_column_with_a_comma(tmp_path, capsys, option, drop, left):
    (tmp_path / "t.csv").write_text(COMMAS)
    asked = [part for name in drop for part in (option, name)]
    assert main(["data", "show", str(tmp_path / "t.csv"), "--target", "y", "--json", "--lang", "en", *asked]) == 0
    schema = json.loads(capsys.readouterr().out)["columns"]
    kinds = {column["name"]: column["kind"] for column in schema["columns"]}
    assert kinds[left[0]] == "numeric"
    other = next(name for name in kinds if name not in left)
    assert kinds[other] == {"--drop": "dropped", "--categorical": "categorical", "--numeric": "numeric"}[option]


def test_options_of_a_file_name_it_too_and_a_run_keeps_the_columns_own_names(tmp_path):
    (tmp_path / "t.csv").write_text(COMMAS)
    (tmp_path / "how.toml").write_text('drop = "Income, monthly"\ntarget = ["y"]\n')
    train, _ = rowwise.load(tmp_path / "t.csv", options=tmp_path / "how.toml")
    assert train.schema.inputs == ("Income",)
    assert train.source["load"]["drop"] == ["Income, monthly"]


def test_a_target_may_hold_a_comma_and_several_may_stand_in_one_text(tmp_path):
    (tmp_path / "t.csv").write_text(COMMAS)
    assert rowwise.load(tmp_path / "t.csv", target="Income, monthly")[0].targets == ("Income, monthly",)
    both, _ = rowwise.load(tmp_path / "t.csv", target="Income, monthly,Income")
    assert both.targets == ("Income, monthly", "Income")
    assert both.source["load"]["target"] == ["Income, monthly", "Income"]
    np.testing.assert_array_equal(both.y, np.stack([both.rows - 1, (both.rows - 1) % 5], axis=1))
    words = r'drop="monthly": .* no such column.*It has: "Income, monthly", Income, y'
    with pytest.raises(UsageError, match=words):
        rowwise.load(tmp_path / "t.csv", target="y", drop="Income, monthly ,monthly")


TWICE = "x,x,ok\n" + "".join(f"{n},{-n / 2},{OK[n]}\n" for n in ROWS)


def test_columns_of_one_name_are_told_apart_as_pandas_does(tmp_path):
    (tmp_path / "t.csv").write_text(TWICE)
    with pytest.warns(Suspicious, match=r'Several columns of .* are called "x". Here their names are x, x\.1'):
        train, _ = rowwise.load(tmp_path / "t.csv", target="ok")
    assert train.schema.inputs == ("x", "x.1")
    row = train.rows - 1
    np.testing.assert_array_equal(train.x, np.stack([row, -row / 2], axis=1))
    with pytest.warns(Suspicious, match="called"):
        again = encode(train.schema, tmp_path / "t.csv")
    np.testing.assert_array_equal(again.x[train.rows - 1], train.x)


def test_dropping_a_common_name_drops_all_that_have_it(tmp_path):
    rows = "".join(f"{n},{-n / 2},{n % 7},{OK[n]}\n" for n in ROWS)
    (tmp_path / "t.csv").write_text("x,x,w,ok\n" + rows)
    train, _ = rowwise.load(tmp_path / "t.csv", target="ok", drop="x")  # no warning
    assert train.schema.inputs == ("w",)
    with pytest.warns(Suspicious, match="called"):
        train, _ = rowwise.load(tmp_path / "t.csv", target="ok", drop="x.1")
    assert train.schema.inputs == ("x", "w")


def test_a_target_of_a_common_name_is_asked_about(tmp_path):
    (tmp_path / "t.csv").write_text("w,y,y\n" + "".join(f"{n},{OK[n]},{n}\n" for n in ROWS))
    with pytest.raises(UsageError, match=r'target="y": several columns .* called y, y\.1\. .*drop="y\.1"'):
        rowwise.load(tmp_path / "t.csv", target="y")
    train, _ = rowwise.load(tmp_path / "t.csv", target="y", drop="y.1")
    assert train.classes == ("a", "b")
    with pytest.warns(Suspicious, match="called"):
        assert rowwise.load(tmp_path / "t.csv", target="y.1")[0].targets == ("y.1",)


@given(st.lists(st.sampled_from(["x", "x.1", "x.2", "x.1.1", "y"]), max_size=12))
def test_names_become_distinct_and_those_that_are_stay(names):
    distinct, repeated = checked_names("t", names)
    assert len(set(distinct)) == len(names)
    for old, new in zip(names, distinct, strict=True):
        assert new == old if names.count(old) == 1 else new in repeated[old]


@pytest.mark.parametrize(
    ("labels", "target", "names"),
    [
        ([0, 1, 2], 2, ("0", "1")),
        ([0, 1, 2], "2", ("0", "1")),
        ([np.int64(7), 1.5, "ok"], "ok", ("7", "1.5")),
        ([("size", "cm"), ("size", "kg"), ("ok", "")], ("ok", ""), ("size cm", "size kg")),
        ([("size", "cm"), ("size", "kg"), ("ok", "")], "ok", ("size cm", "size kg")),
        (["x", None, "ok"], "ok", ("x", "column_2")),
        ([1, "1", "ok"], "ok", ("1", "1.1")),
    ],
)
@pytest.mark.filterwarnings("ignore:Several columns")
def test_labels_that_are_no_texts_are_named(labels, target, names):
    frame = PandasFrame(labels, map(np.array, ([n * 1.0 for n in ROWS], [n % 7 for n in ROWS], OK)))
    train, _ = rowwise.load(frame, target=target)
    assert tuple(column.name for column in train.schema.columns) == names
    taken, _ = rowwise.load(frame, target=target, categorical=[names[1]])
    assert taken.schema.columns[1].kind == "categorical"


def test_dictionaries_may_have_labels_that_are_no_texts():
    frame = PandasFrame([0, 1, 2], map(np.array, ([n * 1.0 for n in ROWS], [n % 7 for n in ROWS], OK)))
    train, _ = rowwise.load(frame, target=2)
    np.testing.assert_array_equal(encode(train.schema, [{0: 3.5, 1: 4}, {1: 5, 0: 2}]).x, [[3.5, 4], [2, 5]])


def test_an_index_is_no_column_and_the_error_says_what_to_do():
    frame = PandasFrame(["x", "ok"], map(np.array, ([n * 1.0 for n in ROWS], OK)))
    frame.index = types.SimpleNamespace(names=["when"])
    with pytest.raises(UsageError, match=r'time="when": that is the DataFrame.s index.*reset_index\(\)'):
        rowwise.load(frame, target="ok", time="when")


def test_a_long_name_is_cut_in_messages():
    frame = pl.DataFrame({"x" * 5000: ROWS, "ok": OK})
    with pytest.raises(UsageError) as caught:
        rowwise.load(frame, target="o" * 5000)
    assert len(str(caught.value)) < 300
