"""Thresholds and temperatures are the best ones, and scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import balanced_accuracy_score, f1_score

from rowwise.measure.temperature import (
    fitted_label_temperature,
    fitted_temperature,
    uncalibrated,
    uncalibrated_labels,
)
from rowwise.measure.threshold import best_threshold
from rowwise.models.threshold_aim import aim_of

RECORDS = st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers(0, 3)), min_size=2, max_size=30)


def costs(y, answers, sample_weight):
    wrong = 2 * (answers & (y == 0)) + 5 * (~answers & (y == 1))
    return -np.average(wrong, weights=sample_weight)


@settings(max_examples=25, deadline=None)
@given(
    RECORDS, st.sampled_from([("f1", f1_score), ("balanced_accuracy", balanced_accuracy_score), ("cost=2:5", costs)])
)
def test_no_threshold_is_better_than_the_chosen_one(records, aim):
    name, figure = aim
    y, p, w = (np.array(column) for column in zip(*records, strict=True))
    y, p = y.astype(int), (p / 20).astype("float32")
    if not (w[y == 1].any() and w[y == 0].any()):
        return
    chosen = best_threshold(y, p, aim_of(name), w)

    def at(threshold):
        return figure(y, p >= np.float32(threshold), sample_weight=w)

    sign = -1 if name.startswith("cost") else 1
    assert at(chosen.threshold) == pytest.approx(sign * chosen.after)
    assert at(0.5) == pytest.approx(sign * chosen.before)
    every = [at(threshold) for threshold in (1e-6, *(np.arange(20) + 0.5) / 20, *([] if p.max() == 1 else [1.0]))]
    assert at(chosen.threshold) == pytest.approx(max(every))


class Logits(ClassifierMixin, BaseEstimator):
    def fit(self, x, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, x):
        return x

    def predict(self, x):
        return x.argmax(1)


@pytest.mark.parametrize("weighted", [False, True])
def test_temperatures_are_scikit_learns(weighted):
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 400)
    z = 3 * (2 * np.eye(3)[y] + random.normal(size=(400, 3)))
    w = random.integers(1, 4, 400).astype(float) if weighted else None
    rows = np.repeat(np.arange(400), w.astype(int)) if weighted else np.arange(400)  # a weight of 2: twice the record
    calibrated = CalibratedClassifierCV(FrozenEstimator(Logits().fit(z, y)), method="temperature").fit(z[rows], y[rows])
    temperature = fitted_temperature(z, y, w)
    p = np.exp(z / temperature)
    p /= p.sum(1, keepdims=True)
    np.testing.assert_allclose(p, calibrated.predict_proba(z), atol=1e-4)
    raw = np.exp(z - z.max(1, keepdims=True))
    np.testing.assert_allclose(uncalibrated(p, temperature), raw / raw.sum(1, keepdims=True), atol=1e-9)
    # A label by itself is a class of two.
    margin, yes = z[:, 1] - z[:, 0], (y == 1).astype(int)
    pair = fitted_temperature(np.stack([np.zeros(400), margin], 1), yes, w)
    assert fitted_label_temperature(margin, yes, w) == pytest.approx(pair)
    labels = 1 / (1 + np.exp(-z / np.array([2.0, 3.0, 1.0])))
    np.testing.assert_allclose(uncalibrated_labels(labels, (2.0, 3.0, 1.0)), 1 / (1 + np.exp(-z)), atol=1e-9)


def test_a_model_that_is_always_right_is_left_as_it_is():
    y = np.array([0, 1, 2, 1])
    assert fitted_temperature(3 * np.eye(3)[y], y) == 1
    assert fitted_label_temperature(np.array([1.0, 2.0]), np.array([1, 1])) == 1


def test_what_is_no_aim():
    for text in ("", "f2", "cost=1", "cost=0:1", "cost=1:nan", "0", "1", "1.5", "nan", "-0.2"):
        assert aim_of(text) is None, text
    assert (aim_of("0.3").given, aim_of("cost=1:5").false_no) == (0.3, 5)
