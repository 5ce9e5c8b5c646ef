"""What the columns of a table are: as their values show, as the user says, and what the training rows tell of them."""

import datetime
import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from synthetic_tables import houses, without, write

import rowwise
from rowwise.data.column_names import composed
from rowwise.data.tables.columns.date import PARTS
from rowwise.data.tables.schema import KINDS, Column, Schema
from rowwise.errors import DataError, UsageError
from rowwise.text import use_language

N = 60
Y = [("a", "b", "c")[n % 3] for n in range(N)]


def column(tmp_path, values, **options):
    """The column `x` with those values, in a CSV file with a target of classes and another column."""
    path = write(tmp_path / "t.csv", {"x": values, "other": [n * 0.37 for n in range(N)], "y": Y})
    return next(c for c in rowwise.load(path, target="y", **options)[0].schema.columns if c.name == "x")


KIND = {
    "whole numbers": (list(range(N)), "numeric"),
    "numbers": ([n / 7 for n in range(N)], "numeric"),
    "thousands with commas": ([f"{n * 1000:,}" for n in range(N)], "numeric"),
    "exponents": ([f"{n}e-3" for n in range(N)], "numeric"),
    "0 and 1": ([n % 2 for n in range(N)], "boolean"),
    "yes and no": ([("Yes", "no")[n % 2] for n in range(N)], "boolean"),
    "true and false": ([n % 3 == 0 for n in range(N)], "boolean"),
    "words": ([("red", "green")[n % 2] for n in range(N)], "categorical"),
    "numbers of persons, 3 or more": ([("0", "1", "2", "3+")[n % 4] for n in range(N)], "categorical"),
    "days": ([f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(N)], "date"),
    "days with points": ([f"{n % 28 + 1}.{n % 12 + 1}.2026" for n in range(N)], "date"),
    "Korean days": ([f"2026년 {n % 12 + 1}월 {n % 28 + 1}일" for n in range(N)], "date"),
    "moments": ([f"2026-{n % 12 + 1:02}-01T{n % 24:02}:30:00" for n in range(N)], "date"),
    "one word": (["red"] * N, "dropped"),
    "nothing": ([None] * N, "dropped"),
    "sentences": ([f"customer {n} says so" for n in range(N)], "dropped"),
}


@pytest.mark.parametrize("what", KIND)
def test_the_kind_of_a_column_is_seen_in_its_values(tmp_path, what):
    values, kind = KIND[what]
    assert column(tmp_path, values).kind == kind


def test_durations_are_seconds_and_times_of_day_are_clocks_as_their_texts_are():
    durations = [datetime.timedelta(hours=n, seconds=0.5) for n in range(N)]
    frame = pl.DataFrame({"d": durations, "t": [datetime.time(n % 24) for n in range(N)], "y": Y})
    train, _ = rowwise.load(frame, "y")
    assert [(c.name, c.kind) for c in train.schema.columns] == [("d", "numeric"), ("t", "date")]
    np.testing.assert_array_equal(train.x[:, 0], (train.rows - 1) * 3600 + 0.5)
    np.testing.assert_array_equal(train.x[:, 1], (train.rows - 1) % 24)


def test_a_value_here_and_there_may_be_missing_without_changing_the_kind(tmp_path):
    for values, kind in KIND.values():
        if kind != "dropped":
            found = column(tmp_path, [None if n % 5 == 0 else value for n, value in enumerate(values)])
            assert (found.kind, found.missing > 0) == (kind, True)


def test_a_numbering_is_not_used_unless_asked_for(tmp_path):
    frame = pl.DataFrame({"id": range(N), "x": [n * 0.3 for n in range(N)], "y": Y})
    assert [c.kind for c in rowwise.load(frame, "y")[0].schema.columns] == ["dropped", "numeric"]
    assert [c.kind for c in rowwise.load(frame, "y", numeric="id")[0].schema.columns] == ["numeric", "numeric"]


def test_what_the_user_says_goes_before_what_the_values_show(tmp_path):
    numbers = [(1, 2, 10)[n % 3] for n in range(N)]
    assert column(tmp_path, numbers, categorical="x").levels == ("1", "2", "10")
    assert column(tmp_path, [n % 2 for n in range(N)], numeric="x").kind == "numeric"
    assert column(tmp_path, numbers, drop="x").reason == "asked"
    with pytest.raises(UsageError, match='Column "x" is red in every record'):
        column(tmp_path, ["red"] * N, categorical="x")


def test_a_date_becomes_its_parts_and_a_moment_its_hour_too(tmp_path):
    found = column(tmp_path, KIND["days"][0])
    assert found.inputs == ("x year", "x month", "x day", "x weekday")
    assert (found.low[:4], found.pattern) == ("2026", "%Y-%m-%d")
    assert column(tmp_path, KIND["moments"][0]).inputs[-1] == "x hour"
    path = write(tmp_path / "d.csv", {"x": ["2026-11-25 06:30"] * 30 + ["2024-02-29 00:00"] * 30, "y": ["a", "b"] * 30})
    with pytest.warns(rowwise.Suspicious):
        train, _ = rowwise.load(path, target="y")
    assert sorted(set(map(tuple, train.x.tolist()))) == [(2024, 2, 29, 4, 0), (2026, 11, 25, 3, 6.5)]


def test_levels_and_statistics_come_from_the_training_rows_alone():
    random = np.random.default_rng(1)
    values = random.normal(3, 2, 400)
    frame = pl.DataFrame(
        {"t": range(400), "x": values, "c": ["b"] * 200 + ["a"] * 130 + ["late"] * 70, "y": values + 1}
    )
    train, test = rowwise.load(frame, "y", time="t", test=0.25)
    x, c = (next(one for one in train.schema.columns if one.name == name) for name in "xc")
    assert c.levels == ("a", "b")
    assert x.means[0] == pytest.approx(values[:300].mean(), rel=1e-6)
    assert x.scales[0] == pytest.approx(values[:300].std(), rel=1e-6)
    assert (x.low, x.high) == pytest.approx((values[:300].min(), values[:300].max()), rel=1e-6)
    late = test.x[:, train.schema.inputs.index("c")]
    assert set(late[-70:]) == {2}, "an unknown level is the number after the last"


def test_the_parts_of_a_date_are_not_taken_for_a_column_of_that_name():
    years = np.arange(N) * 1000.0
    days = [datetime.date(2000 + n % 10, 1 + n % 12, 1 + n % 28) for n in range(N)]
    train, _ = rowwise.load(pl.DataFrame({"x": days, "x year": years, "y": Y}), "y")
    date, number = train.schema.columns
    kept = train.rows - 1
    assert date.means[0] == pytest.approx((2000 + kept % 10).mean())
    assert (number.low, number.high) == (years[kept].min(), years[kept].max())
    assert (date.low, date.high) == (min(str(days[n]) for n in kept), max(str(days[n]) for n in kept))


def test_a_rare_level_of_many_shares_the_row_of_unknown_ones():
    names = [f"town{n % 40:02}" for n in range(400)] + ["hamlet"]
    frame = pl.DataFrame({"town": names, "y": np.arange(401.0)})
    train, test = rowwise.load(frame, "y")
    town = train.schema.used[0]
    assert (town.embedded, len(town.levels)) == (True, 40)
    assert max(train.x.max(), test.x.max()) == 40


TASKS = {
    "words": (Y, "classification", ("a", "b", "c")),
    "truths": ([n % 2 == 0 for n in range(N)], "classification", ("false", "true")),
    "few whole numbers": ([n % 4 + 7 for n in range(N)], "classification", ("7", "8", "9", "10")),
    "whole numbers as floats": ([float(n % 2) for n in range(N)], "classification", ("0", "1")),
    "many whole numbers": ([n * 3 for n in range(N)], "regression", ()),
    "fractions": ([n / 4 for n in range(N)], "regression", ()),
}


@pytest.mark.parametrize("what", TASKS)
def test_the_task_is_seen_in_the_target(what):
    values, task, classes = TASKS[what]
    train, _ = rowwise.load(pl.DataFrame({"x": [n * 0.3 for n in range(N)], "y": values}), "y")
    assert (train.task, train.schema.task, train.classes) == (task, task, classes)
    assert train.y.dtype == (np.int32 if classes else np.float32)


def test_the_task_can_be_said_and_targets_can_be_several():
    frame = pl.DataFrame(
        {"x": [n * 0.3 for n in range(N)], "y": [n % 4 for n in range(N)], "z": [n / 3 for n in range(N)]}
    )
    assert rowwise.load(frame, "y", task="regression")[0].targets == ("y",)
    train, _ = rowwise.load(frame, ["y", "z"])
    assert (train.targets, train.y.shape, train.task) == (("y", "z"), (48, 2), "regression")


def test_numbers_of_too_many_values_for_classes_are_not_said_to_be_mixed(tmp_path):
    path = write(tmp_path / "t.csv", {"x": [n % 7 for n in range(10_200)], "y": list(range(10_200))})
    with pytest.raises(DataError, match="more than 10,000 different values, too many for classes"):
        rowwise.load(path, "y", task="classification")


@pytest.mark.parametrize("form", ["file", "frame"])
def test_the_value_that_is_no_number_is_the_one_of_the_record_named(tmp_path, form):
    columns = {"x": list(range(N)), "y": [None, "high", "low"] * (N // 3)}
    data = write(tmp_path / "t.csv", columns) if form == "file" else pl.DataFrame(columns)
    with pytest.raises(UsageError, match='the target "y" holds "high" in record 2'):
        rowwise.load(data, "y", task="regression")
    with pytest.raises(UsageError, match='time="y": expected dates or numbers; found "high"'):
        rowwise.load(data, "x", time="y")


def test_every_kind_has_a_name_and_says_how_it_enters_in_both_languages():
    for kind in KINDS:
        size = {"dropped": 0, "categorical": 0, "date": 5}.get(kind, 1)
        column = Column("x", kind, parts=PARTS if kind == "date" else (), reason="asked" if kind == "dropped" else "")
        column = replace(column, means=(0.0,) * size, scales=(1.0,) * size)
        for lang in ("en", "ko"):
            with use_language(lang):
                assert "schema." not in str(Schema((column,), ()))
        assert len(column.inputs) == max(size, kind == "categorical")


names = st.text(min_size=1, max_size=8).map(composed)  # as a table's names are
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


@st.composite
def columns(draw):
    """A column as fitting leaves it."""
    kind = draw(st.sampled_from(KINDS))
    missing = draw(st.floats(0, 1))
    if kind == "dropped":
        return Column(draw(names), kind, reason=draw(st.sampled_from(["asked", "missing", "constant"])))
    if kind == "categorical":
        return Column(draw(names), kind, missing, levels=tuple(draw(st.lists(names, max_size=40, unique=True))))
    parts = tuple(draw(st.sampled_from([PARTS, PARTS[:-1]]))) if kind == "date" else ()
    size = len(parts) or 1
    means, scales = (tuple(draw(st.lists(finite, min_size=size, max_size=size))) for _ in range(2))
    return Column(draw(names), kind, missing, draw(finite), draw(finite), parts=parts, means=means, scales=scales)


schemas = st.builds(
    Schema,
    st.lists(columns(), max_size=6).map(tuple),
    st.lists(names, min_size=1, max_size=2).map(tuple),
    st.lists(names, max_size=4).map(tuple),
)


@settings(deadline=None)
@given(schemas)
def test_a_schema_survives_json(schema):
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


@settings(deadline=None, max_examples=50)
@given(schemas, st.sampled_from(["en", "ko"]))
def test_a_schema_prints_in_80_columns_whatever_its_names(schema, lang):
    with use_language(lang):
        assert max(map(cell_len, str(schema).splitlines())) <= 80


@pytest.mark.parametrize(
    "found",
    [{}, {"columns": 3}, {"columns": [{"name": "x"}], "targets": [], "classes": []}]
    + [{"columns": [{"name": "x", "kind": k}], "targets": [], "classes": []} for k in ("numeric", "code", 3)]
    + [{"columns": [{"name": "x", "kind": "dropped", "call": "os"}], "targets": [], "classes": []}]
    + [{"columns": [{"name": "x", "kind": "dropped"}], "targets": [], "classes": ["a", "b"]}]  # of nothing
    + [{"columns": [{"name": "x", "kind": "dropped"}], "targets": ["y"], "classes": [], "target_origins": [1, 2]}],
)
def test_what_is_no_schema_is_refused(found):
    with pytest.raises(ValueError):
        Schema.from_dict(found)


def test_whole_numbers_of_a_range_stand_as_in_the_file():
    frame = pl.DataFrame(
        {"n": range(40), "built": [1987, 2019] * 20, "area": [1234.5, 98765] * 20, "y": ["a", "a", "b", "b"] * 10}
    )
    with use_language("en"):
        text = str(rowwise.load(frame, target="y")[0].schema)
    assert "1987 to 2019" in text
    assert "1234.5 to 98765" in text


def test_the_table_of_a_schema_says_what_every_column_is(tmp_path):
    train, _ = rowwise.load(write(tmp_path / "t.csv", without(houses(), "dear")), target="price")
    rows = {line.split()[0]: line for line in str(train.schema).splitlines() if line.strip()}
    assert "not used" in rows["id"]
    assert rows["rooms"].split()[1:4] == ["number", "0.0", "%"]
    assert rows["rooms"].endswith(" 0")
    assert "3: park, sea, street" in rows["view"]
    assert "3 one-hot" in rows["view"]
    assert rows["sold"].endswith("4–7")
    with use_language("ko"):
        assert "표준화한 값" in str(train.schema)
