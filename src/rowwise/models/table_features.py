"""The columns of X as they were read → the features that a network of Dense layers can learn from.

Numbers are standardized, categories become a feature a level, dates become parts and angles, a missing value becomes
the mean and a feature that says so. The same arithmetic runs in a layer of Keras that is saved with the model,
`models.preparation`, and here in NumPy: for training, which does it once, and for predictions without Keras.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.storage import empty, release
from rowwise.models.keras_view import layers_of
from rowwise.models.plain import PlainLayer, Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Column, Schema

ROWS = 1 << 15  # prepared at once


class Recipe(NamedTuple):
    """Where each feature comes from. Places count the columns of X; all arrays have an entry a feature of their kind.

    Attributes:
        numbers: columns that are filled with `fill`, then `(x - offset) / scale`.
        cycles: columns that become `sin` and `cos` of their angle, which `turn` is for 1; 0 and 0 where missing.
        level_of, level: columns that become 1 where they are that level, else 0.
        missing: columns that become 1 where they are NaN, else 0.
        codes, unknown: columns that go on as level numbers; what is missing or none of them as the number after.
        order: where each feature stands in all of the above, one after the other (sines before cosines).
    """

    numbers: NDArray[np.int32]
    fill: NDArray[np.float32]
    offset: NDArray[np.float32]
    scale: NDArray[np.float32]
    cycles: NDArray[np.int32]
    turn: NDArray[np.float32]
    level_of: NDArray[np.int32]
    level: NDArray[np.float32]
    missing: NDArray[np.int32]
    codes: NDArray[np.int32]
    unknown: NDArray[np.float32]
    order: NDArray[np.int32]


class TableFeatures:
    """`(records, columns)` as read, NaN for missing → `(records, features)` float32, in the order of `schema.features`.

    A level that training did not have gives 0 in all features of its column; so does a missing one, besides the
    feature that says so where training records lacked it too. Embedded columns come last, as level numbers: 0 to
    `len(levels)`, the last for unknown and for missing ones.
    """

    takes_missing = True  # checks for NaN before the model consult this
    schema: Schema

    @cached_property
    def recipe(self) -> Recipe:
        """Where each feature comes from."""
        return recipe(self.schema)

    def prepare(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """In blocks of records; a large result lies in a temporary file mapped into memory."""
        prepared = empty((len(x), len(self.schema.features)))
        for start in range(0, len(x), ROWS):
            prepared[start : start + ROWS] = self.prepare_block(x[start : start + ROWS])
            release(prepared)
            release(x)
        return prepared

    def prepare_block(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """The same of few records, in memory."""
        with np.errstate(over="ignore"):  # as in Keras: values beyond what training saw may grow without end
            prepared: NDArray[np.float32] = computed(np, np.asarray(x, np.float32), self.recipe)
        return prepared


class PlainPreparation(TableFeatures, PlainLayer):
    """The layer as a file has it; `settings` are its schema, as JSON.

    Raises:
        ValueError: no schema, or one of other columns than it takes.
    """

    def __init__(self, name: str, takes: Shape, settings: Mapping[str, Any]) -> None:
        from rowwise.data.tables.schema import Schema  # with all that reads tables, which other models do without

        if list(settings) != ["schema"]:
            raise ValueError(f"Preparation: {list(settings)}")
        self.schema = Schema.from_dict(settings["schema"])
        if takes != (None, len(self.schema.inputs)):
            raise ValueError(f"Preparation: {takes}")
        with np.errstate(all="ignore"):
            tried = self.prepare_block(np.full((1, len(self.schema.inputs)), np.nan, np.float32))
        if tried.shape != (1, len(self.schema.features)):
            raise ValueError(f"Preparation: {tried.shape}")
        super().__init__("Preparation", name, (takes,), (None, len(self.schema.features)))


def preparation_of(model: Any) -> TableFeatures | None:
    """The layer that prepares a table's records, where the model begins with one."""
    return next((layer for layer in layers_of(model) if isinstance(layer, TableFeatures)), None)


def recipe(schema: Schema) -> Recipe:
    """Where each of `schema.features` comes from."""
    from rowwise.data.tables.columns.date import PERIODS

    numbers: list[tuple[float, ...]] = []
    cycles: list[tuple[float, ...]] = []
    levels: list[tuple[float, ...]] = []
    missing: list[tuple[float, ...]] = []
    codes: list[tuple[float, ...]] = []
    order: list[tuple[str, int]] = []  # of the features but the codes, which come last
    for column, place in schema.used_and_placed:
        if column.embedded:
            codes.append((place, len(column.levels)))
        elif column.kind == "categorical":
            order += [("level", len(levels) + level) for level in range(len(column.levels))]
            levels += [(place, level) for level in range(len(column.levels))]
        else:
            parts = column.parts if column.kind == "date" else ("",)
            statistics = zip(parts, column.means, column.scales, strict=True)
            for input_place, (part, mean, scale) in enumerate(statistics, place):
                if part in PERIODS:
                    order += [("sine", len(cycles)), ("cosine", len(cycles))]
                    cycles.append((input_place, 2 * math.pi / PERIODS[part]))
                else:
                    order.append(("number", len(numbers)))
                    scale = math.inf if _constant(column, part, mean) else scale
                    numbers.append((input_place, mean, 0.0 if column.kind == "boolean" else mean, scale))
        if column.indicated:
            order.append(("missing", len(missing)))
            missing.append((place,))

    def entries(rows: list[tuple[float, ...]], which: int, kind: type[Any] = np.float32) -> NDArray[Any]:
        return np.array([row[which] for row in rows], kind)

    sizes = {"number": len(numbers), "sine": len(cycles), "cosine": len(cycles), "level": len(levels)}
    starts = dict(zip((*sizes, "missing"), np.cumsum([0, *sizes.values()]).tolist(), strict=True))
    positions = [starts[group] + number for group, number in order]
    return Recipe(
        numbers=entries(numbers, 0, np.int32),
        fill=entries(numbers, 1),
        offset=entries(numbers, 2),
        scale=entries(numbers, 3),
        cycles=entries(cycles, 0, np.int32),
        turn=entries(cycles, 1),
        level_of=entries(levels, 0, np.int32),
        level=entries(levels, 1),
        missing=entries(missing, 0, np.int32),
        codes=entries(codes, 0, np.int32),
        unknown=entries(codes, 1),
        order=np.array([*positions, *range(len(positions), len(positions) + len(codes))], np.int32),
    )


def _constant(column: Column, part: str, mean: float) -> bool:
    """Whether all training records had one value there: its weights were never trained, so that it must stay 0."""
    if column.kind == "boolean":
        return mean in (0.0, 1.0)
    if part:
        return part == "year" and str(column.low)[:4] == str(column.high)[:4]
    return column.low is not None and column.low == column.high


def computed(ops: Any, x: Any, recipe: Recipe) -> Any:
    """`(records, columns)` → `(records, features)`; `ops` is NumPy, keras.ops or whatever has these names."""
    parts = []
    if len(recipe.numbers):
        values = ops.take(x, recipe.numbers, axis=1)
        parts.append((ops.where(ops.isnan(values), recipe.fill, values) - recipe.offset) / recipe.scale)
    if len(recipe.cycles):
        angles = ops.take(x, recipe.cycles, axis=1) * recipe.turn
        present = ~ops.isnan(angles) if ops is np else ops.logical_not(ops.isnan(angles))
        zero = ops.zeros_like(angles)
        angles = ops.where(present, angles, zero)
        parts += [ops.where(present, ops.sin(angles), zero), ops.where(present, ops.cos(angles), zero)]
    if len(recipe.level):
        parts.append(_floats(ops, ops.equal(ops.take(x, recipe.level_of, axis=1), recipe.level)))
    if len(recipe.missing):
        parts.append(_floats(ops, ops.isnan(ops.take(x, recipe.missing, axis=1))))
    if len(recipe.codes):
        levels = ops.take(x, recipe.codes, axis=1)
        inside = ops.logical_and(levels >= 0, levels < recipe.unknown)  # NaN is neither
        parts.append(ops.where(inside, levels, recipe.unknown))
    features = ops.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
    in_order = np.array_equal(recipe.order, np.arange(len(recipe.order)))
    return features if in_order else ops.take(features, recipe.order, axis=1)


def _floats(ops: Any, truths: Any) -> Any:
    return truths.astype(np.float32) if ops is np else ops.cast(truths, "float32")
