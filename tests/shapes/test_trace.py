"""A number followed by hand is the number that the model gives."""

import base64
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

import rowwise
import rowwise.shapes
from rowwise.errors import DataError, ModelError, ShapeError, UsageError
from rowwise.shapes.ledger.tracing import trace
from rowwise.text import use_language

DOCS = Path(__file__).parents[2] / "docs"
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
    traced = trace(MODEL, DATA.x, record, unit, layer)
    assert traced.value == pytest.approx(traced.model_value, rel=1e-5, abs=1e-6)
    if layer == "classes":
        assert traced.model_value == pytest.approx(float(MODEL.predict(DATA.x, verbose=0)[record, unit]), abs=1e-6)
    else:
        assert traced.value == pytest.approx(np.tanh(traced.total + traced.bias), abs=1e-6)


def test_the_products_that_weigh_most_come_first_whatever_their_sign():
    traced = trace(MODEL, DATA.x, 2, 1)
    sizes = np.abs(traced.products)
    assert list(sizes[traced.largest(30)]) == sorted(sizes[sizes > 0], reverse=True)
    pixel = traced.largest(1)[0]
    assert f"x[{pixel}] (row {pixel // 5}, column {pixel % 5})" in str(traced)
    assert traced.features[pixel] == pytest.approx(DATA.x[2].reshape(-1)[pixel] / 255, rel=1e-6)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_text_fits_80_columns(lang):
    with use_language(lang):
        text = str(trace(MODEL, DATA.x, 0, 0))
    assert max(cell_len(line) for line in text.splitlines()) <= 80


def test_softmax_is_said_to_look_at_all_units_and_tanh_is_not():
    assert "= after softmax over all 4 units" in str(trace(MODEL, DATA.x, 0, 0, "classes"))
    assert re.search(r"= after tanh +-?\d", str(trace(MODEL, DATA.x, 0, 0)))


def test_what_is_shown_adds_up():
    traced = trace(MODEL, DATA.x, 1, 2)
    rest, total, bias, before, after, own = [value for _, value in traced.steps()]
    assert rest + traced.products[traced.largest()].sum() == pytest.approx(total)
    assert total + bias == pytest.approx(before)
    assert np.tanh(before) == pytest.approx(after, abs=1e-6)
    assert after == pytest.approx(own, abs=1e-6)


def test_products_that_are_zero_are_counted_and_not_listed():
    x = DATA.x.copy()
    x[1] = 0
    x[1, 2, :4] = 90
    x[2] = 0
    traced = trace(MODEL, x, 1, 2)
    assert (len(traced.largest()), traced.zeros, traced.to_dict()["zeros"]) == (4, 26, 26)
    assert "products that are exactly 0 (26)" in str(traced)
    assert "other products" not in str(traced)
    assert "0.0000 ×" not in str(traced)
    black = trace(MODEL, x, 2, 2)
    assert (len(black.largest()), black.to_dict()["largest"], black.zeros) == (0, [], 30)
    assert black.value == pytest.approx(black.model_value, abs=1e-6)
    assert "(26)" in traced.to_html()


def test_a_dataset_stands_for_its_records():
    assert trace(MODEL, DATA, 2, 1).to_dict() == trace(MODEL, DATA.x, 2, 1).to_dict()


def test_long_numbers_and_zeros_stay_short():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.layers[0].kernel.assign([[1e30], [-1.0]])
    text = str(trace(model, [[1e6, 0.0]], 0, 0))
    assert "1.000e+06 × 1.000e+30  1.000e+36" in text
    assert "-0.0000" not in text
    model.layers[0].kernel.assign([[np.inf], [np.nan]])
    assert "nan" in str(trace(model, [[1.0, 1.0]], 0, 0))


def test_few_features_leave_no_others():
    data = rowwise.Dataset("table", RANDOM.random((3, 2), np.float32), np.array([0, 1, 0]), ("a", "b"))
    traced = trace(rowwise.dense(data, (), seed=0), data.x, 0, 0)
    assert len(traced.steps()) == 5
    assert "other" not in str(traced)
    assert re.search(r"^  x\[1\] ", str(traced), re.MULTILINE)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_json_is_as_its_page_says(lang):
    page = (DOCS / lang / "trace-json.md").read_text("utf-8")
    traced = trace(MODEL, DATA.x, 0, 0).to_dict()
    named = re.findall("`(\\w+)`", "\n".join(re.findall(r"^\|([^|]*)\|", page, re.MULTILINE)))
    assert named == [*traced, *traced["largest"][0]]
    assert json.loads(json.dumps(traced, allow_nan=False)) == traced


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_page_holds_every_figure_and_asks_for_nothing(lang):
    traced = trace(MODEL, DATA.x, 0, 0, "classes")
    with use_language(lang):
        page = traced.to_html("a <b> c")
        steps = traced.steps()
    assert f'<html lang="{lang}">' in page
    assert "a &lt;b&gt; c" in page
    assert "<img" not in page
    assert not re.search(r"https?:|<script|url\(", page)
    assert all(words in page and f"<td>{value:.4f}</td>" in page for words, value in steps)
    cells = re.findall(r"<td>(-?[\d.]+)</td>", page)
    assert cells[:3] == [
        f"{value[traced.largest(1)[0]]:.4f}" for value in (traced.features, traced.weights, traced.products)
    ]


@pytest.mark.slow
def test_the_page_of_images_has_the_picture_in_it():
    traced = trace(MODEL, DATA.x, 0, 0)
    drawn = re.search(r'<img src="data:image/png;base64,([^"]+)" alt="hidden_1, unit 0', traced.to_html())
    assert base64.b64decode(drawn[1]).startswith(b"\x89PNG")


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
        ((MODEL, "abc", 0, 0), DataError, "no array"),
        ((MODEL, [[1], [2, 3]], 0, 0), DataError, "same number of features"),
        ((MODEL, DATA.x, -1, 0), UsageError, "no record -1"),
        ((MODEL, DATA.x, 0.5, 0), UsageError, "no record 0.5"),
        ((MODEL, DATA.x, 0, True), UsageError, "no unit True"),
        ((MODEL, DATA.x, 0, 0, "hidden"), ModelError, "hidden_1, hidden_2, classes"),
        ((branched(), [np.zeros((1, 3)), np.zeros((1, 4))], 0, 0), ModelError, "2 input"),
        ((MODEL, DATA.x[0], 0, 0), ShapeError, "axis of records"),
        ((keras.Sequential([keras.Input((3,)), keras.layers.ReLU()]), np.zeros((1, 3)), 0, 0), ModelError, "no Dense"),
    ],
)
def test_what_cannot_be_traced_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        trace(*arguments)
