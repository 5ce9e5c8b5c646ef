"""Test records that are training records too are counted exactly, and told apart from those that nearly are."""

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.data.overlap import fingerprints
from rowwise.errors import Suspicious


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int16])
@pytest.mark.parametrize("shape", [(1,), (3,), (7, 5), (30, 30, 3)])
def test_equal_records_have_equal_fingerprints_and_others_have_not(dtype, shape):
    random = np.random.default_rng(0)
    records = random.integers(0, 4, (400, *shape)).astype(dtype)
    records[200:300] = records[:100]
    prints = fingerprints(records)
    assert len(set(prints.tolist())) == len({record.tobytes() for record in records})
    np.testing.assert_array_equal(prints[200:300], prints[:100])
    np.testing.assert_array_equal(fingerprints(np.asfortranarray(records)), prints)


def test_records_that_differ_in_small_whole_numbers_or_their_order_are_told_apart():
    values = np.array([(a, b) for a in range(300) for b in range(300)], np.float32)
    assert len(np.unique(fingerprints(values))) == len(values)


@pytest.mark.parametrize("target", ["y", "z"])
def test_repeated_rows_of_a_table_are_counted_as_by_comparing_them_all(target):
    random = np.random.default_rng(1)
    a, b = random.integers(0, 12, (2, 400))
    halves = [None if n % 5 == 0 else n * 0.5 for n in b.tolist()]
    targets = {"y": [("p", "q")[n % 2] for n in a], "z": a * 0.25}
    frame = pl.DataFrame({"a": a, "b": halves, "zero": [0.0, -0.0] * 200} | targets)
    with pytest.warns(Suspicious) as caught:
        train, test = rowwise.load(frame.select("a", "b", "zero", target), target)
    sides = [
        [tuple(0.0 if v == 0 else "none" if np.isnan(v) else v for v in row) for row in np.column_stack([d.x, d.y])]
        for d in (train, test)
    ]
    count = sum(row in set(sides[0]) for row in sides[1])
    assert 0 < count < len(test)
    assert str(caught[0].message).startswith(f"{count} of {len(test)} test records stand among the training records")
