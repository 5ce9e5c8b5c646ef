"""Balanced class weights are scikit-learn's, and a network that is trained with them predicts rare classes."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

import rowwise
from rowwise.data.class_weights import balanced
from rowwise.errors import UsageError


def rare(records=400, seed=0):
    """Two classes that overlap; one record in twenty is of the second."""
    random = np.random.default_rng(seed)
    y = (np.arange(records) % 20 == 0).astype(int)
    x = random.normal(size=(records, 2)).astype(np.float32) + y[:, None]
    return rowwise.Dataset("rare", x, y, ("usual", "rare"))


def test_weights_equal_scikit_learn():
    y = np.array([0] * 7 + [2] * 3 + [3])
    for weights in (None, np.linspace(0, 3, 11, dtype=np.float32)):
        found = balanced(rowwise.Dataset("made", np.zeros((11, 1), np.float32), y, tuple("abcd"), weights=weights))
        expected = compute_class_weight("balanced", classes=np.array([0, 2, 3]), y=y, sample_weight=weights)
        assert list(found) == [0, 2, 3]
        assert list(found.values()) == pytest.approx(expected)


def test_numbers_have_no_class_weights():
    with pytest.raises(UsageError, match="for classification"):
        balanced(rowwise.Dataset("m", np.zeros((2, 1), np.float32), np.zeros(2, np.float32), (), targets=("t",)))


@pytest.mark.slow
def test_a_rare_class_is_found_more_often_with_balanced_weights():
    data, recall = rare(), []
    for weights in (None, balanced(data)):
        model = rowwise.dense(data, (8,), seed=0)
        rowwise.fit(model, data, epochs=20, class_weight=weights, seed=0, verbose=0)
        recall.append(rowwise.evaluate(model, data).per_class[1].recall)
    assert recall[1] > recall[0] + 0.3
