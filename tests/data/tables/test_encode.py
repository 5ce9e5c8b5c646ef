"""Rows of a list, a DataFrame or a file → X by a model's schema: the same values give the same X, to the bit."""

import datetime
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from synthetic_tables import houses, object_frame, without, write

import rowwise
from rowwise.data import Source
from rowwise.data.tables.encode import encode, oddity_notes
from rowwise.data.tables.read import Limits
from rowwise.errors import DataError, UsageError
from rowwise.text import use_language

COLUMNS = without(houses(60), "dear", "price") | {
    "heated": [n % 3 == 0 for n in range(60)],
    "seen": [f"2026-11-{n % 28 + 1:02}T{n % 24:02}:30:00" for n in range(60)],
    "town": [f"town {n % 40}" for n in range(60)],
    "stars": [None if n % 7 == 0 else n % 3 + 1 for n in range(60)],
    "price": [100.25 + 3 * n for n in range(60)],
}
OPTIONS = {"target": "price", "categorical": ["stars", "town"]}


def rows_of(columns):
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def as_typed(columns):
    """Dates as dates, not as texts."""
    days = [datetime.date.fromisoformat(day) for day in columns["sold"]]
    return columns | {"sold": days, "seen": [datetime.datetime.fromisoformat(time) for time in columns["seen"]]}


@pytest.fixture(scope="module")
def schema():
    columns = as_typed(COLUMNS)
    return rowwise.load(pl.DataFrame(columns), **OPTIONS)[0].schema


@pytest.fixture(scope="module")
def schema_of_texts(tmp_path_factory):
    return rowwise.load(write(tmp_path_factory.mktemp("t") / "t.csv", COLUMNS), **OPTIONS)[0].schema


@pytest.mark.parametrize("trained_on", ["schema", "schema_of_texts"])
def test_the_same_rows_give_the_same_x_in_whatever_form_they_come(request, tmp_path, trained_on):
    schema = request.getfixturevalue(trained_on)
    columns = houses(50, seed=5) | {name: COLUMNS[name][10:] for name in ("heated", "seen", "town", "stars", "price")}
    columns = {name: list(values) for name, values in columns.items()}
    columns["view"][0], columns["town"][1], columns["rooms"][2] = "moon", None, None
    typed = as_typed(columns)
    texts = {name: [None if value is None else str(value) for value in values] for name, values in columns.items()}
    path = write(tmp_path / "t.csv", columns)
    forms = {
        "file": path,
        "text": str(path),
        "source": Source(str(write(tmp_path / "u.csv", columns, separator=";")), separator=";"),
        "small batches": Source(str(path)),
        "dictionaries": rows_of(columns),
        "typed dictionaries": rows_of(typed),
        "dictionaries of texts": rows_of(texts),
        "Polars": pl.DataFrame(typed),
        "lazy Polars": pl.DataFrame(typed).lazy(),
        "Polars with texts": pl.DataFrame(texts),
        "pandas": object_frame(typed),
        "pandas with texts": object_frame(texts),
    }
    limits = {"small batches": Limits(64, 0)}
    encoded = {form: encode(schema, rows, limits.get(form)) for form, rows in forms.items()}
    first = encoded["file"]
    assert first.x.dtype == np.float32
    assert first.x.shape == (50, len(schema.inputs))
    for form, (x, oddities) in encoded.items():
        assert x.tobytes() == first.x.tobytes(), form
        assert {name: +counts for name, counts in oddities.items()} == {
            name: +counts for name, counts in first.oddities.items()
        }, form
    assert first.oddities["view"]["unknown"] == 1
    assert first.oddities["rooms"]["missing"] == 1


def test_values_become_numbers_level_numbers_and_parts_of_dates(schema_of_texts):
    row = {"rooms": 6.5, "view": "sea", "river": "yes", "sold": "2019-03-05", "heated": True, "stars": 2}
    x = encode(schema_of_texts, [row | {"status": "1,250.5", "town": "town 3", "seen": "2026-11-25T06:30:00"}]).x[0]
    values = dict(zip(schema_of_texts.inputs, x.tolist(), strict=True))
    view = next(column for column in schema_of_texts.used if column.name == "view")
    assert values["rooms"] == 6.5
    assert values["status"] == 1250.5
    assert view.levels[int(values["view"])] == "sea"
    assert (values["river"], values["heated"]) == (1, 1)
    assert [values[f"sold {part}"] for part in ("year", "month", "day", "weekday")] == [2019, 3, 5, 2]
    assert values["seen hour"] == 6.5


def test_a_dictionary_may_lack_keys_and_have_more(schema):
    whole = rows_of(as_typed(COLUMNS))
    without_rooms = {name: value for name, value in whole[1].items() if name != "rooms"}
    x, oddities = encode(schema, [whole[0] | {"note": object(), "list": [1, 2]}, without_rooms, whole[2]])
    expected = encode(schema, whole[:3]).x.copy()
    expected[1, schema.inputs.index("rooms")] = np.nan
    np.testing.assert_array_equal(x, expected)
    assert +oddities["rooms"] == {"missing": 1}
    assert "note" not in oddities


def test_what_cannot_be_used_is_nan_or_the_number_after_the_last_and_is_counted(schema_of_texts):
    row = rows_of(COLUMNS)[0]
    odd_row = row | {"rooms": "six", "view": "moon", "river": "perhaps", "sold": "?"}
    x, oddities = encode(schema_of_texts, [row, odd_row])
    column = {name: x[1, place] for place, name in enumerate(schema_of_texts.inputs)}
    assert all(math.isnan(column[name]) for name in ("rooms", "river", "sold year", "sold weekday"))
    assert column["view"] == 3
    odd = {name: +counts for name, counts in oddities.items() if +counts}
    odd = {name: odd[name] for name in ("rooms", "view", "river", "sold")}
    unreadable = {"unreadable": 1}
    assert odd == {"rooms": unreadable, "view": {"unknown": 1}, "river": unreadable, "sold": {"missing": 1}}
    notes = oddity_notes(schema_of_texts, oddities)
    assert any(note.startswith("rooms: 1 value could not be read") for note in notes)
    assert any(note.startswith("view: 1 value was not known in training") for note in notes)


def test_values_that_training_did_not_know_are_named(schema_of_texts, tmp_path):
    row = rows_of(COLUMNS)[0]
    of_view = [row | {"view": view} for view in ("moon", "sea", "moon", "mars")]
    pl.DataFrame(of_view).write_csv(tmp_path / "new.csv")
    words = {
        "en": 'view: 3 values were not known in training ("moon", "mars"); they count as none of its categories.',
        "ko": 'view: 학습할 때 없던 값("moon", "mars")이 3개 있습니다. 어느 범주에도 속하지 않는 것으로 봅니다.',
    }
    for rows in (of_view, pl.DataFrame(of_view), tmp_path / "new.csv"):
        oddities = encode(schema_of_texts, rows).oddities
        assert oddities["view"]["unknown"] == 3
        for lang, said in words.items():
            with use_language(lang):
                assert said in oddity_notes(schema_of_texts, oddities)
    many = encode(schema_of_texts, [row | {"view": f"view {n}"} for n in range(9)]).oddities
    assert any('("view 0", "view 1", "view 2", …)' in note for note in oddity_notes(schema_of_texts, many))


def test_a_column_that_no_row_has_is_named():
    frame = pl.DataFrame({"a": range(60), "b": [n * 0.5 for n in range(60)], "y": ["p", "q"] * 30})
    train, _ = rowwise.load(frame, "y")
    dictionaries = [{"a": 1, "c": 2}, {"a": 3, "d": None}]
    for rows, place, has in (
        (dictionaries, "The rows lack", "They have: a, c, d."),
        (pl.DataFrame({"a": [1], "c": [2]}), "table lacks", "It has: a, c."),
        (object_frame({"a": [1]}), "table lacks", "It has: a."),
    ):
        with pytest.raises(DataError, match=f"^{place} columns that the model uses: b. {has}$"):
            encode(train.schema, rows)
    assert np.isnan(encode(train.schema, [{"a": 1, "b": None}]).x[0, 1]), "there, but missing"


def test_the_near_name_of_a_missing_column_is_suggested():
    frame = pl.DataFrame({"RM": range(60), "LSTAT": [n * 0.5 for n in range(60)], "y": ["p", "q"] * 30})
    train, _ = rowwise.load(frame, "y")
    for rows, sentence in (
        ([{"RM": 1, "LSAT": 2}], "The rows lack columns that the model uses: LSTAT. They have: RM, LSAT."),
        (pl.DataFrame({"RM": [1], "LSAT": [2]}), "table lacks columns that the model uses: LSTAT. "),
    ):
        with pytest.raises(DataError) as caught, use_language("en"):
            encode(train.schema, rows)
        with use_language("en"):
            assert str(caught.value).startswith(sentence)
            assert str(caught.value).endswith("If LSAT is what the model knows as LSTAT, rename it to LSTAT.")
        with use_language("ko"):
            assert "LSAT 열이 LSTAT 열에 해당한다면" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("rooms", "predicted with the training mean."), ("view", "it counts as none of the levels.")],
)
def test_what_stands_for_a_value_that_training_never_lacked_is_said_of_its_column(kind, words):
    frame = pl.DataFrame({"rooms": [n * 0.5 for n in range(60)], "view": ["sea", "hill", "town"] * 20, "y": range(60)})
    train, _ = rowwise.load(frame, "y")
    encoded = encode(train.schema, [{"rooms": 2.0, "view": "sea"} | {kind: None}])
    with use_language("en"):
        (note,) = oddity_notes(train.schema, encoded.oddities)
    assert note.startswith(f"{kind}: 1 record lacks a value, which no training record did;")
    assert note.endswith(words)


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        ([], DataError, "There are no rows"),
        ([{"rooms": 1}, 3], UsageError, "Row 2 is a int"),
        (["rooms"], UsageError, "Row 1 is a str"),
        (3, UsageError, "list of dictionaries.* found int"),
        ({"rooms": 3}, UsageError, "list of dictionaries.* found dict"),
        (np.zeros((2, 3)), UsageError, "list of dictionaries.* found ndarray"),
        ("none.csv", DataError, "no file or folder none.csv"),
        ("digits", UsageError, "digits is no table"),
    ],
)
def test_what_is_no_rows_is_answered(schema, rows, error, words):
    with pytest.raises(error, match=words):
        encode(schema, rows)


def test_scalars_of_numpy_are_taken_for_what_they_hold(schema):
    row = rows_of(as_typed(COLUMNS))[0] | {"rooms": 6.5, "heated": True, "stars": 2, "view": "sea"}
    scalars = {"rooms": np.float32(6.5), "heated": np.bool_(True), "stars": np.int8(2), "view": np.str_("sea")}
    times = {"sold": np.datetime64(row["sold"]), "seen": np.datetime64(row["seen"]).astype("datetime64[ns]")}
    x = encode(schema, [row, row | scalars | times, row | {"sold": np.datetime64("NaT"), "rooms": np.float32("nan")}]).x
    assert x[1].tobytes() == x[0].tobytes()
    assert {schema.inputs[place] for place in np.flatnonzero(np.isnan(x[2]) & ~np.isnan(x[0]))} == {
        *("rooms", "sold year", "sold month", "sold day", "sold weekday")
    }


def test_a_number_beyond_float32_is_named_in_a_list_too(schema):
    rows = rows_of(as_typed(COLUMNS))
    for number in (1e300, 10**300, "1e300"):
        with pytest.raises(DataError, match=r'Column "rooms" holds 1e\+?300 in record 2;'):
            encode(schema, [rows[0], rows[0] | {"rooms": number}])


def test_dates_of_a_model_trained_on_dates_are_read_from_texts(tmp_path):
    days = [datetime.date(2026, 1 + n % 12, 1 + n % 28) for n in range(60)]
    frame = pl.DataFrame({"day": days, "y": [n * 0.5 for n in range(60)]})
    frame.write_parquet(tmp_path / "t.parquet")
    train, _ = rowwise.load(tmp_path / "t.parquet", "y")
    x = encode(train.schema, write(tmp_path / "t.csv", {"day": days[:5]})).x
    np.testing.assert_array_equal(x, encode(train.schema, frame[:5]).x)
    assert not np.isnan(x).any()


plain_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["1.5", "1,234", "3", "sea", "yes", "2026-11-25", " NA ", "1e39"]),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, datetime.UTC])),
    st.times(),
    st.timedeltas(),
    st.decimals(),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.sampled_from(
        [np.float32(0.1), np.int8(3), np.bool_(True), np.datetime64("2026-11-25"), np.datetime64("NaT"), np.str_("sea")]
    ),
)


def test_a_duration_that_no_column_can_hold_is_unreadable(schema):
    rows = rows_of(as_typed(COLUMNS))
    long = [row | {"rooms": datetime.timedelta(days=106_751_992)} for row in rows[:2]]
    encoded = encode(schema, [*long, rows[0]])
    assert encoded.oddities["rooms"]["unreadable"] == 2


@settings(deadline=None, max_examples=60)
@example([{"rooms": datetime.timedelta(0)}, {"rooms": datetime.timedelta(days=106_751_992)}])
@given(st.lists(st.dictionaries(st.sampled_from([*COLUMNS]), plain_values), min_size=1, max_size=5))
def test_a_rows_numbers_do_not_depend_on_the_rows_beside_it(schema, schema_of_texts, rows):
    def encoded(one, rows):
        try:
            return encode(one, rows).x
        except DataError as error:
            return error.key

    complete = [dict.fromkeys(COLUMNS) | row for row in rows]
    for one in (schema, schema_of_texts):
        alone = [encoded(one, [row]) for row in complete]
        together = encoded(one, complete)
        if errors := {x for x in alone if isinstance(x, str)}:
            assert errors <= {"table.range", "rows.nested"}
            assert together == min(errors)  # what is nested is seen before anything is a number
        else:
            np.testing.assert_array_equal(together, np.concatenate(alone))
