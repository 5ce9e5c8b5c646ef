"""Permutation importance is by column of the table, seeded, and agrees with scikit-learn's."""

import keras
import numpy as np
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression

import rowwise
from rowwise.data import load
from rowwise.errors import DataError, UsageError
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


def test_probabilities_are_judged_by_the_log_loss_as_scikit_learns_scorer_would(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 3)).astype(np.float32)
    y = (x @ [2, -1, 0] + random.logistic(size=600) > 0).astype(np.int32)
    theirs = LogisticRegression(C=1e9).fit(x, y)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    model.layers[0].set_weights([theirs.coef_.T, theirs.intercept_])
    model.compile("adam", "binary_crossentropy")
    data = rowwise.Dataset("made", x, y, ("no", "yes"))
    for measure, scoring in ((None, "neg_log_loss"), ("accuracy", "accuracy"), ("roc_auc", "roc_auc")):
        measured = importance(model, data, repeats=30, measure=measure)
        expected = permutation_importance(theirs, x, y, scoring=scoring, n_repeats=30, random_state=0)
        means = dict(zip(["x0", "x1", "x2"], expected.importances_mean, strict=True))
        assert {c.name: c.mean for c in measured.columns} == pytest.approx(means, abs=0.03)
        assert measured.measure == (measure or "loss")
    with pytest.raises(UsageError, match="r2"):
        importance(model, data, measure="r2")


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
