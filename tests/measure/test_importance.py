"""Permutation importance is by column of the table, seeded, and agrees with scikit-learn's."""

import keras
import numpy as np
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression

import rowwise
from rowwise.data import load
from rowwise.errors import DataError
from rowwise.measure.importance import importance


def linear(weights):
    model = keras.Sequential([keras.Input((len(weights),)), keras.layers.Dense(1)])
    model.layers[0].set_weights([np.array(weights, "float32")[:, None], np.zeros(1, "float32")])
    model.compile("adam", "mean_squared_error")
    return model


def numbers(records=800):
    x = np.random.default_rng(0).normal(size=(records, 3)).astype(np.float32)
    return rowwise.Dataset("made", x, (x @ np.array([3, 1, 0], np.float32)), (), targets=("t",))


def test_it_is_scikit_learns_but_for_the_draw():
    data = numbers()
    measured = importance(linear([3, 1, 0]), data, repeats=20)
    theirs = permutation_importance(LinearRegression().fit(data.x, data.y), data.x, data.y, n_repeats=20)
    assert [column.name for column in measured.columns] == ["x0", "x1", "x2"]
    np.testing.assert_allclose([column.mean for column in measured.columns], theirs.importances_mean, atol=0.08)
    assert measured.columns[2][1:] == pytest.approx((0, 0), abs=1e-6)
    assert (measured.measure, measured.figure) == ("r2", pytest.approx(1))
    assert importance(linear([3, 1, 0]), data, repeats=2) == importance(linear([3, 1, 0]), data, repeats=2)


def test_all_that_a_column_becomes_is_shuffled_together(tmp_path):
    random = np.random.default_rng(0)
    days = [f"20{year:02}-{month:02}-{day:02}" for year, month, day in random.integers(1, 13, (300, 3))]
    rows = [
        f"{day},{'xyz'[i % 3]},{random.normal():.3f},{'no' if day[5:7] < '07' else 'yes'}" for i, day in enumerate(days)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["when,kind,noise,late", *rows]))
    train, test = load(str(tmp_path / "t.csv"), target="late")
    model = rowwise.dense(train, (16,), seed=0)
    rowwise.fit(model, train, epochs=30, seed=0, verbose=0)
    measured = importance(model, test)
    assert {column.name for column in measured.columns} == {"when", "kind", "noise"}
    assert measured.columns[0].name == "when"
    assert measured.columns[0].mean > 0.2 > measured.columns[1].mean


def test_pictures_have_no_columns():
    data = rowwise.Dataset("p", np.zeros((2, 4, 4), np.uint8), np.array([0, 1]), ("a", "b"))
    with pytest.raises(DataError, match="for tables"):
        importance(rowwise.dense(data, ()), data)
