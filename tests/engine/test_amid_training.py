"""What callbacks change of a model amid its training: every engine goes on as Keras does."""

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import UsageError

ENGINES = ("native", "whole_epoch")


def data(records=64):
    x = np.random.default_rng(0).normal(size=(records, 6)).astype("float32")
    return x, (x[:, 0] > 0).astype("int32")


def made():
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(2, "softmax")])
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def stop(model):
    model.stop_training = True


def freeze(model):
    model.layers[0].trainable = False


def replace_optimizer(model):
    model.optimizer = keras.optimizers.SGD(0.5)


def compile_anew(model):
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")


def quicken(model):
    model.optimizer.learning_rate = 0.1


def shrink(model):
    model.set_weights([0.1 * weights for weights in model.get_weights()])


def forget(model):
    model.optimizer.beta_1 = 0.1


def bend(model):
    model.layers[0].activation = keras.activations.tanh


def schedule(model):
    model.optimizer.learning_rate = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)


def calling(hook, change, at=1):
    """A callback that changes the model when its hook is called for the `at`-th time."""

    class Changing(keras.callbacks.Callback):
        calls = 0

        def change(self, *_, **__):
            self.calls += 1
            if self.calls == at:
                change(self.model)

    return type("Changing", (Changing,), {hook: Changing.change})()


def trained(fit, hook, change, at=1, epochs=2, batch_size=16):
    model, (x, y) = made(), data()
    callback = calling(hook, change, at)
    options = {"epochs": epochs, "batch_size": batch_size, "shuffle": False, "validation_data": (x, y), "verbose": 0}
    return fit(model, x, y, callbacks=[callback], **options).history, model.get_weights()


def ours(engine):
    return lambda model, *xy, **options: rowwise.fit(model, *xy, engine=engine, **options)


def assert_as_in_keras(engine, *arguments, **options):
    history, weights = trained(ours(engine), *arguments, **options)
    expected, others = trained(keras.Model.fit, *arguments, **options)
    assert history == {name: pytest.approx(values, abs=1e-6) for name, values in expected.items()}
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


@pytest.mark.parametrize(("hook", "at"), [("on_train_begin", 1), ("on_epoch_begin", 2), ("on_test_begin", 1)])
def test_a_wish_to_stop_is_seen_after_the_step_that_follows_it(hook, at):
    """One that stops before an epoch's first step still trains that step, and no other: so it is in Keras."""
    assert_as_in_keras("native", hook, stop, at)
    history, _ = trained(ours("whole_epoch"), hook, stop, at)
    assert len(history["loss"]) == (2 if hook == "on_epoch_begin" else 1)


@pytest.mark.parametrize("change", [quicken, shrink, forget, bend, schedule])
def test_what_is_changed_before_the_first_step_counts(change):
    assert_as_in_keras("native", "on_epoch_begin", change)


@pytest.mark.parametrize("change", [forget, bend])
def test_the_whole_epoch_is_compiled_anew_for_it(change):
    assert_as_in_keras("whole_epoch", "on_train_begin", change)


@pytest.mark.parametrize("change", [quicken, shrink])
def test_rates_and_weights_count_from_epoch_to_epoch(change):
    assert_as_in_keras("native", "on_epoch_end", change)


@pytest.mark.parametrize("change", [freeze, replace_optimizer, compile_anew])
def test_what_keras_fails_with_is_not_trained_on_in_silence(change):
    with pytest.raises((ValueError, TypeError)):
        trained(keras.Model.fit, "on_epoch_end", change)
    with pytest.raises((ValueError, TypeError)):
        trained(ours("auto"), "on_epoch_end", change)
    with pytest.raises(UsageError):
        trained(ours("native"), "on_epoch_end", change)


def test_limits_of_keras_for_trials_hold(monkeypatch):
    x, y = data()
    keras.config.set_max_epochs(2)
    keras.config.set_max_steps_per_epoch(3)
    try:
        ones, others = made(), made()
        with pytest.warns(UserWarning, match="limited to"):
            history = rowwise.fit(ones, x, y, epochs=5, batch_size=8, shuffle=False, validation_data=(x, y), verbose=0)
        with pytest.warns(UserWarning, match="Limiting"):
            expected = others.fit(x, y, epochs=5, batch_size=8, shuffle=False, validation_data=(x, y), verbose=0)
    finally:
        keras.config.set_max_epochs(None)
        keras.config.set_max_steps_per_epoch(None)
    assert len(history.epoch) == 2
    for name, values in expected.history.items():
        assert history.history[name] == pytest.approx(values, abs=1e-6), name


class MlflowCallback(keras.callbacks.Callback):
    """As MLflow's: it has a batch hook, which does something only where its user asked for that."""

    def __init__(self, log_every_epoch=True):
        super().__init__()
        self.log_every_epoch, self.log_every_n_steps = log_every_epoch, None if log_every_epoch else 1

    def on_batch_end(self, batch, logs=None):
        assert not self.log_every_epoch


def test_a_logger_of_epochs_leaves_the_engine_alone():
    """One that logs batches does not."""
    for every_epoch, engine in ((True, "native"), (False, "whole_epoch")):
        history = rowwise.fit(made(), *data(), callbacks=[MlflowCallback(every_epoch)], verbose=0)
        assert history.rowwise["engine"] == engine


def test_a_loss_that_is_no_number_is_left_to_the_callback_for_it():
    x, y = data()
    histories = []
    for fit in (rowwise.fit, keras.Model.fit):
        model = made()
        model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
        histories.append(fit(model, x, y, epochs=3, callbacks=[keras.callbacks.TerminateOnNaN()], verbose=0).history)
    assert [len(history["loss"]) for history in histories] == [1, 1]
