"""What the ledger says of each kind of layer, against what Keras computes."""

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import ModelError
from rowwise.shapes import explain, trace
from rowwise.shapes.ledger.facts import read

layers = keras.layers

KINDS = {
    "Bidirectional": ((5, 3), lambda: layers.Bidirectional(layers.LSTM(4)), 5 * 2 * (3 * 16 + 4 * 16)),
    "TimeDistributed": ((5, 3), lambda: layers.TimeDistributed(layers.Dense(4)), 5 * 3 * 4),
    "GroupNormalization": ((4, 4, 8), lambda: layers.GroupNormalization(4), 128),
    "UnitNormalization": ((5, 8), layers.UnitNormalization, 0),
    "RMSNormalization": ((5, 8), layers.RMSNormalization, 40),
    "LayerNormalization": ((5, 8), layers.LayerNormalization, 40),
    "PReLU": ((5, 8), layers.PReLU, 40),
    "ZeroPadding2D": ((4, 4, 2), layers.ZeroPadding2D, 0),
    "UpSampling2D": ((4, 4, 2), layers.UpSampling2D, 0),
    "Cropping2D": ((4, 4, 2), layers.Cropping2D, 0),
    "Permute": ((4, 5, 2), lambda: layers.Permute((2, 1, 3)), 0),
    "RepeatVector": ((4,), lambda: layers.RepeatVector(3), 0),
    "Masking": ((5, 8), layers.Masking, 0),
    "ActivityRegularization": ((5,), layers.ActivityRegularization, 0),
    "SpatialDropout1D": ((5, 3), lambda: layers.SpatialDropout1D(0.5), 0),
    "GaussianNoise": ((5,), lambda: layers.GaussianNoise(0.1), 0),
}


def row_of(shape, layer, lang="en"):
    records = keras.Input(shape)
    model = keras.Model(records, layer(records))
    return model, next(row for row in rowwise.explain(model, lang=lang).rows if row.facts.name == layer.name)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_rule_with_the_shapes_that_keras_computes(kind):
    shape, make, of_one = KINDS[kind]
    model, row = row_of(shape, make())
    outputs = np.asarray(model(np.ones((2, *shape), "float32")))
    assert not row.rule.says.startswith("ledger.other")
    assert row.equation(2) == f"{(2, *shape)} → {outputs.shape}"
    assert row.parameters == model.count_params()
    assert row.multiply_adds(1) == of_one


def test_layer_normalization_normalises_the_axis_that_is_named():
    model, row = row_of((5, 8), layers.LayerNormalization())
    outputs = np.asarray(model(np.random.default_rng(0).normal(3, 2, (4, 5, 8)).astype("float32")))
    assert np.allclose(outputs.mean(2), 0, atol=1e-4)
    assert not np.allclose(outputs.mean(1), 0, atol=1e-2)
    assert "axis 2 (8)" in row.sentence


def test_permute_says_which_axes_move():
    model, row = row_of((4, 5, 2), layers.Permute((2, 1, 3)))
    x = np.arange(40.0).reshape(1, 4, 5, 2)
    assert np.array_equal(model(x), x.swapaxes(1, 2))
    assert "2 → 1, 1 → 2" in row.sentence
    assert "3 →" not in row.sentence


@pytest.mark.parametrize(
    ("scale", "offset", "said"), [(1 / 255, 0, "÷ 255;"), (1 / 127.5, -1, "× 0.007843 − 1;"), (2, 3, "× 2 + 3;")]
)
def test_rescaling_divides_by_a_whole_number(scale, offset, said):
    assert f"every value {said}" in row_of((3,), layers.Rescaling(scale, offset))[1].sentence


def test_a_constant_is_no_second_input():
    records = keras.Input((3,))
    rules = {row.facts.name: row.rule.says for row in rowwise.explain(keras.Model(records, records + 1)).rows[1:]}
    assert set(rules.values()) == {"ledger.constant"}


def test_an_unbuilt_dense_says_what_is_known():
    model = keras.Sequential([layers.Dense(100), layers.Dense(10, use_bias=False)])
    assert [facts.built for facts in read(model)] == [False, False]
    rows = rowwise.explain(model, lang="en").rows
    assert [row.equation(32) for row in rows] == ["", ""]  # the records' axes are not known
    assert "kernel (?, 10);" in rows[1].sentence
    assert "units: 100" in rows[0].sentence
    model(np.zeros((2, 7), "float32"))
    assert all(facts.built for facts in read(model))


def test_numbers_in_a_sentence_have_commas():
    sentence = row_of((7,), layers.Embedding(10_000, 1024))[1].sentence
    assert "10,000" in sentence
    assert "1,024" in sentence


@pytest.mark.parametrize(("use_bias", "end"), [(True, "and a bias"), (False, "there is no bias")])
def test_one_unit_is_not_spoken_of_as_several(use_bias, end):
    sentence = row_of((3,), layers.Dense(1, use_bias=use_bias))[1].sentence
    assert sentence.startswith("the only unit adds up all features of a record (3)")
    assert sentence.endswith(end)


@pytest.mark.parametrize("layer", [layers.LSTM, layers.GRU])
def test_what_acts_within_every_step_is_not_said_to_follow(layer):
    assert "then tanh" not in row_of((5, 3), layer(4))[1].sentence


@pytest.mark.parametrize(("use_bias", "end"), [(True, "and a bias"), (False, "there is no bias")])
def test_a_bias_is_added_only_where_there_is_one(use_bias, end):
    assert row_of((3,), layers.Dense(2, use_bias=use_bias))[1].sentence.endswith(end)


class Sines(layers.Layer):
    """sin(x @ kernel), with the attributes of a Dense layer."""

    def __init__(self, units, **more):
        super().__init__(**more)
        self.units, self.use_bias, self.activation = units, True, keras.activations.relu

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), name="bias")

    def call(self, x):
        return keras.ops.sin(x @ self.kernel)


class Plain(layers.Dense):
    """Keras's own computation under another name."""


class Doubled(layers.Dense):
    def call(self, inputs):
        return 2 * super().call(inputs)


def test_a_users_own_class_is_not_explained_as_the_layer_of_keras_whose_name_it_has():
    for own in (type("Dense", (Sines,), {}), type("Dense", (Doubled,), {})):
        row = row_of((3,), own(2))[1]
        assert (row.facts.kind, row.facts.title) == ("", "Dense")
        assert row.sentence == "Dense; what it computes is its own, its weights are listed"
        assert (row.dense, row.equation(4), row.multiply_adds(4)) == (None, "(4, 3) → (4, 2)", None)
        assert "adds up" not in str(explain(keras.Sequential([keras.Input((3,)), own(2)])))


def test_a_subclass_that_computes_what_its_base_does_is_explained_like_it():
    row = row_of((3,), Plain(2))[1]
    assert (row.facts.kind, row.facts.title) == ("Dense", "Plain")
    assert row.sentence.startswith("each unit (of 2) adds up all features of a record (3)")
    assert row.multiply_adds(4) == 4 * 3 * 2
    assert "Plain" in str(explain(keras.Sequential([keras.Input((3,)), Plain(2)])))


def test_a_product_is_followed_only_through_a_layer_that_computes_one():
    model = keras.Sequential([keras.Input((3,)), type("Dense", (Doubled,), {})(2, name="own"), Plain(2, name="plain")])
    x = np.array([[1, 2, 3]], "float32")
    followed = trace(model, x, 0, 1)
    assert followed.layer == "plain"
    assert followed.value == pytest.approx(float(model(x)[0, 1]), rel=1e-5)
    with pytest.raises(ModelError, match="own"):
        trace(model, x, 0, 1, layer="own")
