"""A saved run → records that an export is tried on: its own, and those that are out of the ordinary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import RowwiseError, warnings_to
from rowwise.exports.inputs import columns_in
from rowwise.exports.kinds import COLUMNS
from rowwise.exports.program import DOUBLE, TEXT, WHOLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Column, Schema
    from rowwise.exports.program import Program
    from rowwise.runs.saved import Saved

MOST = 1000  # of the run's own records
TRIED_COLUMNS = 64  # of a table that are each tried with a missing value, an unknown level and extremes
FAR = (10.0, 1000.0)  # standard deviations from the mean that extremes lie at
DRAWN, OWN = "drawn", "own"


@dataclass(frozen=True)
class Tried:
    """Records as the model takes them.

    Attributes:
        x: `(records, ...)`: first the usual ones, then those with missing values and unknown levels, then extremes.
        usual, odd: how many are usual, and how many come before the extremes.
        origin: `"own"`: the usual ones are the run's test records; `"drawn"`: drawn by its statistics.
    """

    x: NDArray[Any]
    usual: int
    odd: int
    origin: str


def tried_records(saved: Saved) -> Tried:
    """The run's own test records where its data are still there, else such as its statistics let one expect."""
    origin, x = OWN, _own(saved)
    if x is None:
        origin, x = DRAWN, _drawn(saved)
    if saved.schema is None:
        extremes = _extreme_arrays(saved, x)
        return Tried(np.concatenate([x, extremes]), len(x), len(x), origin)
    odd, extremes = _odd_rows(saved.schema, x)
    return Tried(np.concatenate([x, odd, extremes]), len(x), len(x) + len(odd), origin)


def handed_in(saved: Saved, program: Program, x: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Records as the model takes them → the same as the program takes them."""
    if saved.schema is None:
        return {program.inputs[0].name: x.reshape(len(x), -1).astype(np.float32)}
    columns = columns_in(saved.schema, program.kind)
    if program.kind != COLUMNS:
        double = program.inputs[0].type == DOUBLE
        origins = np.array([column.subtract for column in columns])
        return {"records": x.astype(np.float64) + origins if double else x.astype(np.float32)}
    inputs: dict[str, NDArray[Any]] = {}
    for place, (array, given) in enumerate(zip(program.inputs, columns, strict=True)):
        values = x[:, place : place + 1]
        if array.type == TEXT:
            texts = np.array([*given.column.levels, "never seen", ""], object)
            numbers = np.where(np.isnan(values), len(texts) - 1, values).astype(np.int64)
            inputs[array.name] = texts[numbers]
        elif array.type == WHOLE:
            whole = [
                -(2**63) if np.isnan(value) else int(given.subtract) + round(float(value)) for value in values[:, 0]
            ]
            inputs[array.name] = np.array(whole, np.int64)[:, None]
        else:
            kind = np.float64 if array.type == DOUBLE else np.float32
            inputs[array.name] = (values.astype(np.float64) + given.subtract).astype(kind)
    return inputs


def _own(saved: Saved) -> NDArray[Any] | None:
    """At most `MOST` of the test records, evenly spaced; None where they are not to be had."""
    try:
        with warnings_to(None):
            if saved.record is None or saved.own_source() is None:
                return None
            data, _ = saved.as_taken(saved.sets()[1])
    except (RowwiseError, OSError):
        return None
    rows = np.linspace(0, len(data.x) - 1, min(len(data.x), MOST)).astype(np.int64)
    x = np.asarray(data.x[rows])
    return x if x.shape[1:] == saved.network.input_shape[1:] else None


def _drawn(saved: Saved) -> NDArray[Any]:
    random = np.random.default_rng(0)
    if saved.schema is not None:
        columns = [_drawn_column(column, random) for column in saved.schema.used]
        return np.concatenate(columns, axis=1).astype(np.float32)
    shape = (MOST, *saved.network.input_shape[1:])
    if saved.accepts.kind == "pictures":
        return np.round(random.uniform(0, saved.accepts.white, shape)).astype(np.float32)
    return random.normal(size=shape).astype(np.float32)


def _drawn_column(column: Column, random: np.random.Generator) -> NDArray[np.float64]:
    """`(MOST, columns of X)`."""
    if column.kind == "categorical":
        values = random.integers(0, len(column.levels), (MOST, 1)).astype(np.float64)
    elif column.kind == "boolean":
        values = (random.random((MOST, 1)) < column.means[0]).astype(np.float64)
    else:
        values = random.normal(column.means, column.scales, (MOST, len(column.means)))
        values = np.rint(values) if column.kind == "date" else values
    values[random.random(MOST) < column.missing] = np.nan
    return values


def _odd_rows(schema: Schema, x: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rows with missing values and unknown levels; and rows with numbers far from all others."""
    odd = [np.full(x.shape[1], np.nan, np.float32)]
    extremes = []
    for number, (column, place) in enumerate(schema.used_and_placed[:TRIED_COLUMNS]):
        row, inputs = x[number % len(x)], len(column.inputs)
        odd.append(_with(row, place, np.full(inputs, np.nan)))
        if column.kind == "categorical":
            odd.append(_with(row, place, np.array([len(column.levels)])))
        elif column.kind != "boolean":
            means, scales = np.array(column.means), np.array(column.scales)
            extremes += [_with(row, place, means + sign * far * scales) for far in FAR for sign in (-1, 1)]
    return np.stack(odd), np.array(extremes, np.float32).reshape(-1, x.shape[1])


def _with(row: NDArray[np.float32], place: int, values: NDArray[Any]) -> NDArray[np.float32]:
    changed = row.copy()
    changed[place : place + len(values)] = values
    return changed


def _extreme_arrays(saved: Saved, x: NDArray[Any]) -> NDArray[Any]:
    """All the least, all the greatest, and each by turns; of numbers that are no pixels also ten times as far."""
    low, high = float(x.min()), float(x.max())
    bounds = [(0.0, float(saved.accepts.white))]
    if saved.accepts.kind != "pictures":
        bounds = [(low, high), (10 * low, 10 * high)]
    turns = np.arange(x[0].size).reshape(x.shape[1:]) % 2
    rows = [np.where(turns, a, b) for least, most in bounds for a, b in ((least, least), (most, most), (least, most))]
    return np.stack(rows).astype(x.dtype)
