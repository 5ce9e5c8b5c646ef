"""The features of a prepared table → more features, from which a network learns steps and bends as well as slopes.

A standardized number alone asks the first layer to bend it wherever its meaning bends. Here it is told piece by piece
instead: between each two of its quantiles a feature rises from 0 to 1 (piecewise-linear encoding: Gorishniy, Rubachev
and Babenko 2022), or between each two of its values where it has few, such as an hour or a code. Each level of a
category that has records enough to learn from gets a feature; the rarer ones share one. Outliers are drawn in by a
smooth clip around the median. Nothing of it is trained: it is computed once for all epochs.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.storage import empty, release
from rowwise.models.plain import PlainLayer, Shape
from rowwise.models.table_features import ROWS, TableFeatures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Schema

MOST_PLACES = 1 << 24  # of a table of levels and columns, in a layer that is read from a file
CLIP = 3.0  # quartile distances from the median that no number gets beyond

_kept: ContextVar[dict[bytes, NDArray[np.float32]] | None] = ContextVar("rowwise_encoded", default=None)


class _Places(NamedTuple):
    """Arrays with an entry a feature of their kind; `of` counts the features that come in."""

    center: NDArray[np.float32]  # of the features that pass: 0 and 1 where they pass as they are
    spread: NDArray[np.float32]
    clipped: NDArray[np.bool_]
    piece_of: NDArray[np.int32]
    left: NDArray[np.float32]
    width: NDArray[np.float32]
    level_of: NDArray[np.int32]
    level: NDArray[np.float32]
    others: NDArray[np.float32]  # `(levels, columns)`: which of the levels are of a column


class PiecewiseFeatures:
    """`(None, features)` as `Preparation` gives them → `(None, more features)` float32.

    First come the features that come in, level numbers excepted: numbers as their smoothly clipped distance from the
    median in quartile distances. Then the pieces of each number, -1/2 below a piece to 1/2 above it; then 1 or 0 for
    each level that has a feature of its own, and for all other levels of a column.

    Args:
        features: that come in.
        numbers: each `{"feature", "center", "spread", "knots"}`: which of them it is, its median and quartile
            distance, and the bounds of its pieces.
        levels: each `{"feature", "levels"}`: a column of level numbers, which come last, and those that have a
            feature each.
    """

    features: int
    numbers: list[dict[str, Any]]
    levels: list[dict[str, Any]]

    def take(self, features: int, numbers: Sequence[Mapping[str, Any]], levels: Sequence[Mapping[str, Any]]) -> None:
        """Hold the arguments, once they have been checked; raises ValueError."""
        self.features = int(features)
        self.numbers = [_number(number) for number in numbers]
        self.levels = [_level(column) for column in levels]
        places = [entry["feature"] for entry in (*self.numbers, *self.levels)]
        if not all(0 <= place < self.features for place in places) or len(set(places)) < len(places):
            raise ValueError(f"FeatureEncoding: features {places} of {self.features}")

    @cached_property
    def width(self) -> int:
        """How many features it gives."""
        places = self._places
        return len(places.center) + len(places.piece_of) + len(places.level_of) + places.others.shape[1]

    @cached_property
    def _places(self) -> _Places:
        passed = self.features - len(self.levels)
        center, spread, clipped = np.zeros(passed, np.float32), np.ones(passed, np.float32), np.zeros(passed, bool)
        pieces: list[tuple[Any, ...]] = []
        levels: list[tuple[Any, ...]] = []
        for number in self.numbers:
            place, knots = number["feature"], number["knots"]
            center[place], spread[place], clipped[place] = number["center"], number["spread"], True
            pieces += [(place, left, right - left) for left, right in pairwise(knots)]
        others = np.zeros((sum(len(column["levels"]) for column in self.levels), len(self.levels)), np.float32)
        for which, column in enumerate(self.levels):
            others[len(levels) : len(levels) + len(column["levels"]), which] = 1
            levels += [(column["feature"], level) for level in column["levels"]]

        def entries(rows: list[tuple[Any, ...]], which: int, kind: type[Any] = np.float32) -> NDArray[Any]:
            return np.array([row[which] for row in rows], kind)

        return _Places(
            center,
            spread,
            clipped,
            entries(pieces, 0, np.int32),
            entries(pieces, 1),
            entries(pieces, 2),
            entries(levels, 0, np.int32),
            entries(levels, 1),
            others,
        )

    def encode(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """What it gives for features, in NumPy."""
        with np.errstate(over="ignore", invalid="ignore"):
            encoded: NDArray[np.float32] = self.computed(np, features)
        return encoded

    def computed(self, ops: Any, x: Any) -> Any:
        """What it gives for x; `ops` is NumPy, keras.ops or whatever has these names."""
        places = self._places
        passed = x[:, : len(places.center)]
        distance = (passed - places.center) / places.spread
        parts = [ops.where(places.clipped, distance / ops.sqrt(1 + (distance / CLIP) ** 2), passed)]
        if len(places.piece_of):
            rise = (ops.take(x, places.piece_of, axis=1) - places.left) / places.width
            parts.append(ops.clip(rise, 0.0, 1.0) - np.float32(0.5))
        if self.levels:
            there = ops.equal(ops.take(x, places.level_of, axis=1), places.level)
            there = there.astype(np.float32) if ops is np else ops.cast(there, "float32")
            parts += [there, 1 - ops.matmul(there, places.others)]
        return ops.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]

    def names(self, schema: Schema) -> tuple[str, ...]:
        """Those of its features, from those of the schema that the preparation has."""
        names, units = schema.features, number_places(schema)
        pieces, levels = [], []
        for number in self.numbers:
            place = number["feature"]
            mean, scale = units[place]
            knots = [f"{mean + scale * at:.4g}" for at in number["knots"]]
            pieces += [f"{names[place]} {low}…{high}" for low, high in pairwise(knots)]
        for kept, column in zip(self.levels, schema.embedded, strict=True):
            texts = (*column.levels, "…")  # the last number is for unknown and missing ones
            levels += [f"{column.name}={texts[int(level)]}" for level in kept["levels"]]
        others = tuple(f"{column.name}=*" for column in schema.embedded)
        return (*names[: self.features - len(self.levels)], *pieces, *levels, *others)


class PlainEncoding(PiecewiseFeatures, PlainLayer):
    """The layer as a file has it.

    Raises:
        ValueError: settings that are none of its, or of other features than it takes. TypeError, KeyError: likewise.
    """

    def __init__(self, name: str, takes: Shape, settings: Mapping[str, Any]) -> None:
        self.take(**settings)
        levels = sum(len(column["levels"]) for column in self.levels)
        if takes != (None, self.features) or levels * len(self.levels) > MOST_PLACES:
            raise ValueError(f"FeatureEncoding: {takes}, {levels}")
        super().__init__("FeatureEncoding", name, (takes,), (None, self.width))


@dataclass(frozen=True)
class Encoded:
    """Both layers at once, in NumPy: `(records, columns)` → `(records, features)`, in blocks of records.

    A large result lies in a temporary file mapped into memory; what lies between the two layers never does.
    """

    preparation: TableFeatures
    encoding: PiecewiseFeatures

    def __call__(self, x: NDArray[Any]) -> NDArray[np.float32]:
        kept = _kept.get()
        if kept is None:
            return self._encoded(x)
        digest = hashlib.sha256(repr((id(self.preparation), id(self.encoding), x.shape, x.dtype.str)).encode())
        digest.update(np.ascontiguousarray(x).data)
        key = digest.digest()
        if key not in kept:
            kept[key] = self._encoded(x)
        return kept[key]

    def _encoded(self, x: NDArray[Any]) -> NDArray[np.float32]:
        encoded = empty((len(x), self.encoding.width))
        for start in range(0, len(x), ROWS):
            block = self.encoding.encode(self.preparation.prepare_block(x[start : start + ROWS]))
            encoded[start : start + len(block)] = block
            release(encoded)
            release(x)
        return encoded


@contextmanager
def encoding_once() -> Iterator[None]:
    """Within the block, and the threads that are started in it, the same records are encoded by the same layers once.

    What they become is kept until the block ends: as much memory as the features of all records take.
    """
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def number_places(schema: Schema) -> dict[int, tuple[float, float]]:
    """The features that are standardized numbers, with the mean and the deviation of each in the table's units."""
    places, first = {}, 0
    for column in schema.used:
        if column.embedded:
            continue
        if column.kind == "numeric":
            places[first] = (column.means[0] + column.origin, column.scales[0])
        elif column.kind == "date":
            units = dict(zip(column.inputs, zip(column.means, column.scales, strict=True), strict=True))
            places |= {first + at: units[name] for at, name in enumerate(column.features) if name in units}
        first += len(column.features)
    return places


def _number(entry: Mapping[str, Any]) -> dict[str, Any]:
    center, spread = float(entry["center"]), float(entry["spread"])
    knots = [float(knot) for knot in entry["knots"]]
    if not (spread > 0 and np.all(np.diff(knots) > 0)):
        raise ValueError(f"FeatureEncoding: {entry!r:.80}")
    return {"feature": int(entry["feature"]), "center": center, "spread": spread, "knots": knots}


def _level(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"feature": int(entry["feature"]), "levels": [float(level) for level in entry["levels"]]}
