"""Arrays are scaled by what their values are: pixels by white, features one by one."""

import keras
import numpy as np
import pytest

import rowwise
from rowwise.data.dataset import Dataset
from rowwise.errors import Suspicious
from rowwise.models.inputs_outputs import brightest_pixel

RANDOM = np.random.default_rng(0)


def first_inputs(x, **model):
    """What the first Dense layer of the usual model gets, and the model."""
    data = Dataset("drawn", x, np.arange(len(x)) % 2, ("a", "b"))
    built = rowwise.dense(data, hidden=(4,), seed=0, **model)
    before = keras.Sequential([layer for layer in built.layers if not isinstance(layer, keras.layers.Dense)])
    return np.asarray(before(x)), built


@pytest.mark.parametrize(
    ("x", "white"),
    [
        (RANDOM.integers(0, 256, (40, 8, 8)).astype(np.uint8), 255),
        (RANDOM.integers(0, 256, (40, 64)).astype(np.uint8), 255),
        (RANDOM.integers(0, 256, (40, 64)), 255),  # int64, as from OpenML
        (RANDOM.integers(0, 4096, (40, 8, 8)).astype(np.uint16), 4095),
        (RANDOM.integers(0, 65536, (40, 8, 8, 3)).astype(np.uint16), 65535),
        (RANDOM.integers(0, 256, (40, 8, 8)).astype(np.float32), 255),
    ],
)
def test_pixels_are_divided_by_white(x, white):
    inputs, model = first_inputs(x)
    np.testing.assert_allclose(inputs, x.reshape(40, -1) / white, rtol=1e-6)
    assert brightest_pixel(model) == white


@pytest.mark.parametrize("x", [RANDOM.random((40, 8, 8)), RANDOM.random((40, 64)), RANDOM.integers(0, 2, (40, 8, 8))])
def test_pixels_on_a_scale_of_1_stay(x):
    np.testing.assert_array_equal(first_inputs(x)[0], x.reshape(40, -1).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.int64, np.int16, np.uint8, np.float64])
def test_features_are_standardized_one_by_one(dtype):
    x = (RANDOM.random((200, 5)) * [1, 10, 100, 100, 0] + [0, 50, 100, 7, 3]).astype(dtype)
    inputs, _ = first_inputs(x)
    expected = (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1)
    np.testing.assert_allclose(inputs, expected, atol=1e-5)


def test_arrays_of_more_axes_that_are_no_pixels_have_one_mean_and_deviation():
    x = RANDOM.integers(-1000, 3000, (50, 4, 6))
    inputs, _ = first_inputs(x)
    np.testing.assert_allclose(inputs, (x.reshape(50, -1) - x.mean()) / x.std(), atol=1e-5)


def test_the_native_engine_trains_standardized_features_as_jax_does():
    x = RANDOM.integers(0, 10**6, (600, 5))
    data = Dataset("drawn", x, (x[:, 0] + x[:, 1] > 10**6).astype(int), ("no", "yes"))
    losses = []
    for engine in ("native", "whole_epoch"):
        model = rowwise.dense(data, hidden=(16,), seed=0)
        losses.append(rowwise.fit(model, data, epochs=3, engine=engine, verbose=0).history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    model = rowwise.dense(data, hidden=(16,), seed=0)
    rowwise.fit(model, data, epochs=30, verbose=0)
    assert rowwise.evaluate(model, data).accuracy > 0.97


def test_large_numbers_that_differ_little_are_said():
    for first in (1_700_000_000, 2**60):  # of which float64 sees no difference either
        x = np.stack([first + np.arange(100), np.arange(100)], 1)
        with pytest.warns(Suspicious, match="large numbers that differ little: 0"):
            first_inputs(x)
