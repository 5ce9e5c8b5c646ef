"""rowwise's networks as estimators of scikit-learn, which is imported here; Keras and JAX are once they are fitted."""

from rowwise.sklearn.classifier import DenseClassifier
from rowwise.sklearn.regressor import DenseRegressor

__all__ = ["DenseClassifier", "DenseRegressor"]
