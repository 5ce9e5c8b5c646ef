"""ROC AUC and average precision are scikit-learn's, for every weighting of the records."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from rowwise.measure.ranking import Ranking, rankings


@given(
    scores=st.lists(st.integers(0, 6), min_size=2, max_size=40),
    seed=st.integers(0, 2**32 - 1),
    whole=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_both_figures_equal_scikit_learn_with_ties_and_weights(scores, seed, whole):
    random = np.random.default_rng(seed)
    scores = np.array(scores) / 6 if whole else random.random(len(scores))
    belongs = random.random(len(scores)) < 0.5
    belongs[:2] = True, False
    weights = random.integers(0, 4, (5, len(scores))).astype(np.float32)
    weights[:, :2] = 1
    weights[0] = 1
    auc, precision = Ranking.of(belongs, scores).figures(weights)
    for draw, row in enumerate(weights):
        assert auc[draw] == pytest.approx(roc_auc_score(belongs, scores, sample_weight=row))
        assert precision[draw] == pytest.approx(average_precision_score(belongs, scores, sample_weight=row))


def test_a_weighting_without_one_of_the_sides_has_no_figure():
    ranking = Ranking.of(np.array([True, False, True]), np.array([0.1, 0.5, 0.9]))
    for figure in ranking.figures(np.array([[1, 0, 1], [0, 1, 0]], np.float32)):
        assert np.isnan(figure).all()


def test_classes_that_nobody_or_everybody_has_are_not_ranked():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(4), 30)
    assert list(rankings(np.arange(30) % 2, probabilities)) == [0, 1]
    assert list(rankings(np.arange(30) % 2, probabilities[:, :2])) == [1]
    assert rankings(np.zeros(30, int), probabilities[:, :2]) == {}
