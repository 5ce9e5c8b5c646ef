"""The native engine, compared with the JAX engine, and with Keras's own predictions."""

import signal
import time

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowwise
from rowwise.engine import native
from rowwise.engine.native.description import ACTIVATIONS, Unsupported, describe
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


def equal(one, other, rtol=2e-3, atol=2e-5):
    """Weights and optimizer state: Adam and RMSprop divide by roots of small numbers, which enlarges rounding."""
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
    for a, b in zip(one.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=atol)


def both(build, data, epochs=2, atol=2e-5, **options):
    """The same training by both engines → models and histories."""
    runs = []
    for engine in ("native", "whole_epoch"):
        model = build()
        history = rowwise.fit(model, data, epochs=epochs, engine=engine, verbose=0, **options)
        assert history.rowwise["engine"] == engine
        runs.append((model, history.history))
    (one, mine), (other, theirs) = runs
    equal(one, other, atol=atol)
    assert mine.keys() == theirs.keys()
    for name in mine:
        np.testing.assert_allclose(mine[name], theirs[name], rtol=2e-4, atol=1e-6, err_msg=name)


opt, reg, sch = keras.optimizers, keras.regularizers, keras.optimizers.schedules
OPTIMIZERS = {
    "adam": lambda: opt.Adam(0.003),
    "adam_options": lambda: opt.Adam(0.003, beta_1=0.8, beta_2=0.95, epsilon=1e-5),
    "adamw": lambda: opt.AdamW(0.003, weight_decay=0.02),
    "sgd": lambda: opt.SGD(0.05),
    "momentum": lambda: opt.SGD(0.02, momentum=0.9),
    "nesterov": lambda: opt.SGD(0.02, momentum=0.9, nesterov=True),
    "rmsprop": lambda: opt.RMSprop(0.003, rho=0.8),
    "rmsprop_momentum": lambda: opt.RMSprop(0.001, momentum=0.5),
    "clipped": lambda: opt.SGD(0.5, global_clipnorm=0.1),
    "schedule": lambda: opt.SGD(sch.ExponentialDecay(0.1, 3, 0.5)),
    "steps": lambda: opt.Adam(sch.PiecewiseConstantDecay([2, 4], [0.01, 0.001, 0.0001])),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_equals_the_jax_engine(optimizer):
    def build():
        model = made("tanh")
        model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    both(build, pair())


def targets(kind, n=75, units=4):
    random = np.random.default_rng(2)
    if kind == "one_hot":
        return np.eye(units, dtype="float32")[random.integers(0, units, n)]
    if kind == "several":
        return (random.random((n, units)) < 0.4).astype("float32")
    return random.normal(size=(n, units)).astype("float32")


LOSSES = {
    "logits": (lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True), "linear", None),
    "one_hot": (lambda: "categorical_crossentropy", "softmax", "one_hot"),
    "smoothed": (lambda: keras.losses.CategoricalCrossentropy(label_smoothing=0.2), "softmax", "one_hot"),
    "one_hot_logits": (
        lambda: keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        "linear",
        "one_hot",
    ),
    "binary": (lambda: "binary_crossentropy", "sigmoid", "several"),
    "binary_smoothed": (lambda: keras.losses.BinaryCrossentropy(label_smoothing=0.2), "sigmoid", "several"),
    "binary_logits": (lambda: keras.losses.BinaryCrossentropy(from_logits=True), "linear", "several"),
    "mse": (lambda: "mse", "linear", "numbers"),
    "mse_tanh": (lambda: keras.losses.MeanSquaredError(), "tanh", "numbers"),
    "mae": (lambda: "mae", "gelu", "numbers"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_equals_the_jax_engine(loss):
    function, end, kind = LOSSES[loss]
    x, labels = pair()
    y = labels if kind is None else targets(kind)

    def build():
        model = made("elu", end)
        model.compile(opt.SGD(0.05, momentum=0.5), function(), metrics=[] if kind is None else ["mse"])
        return model

    both(build, (x, y), validation=(x[:20], y[:20]))


def test_penalties_layers_without_bias_and_activation_layers_equal_the_jax_engine():
    def build():
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                keras.Input((4, 5)),
                L.Flatten(),
                L.Dense(33, use_bias=False, kernel_regularizer=reg.L2(0.01)),
                L.LeakyReLU(negative_slope=0.1),
                L.Dense(18, bias_regularizer=reg.L1(0.02), kernel_regularizer=reg.L1L2(0.001, 0.002)),
                L.ReLU(negative_slope=0.3),
                L.Dense(7),
                L.ELU(alpha=0.7),
                L.Dense(4),
                L.Softmax(),
            ]
        )
        model.compile(opt.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    x, y = pair()
    # L1 steps 0.05 * 0.001 towards zero: by rounding a weight may pass zero a step earlier, and step back.
    both(build, (x.reshape(-1, 4, 5), y), validation=0.2, atol=2e-4)


@given(
    widths=st.lists(st.integers(1, 70), max_size=4),
    features=st.integers(1, 90),
    batch_size=st.integers(1, 80),
    zeros=st.sampled_from([0.0, 0.3, 0.6, 0.95, 1.0]),
    scaled=st.booleans(),
)
@settings(max_examples=12, deadline=None)
@pytest.mark.slow
def test_any_chain_of_layers_on_any_batches_equals_the_jax_engine(widths, features, batch_size, zeros, scaled):
    random = np.random.default_rng(features)
    x = (random.integers(0, 256, (81, features)) * (random.random((81, features)) >= zeros)).astype("uint8")

    def build():
        keras.utils.set_random_seed(len(widths))
        first = L.Rescaling(1 / 255) if scaled else L.Rescaling(1 / 100, offset=-0.5)
        hidden = [L.Dense(w, "relu") for w in widths]
        # Biases of their own: records of zeros alone would give ties, which rounding breaks.
        last = L.Dense(3, bias_initializer="random_normal")
        model = keras.Sequential([keras.Input((features,)), first, *hidden, last])
        model.compile(opt.SGD(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        return model

    both(build, (x, random.integers(0, 3, 81).astype("int32")), epochs=1, batch_size=batch_size)


def test_at_zero_the_slope_of_an_absolute_value_is_that_of_jax():
    def build():
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.Input((20,)), L.Dense(5, "relu", bias_regularizer=reg.L1(0.02)), L.Dense(2, "relu")]
        )
        model.compile(opt.SGD(0.01), "mae")
        return model

    both(build, (pair()[0], np.zeros((75, 2), "float32")), epochs=1, batch_size=75)


def description(activation, units, dropout=0.0):
    widths = (11, 9, 6, units)
    ends = (*("tanh" if activation == "softmax" else activation,) * 2, activation)
    return [
        {
            "inputs": a,
            "units": b,
            "activation": end,
            "slope": 0.3,
            "dropout": dropout,
            "kernel_l2": 0.01,
            "bias_l1": 0.02,
        }
        for a, b, end in zip(widths[:-1], widths[1:], ends, strict=True)
    ]


@pytest.mark.parametrize(
    ("loss", "end", "logits"),
    [
        *(("mean_squared_error", end, False) for end in ACTIVATIONS),
        ("sparse_categorical_crossentropy", "softmax", False),
        ("sparse_categorical_crossentropy", "linear", True),
        ("categorical_crossentropy", "softmax", False),
        ("categorical_crossentropy", "tanh", True),
        ("binary_crossentropy", "sigmoid", False),
        ("binary_crossentropy", "linear", True),
        ("mean_absolute_error", "elu", False),
    ],
)
def test_gradients_in_float64_are_the_slopes_of_the_loss(loss, end, logits):
    random = np.random.default_rng(5)
    layers = description(end, 4, dropout=0.2)
    n, threads = (70, 1) if logits else (13, 2)  # taken by records, and by columns
    told = {
        "loss": loss,
        "from_logits": logits,
        "label_smoothing": 0.1,
        "batch_size": n,
        "threads": threads,
        "rule": "sgd",
    }
    network = native.network(layers, told, float64=True)
    arrays = [
        random.normal(size=shape) * 0.5
        for layer in layers
        for shape in ((layer["inputs"], layer["units"]), (layer["units"],))
    ]
    x = random.normal(size=(n, 11))
    y = random.integers(0, 4, n).astype("int32") if loss.startswith("sparse") else random.random((n, 4))
    order = np.arange(n, dtype=np.int32)

    def loss_and_gradient(index):
        for place, array in enumerate(arrays):
            network.write(place, array)
        gradient = np.empty_like(arrays[index])
        return network.gradients(x, y, None, order, 99, index, gradient) / n, gradient

    for index, array in enumerate(arrays):
        _, gradient = loss_and_gradient(index)
        for place in random.integers(0, array.size, 3):
            kept = array.flat[place]
            ends = []
            for step in (1e-6, -1e-6):
                array.flat[place] = kept + step
                ends.append(loss_and_gradient(index)[0])
            array.flat[place] = kept
            assert gradient.flat[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-7)


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
    model.compile(opt.Adam(global_clipnorm=1.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
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


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("batch_size", [33, 100, 200])
def test_pictures_beside_others_of_their_class_train_as_in_any_order(batch_size, one_hot, monkeypatch):
    random = np.random.default_rng(1)
    x = (random.integers(0, 256, (250, 9, 9)) * (random.random((250, 9, 9)) < 0.5)).astype("uint8")
    y, weight = random.integers(0, 5, 250).astype("int32"), random.random(250).astype("float32")

    def fitted(engine, threads):
        monkeypatch.setenv("ROWWISE_THREADS", str(threads))
        keras.utils.set_random_seed(0)
        layers = [keras.Input((9, 9)), L.Rescaling(1 / 255), L.Flatten(), L.Dense(40, "relu"), L.Dense(5, "softmax")]
        model = keras.Sequential(layers)
        loss = "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
        top = keras.metrics.TopKCategoricalAccuracy if one_hot else keras.metrics.SparseTopKCategoricalAccuracy
        model.compile(opt.SGD(0.1), loss, metrics=["accuracy", top(2, name="top")])
        wanted = np.eye(5, dtype="float32")[y] if one_hot else y
        history = rowwise.fit(
            model, (x, wanted), epochs=2, batch_size=batch_size, engine=engine, sample_weight=weight, verbose=0
        )
        return [*model.get_weights(), *(np.asarray(history.history[key]) for key in ("loss", "accuracy", "top"))]

    alone = fitted("native", 1)
    for a, b in zip(alone, fitted("whole_epoch", 1), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    for a, b in zip(alone, fitted("native", 3), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("isa", [name for name, runs in native.instruction_sets() if runs])
def test_every_instruction_set_of_this_machine_trains_alike(isa, monkeypatch):
    for a, b in zip(trained(wide(), monkeypatch), trained(wide(), monkeypatch, 2, isa), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_dropout_drops_its_share_anew_at_each_step_and_goes_on_after_a_break(monkeypatch):
    through, broken = wide(), wide()
    expected = trained(through, monkeypatch, epochs=3)
    trained(broken, monkeypatch, epochs=2)
    resumed = trained(broken, monkeypatch, epochs=3, initial_epoch=2)
    for a, b in zip(expected[:-1], resumed[:-1], strict=True):
        np.testing.assert_array_equal(a, b)
    # Kernels of one and a linear unit: the slope of the loss by a kernel's row tells which inputs were kept.
    layer = {"inputs": 1000, "units": 1, "activation": "linear", "dropout": 0.25}
    network = native.network([layer], {"loss": "mean_absolute_error", "batch_size": 1})
    x, y, order = np.ones((1, 1000), np.float32), np.full((1, 1), -1e9, np.float32), np.zeros(1, np.int32)
    seen = []
    for key in (1, 1, 2):
        gradient = np.empty((1000, 1), np.float32)
        network.gradients(x, y, None, order, key, 0, gradient)
        seen.append(gradient)
    assert set(np.unique(seen[0])) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((seen[0] == 0).mean() - 0.25) < 0.06
    np.testing.assert_array_equal(seen[0], seen[1])
    assert (seen[0] != seen[2]).mean() > 0.2


@pytest.mark.slow
def test_state_moves_between_engines_without_loss(tmp_path):
    def build():
        model = made()
        model.compile(opt.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
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

    model = made()
    model.compile("adam", "sparse_categorical_crossentropy")
    rowwise.fit(model, pair(), epochs=3, engine="native", callbacks=[Reset()], verbose=0)
    assert all((w == 0).all() for w in model.get_weights())


def test_metrics_of_other_kinds_are_kept_too():
    x, labels = pair()

    def build():
        model = made("tanh")
        metrics = ["accuracy", keras.metrics.F1Score(average="macro"), keras.metrics.TopKCategoricalAccuracy(2)]
        model.compile(opt.SGD(0.05), "categorical_crossentropy", metrics=metrics)
        return model

    both(build, (x, np.eye(4, dtype="float32")[labels]), validation=0.2)


def test_ctrl_c_is_answered_soon_and_keeps_what_was_trained():
    random = np.random.default_rng(0)
    x = random.random((20_000, 784), "float32")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((784,)), L.Dense(512, "tanh"), L.Dense(512, "tanh"), L.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    data = (x, random.integers(0, 10, 20_000).astype("int32"))
    rowwise.fit(model, (x[:64], data[1][:64]), engine="native", verbose=0)  # what is imported late is imported now
    old = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    # Python's handler runs once C++ has returned: what counts is when the signal came.
    pressed = time.perf_counter() + 0.5
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            rowwise.fit(model, data, epochs=50, engine="native", verbose=0)
        answered = time.perf_counter() - pressed
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert answered < 0.5  # 0.2 s on a machine that has nothing else to do
    assert (model.get_weights()[0] != before[0]).any()
    assert all(np.isfinite(w).all() for w in model.get_weights())


@pytest.mark.parametrize("end", ["softmax", "linear", "sigmoid"])
def test_predictions_equal_keras(end):
    model = made("gelu", end)
    for records in (1, 75):
        x = pair(records)[0]
        np.testing.assert_allclose(
            rowwise.engine.predict_proba(model, x), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6
        )


def test_the_extension_refuses_what_would_lead_it_out_of_its_arrays():
    network = native.network([{"inputs": 3, "units": 2, "activation": "softmax"}], {"batch_size": 4})
    x, y, order = np.ones((4, 3), np.float32), np.zeros(4, np.int32), np.arange(4, dtype=np.int32)
    rates, corrections = np.ones(1, np.float32), np.ones((1, 2))

    def train(x=x, y=y, order=order, rates=rates, outputs=None):
        return network.train(x, y, None, order, rates, corrections, 0, 1.0, 0, 0.0, 0, outputs)

    assert train()[0] == 1
    for wrong in (
        {"y": np.full(4, 2, np.int32)},
        {"y": np.full(4, -1, np.int32)},
        {"order": np.full(4, 4, np.int32)},
        {"order": np.full(4, -1, np.int32)},
        {"x": np.ones((4, 2), np.float32)},
        {"x": np.ones((4, 3), np.uint8)},
        {"rates": np.ones(0, np.float32)},
        {"outputs": np.ones((4, 3), np.float32)},
    ):
        with pytest.raises(ValueError):
            train(**wrong)
    with pytest.raises(ValueError):
        network.write(0, np.ones((3, 3), np.float32))
    with pytest.raises(ValueError):
        native.network([], {})


def test_wrong_environment_variables_are_named(monkeypatch):
    model = made()
    model.compile("sgd", "sparse_categorical_crossentropy")
    for name, value in (("ROWWISE_ISA", "mmx"), ("ROWWISE_THREADS", "0"), ("ROWWISE_THREADS", "many")):
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            with pytest.raises(UsageError, match=name):
                rowwise.fit(model, pair(), verbose=0)


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error"])
def test_outputs_in_the_units_of_two_targets_equal_the_jax_engine(loss):
    x, _ = pair()
    y = np.stack([1000 * x[:, 0] + 5, 0.01 * x[:, 1] - 3], axis=1).astype("float32")

    def build():
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [keras.Input((20,)), L.Dense(17, "relu"), L.Dense(2), L.Rescaling([500.0, 0.01], [5.0, -3.0])]
        )
        model.compile(keras.optimizers.SGD(1e-6), loss, metrics=["mean_absolute_error"])
        return model

    both(build, (x, y))
    model = build()
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(rowwise.engine.predict_proba(model, x), expected, rtol=1e-5, atol=1e-4)


def test_a_callback_finds_the_weights_of_its_epoch_and_changes_nothing():
    x, y = pair()

    def trained(callbacks):
        model = made()
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


def test_a_rescaling_of_what_an_activation_has_bent_or_amid_the_layers_is_left_to_the_others():
    for layers in ([L.Dense(4, "relu"), L.Rescaling(2.0)], [L.Dense(4), L.Rescaling(2.0), L.Dense(4)]):
        with pytest.raises(Unsupported):
            describe(keras.Sequential([keras.Input((20,)), *layers]))


def test_a_table_with_gaps_and_categories_trains_as_by_the_jax_engine(tmp_path):
    random = np.random.default_rng(0)
    lines = ["rooms,town,price"]
    for number in range(120):
        rooms = "" if number % 11 == 0 else f"{random.normal(6, 1):.2f}"
        lines.append(f"{rooms},{'abc'[number % 3]},{random.normal(20, 5):.1f}")
    file = tmp_path / "houses.csv"
    file.write_text("\n".join(lines))
    train, _ = rowwise.load(file, target="price")
    both(lambda: rowwise.dense(train, hidden=(16,), seed=0), train)
