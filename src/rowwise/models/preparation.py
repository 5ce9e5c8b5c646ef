"""Rowwise's layers before the first Dense layer, and the loss of targets with units, as Keras saves them with a model.

`Preparation` makes of a table's records what `models.table_features` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from rowwise.models.table_features import TableFeatures, computed
from rowwise.models.target_functions import as_floats
from rowwise.models.target_layers import aligned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowwise.data.tables.schema import Schema


@keras.saving.register_keras_serializable("rowwise")
class Preparation(TableFeatures, keras.Layer):
    """`(None, columns)` as read, NaN for missing → `(None, features)` float32, as TableFeatures says.

    Nothing of it is trained: its configuration is the schema, as plain JSON.
    """

    def __init__(self, schema: Schema | Mapping[str, Any], **options: Any) -> None:
        from rowwise.data.tables.schema import Schema  # with all that reads tables, which other models do without

        super().__init__(**{"trainable": False, "dtype": "float32", **options})
        self.schema = schema if isinstance(schema, Schema) else Schema.from_dict(schema)

    def call(self, records: Any) -> Any:
        return computed(keras.ops, keras.ops.cast(records, "float32"), self.recipe)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], len(self.schema.features))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "schema": self.schema.to_dict()}


@keras.saving.register_keras_serializable("rowwise")
class Columns(keras.Layer):
    """`(None, features)` → the features from `first` to before `last`: a level number, or those beside."""

    def __init__(self, first: int, last: int, **options: Any) -> None:
        super().__init__(**{"trainable": False, **options})
        self.first, self.last = int(first), int(last)

    def call(self, features: Any) -> Any:
        return features[:, self.first : self.last]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], self.last - self.first)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "first": self.first, "last": self.last}


@keras.saving.register_keras_serializable("rowwise")
class ScaledSquaredError(keras.losses.MeanSquaredError):
    """The mean over the targets of `((true - predicted) / scale)²`, `scale` being the targets' standard deviations.

    Every target weighs the same, whatever its unit. Always answering the mean gives 1: 1 less the loss is R².
    """

    def __init__(self, scale: float | Sequence[float], **options: Any) -> None:
        super().__init__(**{"name": "scaled_squared_error", **options})
        self.scale = as_floats(scale)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_true, y_pred, scale = aligned(y_true, y_pred, self.scale)
        return keras.ops.mean(keras.ops.square((y_true - y_pred) / scale), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}
