"""A number followed by hand is the number that the model gives."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

import rowwise
import rowwise.shapes
from rowwise.errors import ModelError, ShapeError, UsageError
from rowwise.shapes.trace import trace
from rowwise.text import use_language

RANDOM = np.random.default_rng(0)
DATA = rowwise.Dataset("made", RANDOM.integers(0, 255, (9, 6, 5), np.uint8), RANDOM.integers(0, 4, 9), tuple("abcd"))
MODEL = rowwise.dense(DATA, (7, 5), "tanh", seed=1)


def branched():
    one, other = keras.Input((3,)), keras.Input((4,))
    return keras.Model([one, other], keras.layers.Dense(2)(keras.layers.concatenate([one, other])))


def test_a_model_of_two_inputs_is_refused_before_its_arrays_are_judged():
    with pytest.raises(ModelError, match="2 input"):
        rowwise.shapes.check(branched(), [np.zeros((2, 3)), np.zeros((2, 4))])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 8), st.integers(0, 3), st.sampled_from(["hidden_1", "hidden_2", "classes"]))
def test_the_sum_of_products_and_bias_is_the_models_own_value(record, unit, layer):
    found = trace(MODEL, DATA.x, record, unit, layer)
    assert found.value == pytest.approx(found.model_value, rel=1e-5, abs=1e-6)
    if layer == "classes":
        assert found.model_value == pytest.approx(float(MODEL.predict(DATA.x, verbose=0)[record, unit]), abs=1e-6)
    else:
        assert found.value == pytest.approx(np.tanh(found.total + found.bias), abs=1e-6)


def test_the_products_that_weigh_most_come_first_whatever_their_sign():
    found = trace(MODEL, DATA.x, 2, 1)
    sizes = np.abs(found.products)
    assert list(sizes[found.largest(30)]) == sorted(sizes, reverse=True)
    pixel = found.largest(1)[0]
    assert f"x[{pixel}] (row {pixel // 5}, column {pixel % 5})" in str(found)
    assert found.features[pixel] == pytest.approx(DATA.x[2].reshape(-1)[pixel] / 255, rel=1e-6)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_text_fits_80_columns(lang):
    with use_language(lang):
        text = str(trace(MODEL, DATA.x, 0, 0))
    assert max(cell_len(line) for line in text.splitlines()) <= 80


@pytest.mark.slow
def test_there_is_a_picture_of_the_first_layer_only():
    assert trace(MODEL, DATA.x, 0, 0).picture().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match="no pixels"):
        trace(MODEL, DATA.x, 0, 0, "classes").picture()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((MODEL, DATA.x, 9, 0), UsageError, "0 to 8"),
        ((MODEL, DATA.x, 0, 7), UsageError, "0 to 6"),
        ((MODEL, DATA.x, 0, 0, "hidden"), ModelError, "hidden_1, hidden_2, classes"),
        ((branched(), [np.zeros((1, 3)), np.zeros((1, 4))], 0, 0), ModelError, "2 input"),
        ((MODEL, DATA.x[0], 0, 0), ShapeError, "axis of records"),
        ((keras.Sequential([keras.Input((3,)), keras.layers.ReLU()]), np.zeros((1, 3)), 0, 0), ModelError, "no Dense"),
    ],
)
def test_what_cannot_be_traced_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        trace(*arguments)
