"""Epochs of the native engine: the same from any number of threads, after a break, with callbacks and Ctrl-C."""

import signal

import keras
import numpy as np
import pytest
from test_native import classifier, equal, pair

import rowwise
from rowwise.engine import native
from rowwise.errors import UsageError

pytestmark = pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
L = keras.layers


def wide():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((300,)),
            L.Dropout(0.1),
            L.Dense(200, "relu", kernel_regularizer="l2"),
            L.Dropout(0.3),
            L.Dense(170, "tanh"),
            L.Dense(10, "softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(global_clipnorm=1.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(model, monkeypatch, threads=1, isa="", **options):
    monkeypatch.setenv("ROWWISE_THREADS", str(threads))
    monkeypatch.setenv("ROWWISE_ISA", isa)
    random = np.random.default_rng(0)
    x = random.random((200, 300), "float32") * (random.random((200, 300)) < 0.5)
    history = rowwise.fit(
        model,
        (x.astype("float32"), random.integers(0, 10, 200).astype("int32")),
        **({"epochs": 2, "batch_size": 70, "engine": "native", "verbose": 0} | options),
    )
    return [*model.get_weights(), *map(np.asarray, model.optimizer.variables), history.history["loss"]]


# With few records for each thread they divide columns, with more the records.
@pytest.mark.parametrize("batch_size", [20, 130])
def test_the_same_bits_from_any_number_of_threads_and_from_run_to_run(batch_size, monkeypatch):
    expected = trained(wide(), monkeypatch, batch_size=batch_size)
    for threads in (1, 2, 3, 4):
        for a, b in zip(expected, trained(wide(), monkeypatch, threads, batch_size=batch_size), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("isa", [name for name, runs in native.instruction_sets() if runs])
def test_instruction_sets_differ_by_rounding_alone(isa, monkeypatch):
    for a, b in zip(trained(wide(), monkeypatch), trained(wide(), monkeypatch, 2, isa), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_dropout_goes_on_after_a_break_as_without_one(monkeypatch):
    through, broken = wide(), wide()
    expected = trained(through, monkeypatch, epochs=3)
    trained(broken, monkeypatch, epochs=2)
    resumed = trained(broken, monkeypatch, epochs=3, initial_epoch=2)
    for a, b in zip(expected[:-1], resumed[:-1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_nadam_and_averages_go_on_after_a_break_as_without_one_in_this_engine_and_in_keras():
    def fitted(*parts, **options):
        model, done = classifier(), 0
        optimizer = keras.optimizers.Nadam(0.01, **options)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        for engine, epochs in parts:
            rowwise.fit(model, pair(), epochs=epochs, initial_epoch=done, engine=engine, verbose=0)
            done = epochs
        return model

    averaged = {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3}
    for one, other in ((("native", 4),), (("native", 2), ("native", 4))), ((("keras", 2),), (("native", 2),)):
        equal(fitted(*one, **averaged), fitted(*other, **averaged), atol=2e-4)
    through = fitted(("native", 4))
    for a, b in zip(through.variables, fitted(("native", 1), ("native", 4)).variables, strict=True):
        np.testing.assert_array_equal(a, b)
    for mixed in (fitted(("native", 2), ("keras", 4)), fitted(("keras", 2), ("native", 4))):
        equal(through, mixed, atol=2e-4)


@pytest.mark.slow
def test_state_moves_between_engines_without_loss(tmp_path):
    def build():
        model = classifier()
        model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    finished = []
    for first, then in (("native", "keras"), ("keras", "native")):
        model = build()
        rowwise.fit(model, pair(), epochs=3, engine=first, verbose=0)
        model.save(tmp_path / "middle.keras")
        model = keras.models.load_model(tmp_path / "middle.keras")
        rowwise.fit(model, pair(), epochs=5, initial_epoch=3, engine=then, verbose=0)
        finished.append(model)
    assert int(finished[0].optimizer.iterations.value) == 15
    equal(*finished)


def test_what_a_callback_changes_is_what_the_next_epoch_starts_from():
    class Reset(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.set_weights([np.zeros_like(w) for w in self.model.get_weights()])
            self.model.optimizer.learning_rate = 0.0

    model = classifier()
    model.compile("adam", "sparse_categorical_crossentropy")
    rowwise.fit(model, pair(), epochs=3, engine="native", callbacks=[Reset()], verbose=0)
    assert all((w == 0).all() for w in model.get_weights())


def test_ctrl_c_is_answered_amid_an_epoch_and_keeps_what_was_trained():
    class Press(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            signal.raise_signal(signal.SIGINT)

    random = np.random.default_rng(0)
    steps = 20_000  # seconds of them; the engine asks after 0.05
    x, y = random.random((steps, 784), "float32"), random.integers(0, 10, steps).astype("int32")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((784,)), L.Dense(512, "tanh"), L.Dense(512, "tanh"), L.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    with pytest.raises(KeyboardInterrupt):
        rowwise.fit(model, (x, y), epochs=50, batch_size=1, engine="native", callbacks=[Press()], verbose=0)
    assert 0 < int(model.optimizer.iterations.value) < steps
    assert (model.get_weights()[0] != before[0]).any()
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_wrong_environment_variables_are_named(monkeypatch):
    model = classifier()
    model.compile("sgd", "sparse_categorical_crossentropy")
    for name, value in (("ROWWISE_ISA", "mmx"), ("ROWWISE_THREADS", "0"), ("ROWWISE_THREADS", "many")):
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            with pytest.raises(UsageError, match=name):
                rowwise.fit(model, pair(), verbose=0)


def test_a_callback_finds_the_weights_of_its_epoch_and_changes_nothing():
    x, y = pair()

    def trained(callbacks):
        model = classifier()
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = rowwise.fit(model, (x, y), 3, 8, (x, y), callbacks=callbacks, engine="native", verbose=0)
        return model, history.history

    seen = []
    look = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(look.model.get_weights()))
    (model, history), (other, expected) = trained([]), trained([look])
    assert history == expected
    assert model.optimizer.iterations == other.optimizer.iterations
    for variable, same in zip(model.variables, other.variables, strict=True):
        np.testing.assert_array_equal(variable, same)
    assert len(seen) == 3
    for last, before, final in zip(seen[-1], seen[0], other.get_weights(), strict=True):
        np.testing.assert_array_equal(last, final)
        assert not np.array_equal(before, final)


def test_the_state_is_read_once_a_block_and_stays_as_it_was(monkeypatch):
    seen = []

    class Watching(keras.callbacks.Callback):
        needs_weights = False

        def on_epoch_end(self, epoch, logs=None):
            weights = len(self.model.trainable_variables)
            state, again = (self.params["state"]()[:weights] for _ in range(2))
            assert all(one is other for one, other in zip(state, again, strict=True))
            seen.append((state, [array.copy() for array in state]))

    model = wide()
    trained(model, monkeypatch, epochs=3, callbacks=[Watching()], engine="native")
    assert all((one == kept).all() for state, copies in seen for one, kept in zip(state, copies, strict=True))
    assert not (seen[0][0][0] == seen[1][0][0]).all()
    assert (seen[2][0][0] == model.trainable_variables[0].numpy()).all()
