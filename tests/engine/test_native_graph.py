"""Layers beside each other, which are added up, in the native engine, compared with the JAX engine and with Keras."""

import keras
import numpy as np
import pytest
from test_native import OPTIMIZERS, both, pair
from test_native_epochs import trained

import rowwise
from rowwise.engine import native
from rowwise.engine.native.description import describe
from rowwise.engine.native.inference import networks_for
from rowwise.engine.protocol import Unsupported

pytestmark = pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
L = keras.layers


def functional(body, optimizer="momentum", features=20, units=4):
    keras.utils.set_random_seed(3)
    records = keras.Input((features,))
    model = keras.Model(records, L.Dense(units, "softmax")(body(records)))
    model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def blocks_of_two(x):
    h = L.Dense(17, "relu")(x)
    for _ in range(2):
        h = L.ReLU()(L.Add()([h, L.Dense(17)(L.Dense(17, "relu")(h))]))
    return h


def normalized_before_each_layer(x):
    h = L.Dense(17)(x)
    for _ in range(2):
        h = h + L.Dense(17)(L.Activation("silu")(L.BatchNormalization()(h)))
    return L.ReLU()(L.BatchNormalization()(h))


def normalized_after_each_sum(x):
    h = L.Dense(17, "tanh")(x)
    return L.BatchNormalization()(L.Add()([L.BatchNormalization()(L.Dense(17, "elu")(h)), h]))


def three_and_one_twice(x):
    a, b = L.Dense(9, "tanh")(x), L.Dense(9)(x)
    return L.Add()([a, b, a, L.Softmax()(b), L.Activation("linear")(a)])


def the_records_themselves(x):
    x = L.Rescaling(0.5)(x)
    return L.ReLU()(keras.ops.add(L.Dense(20, "gelu")(x), x))


def a_block_that_is_a_model(x):
    inner = keras.Input((17,))
    block = keras.Model(inner, L.Add()([L.Dense(17, "relu")(inner), inner]))
    return block(keras.Sequential([keras.Input((20,)), L.Dense(17), L.ELU()])(x))


def activations_of_one_output(x):
    h = L.Dense(17)(x)
    return L.Add()([L.ReLU()(h), L.Activation("tanh")(h)])


BODIES = [
    blocks_of_two,
    normalized_before_each_layer,
    normalized_after_each_sum,
    three_and_one_twice,
    the_records_themselves,
    a_block_that_is_a_model,
    activations_of_one_output,
]


@pytest.mark.parametrize("body", BODIES)
def test_layers_beside_each_other_equal_the_jax_engine(body):
    x, y = pair()
    both(lambda: functional(body), (x, y), validation=(x[:30], y[:30]), atol=5e-5)


def test_sums_end_a_model_and_train_with_adam():
    def build():
        keras.utils.set_random_seed(3)
        records = keras.Input((20,))
        model = keras.Model(records, L.Dense(3)(records) + L.Dense(3)(L.Dense(9, "relu")(records)))
        model.compile(OPTIMIZERS["adamw"](), "mse", metrics=["mae"])
        return model

    both(build, (pair()[0], np.random.default_rng(0).normal(size=(75, 3)).astype("float32")), validation=0.2)


@pytest.mark.parametrize("body", BODIES)
def test_predictions_equal_keras(body):
    model, (x, _) = functional(body), pair()
    assert networks_for(model) is not None
    for records in (1, 75):
        expected = model.predict(x[:records], verbose=0)
        np.testing.assert_allclose(rowwise.engine.predict_proba(model, x[:records]), expected, rtol=1e-5, atol=1e-6)


def dropped_everywhere(x):
    h = L.Dropout(0.1)(L.Dense(200, "relu")(L.Dropout(0.1)(x)))
    for width in (200, 130):
        block = L.Dropout(0.3)(L.Dense(200)(L.BatchNormalization()(L.Dense(width, "tanh")(L.Dropout(0.2)(h)))))
        h = L.Dropout(0.1)(L.ReLU()(L.Add()([L.Dropout(0.1)(L.Identity()(h)), block])))
    return h + L.Dense(200)(x)


@pytest.mark.parametrize("batch_size", [20, 65, 130])
def test_the_same_bits_from_any_number_of_threads(batch_size, monkeypatch):
    def fitted(threads):
        model = functional(dropped_everywhere, "clipped_each", 300, 10)
        return trained(model, monkeypatch, threads, batch_size=batch_size)

    expected = fitted(1)
    assert np.isfinite(expected[-1]).all()
    for threads in (2, 3, 4):
        for a, b in zip(expected, fitted(threads), strict=True):
            np.testing.assert_array_equal(a, b)


def test_what_is_dropped_for_one_layer_stays_whole_for_another():
    # Of a linear layer and its own half dropped, what is added is 1 or 3 times it: never 0, never 2.
    keras.utils.set_random_seed(0)
    records = keras.Input((50,))
    h = L.Dense(50, kernel_initializer="identity", use_bias=False)(records)
    model = keras.Model(records, L.Dense(1, kernel_initializer="ones")(h + L.Dropout(0.5)(h)))
    model.compile(keras.optimizers.SGD(1.0), "mae")
    before = model.layers[-1].kernel.numpy()
    x, y = np.ones((1, 50), np.float32), np.full((1, 1), 1e9, np.float32)
    rowwise.fit(model, (x, y), engine="native", verbose=0)
    assert set(np.unique(np.round(model.layers[-1].kernel.numpy() - before, 3))) == {1.0, 3.0}


def twice(x):
    dense = L.Dense(20)
    return dense(dense(x))


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (lambda x: L.Multiply()([L.Dense(9)(x), L.Dense(9)(x)]), "Multiply"),
        (lambda x: L.Concatenate()([x, L.Dense(9)(x)]), "Concatenate"),
        (lambda x: L.Dense(9)(x) + L.Dense(1)(x), "Add.*9.*1"),
        (lambda x: L.Dense(9)(x) + 1.0, "Add"),
        (lambda x: L.Dense(20)(x) + L.Rescaling(2.0)(x), "Rescaling"),
        (twice, "Dense"),
    ],
)
def test_what_it_cannot_add_up_is_named_and_left_to_the_jax_engine(body, part):
    model = functional(body)
    with pytest.raises(Unsupported, match=part):
        describe(model)
    assert rowwise.fit(model, pair(), verbose=0).rowwise.engine == "whole_epoch"
