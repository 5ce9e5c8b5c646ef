"""Advice about a table: leaks and codes are named with the option that follows; an honest table gets none."""

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.data.tables.advice import advice

N = 200
DRAW = np.random.default_rng(0)
CASUAL, REGISTERED = DRAW.integers(1, 300, N), DRAW.integers(50, 900, N)
NOISE = DRAW.normal(size=N)


def lines(target, **columns):
    return advice(rowwise.load(pl.DataFrame(columns), target)[0])


def test_a_sum_of_two_columns_is_named():
    said = lines("bikers", casual=CASUAL, registered=REGISTERED, h=NOISE, bikers=CASUAL + REGISTERED)
    assert len(said) == 1
    assert "casual + registered alone decides bikers" in said[0]
    assert 'drop="casual,registered"' in said[0]


A, B, C = (DRAW.integers(1, 100, N) for _ in range(3))


@pytest.mark.parametrize(
    ("said", "y", "drop"),
    [
        ("a - b", A - B, "a,b"),
        ("a × b", (A * 1.37 * B).round(2), "a,b"),
        ("a / b", A / B, "a,b"),
        ("a + b + c", A + B + C, "a,b,c"),
        ("a + b - c", A + B - C, "a,b,c"),
        ("a + b + c", ((A + B + C) / 3).round(2), "a,b,c"),
        ("a", ((A - 32) * 5 / 9).round(1), "a"),
    ],
)
def test_what_the_target_was_computed_from_is_named(said, y, drop):
    a = A * 1.37 if said == "a × b" else A
    said_of = lines("y", a=a, b=B, h=NOISE, c=C, y=y)
    assert len(said_of) == 1
    assert said_of[0].startswith(f"{said} alone decides y in")
    assert f'drop="{drop}"' in said_of[0]


def test_a_formula_that_no_accountant_would_write_is_left_to_the_network():
    assert lines("y", a=A, h=NOISE, y=2 * NOISE + 3 * A) == []


@pytest.mark.parametrize("kind", [str, int, bool])
def test_levels_of_one_class_each_are_named(kind):
    group = DRAW.integers(0, 2 if kind is bool else 6, N)
    level = [bool(g) if kind is bool else {0: 5, 3: 1}.get(g, g + 10) if kind is int else f"L{g}" for g in group]
    y = [("odd", "even")[g % 2] for g in group]
    assert "level alone decides y" in lines("y", level=level, h=NOISE, y=y)[0]
    twice = lines("y", level=level, again=[f"{one}!" for one in level], h=NOISE, y=y)
    assert "Each of level, again decides y" in twice[0]
    assert 'drop="level,again"' in twice[0]


def test_copies_of_records_make_no_rule():
    frame = pl.DataFrame({"a": NOISE.round(1), "b": DRAW.normal(size=N).round(1), "y": DRAW.integers(0, 2, N)})
    with pytest.warns(rowwise.Suspicious, match="duplicates"):
        train, _ = rowwise.load(pl.concat([frame] * 4), "y")
    assert advice(train) == []


def test_a_column_that_is_filled_in_with_one_class_only_is_named():
    lived = np.arange(N) % 5 < 2
    lucky = np.arange(N) % 99 == 7
    boat = [str(n % 16) if some else None for n, some in enumerate(lived != lucky)]
    body = [float(n) if not alive and n % 3 == 0 else None for n, alive in enumerate(lived)]
    left = [None if alive or n % 3 == 0 else float(n % 7) for n, alive in enumerate(lived)]
    honest = [None if n % 7 == 0 else float(n % 11) for n in range(N)]
    said = lines("lived", boat=boat, body=body, left=left, honest=honest, h=NOISE, lived=lived)
    assert len(said) == 1
    assert 'drop="boat,body,left"' in said[0]
    assert "body (false: " in said[0]


def test_a_column_that_is_empty_with_one_class_only_is_named():
    paid = np.arange(N) % 2 == 0
    due = [None if one and n % 6 == 0 else float(n % 9) for n, one in enumerate(paid)]
    said = lines("paid", due=due, h=NOISE, paid=paid)
    assert "without a value" in said[0]
    assert "due (true: " in said[0]


def test_counts_that_are_classes_and_codes_that_are_amounts_are_named_with_the_task():
    marks = np.clip(np.rint(DRAW.normal(6, 1.2, N * 5)), 3, 9).astype(int)
    codes, more = np.arange(N * 5) % 26, {"h": DRAW.normal(size=N * 5), "k": DRAW.normal(size=N * 5)}
    assert 'task="regression"' in lines("marks", marks=marks, **more)[0]
    assert 'task="classification"' in lines("letter", letter=codes, **more)[0]
    assert lines("digit", digit=codes % 10, **more) == []
    asked = rowwise.load(pl.DataFrame({"marks": marks, **more}), "marks", task="classification")[0]
    assert advice(asked) == []


@pytest.mark.parametrize("name", ["patient_id", "CustomerID", "user", "고객번호", "subject"])
def test_ids_that_several_records_share_suggest_groups(name):
    ids = DRAW.integers(1000, 1030, N)
    frame = pl.DataFrame({name: ids, "h": NOISE, "y": DRAW.random(N)})
    assert f'group="{name}"' in advice(rowwise.load(frame, "y")[0])[0]
    assert advice(rowwise.load(frame, "y", group=name)[0]) == []
    texts = frame.with_columns(pl.Series(name, [f"u{n}" for n in ids]))
    assert f'group="{name}"' in advice(rowwise.load(texts, "y")[0])[0]


def test_ids_that_are_left_out_suggest_groups_too():
    with pytest.warns(rowwise.Suspicious, match='group="user_id"'):
        rowwise.load(pl.DataFrame({"user_id": [f"u{n * 3 // 4}" for n in range(N)], "h": NOISE, "y": NOISE}), "y")


def test_an_index_of_heat_is_no_id():
    assert lines("y", heat_index=DRAW.integers(0, 20, N), h=NOISE, y=DRAW.random(N)) == []


@pytest.mark.parametrize("change", [np.log, np.copy, np.negative, np.sqrt])
def test_a_transform_of_the_target_is_named(change):
    wage = DRAW.gamma(3, 10, N).round(3) + 1
    assert 'drop="other"' in lines("wage", other=change(wage), h=NOISE, wage=wage)[0]


def test_a_column_that_parts_the_classes_is_named():
    ill = DRAW.random(N) < 0.3
    assert 'drop="dose"' in lines("ill", dose=np.where(ill, 5.0, 0) + DRAW.random(N), h=NOISE, ill=ill)[0]


def test_codes_are_named_with_the_option():
    said = lines("y", hour=DRAW.integers(0, 24, N), store=DRAW.integers(1, 9, N), rooms=DRAW.integers(1, 9, N), y=NOISE)
    assert len(said) == 1
    assert 'categorical="hour,store"' in said[0]


@pytest.mark.parametrize("name", ["load_iris", "load_wine", "load_breast_cancer", "load_diabetes"])
def test_honest_tables_get_none(name):
    datasets = pytest.importorskip("sklearn.datasets")
    data = getattr(datasets, name)()
    columns = {str(column): data.data[:, place] for place, column in enumerate(data.feature_names)}
    train, _ = rowwise.load(pl.DataFrame(columns | {"y": data.target}), "y")
    assert advice(train) == []


def test_numbers_that_only_say_that_there_is_no_value_are_named():
    gaps = np.where(DRAW.random(N) < 0.2, -999, DRAW.normal(8, 2, N).round(1))
    far = np.where(DRAW.random(N) < 0.2, 99999, DRAW.integers(18, 80, N))
    said = lines("y", gaps=gaps, far=far, age=DRAW.integers(18, 100, N), y=NOISE)
    assert len(said) == 1
    assert "no value: gaps -999 (" in said[0]
    assert "far 99999 (" in said[0]
    assert "age" not in said[0]
