"""Three conventions, one layer: the same numbers, and there and back again."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowwise.errors import ShapeError
from rowwise.shapes import from_columns, from_torch, side_by_side, to_columns, to_torch


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.lists(st.integers(1, 30), min_size=2, max_size=5))
def test_the_three_agree_on_random_dense_chains(seed, records, widths):
    random = np.random.default_rng(seed)
    x = random.normal(size=(records, widths[0])).astype("float32")
    for features, units in pairwise(widths):
        kernel = (random.normal(size=(features, units)) / np.sqrt(features)).astype("float32")
        bias = random.normal(size=units).astype("float32")
        found = side_by_side(x, kernel, bias)
        assert found.largest_difference < 1e-5
        assert found.outputs["columns"].shape == (units, records)
        x = np.tanh(found.outputs["keras"])
        for there, back in ((to_torch, from_torch), (to_columns, from_columns)):
            for before, after in zip((kernel, bias), back(*there(kernel, bias)), strict=True):
                np.testing.assert_array_equal(before, after)


def test_keras_convention_is_what_a_keras_layer_computes():
    layer = keras.layers.Dense(4)
    x = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    np.testing.assert_allclose(layer(x), side_by_side(x, layer.kernel, layer.bias).outputs["keras"], atol=1e-6)


def test_the_torch_convention_is_what_a_torch_layer_computes():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: it is never a dependency")
    random = np.random.default_rng(0)
    x, kernel, bias = (random.normal(size=s).astype("float32") for s in ((3, 5), (5, 4), (4,)))
    layer = torch.nn.Linear(5, 4)
    weight, torch_bias = to_torch(kernel, bias)
    assert layer.weight.shape == weight.shape
    layer.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(torch_bias)})
    found = layer(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(found, side_by_side(x, kernel, bias).outputs["keras"], atol=1e-5)
    back = from_torch(layer.weight.detach().numpy(), layer.bias.detach().numpy())
    np.testing.assert_array_equal(back[0], kernel)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: to_torch(np.zeros(3)),
        lambda: to_torch(np.zeros((3, 2)), np.zeros(3)),
        lambda: from_columns(np.zeros((3, 2)), np.zeros(3)),
        lambda: side_by_side(np.zeros((784, 32)), np.zeros((784, 100)), np.zeros(100)),
    ],
)
def test_shapes_that_do_not_belong_together_are_refused(wrong):
    with pytest.raises(ShapeError):
        wrong()
