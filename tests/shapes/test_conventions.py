"""Three conventions, one layer: the same numbers, and there and back again."""

from dataclasses import replace
from itertools import pairwise

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from rowwise.errors import ShapeError
from rowwise.shapes import from_columns, from_torch, side_by_side, to_columns, to_torch
from rowwise.text import use_language


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.lists(st.integers(1, 30), min_size=2, max_size=5))
def test_the_three_agree_on_random_dense_chains(seed, records, widths):
    random = np.random.default_rng(seed)
    x = random.normal(size=(records, widths[0])).astype("float32")
    for features, units in pairwise(widths):
        kernel = (random.normal(size=(features, units)) / np.sqrt(features)).astype("float32")
        bias = random.normal(size=units).astype("float32")
        result = side_by_side(x, kernel, bias)
        assert result.largest_difference < 1e-5
        assert result.largest_difference <= result.rounding
        assert result.outputs["columns"].shape == (units, records)
        x = np.tanh(result.outputs["keras"])
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
    result = layer(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(result, side_by_side(x, kernel, bias).outputs["keras"], atol=1e-5)
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


X, KERNEL, BIAS, COLUMN = np.zeros((32, 784)), np.zeros((784, 100)), np.zeros(100), np.zeros((100, 1))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: side_by_side(X, KERNEL.T, BIAS), r"kernel has shape \(100, 784\).*expected \(784, 100\).*kernel\.T"),
        (lambda: side_by_side(X, KERNEL.T), r"Pass kernel\.T"),
        (lambda: side_by_side(X, KERNEL.T, COLUMN), r"Pass kernel\.T"),
        (lambda: side_by_side(X.T, KERNEL.T, COLUMN), r"Pass kernel\.T"),
        (lambda: to_columns(KERNEL.T, BIAS), r"Pass kernel\.T"),
        (lambda: to_torch(KERNEL.T, BIAS), r"Pass kernel\.T"),
        (lambda: from_torch(KERNEL, BIAS), r"weight has shape \(784, 100\).*Pass weight\.T"),
        (lambda: from_columns(KERNEL, COLUMN), r"Pass weight\.T"),
        (lambda: side_by_side(X.T, KERNEL, BIAS), r"Pass X\.T"),
        (lambda: side_by_side(X, KERNEL, COLUMN), r"Pass bias\.reshape\(-1\)"),
        (lambda: side_by_side(X, KERNEL, np.zeros(10)), r"bias has shape \(10,\); expected \(100,\)"),
        (lambda: side_by_side(X, KERNEL, np.zeros(784)), r"bias has shape \(784,\); expected \(100,\)"),
    ],
)
def test_what_is_turned_is_named_and_not_what_only_looks_wrong_by_it(wrong, words):
    with use_language("en"), pytest.raises(ShapeError, match=words):
        wrong()


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_side_by_side_prints_what_was_computed(lang):
    x = np.arange(6).reshape(2, 3)
    with use_language(lang):
        text = str(side_by_side(x, np.ones((3, 5), int), np.arange(5)))
    assert "kernel (3, 5)" in text
    assert "weight (5, 3)" in text
    assert "W (5, 3), b (5, 1)" in text
    for equation in (
        "(2, 3) · (3, 5) + (5,) → (2, 5)",
        "(2, 3) · (5, 3)ᵀ + (5,) → (2, 5)",
        "(5, 3) · (3, 2) + (5, 1) → (5, 2)",
    ):
        assert equation in text
    assert text.count("Y[0, :4] = 3, 4, 5, 6, …") == 2
    assert text.count("Y[:4, 0] = 3, 4, 5, 6, …") == 1
    assert ("exactly the same" if lang == "en" else "완전히 같습니다") in text


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.tuples(*[st.integers(1, 9)] * 3), st.booleans(), st.sampled_from(["en", "ko"]))
def test_side_by_side_fits_a_terminal_and_tells_the_difference(seed, shape, bias, lang):
    random, (records, features, units) = np.random.default_rng(seed), shape
    x, kernel = random.normal(size=(records, features)) * 1e9, random.normal(size=(features, units))
    result = side_by_side(x, kernel, random.normal(size=units) if bias else None)
    with use_language(lang):
        assert max(cell_len(line) for line in str(result).splitlines()) <= 80
    outputs = [result.outputs["keras"], result.outputs["torch"], result.outputs["columns"].T]
    assert result.largest_difference == np.ptp(outputs, axis=0).max()


def test_a_difference_that_is_more_than_rounding_is_not_called_rounding():
    result = side_by_side(np.ones((1, 2), "float32"), np.ones((2, 2), "float32"))
    with use_language("en"):
        assert "0.25" in replace(result, largest_difference=0.25).verdict
        assert "but for rounding" not in replace(result, largest_difference=0.25).verdict
        assert "but for rounding" in replace(result, largest_difference=1e-7).verdict


def test_no_record_is_nothing_to_show():
    result = side_by_side(np.zeros((0, 2)), np.zeros((2, 3)), np.zeros(3))
    assert result.largest_difference == 0
    assert "(0, 2) · (2, 3)" in str(result)


@pytest.mark.parametrize("convert", [to_torch, to_columns, from_torch, from_columns])
def test_a_layer_is_not_an_array_and_what_to_pass_is_said(convert):
    layer = keras.layers.Dense(4)
    layer.build((None, 3))
    for wrong in (layer, keras.Sequential([layer]), layer.get_weights(), "kernel", None):
        with pytest.raises(ShapeError, match=r"layer\.kernel and layer\.bias"):
            convert(wrong)
    assert convert(layer.kernel)[0].shape == (4, 3)


def test_a_parameter_that_torch_follows_is_taken():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: it is never a dependency")
    layer = torch.nn.Linear(5, 4)
    kernel, bias = from_torch(layer.weight, layer.bias)
    assert (kernel.shape, bias.shape) == ((5, 4), (4,))
    with pytest.raises(ShapeError, match="found Linear"):
        from_torch(layer)
