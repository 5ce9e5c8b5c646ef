"""What `rowwise.fit` promises, compared with Keras itself."""

import io
import signal
import sys
import threading

import jax
import jax.experimental
import keras
import numpy as np
import pytest
from covering import each_once
from rich.cells import cell_len

import rowwise
from rowwise.engine import epoch_order
from rowwise.engine.arrays import Arrays
from rowwise.engine.loop import EpochLoop
from rowwise.engine.schedule import Schedule
from rowwise.engine.trainer import build_variables
from rowwise.engine.whole_epoch import WholeEpoch
from rowwise.errors import DataError, ModelError, ShapeError, UsageError
from rowwise.text import use_language

SHAPES = {"course": (100, 30), "wide": (64,), "deep": (16, 16, 16, 8)}
OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(1e-3),
    "momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    "rmsprop": lambda: keras.optimizers.RMSprop(1e-3),
}


def records(n=203, shape=(6, 6), classes=4, seed=0):
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, n).astype("int32")
    x = random.integers(0, 120, (n, *shape)) + 30 * y.reshape(-1, *[1] * len(shape))
    return rowwise.Dataset("made", x.astype("uint8"), y, tuple("abcd"[:classes]))


def course(data, hidden=(16, 8), optimizer=None, dropout=0.0, seed=3):
    model = rowwise.dense(data, hidden=hidden, dropout=dropout, seed=seed)
    if optimizer is not None:
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def equal_weights(one, other, **tolerance):
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


@pytest.mark.slow
@pytest.mark.parametrize(("hidden", "optimizer"), each_once(SHAPES, OPTIMIZERS))
def test_losses_equal_a_hand_written_loop_of_train_on_batch(hidden, optimizer):
    data = records()
    ours, by_hand = (course(data, SHAPES[hidden], OPTIMIZERS[optimizer]()) for _ in range(2))
    history = rowwise.fit(ours, data, epochs=3, seed=5, engine="whole_epoch", verbose=0)
    losses = []
    for epoch in range(3):
        order = epoch_order(5, epoch, len(data))
        total = 0.0  # train_on_batch gives the batch's mean; an epoch's loss is the mean over records
        for start in range(0, len(data), 32):
            rows = order[start : start + 32]
            by_hand.reset_metrics()  # some releases of Keras give the mean of all batches so far
            logs = by_hand.train_on_batch(data.x[rows], data.y[rows], return_dict=True)
            total += float(logs["loss"]) * len(rows)
        losses.append(total / len(data))
    np.testing.assert_allclose(history.history["loss"], losses, rtol=2e-5)
    equal_weights(ours, by_hand, rtol=2e-3, atol=2e-5)


@pytest.mark.slow
def test_engines_give_the_same_history_with_dropout_and_validation():
    data = records()
    histories = []
    for engine in ("whole_epoch", "keras"):
        model = course(data, dropout=0.3)
        histories.append(rowwise.fit(model, data, epochs=2, validation=0.2, engine=engine, verbose=0).history)
    assert histories[0].keys() == histories[1].keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-5)


def test_the_order_depends_on_seed_and_epoch_alone():
    assert np.array_equal(epoch_order(1, 2, 50), epoch_order(1, 2, 50))
    assert not np.array_equal(epoch_order(1, 2, 50), epoch_order(1, 3, 50))
    assert sorted(epoch_order(1, 2, 50)) == list(range(50))


@pytest.mark.slow
def test_a_resumed_run_is_the_same_run_even_with_dropout(tmp_path):
    data = records()
    through = course(data, dropout=0.3)
    rowwise.fit(through, data, epochs=4, seed=9, verbose=0)
    stopped = course(data, dropout=0.3)
    rowwise.fit(stopped, data, epochs=2, seed=9, verbose=0)
    stopped.save(tmp_path / "half.keras")
    resumed = keras.models.load_model(tmp_path / "half.keras")
    history = rowwise.fit(resumed, data, epochs=4, initial_epoch=2, seed=9, verbose=0)
    assert history.epoch == [2, 3]
    equal_weights(through, resumed, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_streaming_in_blocks_gives_the_same_result(monkeypatch):
    data = records(1000)
    resident, streamed = course(data), course(data)
    held = records(1500, seed=1)
    expected = rowwise.fit(resident, data, epochs=2, validation=held, verbose=0).history
    monkeypatch.setenv("ROWWISE_DEVICE_BYTES", "8000")
    found = rowwise.fit(streamed, data, epochs=2, validation=held, verbose=0).history
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6)
    equal_weights(resident, streamed, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_keras_goes_on_from_where_fit_stopped():
    data = records()
    model = course(data)
    rowwise.fit(model, data, epochs=2, verbose=0)
    assert int(model.optimizer.iterations.value) == 2 * 7  # 203 records, 32 a batch: the short batch counts
    before = model.evaluate(data.x.astype("float32"), data.y, verbose=0, return_dict=True)["loss"]
    model.fit(data.x.astype("float32"), data.y, epochs=1, verbose=0)
    assert int(model.optimizer.iterations.value) == 3 * 7
    assert model.evaluate(data.x.astype("float32"), data.y, verbose=0, return_dict=True)["loss"] < before


@pytest.mark.slow
def test_a_second_fit_trains_with_what_compile_set_last():
    data = records()
    model = course(data)
    rowwise.fit(model, data, epochs=1, verbose=0)
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
    before = [w.copy() for w in model.get_weights()]
    rowwise.fit(model, data, epochs=1, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_a_frozen_layer_stays_as_it_is():
    data = records()
    model = course(data)
    rowwise.fit(model, data, epochs=1, verbose=0)
    layer = model.get_layer("hidden_1")
    layer.trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    before = layer.kernel.numpy()
    rowwise.fit(model, data, epochs=1, verbose=0)
    np.testing.assert_array_equal(before, layer.kernel.numpy())


@pytest.mark.slow
def test_batch_normalization_and_other_losses_and_metrics_equal_keras():
    data = records()
    one_hot = keras.utils.to_categorical(data.y, 4)
    found = []
    for engine in ("whole_epoch", "keras"):
        keras.utils.set_random_seed(1)
        layers = keras.layers
        model = keras.Sequential(
            [layers.Input((6, 6)), layers.Flatten(), layers.Dense(8), layers.BatchNormalization(), layers.Dense(4)]
        )
        model.compile(
            keras.optimizers.AdamW(1e-3, clipnorm=1.0),
            keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
            metrics=[
                "accuracy",
                keras.metrics.F1Score(average="macro"),
                keras.metrics.AUC(from_logits=True, name="auc"),
            ],
        )
        pair = (data.x.astype("float32") / 255, one_hot)
        found.append(rowwise.fit(model, pair, epochs=2, engine=engine, validation=pair, verbose=0).history)
    assert found[0].keys() == found[1].keys()
    for name, values in found[0].items():
        # What counts records (AUC on either side of 200 thresholds) may differ by one, whose logits are nearly equal.
        counts = name.endswith(("auc", "accuracy", "f1_score"))
        np.testing.assert_allclose(values, found[1][name], rtol=1e-4, atol=2 / len(data) if counts else 1e-6)


@pytest.mark.slow
def test_a_learning_rate_schedule_and_mixed_precision_train(fastest):
    data = records()
    model = course(data, optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 50)))
    history = rowwise.fit(model, data, epochs=3, verbose=0)
    assert history.rowwise.engine == fastest
    assert history.history["loss"][-1] < history.history["loss"][0]

    policy = keras.mixed_precision.DTypePolicy("mixed_float16")
    mixed = keras.Sequential(
        [
            keras.Input((6, 6)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(8, activation="relu", dtype=policy),
            keras.layers.Dense(4, activation="softmax", dtype="float32"),
        ]
    )
    mixed.compile(
        keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = rowwise.fit(mixed, data, epochs=3, verbose=0)
    assert history.rowwise.engine == "whole_epoch"
    assert history.history["loss"][-1] < history.history["loss"][0]


@pytest.mark.slow
def test_float64_stays_float64():
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        enable_x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
        with enable_x64(True):
            data = records()
            model = course(data)
            history = rowwise.fit(model, data, epochs=2, verbose=0)
            assert history.rowwise.engine == "whole_epoch"
            assert model.get_weights()[0].dtype == np.float64
    finally:
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(before)


@pytest.mark.slow
def test_callbacks_with_epoch_hooks_keep_the_fast_engine(tmp_path, fastest):
    data = records()
    model = course(data)
    callbacks = [
        keras.callbacks.EarlyStopping("loss", patience=0, min_delta=10),
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="loss", save_best_only=True),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.ReduceLROnPlateau("loss", patience=1),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
    ]
    history = rowwise.fit(model, data, epochs=5, callbacks=callbacks, verbose=0)
    assert history.rowwise.engine == fastest
    assert len(history.epoch) == 2  # nothing improves by 10: stopped after the second
    assert (tmp_path / "best.keras").exists()
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3


def test_a_callback_that_changes_the_learning_rate_is_heard():
    data = records()
    model = course(data)
    before = [w.copy() for w in model.get_weights()]
    rowwise.fit(model, data, epochs=1, verbose=0, callbacks=keras.callbacks.LearningRateScheduler(lambda epoch: 0.0))
    equal_weights(model, type("", (), {"get_weights": lambda self: before})(), atol=0)


@pytest.mark.slow
def test_a_model_that_cannot_be_traced_goes_to_keras(capsys):
    class Watched(keras.optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            if float(keras.ops.sum(gradient)) < 1e6:  # needs the value itself: no tracer has one
                super().update_step(gradient, variable, learning_rate)

    data = records()
    layers = [keras.Input((6, 6)), keras.layers.Flatten(), keras.layers.Dense(4, activation="softmax")]
    model = keras.Sequential(layers)
    model.compile(Watched(0.01), "sparse_categorical_crossentropy", jit_compile=False)
    history = rowwise.fit(model, data, batch_size=64, verbose=2)
    assert history.rowwise.engine == "keras"
    assert "Python code of Watched" in capsys.readouterr().err
    with pytest.raises(UsageError, match="Python code of Watched"):
        rowwise.fit(model, data, engine="whole_epoch", verbose=0)
    eager = keras.Sequential([keras.Input((6, 6)), keras.layers.Flatten(), keras.layers.Dense(4, activation="softmax")])
    eager.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    history = rowwise.fit(eager, data, batch_size=64, verbose=2)
    assert history.rowwise.engine == "keras"
    assert "run_eagerly" in capsys.readouterr().err


def test_a_model_with_a_train_step_of_its_own_keeps_its_own_logs(capsys):
    class Own(keras.Sequential):
        def train_step(self, state, data):
            logs, state = super().train_step(state, data)
            return {**logs, "mine": logs["loss"] * 2}, state

    data = records()
    model = Own([keras.Input((6, 6)), keras.layers.Flatten(), keras.layers.Dense(4, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    history = rowwise.fit(model, data, verbose=2)
    assert set(history.history) == {"loss", "mine"}
    assert "train_step of its own" in capsys.readouterr().err


class Recorder(keras.callbacks.Callback):
    """Every epoch-level call with the names and values that came with it."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_begin(self, logs=None):
        # params["epochs"] and ["steps"]: what progress bars of users are drawn from
        self.calls.append(("train begin", logs, {name: self.params[name] for name in ("epochs", "steps")}))

    def on_train_end(self, logs=None):
        self.calls.append(("train end", logs))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("epoch begin", epoch, logs))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(("epoch end", epoch, logs))

    def on_test_begin(self, logs=None):
        self.calls.append(("test begin", logs))

    def on_test_end(self, logs=None):
        self.calls.append(("test end", logs))


@pytest.mark.slow
@pytest.mark.parametrize("validated", [False, True])
def test_callbacks_are_called_as_keras_calls_them(validated):
    data = records()
    pair = (data.x.astype("float32"), data.y)
    ours, theirs = Recorder(), Recorder()
    validation = (pair[0][:40], pair[1][:40]) if validated else None
    rowwise.fit(course(data), pair, epochs=2, validation=validation, callbacks=[ours], verbose=0)
    course(data).fit(*pair, epochs=2, validation_data=validation, callbacks=[theirs], verbose=0)
    assert [call[:1] for call in ours.calls] == [call[:1] for call in theirs.calls]
    for mine, keras_own in zip(ours.calls, theirs.calls, strict=True):
        for one, other in zip(mine, keras_own, strict=True):
            # Keras shuffles by its own order: names and kinds are the contract, values are compared elsewhere.
            assert type(one) is type(other)
            assert (set(one) if isinstance(one, dict) else one) == (set(other) if isinstance(other, dict) else other)


@pytest.mark.slow
def test_validation_goes_batch_by_batch_as_keras_does():
    data = records()
    pair = (data.x.astype("float32") / 255, data.y)
    model = course(data)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(reduction="sum"), metrics=["accuracy"])
    history = rowwise.fit(model, pair, epochs=1, validation=pair, verbose=0)
    expected = model.evaluate(*pair, batch_size=32, verbose=0, return_dict=True)
    assert history.history["val_loss"][0] == pytest.approx(expected["loss"], rel=1e-5)


@pytest.mark.slow
def test_early_stopping_restores_the_best_weights_and_averages_are_finalized():
    data = records()
    model = course(data, optimizer=keras.optimizers.SGD(0.5))
    kept = []
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(model.get_weights()))
    stop = keras.callbacks.EarlyStopping("loss", mode="max", patience=2, restore_best_weights=True)
    history = rowwise.fit(model, data, epochs=9, callbacks=[keep, stop], verbose=0)
    best = int(np.argmax(history.history["loss"]))
    for a, b in zip(kept[best], model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)

    averaged = course(data, optimizer=keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5))
    plain = course(data, optimizer=keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5))
    for one, engine in ((averaged, "whole_epoch"), (plain, "keras")):
        rowwise.fit(one, data, epochs=2, engine=engine, verbose=0)
    equal_weights(averaged, plain, rtol=1e-3, atol=1e-5)
    state = [np.asarray(v) for v in averaged.optimizer.variables]
    for a, b in zip(state, [np.asarray(v) for v in plain.optimizer.variables], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_backup_and_restore_goes_on_after_the_epochs_that_were_done(tmp_path, fastest):
    data = records()

    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)

    through, model = course(data), course(data)
    rowwise.fit(through, data, epochs=3, verbose=0)
    rowwise.fit(model, data, epochs=2, callbacks=[backup()], verbose=0)
    again = course(data)
    history = rowwise.fit(again, data, epochs=3, callbacks=[backup()], verbose=0)
    assert (history.epoch, history.rowwise.engine) == ([2], fastest)
    equal_weights(through, again, rtol=1e-5, atol=1e-7)
    assert rowwise.fit(again, data, epochs=1, verbose=0).epoch == [0]  # in Keras it would train nothing


def test_the_bar_draws_the_table_and_itself_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    data = records()
    rowwise.fit(course(data), data, epochs=2, verbose=1)
    shown = screen.getvalue()
    assert "records/s" in shown
    assert "2/2" in shown
    assert "━" in shown


class Interrupted(np.ndarray):
    """Records; Ctrl-C is pressed for the second time while block number `left`, from 0, of them is gathered."""

    def __getitem__(self, rows):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return np.asarray(self)[rows]


@pytest.mark.parametrize("blocks", [0, 2])
def test_a_second_ctrl_c_counts_the_steps_that_the_model_holds(blocks):
    data = records(1000)
    model, expected = course(data), course(data)
    x = data.x.view(Interrupted)
    x.left = blocks
    build_variables(model, Arrays(data.x, data.y), 10)
    loop = EpochLoop(WholeEpoch(model, Arrays(x, data.y), None, batch_size=10, device_bytes=8_000))
    with pytest.raises(KeyboardInterrupt):
        loop.train(Schedule(range(1), 0), [], lambda: False, {})
    if not blocks:
        assert loop.steps_done == 0
        equal_weights(model, expected, atol=0)
        return
    assert 0 < loop.steps_done == int(model.optimizer.iterations.value) < 100
    order = epoch_order(0, 0, 1000)[: loop.steps_done * 10]
    for batch in np.split(order, loop.steps_done):
        expected.train_on_batch(data.x[batch], data.y[batch])
    equal_weights(model, expected, rtol=1e-4, atol=1e-6)


def test_boolean_labels_are_two_classes():
    data = records()
    model = keras.Sequential([keras.Input((6, 6)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    assert rowwise.fit(model, (data.x / 255, data.y == 3), verbose=0).history["loss"][0] > 0


def test_fit_runs_in_a_thread_too():
    data, out = records(), []
    thread = threading.Thread(target=lambda: out.append(rowwise.fit(course(data), data, verbose=0)))
    thread.start()
    thread.join()
    assert out[0].epoch == [0]


def test_ctrl_c_ends_after_the_block_and_leaves_the_model_trained():
    data = records()
    model = course(data)
    before = model.get_weights()[0].copy()
    press = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: signal.raise_signal(signal.SIGINT) if epoch == 1 else None
    )
    with pytest.raises(KeyboardInterrupt):
        rowwise.fit(model, data, epochs=50, callbacks=[press], verbose=0)
    assert model.history.epoch == [0, 1]
    assert not np.array_equal(before, model.get_weights()[0])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def from_another_thread(action):
    thread = threading.Thread(target=action)
    thread.start()
    thread.join()


ENGINES = ("auto", "whole_epoch", "keras")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_event_set_by_another_thread_ends_the_training_as_ctrl_c_does(engine):
    data, stop = records(), threading.Event()
    model = course(data)
    before = model.get_weights()[0].copy()
    at = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: from_another_thread(stop.set) if epoch == 1 else None
    )
    with pytest.raises(KeyboardInterrupt):
        rowwise.fit(model, data, epochs=50, callbacks=at, engine=engine, verbose=0, stop=stop)
    assert model.history.epoch == [0, 1]
    assert model.history.rowwise.interrupted is None  # between two epochs
    assert not np.array_equal(before, model.get_weights()[0])
    model.predict(data.x, verbose=0)


def test_an_event_ends_a_streamed_epoch_after_the_block_under_way(monkeypatch):
    monkeypatch.setenv("ROWWISE_DEVICE_BYTES", "8000")
    data, stop = records(1000), threading.Event()
    model = course(data)
    at = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: stop.set() if epoch == 1 else None)
    with pytest.raises(KeyboardInterrupt):
        rowwise.fit(model, data, epochs=3, callbacks=at, engine="whole_epoch", verbose=0, stop=stop)
    assert model.history.epoch == [0]
    interrupted = model.history.rowwise.interrupted
    assert interrupted.epoch == 1
    assert 0 < interrupted.steps < 32
    assert int(model.optimizer.iterations.value) == 32 + interrupted.steps


def test_an_event_ends_plain_model_fit_between_two_batches():
    data, stop = records(), threading.Event()
    model = course(data)
    at = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: stop.set() if batch == 2 else None)
    with pytest.raises(KeyboardInterrupt):
        rowwise.fit(model, data, epochs=3, callbacks=at, verbose=0, stop=stop)
    assert model.history.rowwise["interrupted"] == {"epoch": 0, "steps": 3}
    assert int(model.optimizer.iterations.value) == 3


def test_a_fit_in_a_thread_is_stopped_from_the_main_thread():
    data, stop, begun, ended = records(), threading.Event(), threading.Event(), []
    model = course(data)
    tell = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: begun.set())

    def train():
        try:
            rowwise.fit(model, data, epochs=10**6, callbacks=tell, verbose=0, stop=stop)
        except KeyboardInterrupt:
            ended.append(len(model.history.epoch))

    thread = threading.Thread(target=train)
    thread.start()
    begun.wait()
    stop.set()
    thread.join()
    assert ended
    assert ended[0] < 10**6


def test_an_event_that_is_set_before_lets_nothing_be_trained():
    data, stop = records(), threading.Event()
    model = course(data)
    before = [w.copy() for w in model.get_weights()]
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        rowwise.fit(model, data, verbose=0, stop=stop)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("engine", ENGINES)
def test_callbacks_are_told_the_engine_and_why(engine, fastest):
    class KeepsParams(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.kept = dict(self.params)
            self.kept.pop("state")

    data, callback = records(), KeepsParams()
    history = rowwise.fit(course(data), data, epochs=2, validation=0.2, callbacks=[callback], engine=engine, verbose=0)
    assert callback.kept == {
        "epochs": 2,
        "steps": 6,
        "verbose": 0,
        "engine": fastest if engine == "auto" else engine,
        "engine_reason": history.rowwise.reason,
        "fell_back": False,
        "records": len(data.split(0.2, seed=0)[0]),
    }


def test_the_number_of_threads_is_an_argument_that_goes_before_the_environment(monkeypatch, fastest):
    data = records()
    models = []
    for threads in (1, 3):
        models.append(course(data, dropout=0.2))
        with monkeypatch.context() as patched:
            if fastest == "native":
                patched.setenv("ROWWISE_THREADS", "no number")
            rowwise.fit(models[-1], data, epochs=2, threads=threads, verbose=0)
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"epochs": -1}, UsageError, "epochs"),
        ({"batch_size": 0}, UsageError, "batch_size"),
        ({"engine": "fastest"}, UsageError, "fastest"),
        ({"threads": 0}, UsageError, "threads must be an integer of at least 1"),
        ({"threads": 1000}, UsageError, "threads must be an integer from 1 to 256"),
        ({"validation": 1.5}, UsageError, "1.5"),
        ({"train": np.zeros((4, 6, 6))}, DataError, "no y"),
        ({"train": (np.zeros((4, 6, 6)), np.zeros(3, int))}, DataError, "same number"),
        ({"train": (np.zeros((40, 5, 6)), np.zeros(40, int))}, ShapeError, "Rows are records"),
        ({"train": (np.zeros((6, 6)), np.zeros(1, int))}, ShapeError, "axis of records"),
        ({"train": (np.zeros((6, 6)), np.zeros(6, int))}, ShapeError, "counts the records"),
        ({"train": ([[1, 2], [3]], [0, 1])}, DataError, "same number of features"),
        ({"train": (np.zeros((0, 6, 6)), np.zeros(0, int))}, DataError, "no records"),
        ({"callbacks": [3]}, UsageError, "type int"),
        ({"verbose": "loud"}, UsageError, "verbose is 'loud'"),
        ({"train": (np.zeros((40, 6, 6)), np.eye(4)[np.zeros(40, int)])}, ShapeError, "argmax"),
    ],
)
def test_wrong_input_is_one_clear_error(change, error, words):
    data = records()
    arguments = {"train": data, "verbose": 0, **change}
    with pytest.raises(error, match=words):
        rowwise.fit(course(data), **arguments)


def test_a_transposed_batch_is_recognised():
    data = records(shape=(36,))
    with pytest.raises(ShapeError, match="transposed"):
        rowwise.fit(course(data), (data.x[:32].T, data.y[:36]), verbose=0)


def test_one_hot_losses_and_models_not_compiled_are_explained():
    data = records()
    model = course(data)
    model.compile("adam", "categorical_crossentropy")
    with pytest.raises(ShapeError, match="to_categorical"):
        rowwise.fit(model, data, verbose=0)
    with pytest.raises(ModelError, match="compile"):
        rowwise.fit(keras.Sequential([keras.Input((6, 6)), keras.layers.Flatten()]), data)
    with pytest.raises(ModelError, match="list"):
        rowwise.fit([], data)


@pytest.mark.parametrize("change", [{"hidden": (0,)}, {"hidden": ("a",)}, {"dropout": 1.0}, {"activation": "rely"}])
def test_dense_refuses_what_makes_no_sense(change):
    with pytest.raises(UsageError):
        rowwise.dense(records(), **change)


def test_dense_takes_what_numpy_calls_an_integer_and_nothing_that_is_no_dataset():
    data = records()
    assert rowwise.dense(data, hidden=np.array([16, 8])).count_params() == rowwise.dense(data, (16, 8)).count_params()
    for wrong in (data.x, (data, data), None):
        with pytest.raises(UsageError, match="Dataset"):
            rowwise.dense(wrong)
    for change in ({"hidden": "100,30"}, {"hidden": 2.5}, {"seed": -1}, {"dropout": "0.2"}, {"learning_rate": np.inf}):
        with pytest.raises(UsageError):
            rowwise.dense(data, **change)


def test_dense_is_the_course_model():
    model = rowwise.dense(records(shape=(28, 28)))
    assert model.count_params() == 784 * 100 + 100 + 100 * 30 + 30 + 30 * 4 + 4
    assert [type(layer).__name__ for layer in model.layers] == ["Rescaling", "Flatten", "Dense", "Dense", "Dense"]
    assert rowwise.dense(records(), hidden=()).count_params() == 36 * 4 + 4


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_progress_is_a_table_of_one_line_an_epoch_that_fits_80_columns(capsys, lang):
    data = records()
    with use_language(lang):
        rowwise.fit(course(data), data, epochs=12, validation=0.2, verbose=2, seed=0)
    head, *lines = capsys.readouterr().err.splitlines()
    assert head.split()[1:5] == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert [line.split()[0] for line in lines[-3:]] == ["10/12", "11/12", "12/12"]
    assert len(lines) == 12
    assert {cell_len(line) for line in (head, *lines)} <= set(range(81))


def test_a_silent_fit_prints_nothing(capsys):
    data = records()
    rowwise.fit(course(data), data, verbose=0)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("engine", ["auto", "whole_epoch", "keras"])
def test_weights_of_records_and_classes_are_those_of_keras(engine):
    data = records()
    own = np.random.default_rng(0).random(len(data)).astype("float32")
    weights = {0: 3.0, 2: 0.5}

    def build():
        model = course(data, optimizer=keras.optimizers.SGD(0.05))
        model.compile(
            model.optimizer, model.loss, metrics=["accuracy"], weighted_metrics=["sparse_categorical_accuracy"]
        )
        return model

    ours, theirs = build(), build()
    history = rowwise.fit(
        ours, data, epochs=1, batch_size=len(data), engine=engine, sample_weight=own, class_weight=weights, verbose=0
    )
    each = own * np.array([weights.get(int(label), 1.0) for label in data.y], "float32")
    expected = theirs.fit(data.x, data.y, batch_size=len(data), sample_weight=each, shuffle=False, verbose=0)
    equal_weights(ours, theirs, rtol=1e-4, atol=1e-6)
    assert history.history.keys() == expected.history.keys()
    for name, values in expected.history.items():
        assert history.history[name] == pytest.approx(values, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sample_weight": np.ones(3)}, "a number for each record"),
        ({"sample_weight": np.array(["heavy"] * 120)}, "a number for each record"),
        ({"class_weight": 2.0}, "by class number"),
        ({"class_weight": {0: "heavy"}}, "by class number"),
    ],
)
def test_weights_that_make_no_sense_are_refused(options, words):
    data = records()[:120]
    with pytest.raises(rowwise.RowwiseError, match=words):
        rowwise.fit(course(data), data, verbose=0, **options)


def test_masked_records_are_refused_and_not_trained_on_as_if_nothing_were_missing():
    x = np.ma.masked_greater(np.random.default_rng(0).normal(size=(40, 3)), 1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    for call in (
        lambda: rowwise.fit(model, (x, np.arange(40) % 2), epochs=1, verbose=0),
        lambda: rowwise.predict(model, x),
        lambda: rowwise.evaluate(model, (x, np.arange(40) % 2)),
    ):
        with pytest.raises(DataError, match="values are masked"):
            call()
