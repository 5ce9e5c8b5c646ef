"""The records of an ensemble are encoded once, and to the same numbers."""

import numpy as np
import polars as pl

import rowwise
from rowwise.models.ensemble import features_of
from rowwise.models.piecewise import Encoded, encoding_once


def test_the_same_records_become_the_same_features_once_within_the_block_alone():
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"a": random.normal(size=60), "b": random.normal(size=60), "y": random.normal(size=60)})
    train, test = rowwise.load(frame, target="y")
    encode = features_of(rowwise.dense(train, (3,)))
    assert isinstance(encode, Encoded)
    plain = encode(train.x)
    with encoding_once():
        first, again, copied = encode(train.x), encode(train.x), encode(train.x.copy())
        assert first is again is copied
        np.testing.assert_array_equal(first, plain)
        assert encode(test.x).shape == (len(test), plain.shape[1])
        other = features_of(rowwise.dense(train, (3,), pieces=3))
        assert other(train.x).shape[1] < plain.shape[1]
    assert encode(train.x) is not first
