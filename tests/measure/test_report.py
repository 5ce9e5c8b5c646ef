"""The figures are scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from sklearn.calibration import calibration_curve
from sklearn.dummy import DummyClassifier
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

import rowwise
from rowwise.errors import DataError, ModelError, ShapeError
from rowwise.measure import measure, score
from rowwise.text import use_language

PAIRS = st.integers(1, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n) for _ in range(2)])
)


@given(PAIRS)
def test_every_figure_equals_scikit_learn(pair):
    true, predicted = pair
    report = measure(true, predicted, "abcde")
    labels = list(range(5))
    each = precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "support"), each, strict=True):
        np.testing.assert_allclose([getattr(s, name) for s in report.per_class], values, atol=1e-12)
    macro = precision_recall_fscore_support(true, predicted, average="macro", zero_division=0)[:3]
    np.testing.assert_allclose((report.precision, report.recall, report.f1), macro, atol=1e-12)
    assert report.accuracy == pytest.approx(accuracy_score(true, predicted))
    np.testing.assert_array_equal(report.confusion, confusion_matrix(true, predicted, labels=labels))


def test_figures_equal_keras():
    import keras

    random = np.random.default_rng(0)
    true, probabilities = random.integers(0, 4, 300), random.dirichlet(np.ones(4), 300).astype("float32")
    report = score(probabilities, (np.zeros((300, 1)), true))
    f1 = keras.metrics.F1Score(average="macro")
    f1.update_state(np.eye(4, dtype="float32")[true], probabilities)
    assert report.f1 == pytest.approx(float(f1.result()), abs=1e-6)
    loss = keras.losses.SparseCategoricalCrossentropy()(true, probabilities)
    assert report.loss == pytest.approx(float(loss), abs=1e-6)
    assert score(probabilities, (np.zeros((300, 1)), np.eye(4)[true])).to_dict() == report.to_dict()


def test_the_most_confused_pairs_come_first():
    report = measure([0, 0, 0, 1, 1], [1, 1, 0, 0, 1], ("cat", "dog"))
    assert [(p.true, p.predicted, p.records) for p in report.confused()] == [("cat", "dog", 2), ("dog", "cat", 1)]
    assert report.confused()[0].share == pytest.approx(2 / 3)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_table_fits_80_columns(lang):
    names_ko = tuple(f"{'아주 긴 이름의 클래스 ' * 4}{i}" for i in range(3))
    report = measure([0, 1, 2, 2], [0, 0, 2, 1], tuple("abc"), names_ko)
    with use_language(lang):
        table = str(report).split(chr(10))[:6]
    assert all(cell_len(line) <= 80 for line in table)


def test_a_class_that_is_never_predicted_is_named():
    assert "Never predicted: dog" in str(measure([0, 1], [0, 0], ("cat", "dog")))


def test_evaluate_reads_a_dataset():
    random = np.random.default_rng(0)
    data = rowwise.Dataset(
        "made", random.integers(0, 255, (50, 4, 4), np.uint8), random.integers(0, 3, 50), tuple("abc")
    )
    model = rowwise.dense(data, (4,), seed=0)
    report = rowwise.evaluate(model, data)
    assert report.records == 50
    expected = model.evaluate(data.x.astype("float32"), data.y, verbose=0, return_dict=True)
    assert report.accuracy == pytest.approx(expected["accuracy"], abs=1e-6)
    assert report.loss == pytest.approx(expected["loss"], abs=1e-5)


def test_what_cannot_be_measured_is_said():
    with pytest.raises(DataError):
        measure([], [], ("a",))
    with pytest.raises(ModelError, match="NaN"):
        score(np.full((2, 2), np.nan), (np.zeros((2, 1)), np.array([0, 1])))
    with pytest.raises(DataError, match="-1 has no class"):
        score(np.full((2, 2), 0.5), (np.zeros((2, 1)), np.array([0, -1])))
    with pytest.raises(ShapeError, match="3 classes"):
        score(np.full((2, 2), 0.5), (np.zeros((2, 1)), np.array([0, 2])))


def test_a_records_probability_does_not_depend_on_the_others():
    import keras

    x = np.linspace(-3, 3, 50, dtype="float32")[:, None]
    for units in (1, 2):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(units)])
        name = "BinaryCrossentropy" if units == 1 else "SparseCategoricalCrossentropy"
        model.compile("adam", getattr(keras.losses, name)(from_logits=True))
        together = rowwise.predict(model, x).probabilities
        alone = np.vstack([rowwise.predict(model, x[i : i + 1]).probabilities for i in range(0, 50, 7)])
        np.testing.assert_allclose(together[::7], alone, atol=1e-6)
        np.testing.assert_allclose(together.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("units", [1, 3])
def test_a_model_that_ends_in_logits_is_measured_by_its_probabilities(units):
    import keras

    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 5)).astype("float32"), random.integers(0, max(units, 2), 60)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(units)])
    name = "BinaryCrossentropy" if units == 1 else "SparseCategoricalCrossentropy"
    expected = getattr(keras.losses, name)(from_logits=True)(y[:, None], model.predict(x, verbose=0))
    assert rowwise.evaluate(model, (x, y)).loss == pytest.approx(float(expected), abs=1e-5)


def drawn(records=300, classes=3, seed=0):
    """Classes of unequal frequency, and probabilities that know something of them."""
    random = np.random.default_rng(seed)
    y = np.minimum(random.geometric(0.5, records) - 1, classes - 1)
    p = random.dirichlet(np.ones(classes), records) + 0.5 * np.eye(classes)[y]
    return y, p / p.sum(1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 4])
def test_auc_and_average_precision_equal_scikit_learn(classes):
    y, p = drawn(classes=classes)
    report = score(p, (p, y))
    if classes == 2:
        expected = roc_auc_score(y, p[:, 1]), average_precision_score(y, p[:, 1])
    else:
        expected = roc_auc_score(y, p, multi_class="ovr"), average_precision_score(y, p)
    assert (report.roc_auc, report.average_precision) == pytest.approx(expected)
    assert report.loss == pytest.approx(log_loss(y, p))
    assert report.to_dict()["roc_auc"] == report.roc_auc


def test_calibration_equals_scikit_learn_and_the_error_is_its_formula():
    y, p = drawn(2000)
    measured = score(p, (p, y)).calibration
    right, sure = calibration_curve(p.argmax(1) == y, p.max(1), n_bins=15)
    np.testing.assert_allclose([each.accuracy for each in measured.bins], right)
    np.testing.assert_allclose([each.confidence for each in measured.bins], sure)
    counts = np.array([each.records for each in measured.bins])
    assert counts.sum() == 2000
    assert measured.ece == pytest.approx((counts * abs(right - sure)).sum() / 2000)
    assert measured.confidence == pytest.approx(p.max(1).mean())
    certain = np.eye(3)[y]
    assert score(certain, (certain, y)).calibration.ece == 0


def test_the_baseline_is_scikit_learns_dummy_of_the_training_records():
    (y, p), (y_train, _) = drawn(), drawn(500, 3, 1)
    train = rowwise.Dataset("t", np.zeros((500, 1), np.float32), y_train, tuple("abc"))
    data = rowwise.Dataset("t", np.zeros((300, 1), np.float32), y, tuple("abc"))
    base = score(p, data, train).baseline
    dummy = DummyClassifier(strategy="prior").fit(train.x, y_train)
    probabilities = dummy.predict_proba(data.x)
    assert base.accuracy == accuracy_score(y, dummy.predict(data.x))
    assert base.f1 == pytest.approx(f1_score(y, dummy.predict(data.x), average="macro", zero_division=0))
    assert base.loss == pytest.approx(log_loss(y, probabilities))
    assert (base.roc_auc, base.average_precision) == pytest.approx((0.5, average_precision_score(y, probabilities)))
    assert score(p, data, train).to_dict()["baseline"]["from"] == "training"
    assert score(p, data).to_dict()["baseline"]["from"] == "measured"


def test_no_better_than_the_baseline_is_said_and_better_is_not():
    y = np.array([0] * 9 + [1])
    same, better = np.tile([0.9, 0.1], (10, 1)), np.eye(2)[y]
    assert "No better than the baseline" in str(score(same, (same, y)))
    assert score(same, (same, y)).to_dict()["never_predicted"] == ["1"]
    assert "baseline:" not in str(score(better, (better, y)))


def test_a_report_of_classes_alone_has_no_figures_of_probabilities():
    report = measure([0, 1, 1], [0, 1, 0], "ab")
    assert (report.roc_auc, report.average_precision, report.loss, report.calibration) == (None,) * 4
    assert set(report.intervals) == {"accuracy", "precision", "recall", "f1"}
    assert report.to_dict()["baseline"]["accuracy"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_measures_fit_80_columns(lang):
    y, p = drawn()
    with use_language(lang):
        lines = str(score(p, (p, y))).splitlines()
    assert max(cell_len(line) for line in lines) <= 80
    assert any("ROC" in line and " – " in line for line in lines)


def rare(informed, seed=0):
    """One class in twenty; probabilities that rank well, or not at all, and never exceed a half for the rare one."""
    random = np.random.default_rng(seed)
    y = (random.random(2000) < 0.05).astype(int)
    second = 0.45 * np.clip(0.1 + 0.6 * y * informed + 0.3 * random.random(2000), 0, 1)
    return y, np.column_stack([1 - second, second])


def test_a_model_of_rare_classes_is_not_called_useless_by_accuracy_alone():
    y, probabilities = rare(informed=True)
    report = score(probabilities, (np.zeros((2000, 1)), y))
    assert report.accuracy == report.baseline.accuracy
    text = " ".join(str(report).split())
    assert "By accuracy no better than always answering 0" in text
    assert f"ROC AUC {report.roc_auc:.4f} (baseline 0.5000)" in text
    assert "No better than the baseline" not in text


def test_a_model_that_knows_nothing_is_called_so():
    y, probabilities = rare(informed=False)
    text = " ".join(str(score(probabilities, (np.zeros((2000, 1)), y))).split())
    assert "No better than the baseline: always answering 0" in text
