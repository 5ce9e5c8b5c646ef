"""rowwise's estimators: the same models as `rowwise.train`, whatever the data, within scikit-learn's own tools."""

import pickle
import subprocess
import sys
from datetime import date, timedelta

import joblib
import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import rowwise
from rowwise.environment import ENGINES
from rowwise.runs.saved import Saved
from rowwise.sklearn import DenseClassifier, DenseRegressor

SMALL = {"preset": "fast", "hidden": (16,), "learning_rate": 0.02, "epochs": 15}
TOWNS = ["hill", "river", "center"]


@pytest.fixture(scope="module")
def houses() -> pl.DataFrame:
    """120 houses, some of whose values are missing."""
    random = np.random.default_rng(0)
    rooms, town = random.normal(6, 1, 120), random.integers(0, 3, 120)
    price = 3 * rooms + 4 * town + random.normal(0, 0.3, 120)
    return pl.DataFrame(
        {
            "rooms": [None if number % 11 == 0 else value for number, value in enumerate(rooms.tolist())],
            "town": [None if number % 13 == 0 else TOWNS[place] for number, place in enumerate(town)],
            "built": [date(1990, 1, 1) + timedelta(days=int(days)) for days in random.integers(0, 9000, 120)],
            "garden": (random.random(120) < 0.5).tolist(),
            "price": price,
            "dear": np.where(price > np.median(price), "yes", "no"),
            "weight": random.uniform(0.5, 2, 120),
        }
    )


COLUMNS = ["rooms", "town", "built", "garden"]


@pytest.fixture(scope="module")
def classifier(houses) -> DenseClassifier:
    return DenseClassifier(**SMALL).fit(houses[COLUMNS], houses["dear"])


def trained(frame: pl.DataFrame, target: str, tmp_path, **settings) -> Saved:
    """What `rowwise.train` makes of all records of the frame."""
    frame.write_parquet(tmp_path / "test.parquet")
    return rowwise.train(
        frame, target, test_file=str(tmp_path / "test.parquet"), out=tmp_path / "run", pictures=False, **settings
    )


@pytest.mark.parametrize("settings", [SMALL, {"epochs": 6, "patience": 2}, {**SMALL, "class_weight": "balanced"}])
def test_a_classifier_is_the_model_of_rowwise_train(houses, tmp_path, settings):
    frame = houses[[*COLUMNS, "dear"]]
    with pytest.warns(rowwise.Suspicious, match="training"):
        saved = trained(frame, "dear", tmp_path, **settings)
    estimator = DenseClassifier(**settings).fit(frame[COLUMNS], frame["dear"])
    expected = saved.predict(frame)
    np.testing.assert_array_equal(estimator.predict_proba(frame[COLUMNS]), expected.probabilities)
    np.testing.assert_array_equal(estimator.predict(frame[COLUMNS]), np.array(["no", "yes"])[expected.classes])
    assert estimator.n_iter_ == len(saved.record.epochs)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_regressor_is_the_model_of_rowwise_train(houses, tmp_path, weighted):
    frame = houses[[*COLUMNS, "price", *(["weight"] if weighted else [])]]
    with pytest.warns(rowwise.Suspicious):
        saved = trained(frame, "price", tmp_path, **SMALL, **({"weight": "weight"} if weighted else {}))
    weights = frame["weight"] if weighted else None
    estimator = DenseRegressor(**SMALL).fit(frame[COLUMNS], frame["price"], sample_weight=weights)
    np.testing.assert_array_equal(estimator.predict(frame[COLUMNS]), saved.predict(frame).values[:, 0])


def test_classes_of_any_type_come_back_in_their_own_order(houses):
    names = houses["dear"].to_numpy()
    proba = None
    for classes in (np.array([10, 9]), np.array([1.0, -2.0]), np.array([True, False]), np.array(["b", "a"])):
        y = np.where(names == "yes", classes[0], classes[1])
        estimator = DenseClassifier(**SMALL).fit(houses[COLUMNS], y)
        np.testing.assert_array_equal(estimator.classes_, np.unique(y))
        predicted, of_classes = estimator.predict(houses[COLUMNS]), estimator.predict_proba(houses[COLUMNS])
        assert predicted.dtype == y.dtype
        np.testing.assert_array_equal(predicted, estimator.classes_[of_classes.argmax(axis=1)])
        assert (predicted == y).mean() > 0.9
        proba = of_classes if proba is None else proba
        np.testing.assert_allclose(of_classes.sum(axis=1), 1, rtol=1e-5)
    many = np.arange(120) % 12  # as texts "10" and "11" stand before "2"
    X = np.stack([np.cos(many), np.sin(many), many / 6], axis=1)
    estimator = DenseClassifier(preset="fast", epochs=60, learning_rate=0.02, patience=0).fit(X, many)
    assert (estimator.predict(X) == many).mean() > 0.95
    assert (estimator.predict_proba(X).argmax(axis=1) == many).mean() > 0.95


def test_classes_that_a_table_would_take_for_one_or_for_missing_stay_classes(houses):
    y = np.array(["Yes", "yes", "NA", ""], object)[np.arange(120) % 4]
    estimator = DenseClassifier(**SMALL).fit(houses[COLUMNS], y)
    assert list(estimator.classes_) == ["", "NA", "Yes", "yes"]
    assert estimator.predict_proba(houses[COLUMNS]).shape == (120, 4)


@pytest.mark.parametrize("kind", ["polars", "pandas"])
def test_columns_are_taken_by_name_in_any_order(houses, classifier, kind):
    X = houses[COLUMNS]
    if kind == "pandas":
        pandas = pytest.importorskip("pandas")
        X = pandas.DataFrame({name: X[name].to_list() for name in COLUMNS}).astype({"town": "category"})
    estimator = DenseClassifier(**SMALL).fit(X, houses["dear"].to_list())
    assert list(estimator.feature_names_in_) == COLUMNS
    expected = classifier.predict_proba(houses[COLUMNS])
    np.testing.assert_array_equal(estimator.predict_proba(X), expected)
    np.testing.assert_array_equal(estimator.predict_proba(X[COLUMNS[::-1]]), expected)
    with pytest.raises(ValueError, match="town"):
        estimator.predict(X[["rooms", "built", "garden"]])


def test_arrays_and_frames_stand_for_one_another_by_the_places_of_their_columns():
    random = np.random.default_rng(4)
    X, y = random.normal(size=(60, 3)), np.arange(60) % 2
    frame = pl.DataFrame(X, schema=["b", "c", "a"])
    of_array, of_frame = DenseClassifier(**SMALL).fit(X, y), DenseClassifier(**SMALL).fit(frame, y)
    expected = of_array.predict_proba(X)
    np.testing.assert_array_equal(of_frame.predict_proba(frame[["a", "b", "c"]]), expected)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        np.testing.assert_array_equal(of_frame.predict_proba(X), expected)
    with pytest.warns(UserWarning, match="has feature names"):
        np.testing.assert_array_equal(of_array.predict_proba(frame), expected)
    assert frame.columns == ["b", "c", "a"]
    pandas = pytest.importorskip("pandas")
    numbered = DenseClassifier(**SMALL).fit(pandas.DataFrame(X), y)  # columns 0, 1, 2
    np.testing.assert_array_equal(numbered.predict_proba(X), expected)


def test_columns_of_texts_in_an_array_are_categories(houses):
    X = np.array([["hill", 1.0], ["river", 2.0], ["hill", None], ["river", 4.0]] * 10, object)
    y = np.array([0, 1, 0, 1] * 10)
    estimator = DenseClassifier(**SMALL, validation=0.0).fit(X, y)
    assert [column.kind for column in estimator.record_.data.schema.used] == ["categorical", "numeric"]
    assert (estimator.predict(X) == y).all()


def test_missing_numbers_in_an_array_are_learned_from():
    X = np.random.default_rng(1).normal(size=(100, 2))
    X[::2, 0] = np.nan
    y = np.isnan(X[:, 0]).astype(int)
    assert DenseClassifier(**SMALL).fit(X, y).score(X, y) == 1
    with pytest.raises(ValueError, match="infinity"):
        DenseClassifier(**SMALL).fit(np.where(np.isnan(X), np.inf, X), y)


def test_several_labels_and_several_numbers(houses):
    X = houses[COLUMNS]
    labels = np.stack([houses["dear"] == "yes", houses["garden"]], axis=1).astype(int)
    estimator = DenseClassifier(**SMALL).fit(X, labels)
    assert estimator.predict_proba(X).shape == estimator.predict(X).shape == (120, 2)
    np.testing.assert_array_equal(estimator.predict(X), estimator.predict_proba(X) > 0.5)
    assert (estimator.predict(X)[:, 1] == labels[:, 1]).mean() > 0.95
    numbers = pl.DataFrame({"price": houses["price"], "twice": 2 * houses["price"] + 5})
    regressor = DenseRegressor(**SMALL).fit(X, numbers)
    assert regressor.record_.data.targets == ("price", "twice")
    assert regressor.predict(X).shape == (120, 2)
    assert regressor.score(X, numbers) > 0.7


def test_records_without_weight_are_as_if_they_were_not_there(houses):
    X, y = houses[COLUMNS], houses["dear"]
    counts = np.arange(120) < 90
    noise = y.to_numpy().copy()
    noise[90:] = "neither"
    weighted = DenseClassifier(**SMALL).fit(X, noise, sample_weight=counts.astype(float))
    without = DenseClassifier(**SMALL).fit(X[:90], y[:90])
    assert list(weighted.classes_) == ["no", "yes"]
    np.testing.assert_array_equal(weighted.predict_proba(X), without.predict_proba(X))


def test_of_few_records_weights_are_repetitions():
    random = np.random.default_rng(2)
    X, y, weights = random.normal(size=(20, 3)), np.arange(20) % 2, random.integers(0, 4, 20)
    shuffled = random.permutation(20)
    weighted = DenseClassifier(**SMALL).fit(X[shuffled], y[shuffled], weights[shuffled])
    repeated = DenseClassifier(**SMALL).fit(X.repeat(weights, axis=0), y.repeat(weights))
    np.testing.assert_array_equal(weighted.predict_proba(X), repeated.predict_proba(X))


def test_class_weights_are_those_of_the_classes_own_names(houses):
    X, y = houses[COLUMNS], houses["dear"]
    weights = np.where(y == "yes", 50.0, 1.0)
    by_class = DenseClassifier(**SMALL, class_weight={"yes": 50.0}).fit(X, y)
    by_record = DenseClassifier(**SMALL).fit(X, y, sample_weight=weights)
    np.testing.assert_array_equal(by_class.predict_proba(X), by_record.predict_proba(X))
    assert by_class.predict_proba(X)[:, 1].mean() > 0.6


@pytest.mark.slow
def test_the_tools_of_scikit_learn_take_them(houses):
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(DenseClassifier(**SMALL), {"hidden": [(8,), (16,)], "dropout": np.array([0.0])}, cv=3)
    assert search.fit(X, y).best_score_ > 0.85
    piped = make_pipeline(StandardScaler(), clone(search.best_estimator_))
    folds = cross_val_predict(piped, X, y, cv=3, method="predict_proba")
    assert folds.shape == (150, 3)
    assert (folds.argmax(axis=1) == y).mean() > 0.85
    calibrated = CalibratedClassifierCV(DenseClassifier(**SMALL), cv=3).fit(X, y, sample_weight=np.ones(150))
    assert calibrated.score(X, y) > 0.85
    for estimator in (DenseClassifier(**SMALL), DenseRegressor(**SMALL)):
        target = "dear" if isinstance(estimator, DenseClassifier) else "price"
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame({name: houses[name].to_list() for name in COLUMNS})
        predicted = cross_val_predict(estimator, frame, houses[target].to_numpy(), cv=3)
        assert predicted.shape == (120,)


@pytest.mark.thorough
@pytest.mark.slow
def test_a_search_in_several_processes(houses):
    search = GridSearchCV(DenseRegressor(**SMALL, threads=1), {"epochs": [2, 15]}, cv=2, n_jobs=2)
    assert search.fit(houses[COLUMNS], houses["price"].to_numpy()).best_params_ == {"epochs": 15}


@pytest.mark.slow
def test_a_pickle_and_joblib_keep_working_in_another_process(houses, classifier, tmp_path):
    X = houses[COLUMNS]
    expected = classifier.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(classifier)).predict_proba(X), expected)
    joblib.dump(classifier, tmp_path / "model.joblib")
    X.write_parquet(tmp_path / "x.parquet")
    program = (
        "import joblib, numpy, polars, sys\n"
        "model = joblib.load('model.joblib')\n"
        "numpy.save('given.npy', model.predict_proba(polars.read_parquet('x.parquet')))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "given.npy"), expected)


def test_it_is_saved_as_a_run_that_rowwise_opens(houses, classifier, tmp_path):
    saved = classifier.save(tmp_path / "run")
    opened = rowwise.open(saved.path)
    np.testing.assert_array_equal(opened.predict(houses).probabilities, classifier.predict_proba(houses[COLUMNS]))
    assert opened.classes == ("no", "yes")
    assert opened.schema.targets == ("dear",)
    with pytest.raises(rowwise.RowwiseError, match="exists"):
        classifier.save(tmp_path / "run")
    with pytest.raises(rowwise.RowwiseError, match="DataFrame"):
        opened.evaluate()
    assert opened.evaluate(houses).accuracy > 0.9


def test_it_stops_early_and_says_how_it_went(houses):
    estimator = DenseClassifier(preset="fast", learning_rate=0.05, epochs=200, patience=3)
    estimator.fit(houses[COLUMNS], houses["dear"])
    assert estimator.n_iter_ < 200
    losses = estimator.history_["val_loss"]
    assert estimator.record_.best_epoch == int(np.argmin(losses)) + 1 == len(losses) - 3
    assert estimator.record_.engine in ENGINES


def test_the_random_state_decides(houses):
    X, y = houses[COLUMNS], houses["price"]

    def predicted(state):
        return DenseRegressor(**SMALL, random_state=state).fit(X, y).predict(X)

    np.testing.assert_array_equal(predicted(3), predicted(np.int64(3)))
    np.testing.assert_array_equal(predicted(np.random.RandomState(1)), predicted(np.random.RandomState(1)))
    assert (predicted(None) != predicted(None)).any()


def test_counts_are_predicted_above_zero(houses):
    random = np.random.default_rng(3)
    counts = random.poisson(np.exp(houses["price"].to_numpy() / 20))
    predicted = DenseRegressor(**SMALL, counts=True).fit(houses[["price"]], counts).predict(houses[["price"]])
    assert (predicted > 0).all()
    assert np.corrcoef(predicted, houses["price"])[0, 1] > 0.8


def test_what_cannot_be_used_is_a_value_error_in_words(houses):
    X, y = houses[COLUMNS], houses["dear"]
    with pytest.raises(ValueError, match="one class: no"):
        DenseClassifier().fit(X, ["no"] * 120)
    with pytest.raises(ValueError, match="epochs") as caught:
        DenseClassifier(epochs=0).fit(X, y)
    assert isinstance(caught.value, rowwise.RowwiseError)
    with pytest.raises(ValueError, match="below 0; found -1"):
        DenseClassifier().fit(X, y, sample_weight=np.full(120, -1.0))
    with pytest.raises(ValueError, match="infinite numbers in price"):
        DenseClassifier().fit(pl.DataFrame({"price": [*houses["price"][1:], float("inf")]}), y)
    with pytest.raises(ValueError, match="continuous"):
        DenseClassifier().fit(X, houses["price"])
    with pytest.raises(NotFittedError):
        DenseClassifier().save("nowhere")
    with pytest.raises(ValueError, match="1d array"):
        DenseClassifier().fit(X, np.stack([np.arange(120) % 3, np.arange(120) % 4], axis=1))


@pytest.mark.slow
def test_importing_it_imports_neither_keras_nor_jax():
    program = "import rowwise.sklearn, sys; print([m for m in ('keras', 'jax', 'polars') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"
