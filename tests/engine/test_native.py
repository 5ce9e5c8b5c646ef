"""The native engine, compared with the JAX engine, and with Keras's own predictions."""

import keras
import numpy as np
import pytest
from covering import each_once
from hypothesis import given, settings
from hypothesis import strategies as st

import rowwise
from rowwise.engine import native
from rowwise.engine.native.description import describe
from rowwise.engine.protocol import Unsupported
from rowwise.errors import UsageError

pytestmark = pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
L = keras.layers


def classifier(activation="relu", end="softmax", units=4, seed=3):
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
        model = classifier(activation)
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
    model = classifier()
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert np.isnan(rowwise.fit(model, pair(), engine="native", verbose=0, on_divergence="continue").history["loss"][0])


@pytest.mark.parametrize(
    ("layers", "part"),
    [
        ([L.Dense(4), L.UnitNormalization()], "UnitNormalization"),
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
        assert history.rowwise.engine == engine
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
    "nadam": lambda: opt.Nadam(0.003, beta_1=0.8),
    "lion": lambda: opt.Lion(0.003, weight_decay=0.02),
    "clipped": lambda: opt.SGD(0.5, global_clipnorm=0.1),
    "clipped_each": lambda: opt.Adam(0.003, clipnorm=0.01),
    "clipped_numbers": lambda: opt.SGD(0.5, clipvalue=0.01, momentum=0.5),
    "averaged": lambda: opt.Adam(0.003, use_ema=True, ema_momentum=0.7),
    "averaged_sgd": lambda: opt.SGD(0.05, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=4),
    "averaged_lion": lambda: opt.Lion(0.003, use_ema=True, ema_momentum=0.5, global_clipnorm=0.1),
    "clipped_nadam": lambda: opt.Nadam(sch.ExponentialDecay(0.01, 3, 0.5), clipvalue=0.01, weight_decay=0.1),
    "schedule": lambda: opt.SGD(sch.ExponentialDecay(0.1, 3, 0.5)),
    "steps": lambda: opt.Adam(sch.PiecewiseConstantDecay([2, 4], [0.01, 0.001, 0.0001])),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_equals_the_jax_engine(optimizer):
    def build():
        model = classifier("tanh")
        model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    both(build, pair(96))  # batches of one size: XLA compiles one step


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
    x, labels = pair(96)
    y = labels if kind is None else targets(kind, 96)

    def build():
        model = classifier("elu", end)
        model.compile(opt.SGD(0.05, momentum=0.5), function(), metrics=[] if kind is None else ["mse"])
        return model

    both(build, (x, y), validation=(x[:32], y[:32]))


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
        # Separate biases: records of zeros alone would give ties, which rounding breaks.
        last = L.Dense(3, bias_initializer="random_normal")
        model = keras.Sequential([keras.Input((features,)), first, *hidden, last])
        model.compile(opt.SGD(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        return model

    both(build, (x, random.integers(0, 3, 81).astype("int32")), epochs=1, batch_size=batch_size)


def test_at_zero_the_gradient_of_an_absolute_value_is_that_of_jax():
    def build():
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.Input((20,)), L.Dense(5, "relu", bias_regularizer=reg.L1(0.02)), L.Dense(2, "relu")]
        )
        model.compile(opt.SGD(0.01), "mae")
        return model

    both(build, (pair()[0], np.zeros((75, 2), "float32")), epochs=1, batch_size=75)


@pytest.mark.parametrize(("one_hot", "batch_size"), each_once([False, True], [33, 100, 200]))
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


def test_metrics_of_other_kinds_are_kept_too():
    x, labels = pair()

    def build():
        model = classifier("tanh")
        metrics = ["accuracy", keras.metrics.F1Score(average="macro"), keras.metrics.TopKCategoricalAccuracy(2)]
        model.compile(opt.SGD(0.05), "categorical_crossentropy", metrics=metrics)
        return model

    both(build, (x, np.eye(4, dtype="float32")[labels]), validation=0.2)


@pytest.mark.parametrize("end", ["softmax", "linear", "sigmoid"])
def test_predictions_equal_keras(end):
    model = classifier("gelu", end)
    for records in (1, 75):
        x = pair(records)[0]
        np.testing.assert_allclose(
            rowwise.engine.predict_proba(model, x), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6
        )


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
    both(lambda: rowwise.dense(train, hidden=(16,), dropout=0.0, seed=0), train)
