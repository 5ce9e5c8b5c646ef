"""A training that diverges is told at once, and the last good weights are kept; a healthy one is never stopped."""

import math

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import Suspicious, UsageError

ENGINES = ("native", "whole_epoch", "keras")


def classes(records=400):
    random = np.random.default_rng(0)
    y = random.integers(0, 10, records).astype("int32")
    x = (random.random((records, 64)) * 40 + 20 * y[:, None]).astype("uint8").reshape(-1, 8, 8)
    return rowwise.Dataset("made", x, y, tuple("abcdefghij"))


def numbers(mean=0.0, records=300):
    x = np.random.default_rng(0).normal(size=(records, 5)).astype("float32")
    return x, (x.sum(1) + mean).astype("float32")


def regression(optimizer, loss="mse"):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
    model.compile(optimizer, loss)
    return model


def weights_of(model):
    return [np.array(weight) for weight in model.get_weights()]


@pytest.mark.parametrize("rate", [1e30, 1e6])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_learning_rate_far_too_high_is_told_in_the_first_epoch(engine, rate):
    data = classes()
    model = rowwise.dense(data, hidden=(20,), learning_rate=rate, seed=0)
    before = weights_of(model)
    with pytest.warns(Suspicious, match="learning rate") as warned:
        history = rowwise.fit(model, data, epochs=5, engine=engine, validation=0.2, verbose=0)
    assert (history.epoch, history.rowwise.diverged.epoch) == ([], 1)
    assert f"{rate / 10:g}" in str(warned[0].message)
    for one, other in zip(weights_of(model), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert int(model.optimizer.iterations) == 0


class Worse(keras.callbacks.Callback):
    """A learning rate that becomes far too high."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 3:
            self.model.optimizer.learning_rate = 1e8


@pytest.mark.parametrize("engine", ENGINES)
def test_the_weights_of_the_last_good_epoch_are_kept_with_the_optimizers_state(engine):
    data = numbers()
    good = regression(keras.optimizers.Adam(1e-2))
    rowwise.fit(good, data, epochs=3, engine=engine, verbose=0)
    model = regression(keras.optimizers.Adam(1e-2))
    ends = []

    class Heard(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            ends.append(epoch)

        def on_train_end(self, logs=None):
            ends.append("end")

    with pytest.warns(Suspicious, match="epoch 3, the last good one"):
        history = rowwise.fit(model, data, epochs=9, engine=engine, callbacks=[Worse(), Heard()], verbose=0)
    assert (history.epoch, ends, history.rowwise.diverged.epoch) == ([0, 1, 2], [0, 1, 2, "end"], 4)
    assert len(history.rowwise.seconds) == 3
    for one, other in zip(weights_of(model), weights_of(good), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(model.optimizer.variables, good.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("engine", ENGINES)
def test_who_asks_for_it_goes_on(engine):
    data = classes(100)
    model = rowwise.dense(data, hidden=(5,), learning_rate=1e30, seed=0)
    history = rowwise.fit(model, data, epochs=2, engine=engine, on_divergence="continue", verbose=0)
    assert history.epoch == [0, 1]
    assert not math.isfinite(history.history["loss"][-1])
    with pytest.raises(UsageError, match="stop, continue"):
        rowwise.fit(model, data, on_divergence="hope", verbose=0)


def test_a_sweep_names_the_seed():
    data = classes(100)
    with pytest.warns(Suspicious, match="Seed 7: "):
        swept = rowwise.sweep(lambda seed: rowwise.dense(data, (5,), learning_rate=1e30, seed=seed), data, [7])
    assert swept[0].history.rowwise.diverged.epoch == 1


@pytest.mark.parametrize("engine", ["auto", "keras"])
@pytest.mark.parametrize(
    "healthy",
    [
        lambda: (regression("sgd"), numbers()),
        lambda: (regression("adam"), numbers(mean=1e4)),  # targets far from 0: a loss of 1e8 to begin with
        lambda: (regression("adam", "mae"), numbers(mean=-1e5)),
        lambda: (regression(keras.optimizers.Adam(0.3)), numbers()),  # restless
        lambda: (regression("adam", keras.losses.Huber()), numbers(mean=1e4)),
        lambda: (unscaled(), (classes().x.reshape(-1, 64).astype("float32") * 100, classes().y)),
        lambda: (penalized(), numbers()),
        lambda: (regression("adam"), (numbers()[0], np.full(300, 2.0, "float32"))),  # nothing to explain
    ],
)
def test_no_healthy_run_is_stopped(engine, healthy, recwarn):
    model, data = healthy()
    history = rowwise.fit(model, data, epochs=3, engine=engine, verbose=0)
    assert history.epoch == [0, 1, 2]
    assert history.rowwise.diverged is None
    assert not [warning for warning in recwarn if "diverged" in str(warning.message)]


def unscaled():
    """Large pixels that nothing scales: saturated from the beginning."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def penalized():
    """A penalty far above the loss itself."""
    keras.utils.set_random_seed(0)
    heavy = keras.layers.Dense(16, kernel_regularizer=keras.regularizers.L2(1e4))
    model = keras.Sequential([keras.Input((5,)), heavy, keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e-5), "mse")
    return model


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_a_loss_of_ones_own_diverges_too(engine):
    def cubed(true, predicted):
        return keras.ops.mean(keras.ops.abs(keras.ops.reshape(true, keras.ops.shape(predicted)) - predicted) ** 3)

    with pytest.warns(Suspicious, match="diverged"):
        history = rowwise.fit(
            regression(keras.optimizers.SGD(1e3), cubed), numbers(), epochs=3, engine=engine, verbose=0
        )
    assert history.epoch == []


@pytest.mark.parametrize("weights", [1e3, 1e-3])
def test_weights_of_records_do_not_look_like_an_explosion(weights, recwarn):
    data = classes()
    model = rowwise.dense(data, hidden=(10,), seed=0)
    history = rowwise.fit(model, data, epochs=2, sample_weight=np.full(len(data), weights), verbose=0)
    assert history.epoch == [0, 1]


@pytest.mark.parametrize("engine", ["whole_epoch", "keras"])
def test_targets_that_do_not_vary_are_no_measure_of_an_explosion(engine, recwarn):
    # Alike records through a BatchNormalization: before the first step it gives them as they are, a loss of nearly 0.
    x = np.tile(np.array([[1, 5], [2, 5], [4, 3]], "float32"), (10, 1, 1))
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3, 2)), keras.layers.BatchNormalization(momentum=0.0)])
    model.compile("rmsprop", "mse")
    history = rowwise.fit(model, x, x, epochs=3, engine=engine, verbose=0)
    assert len(history.epoch) == 3
    np.testing.assert_allclose(model.layers[-1].moving_mean, [7 / 3, 13 / 3], rtol=1e-5)
    assert not [one for one in recwarn if issubclass(one.category, Suspicious)]
