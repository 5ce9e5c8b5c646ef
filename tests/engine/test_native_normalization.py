"""Batch- and LayerNormalization in the native engine, compared with the JAX engine, and with Keras's predictions."""

import keras
import numpy as np
import pytest
from covering import each_once
from test_native import OPTIMIZERS, both, pair
from test_native_epochs import trained

import rowwise
from rowwise.engine import native
from rowwise.engine.native.description import describe
from rowwise.engine.native.inference import networks_for
from rowwise.errors import UsageError

pytestmark = pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
L, reg = keras.layers, keras.regularizers


def normalized(build, optimizer="sgd", features=20):
    keras.utils.set_random_seed(3)
    layers = build()
    model = keras.Sequential([keras.Input((features,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=layers[-1].name.startswith("logits"))
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def end():
    return L.Dense(4, "softmax")


CHAINS = {
    "before the activation": lambda: [L.Dense(17), L.BatchNormalization(), L.ReLU(), end()],
    "after it": lambda: [
        L.Dense(17, "gelu"),
        L.BatchNormalization(),
        L.Dense(9, "tanh"),
        L.BatchNormalization(),
        end(),
    ],
    "first": lambda: [L.BatchNormalization(), L.Dense(17, "relu"), end()],
    "last": lambda: [L.Dense(9, "tanh"), L.Dense(4), L.BatchNormalization(name="logits")],
    "one after another": lambda: [L.Dense(9), L.BatchNormalization(), L.BatchNormalization(), L.Softmax(), end()],
    "options": lambda: [
        L.Dense(17, use_bias=False),
        L.BatchNormalization(momentum=0.7, epsilon=0.01, scale=False, axis=1),
        L.Activation("silu"),
        L.Dense(9),
        L.BatchNormalization(center=False, momentum=0.0, gamma_initializer="random_normal"),
        L.LeakyReLU(),
        L.BatchNormalization(center=False, scale=False, moving_mean_initializer="random_normal"),
        end(),
    ],
    "by records": lambda: [
        L.LayerNormalization(),
        L.Dense(17),
        L.LayerNormalization(epsilon=0.01),
        L.Activation("gelu"),
        L.Dense(9, use_bias=False, activation="sigmoid"),
        L.LayerNormalization(scale=False, axis=1),
        L.LayerNormalization(center=False, gamma_initializer="random_normal", gamma_regularizer=reg.L2(0.01)),
        L.Dense(4),
        L.LayerNormalization(name="logits", beta_initializer="random_normal"),
    ],
    "penalties": lambda: [
        L.Dense(17),
        L.BatchNormalization(gamma_regularizer=reg.L2(0.01), beta_regularizer=reg.L1L2(0.0, 0.02)),
        L.ReLU(),
        end(),
    ],
}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_normalization_wherever_it_stands_equals_the_jax_engine(chain):
    x, y = pair()  # 75 records: the last batch of 32 has 11
    weights = np.random.default_rng(3).random(75).astype("float32")  # which do not enter the statistics
    weights[::7] = 0
    both(
        lambda: normalized(CHAINS[chain], OPTIMIZERS["momentum"]()),
        (x, y),
        validation=(x[:30], y[:30]),
        sample_weight=weights,
    )


@pytest.mark.parametrize(
    ("optimizer", "chain"), each_once(["adam", "adamw", "rmsprop_momentum", "clipped"], ["after it", "by records"])
)
def test_gamma_and_beta_take_the_steps_of_every_optimizer(optimizer, chain):
    both(lambda: normalized(CHAINS[chain], OPTIMIZERS[optimizer]()), pair(), atol=5e-5)


@pytest.mark.parametrize("batch_size", [1, 7, 64, 75])
def test_batches_of_any_size_have_statistics_of_their_own(batch_size):
    # A batch of one has no variance: what is left are the moving statistics.
    x, y = pair()
    build = CHAINS["before the activation"]
    both(lambda: normalized(build), (x, y), batch_size=batch_size, epochs=1, validation=(x, y), atol=5e-5)


def test_inputs_far_from_zero_lose_no_digits():
    x, y = pair()
    both(lambda: normalized(CHAINS["first"]), (x * 0.1 + 30, y), validation=0.2, atol=2e-4)


def test_pictures_as_bytes_are_normalized_as_numbers():
    random = np.random.default_rng(0)
    x, y = random.integers(0, 256, (75, 5, 4)).astype("uint8"), pair()[1]

    def build():
        keras.utils.set_random_seed(0)
        layers = [L.Rescaling(1 / 255), L.Flatten(), L.BatchNormalization(), L.Dense(9, "relu"), end()]
        model = keras.Sequential([keras.Input((5, 4)), *layers])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    both(build, (x, y), validation=0.2)


def wide():
    def layers():
        first = [L.Dropout(0.1), L.Dense(200), L.BatchNormalization(), L.ReLU(), L.Dropout(0.3)]
        then = [L.LayerNormalization(), L.Dense(170, "tanh"), L.Dropout(0.2), L.BatchNormalization()]
        return [*first, *then, L.Dense(10, "softmax")]

    return normalized(layers, keras.optimizers.Adam(global_clipnorm=1.0), features=300)


# With few records for each thread they divide columns, with more the records; the last batch is smaller.
@pytest.mark.parametrize("batch_size", [20, 65, 130])
def test_the_same_bits_from_any_number_of_threads(batch_size, monkeypatch):
    expected = trained(wide(), monkeypatch, batch_size=batch_size)
    for threads in (2, 3, 4):
        for a, b in zip(expected, trained(wide(), monkeypatch, threads, batch_size=batch_size), strict=True):
            np.testing.assert_array_equal(a, b)


def test_moving_statistics_go_on_after_a_break_and_a_saved_model(monkeypatch, tmp_path):
    through, broken = wide(), wide()
    expected = trained(through, monkeypatch, epochs=3)
    trained(broken, monkeypatch, epochs=2)
    broken.save(tmp_path / "model.keras")
    resumed = trained(keras.models.load_model(tmp_path / "model.keras"), monkeypatch, epochs=3, initial_epoch=2)
    for a, b in zip(expected[:-1], resumed[:-1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_callbacks_find_the_moving_statistics_of_their_epoch_and_the_best_are_restored():
    x, y = pair()
    model, seen = normalized(CHAINS["before the activation"]), []
    look = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.get_weights()))
    stop = keras.callbacks.EarlyStopping("val_loss", patience=0, min_delta=100, restore_best_weights=True)
    history = rowwise.fit(
        model, (x, y), epochs=5, validation=(x, y), callbacks=[look, stop], engine="native", verbose=0
    ).history
    assert len(seen) == 2
    for value, kept in zip(model.get_weights(), seen[0], strict=True):
        np.testing.assert_array_equal(value, kept)
    assert not np.array_equal(seen[0][4], seen[1][4])  # the moving mean
    loss, _ = model.evaluate(x, y, verbose=0)
    assert loss == pytest.approx(history["val_loss"][0], rel=1e-5)


@pytest.mark.parametrize("chain", CHAINS)
def test_predictions_use_the_moving_statistics(chain):
    x, y = pair()
    model = normalized(CHAINS[chain])
    rowwise.fit(model, (x, y), epochs=2, engine="native", verbose=0)
    assert networks_for(model) is not None
    for records in (1, 75):
        expected = model.predict(x[:records], verbose=0)
        np.testing.assert_allclose(rowwise.engine.predict_proba(model, x[:records]), expected, rtol=1e-5, atol=1e-6)


def test_a_frozen_normalization_is_predicted_with_and_left_to_others_in_training():
    model = normalized(lambda: [L.Dense(9), L.BatchNormalization(center=False, scale=False, trainable=False), end()])
    assert [layer.kind for layer in describe(model).layers] == ["dense", "batch_normalization", "dense"]
    with pytest.raises(UsageError, match=r"BatchNormalization.*trainable=False"):
        rowwise.fit(model, pair(), engine="native", verbose=0)
    before = model.get_weights()[2]
    history = rowwise.fit(model, pair(), verbose=0)
    assert history.rowwise.engine == "whole_epoch"
    np.testing.assert_array_equal(model.get_weights()[2], before)


@pytest.mark.parametrize(
    ("layer", "part"),
    [
        (lambda: L.BatchNormalization(gamma_constraint="non_neg"), "gamma_constraint"),
        (lambda: L.LayerNormalization(beta_constraint="unit_norm"), "beta_constraint"),
        (lambda: L.BatchNormalization(beta_regularizer=reg.OrthogonalRegularizer()), "OrthogonalRegularizer"),
    ],
)
def test_an_option_that_it_has_not_is_named(layer, part):
    with pytest.raises(UsageError, match=part):
        rowwise.fit(normalized(lambda: [L.Dense(9), layer(), end()]), pair(), engine="native", verbose=0)
