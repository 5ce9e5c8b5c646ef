"""The native engine, compared with the JAX engine, and with Keras's own predictions."""

import keras
import numpy as np
import pytest

import rowwise
from rowwise.engine import native
from rowwise.engine.native.description import Unsupported, describe
from rowwise.errors import UsageError

pytestmark = pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
L = keras.layers


def made(activation="relu", end="softmax", units=4, seed=3):
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((20,)), L.Dense(17, activation), L.Dense(9, activation), L.Dense(units, end)])


def pair(n=75, units=4, zeros=0.5):
    random = np.random.default_rng(1)
    x = random.normal(size=(n, 20)).astype("float32") * (random.random((n, 20)) >= zeros)
    return x.astype("float32"), random.integers(0, units, n).astype("int32")


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softmax"])
def test_two_epochs_equal_the_jax_engine(activation):
    models = []
    for engine in ("native", "whole_epoch"):
        model = made(activation)
        model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
        models.append((model, rowwise.fit(model, pair(), epochs=2, engine=engine, verbose=0).history))
    (one, mine), (other, theirs) = models
    np.testing.assert_allclose(mine["loss"], theirs["loss"], rtol=1e-5)
    # Smooth in the gradient: sums of some 100 products in another order differ by a few units of 2^-24.
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-6)
    for a, b in zip(one.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-3, atol=2e-6)


def test_relu_lets_nan_through():
    model = made()
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert np.isnan(rowwise.fit(model, pair(), engine="native", verbose=0).history["loss"][0])


@pytest.mark.parametrize(
    ("layers", "part"),
    [
        ([L.Dense(4), L.BatchNormalization()], "BatchNormalization"),
        ([L.Dense(4, "selu")], "selu"),
        ([L.Dropout(0.1, activity_regularizer="l2"), L.Dense(4)], "activity_regularizer"),
    ],
)
def test_what_it_cannot_run_is_named(layers, part):
    model = keras.Sequential([keras.Input((20,)), *layers])
    with pytest.raises(Unsupported, match=part):
        describe(model)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(UsageError, match=part):
        rowwise.fit(model, pair(), engine="native", verbose=0)
