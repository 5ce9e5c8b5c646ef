"""Several labels a record: scikit-learn and Keras say what is right."""

import json

import keras
import numpy as np
import pytest
from sklearn import metrics

import rowwise
from rowwise.errors import DataError
from rowwise.measure import measure_labels
from rowwise.measure.page import ReportContent, page
from rowwise.text import use_language


def drawn(records=400, labels=4, seed=0):
    """Labels of unequal frequency, one of them in no record, one in all; and probabilities that know something."""
    random = np.random.default_rng(seed)
    true = random.random((records, labels)) < np.linspace(0.1, 0.7, labels)
    probabilities = np.clip(0.3 * true + 0.7 * random.random((records, labels)), 0, 1)
    true[:, 0], true[:, -1] = False, True
    return true.astype(int), probabilities


def of(true, probabilities):
    return measure_labels(true, probabilities > 0.5, probabilities)


@pytest.mark.parametrize("average", ["macro", "micro"])
def test_precision_recall_and_f1_are_scikit_learns(average):
    true, probabilities = drawn()
    report, predicted = of(true, probabilities), probabilities > 0.5
    expected = metrics.precision_recall_fscore_support(true, predicted, average=average, zero_division=0)[:3]
    prefix = "micro_" if average == "micro" else ""
    found = [getattr(report, prefix + name) for name in ("precision", "recall", "f1")]
    assert found == pytest.approx(expected)


def test_each_label_and_the_shares_of_right_answers_are_scikit_learns():
    true, probabilities = drawn()
    report, predicted = of(true, probabilities), probabilities > 0.5
    assert report.subset_accuracy == pytest.approx(metrics.accuracy_score(true, predicted))
    assert report.hamming_loss == pytest.approx(metrics.hamming_loss(true, predicted))
    expected = metrics.precision_recall_fscore_support(true, predicted, zero_division=0)
    for place, score in enumerate(report.per_label):
        found = (score.precision, score.recall, score.f1, score.support)
        assert found == pytest.approx([figure[place] for figure in expected])
    mixed = [1, 2]
    for label, score in enumerate(report.per_label):
        if label in mixed:
            assert score.roc_auc == pytest.approx(metrics.roc_auc_score(true[:, label], probabilities[:, label]))
            assert score.average_precision == pytest.approx(
                metrics.average_precision_score(true[:, label], probabilities[:, label])
            )
        else:
            assert (score.roc_auc, score.average_precision) == (None, None)
    assert report.roc_auc == pytest.approx(metrics.roc_auc_score(true[:, mixed], probabilities[:, mixed]))


@pytest.mark.parametrize("end", ["sigmoid", None])
def test_a_model_is_measured_as_keras_measures_it(end):
    x = np.random.default_rng(0).normal(size=(200, 5)).astype("float32")
    y = (x[:, :4] > 0).astype("float32")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(4, end)])
    loss = keras.losses.BinaryCrossentropy(from_logits=end is None)
    model.compile("adam", loss, metrics=[keras.metrics.BinaryAccuracy(threshold=0.5 if end else 0.0)])
    rowwise.fit(model, (x, y), epochs=5, verbose=0)
    expected = model.evaluate(x, y, verbose=0)
    report = rowwise.evaluate(model, (x, y))
    assert (report.loss, report.accuracy) == pytest.approx(expected, abs=1e-5)
    prediction = rowwise.predict(model, x)
    outputs = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(
        prediction.probabilities, outputs if end else 1 / (1 + np.exp(-outputs)), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_array_equal(prediction.labels, prediction.probabilities > 0.5)
    first = prediction.to_dicts()[0]
    assert first["labels"] == [str(label) for label in np.flatnonzero(prediction.labels[0])]
    assert first["probabilities"]["3"] == pytest.approx(float(prediction.probabilities[0, 3]))


def test_intervals_hold_the_figures_and_the_baseline_knows_the_shares_alone():
    true, probabilities = drawn()
    report = of(true, probabilities)
    for name, interval in report.intervals.items():
        assert interval.low <= getattr(report, name) <= interval.high, name
    shares = true.mean(0)
    assert report.baseline.accuracy == pytest.approx(np.maximum(shares, 1 - shares).mean())
    entropy = [-(p * np.log(p) + (1 - p) * np.log(1 - p)) if 0 < p < 1 else 0 for p in shares]
    assert report.baseline.loss == pytest.approx(np.mean(entropy), abs=1e-6)
    assert report.baseline.roc_auc == pytest.approx(0.5)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_text_json_and_page_show_each_label_and_all_measures(lang):
    x = np.random.default_rng(0).normal(size=(80, 5)).astype("float32")
    y = (x[:, :3] > 0).astype("float32")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    data = rowwise.Dataset("films", x, y, (), targets=("comedy", "drama", "war"))
    with use_language(lang):
        report = rowwise.evaluate(model, data)
        text, html = str(report), page(ReportContent(report, model, data))
    figures = [report.accuracy, report.subset_accuracy, report.hamming_loss, report.micro_f1, report.roc_auc]
    for shown in (text, html):
        for name in data.targets:
            assert name in shown
        for figure in figures:
            assert f"{figure:.4f}" in shown
    assert {"en": "several labels a record", "ko": "다중 레이블 분류"}[lang] in " ".join(text.split())
    assert all(len(line) <= 80 for line in text.splitlines())
    read = json.loads(json.dumps(report.to_dict()))
    assert (read["task"], read["accuracy"]) == ("multilabel", report.accuracy)
    assert [label["name"] for label in read["per_label"]] == list(data.targets)


def test_records_with_one_label_each_are_told_of_the_other_task():
    true = np.eye(3, dtype=int)[[0, 1, 2, 0]]
    assert 'task="multiclass"' in str(of(true, np.full((4, 3), 0.4)))


def test_a_label_that_is_never_predicted_is_named():
    true = np.array([[1, 1], [0, 1], [1, 0]])
    assert "Never predicted: 1." in str(of(true, np.array([[0.9, 0.1], [0.2, 0.1], [0.9, 0.1]])))


@pytest.mark.parametrize("true", [np.zeros((0, 2)), np.array([[0, 2]]), np.array([[0, 1, 1]])])
def test_labels_that_make_no_sense_are_refused(true):
    with pytest.raises(DataError, match="zeros and ones"):
        measure_labels(true, np.zeros((len(true), 2), bool))
