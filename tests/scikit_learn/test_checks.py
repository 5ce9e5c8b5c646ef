"""scikit-learn's own checks of an estimator, none of them expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from rowwise.sklearn import DenseClassifier, DenseRegressor

SMALL = {
    "preset": "fast",
    "hidden": (24,),
    "learning_rate": 0.02,
    "epochs": 20,
}  # many fits: of each a tenth of a second


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([DenseClassifier(**SMALL), DenseRegressor(**SMALL)])
def test_scikit_learn_checks_them(estimator, check):
    check(estimator)
