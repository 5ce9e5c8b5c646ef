"""`import rowwise.preparation` → rowwise's own layers are registered, so that plain Keras opens a table's model."""

from rowwise.models.encoding import FeatureEncoding
from rowwise.models.preparation import Columns, Preparation, ScaledSquaredError

__all__ = ["Columns", "FeatureEncoding", "Preparation", "ScaledSquaredError"]
