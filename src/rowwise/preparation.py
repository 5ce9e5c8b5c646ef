"""`import rowwise.preparation` → rowwise's own layers are registered, so that plain Keras opens a table's model."""

from rowwise.models.encoding import FeatureEncoding
from rowwise.models.preparation import Columns, Preparation, ScaledSquaredError
from rowwise.models.target_layers import (
    CountsOfLogs,
    NumbersOfLogs,
    OrderedClasses,
    PinballLoss,
    PoissonDeviance,
    RisingQuantiles,
    SquaredLogError,
)

__all__ = [
    "Columns",
    "CountsOfLogs",
    "FeatureEncoding",
    "NumbersOfLogs",
    "OrderedClasses",
    "PinballLoss",
    "PoissonDeviance",
    "Preparation",
    "RisingQuantiles",
    "ScaledSquaredError",
    "SquaredLogError",
]
