"""The training records of a table → the layer that tells a network their numbers piece by piece, as Keras saves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.data.storage import release
from rowwise.models.piecewise import PiecewiseFeatures, number_places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rowwise.models.table_features import TableFeatures

VALUES = 32  # different values at most that are pieces' bounds, whatever their number
SEEN_LEVEL = 4  # records of a level that has a feature of its own
MOST_LEVELS = 256  # of a column, the most frequent ones
SAMPLE = 1 << 16  # records that quantiles and counts are taken from
MOST_BYTES = 1 << 29  # of the pieces of all training records: beyond it numbers get fewer pieces, or none
MOST_LEVEL_BYTES = 1 << 31  # of the levels' features likewise: beyond it columns get fewer, but LEAST_LEVELS
LEAST_LEVELS = 32


@keras.saving.register_keras_serializable("rowwise")
class FeatureEncoding(PiecewiseFeatures, keras.Layer):
    """`(None, features)` as `Preparation` gives them → `(None, more features)` float32, as PiecewiseFeatures says."""

    def __init__(
        self,
        features: int,
        numbers: Sequence[Mapping[str, Any]] = (),
        levels: Sequence[Mapping[str, Any]] = (),
        **options: Any,
    ) -> None:
        super().__init__(**{"trainable": False, "dtype": "float32", **options})
        self.take(features, numbers, levels)

    def call(self, features: Any) -> Any:
        return self.computed(keras.ops, features)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], self.width)

    def get_config(self) -> dict[str, Any]:
        mine = {"features": self.features, "numbers": self.numbers, "levels": self.levels}
        return {**super().get_config(), **mine}


def fitted_encoding(
    preparation: TableFeatures, x: NDArray[np.float32], pieces: int, **options: Any
) -> FeatureEncoding | None:
    """The encoding of training records x `(records, columns)` as they were read; None where nothing is to be encoded.

    Args:
        pieces: of a number; 0 leaves numbers as they are, and encodes level numbers alone.
    """
    schema, values = preparation.schema, max(VALUES, pieces)
    places = list(number_places(schema)) if pieces else []
    if places and (most := MOST_BYTES // (4 * len(x) * len(places))) < values:
        pieces, values = min(pieces, most), most
    if pieces < 2:
        places = []
    if not (places or schema.embedded):
        return None
    rows = np.linspace(0, len(x) - 1, min(len(x), SAMPLE)).astype(np.int64)
    sample = preparation.prepare(x[rows])
    release(x)
    found = [_of_number(place, sample[:, place], pieces, values) for place in places]
    numbers = [number for number in found if number is not None]
    if not (numbers or schema.embedded):
        return None
    first = len(schema.features) - len(schema.embedded)
    most_levels = MOST_LEVEL_BYTES // (4 * len(x) * max(len(schema.embedded), 1))
    most_levels = min(max(most_levels, LEAST_LEVELS), MOST_LEVELS)
    levels = [
        {"feature": first + place, "levels": _kept_levels(sample[:, first + place], most_levels)}
        for place in range(len(schema.embedded))
    ]
    return FeatureEncoding(len(schema.features), numbers, levels, **options)


def _of_number(place: int, x: NDArray[np.float32], pieces: int, values: int) -> dict[str, Any] | None:
    """What a number's encoding is; None where it has one value, or may not have pieces."""
    different = np.unique(x)
    if len(different) < 2:
        return None
    low, center, high = np.quantile(x, (0.25, 0.5, 0.75))
    spread = high - low if high > low else (different[-1] - different[0]) / 2
    knots = different
    if len(different) > values:
        knots = np.unique(np.quantile(x, np.linspace(0, 1, pieces + 1)).astype(np.float32))
    return {
        "feature": place,
        "center": float(center),
        "spread": float(spread),
        "knots": knots.tolist() if len(knots) > 2 else [],
    }


def _kept_levels(numbers: NDArray[np.float32], most: int) -> list[float]:
    """The level numbers that have records enough, `most` at most; that for unknown and missing levels is among them."""
    levels, counts = np.unique(numbers, return_counts=True)
    often = np.argsort(-counts, kind="stable")[:most]
    return np.sort(levels[often[counts[often] >= SEEN_LEVEL]]).tolist()
