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
