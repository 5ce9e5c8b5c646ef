"""The policy `mixed_bfloat16` in the native engine, compared with the JAX engine, with Keras and with float64."""

import keras
import numpy as np
import pytest

import rowwise
from rowwise.engine import native, predict_proba
from rowwise.engine.native.bfloat16 import rounded, why_not
from rowwise.engine.native.description import describe
from rowwise.engine.native.network_description import LayerDescription, LossDescription, NetworkDescription
from rowwise.engine.native.step_plan import StepPlan
from rowwise.engine.prediction import Predictor
from rowwise.engine.protocol import Unsupported
from rowwise.errors import UsageError

runs = pytest.mark.skipif(not (native.instruction_sets() and native.set_in_bfloat16()), reason="nothing runs bfloat16")
L = keras.layers
MIXED = "mixed_bfloat16"
UNIT = 2.0**-8  # of rounding to eight bits, relative
SEED = 5  # with which no unit of a relu stands so near to its kink that rounding takes it to the other side


@pytest.fixture(autouse=True)
def policy():
    """Models that a test builds are mixed."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(MIXED)
    yield
    keras.config.set_dtype_policy(before)


def chain(*layers, features=20):
    return keras.Sequential([keras.Input((features,)), *layers])


def pair(n=75, units=4, features=20):
    random = np.random.default_rng(1)
    x = random.normal(size=(n, features)) * (random.random((n, features)) >= 0.5)
    return x.astype("float32"), random.integers(0, units, n).astype("int32")


def pictures(n=70):
    random = np.random.default_rng(2)
    x = random.integers(0, 256, (n, 5, 7), np.uint8) * (random.random((n, 5, 7)) >= 0.4)
    return x.astype("uint8"), random.integers(0, 3, n).astype("int32")


def is_rounded(values):
    """Whether every number is one of bfloat16's."""
    return not (np.ascontiguousarray(values, np.float32).view(np.uint32) & 0xFFFF).any()


def close(mine, theirs, start, part):
    """Whether what was learned differs by no more than this part of it.

    That is, of each array's largest change, or of a tenth of the largest of all where its gradients cancel.
    """
    changes = [np.abs(b - before).max() for b, before in zip(theirs, start, strict=True)]
    for a, b, change in zip(mine, theirs, changes, strict=True):
        assert np.abs(a - b).max() <= part * max(change, max(changes) / 10)


def trained_by_both(
    build, data, loss="sparse_categorical_crossentropy", optimizer=None, part=0.05, metrics=("accuracy",)
):
    """Two epochs by both engines; returns the model of this one and both histories."""
    results = []
    for engine in ("native", "whole_epoch"):
        keras.utils.set_random_seed(SEED)
        model = build()
        model.compile(
            optimizer() if optimizer else keras.optimizers.SGD(0.05, momentum=0.9), loss, metrics=list(metrics)
        )
        start = model.get_weights()
        history = rowwise.fit(model, data, epochs=2, engine=engine, verbose=0)
        assert history.rowwise.engine == engine
        results.append((model, start, history.history))
    (mine, start, one), (theirs, _, other) = results
    np.testing.assert_allclose(one["loss"], other["loss"], rtol=4 * UNIT)
    close(mine.get_weights(), theirs.get_weights(), start, part)
    return mine, one, other


@runs
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid"])
def test_two_epochs_learn_what_the_jax_engine_does(activation):
    # Both round z, h and their gradients; Keras rounds the gradients of the weights too, XLA not always in between.
    # A unit that rounding takes to the other side of a kink passes on another gradient.
    part = 0.25 if activation in ("relu", "leaky_relu") else 0.03
    trained_by_both(
        lambda: chain(L.Dense(17, activation), L.Dense(9, activation), L.Dense(4, "softmax")), pair(), part=part
    )


ENDS = {
    "softmax": (lambda: [L.Dense(4, "softmax")], "sparse_categorical_crossentropy"),
    "softmax in float32": (lambda: [L.Dense(4, "softmax", dtype="float32")], "sparse_categorical_crossentropy"),
    "activation in float32": (
        lambda: [L.Dense(4), L.Activation("softmax", dtype="float32")],
        "sparse_categorical_crossentropy",
    ),
    "logits": (lambda: [L.Dense(4)], keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
    "layers": (lambda: [L.Dense(4), L.LeakyReLU(), L.Dense(4), L.Softmax()], "sparse_categorical_crossentropy"),
}


@runs
@pytest.mark.parametrize("end", ENDS)
def test_every_end_learns_what_the_jax_engine_does(end):
    layers, loss = ENDS[end]
    model, *_ = trained_by_both(lambda: chain(L.Dense(17, "relu"), *layers()), pair(), loss)
    outputs = predict_proba(model, pair()[0])
    assert is_rounded(outputs) == ("float32" not in end)
    np.testing.assert_allclose(outputs, np.asarray(model.predict(pair()[0], verbose=0), "f"), rtol=0, atol=4 * UNIT)


@runs
def test_regression_learns_what_the_jax_engine_does():
    x, _ = pair()
    y = (x[:, :3] * [1, -2, 0.5]).astype("float32")
    trained_by_both(lambda: chain(L.Dense(16, "tanh"), L.Dense(3)), (x, y), "mse", metrics=())


OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.003, epsilon=1e-3),
    "adamw": lambda: keras.optimizers.AdamW(0.003, weight_decay=0.1, epsilon=1e-3),
    "clipped": lambda: keras.optimizers.SGD(0.1, global_clipnorm=0.1),
    "averaged": lambda: keras.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.7),
}


@runs
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_work_on_weights_in_float32(optimizer):
    model, *_ = trained_by_both(
        lambda: chain(L.Dense(17, "relu"), L.Dense(4, "softmax")), pair(), optimizer=OPTIMIZERS[optimizer], part=0.1
    )
    assert not any(is_rounded(weight) for weight in model.get_weights())
    assert {str(variable.dtype) for variable in model.variables} == {"float32"}


@runs
def test_steps_too_small_for_bfloat16_add_up():
    model = chain(L.Dense(4, "softmax"))
    model.compile(keras.optimizers.SGD(1e-4), "sparse_categorical_crossentropy")
    before = model.get_weights()[0]
    rowwise.fit(model, pair(), epochs=1, engine="native", verbose=0)
    change = np.abs(model.get_weights()[0] - before)
    assert 0 < change.max() < UNIT * np.abs(before).max() / 4


@runs
def test_pictures_of_bytes_and_records_with_dropout_learn():
    def build():
        layers = [keras.Input((5, 7)), L.Rescaling(1 / 255), L.Flatten(), L.Dense(12, "relu"), L.Dense(3, "softmax")]
        return keras.Sequential(layers)

    trained_by_both(build, pictures())
    x, y = pictures()
    trained_by_both(build, (x.astype("float32"), y))  # rounded before and after the scale

    # Masks are the engine's own, so what is learned is compared with what it is worth: the loss falls as without.
    model = chain(L.Dropout(0.1), L.Dense(32, "relu"), L.Dropout(0.2), L.Dense(4, "softmax"))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    losses = rowwise.fit(model, pair(), epochs=30, engine="native", verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]


@runs
def test_normalizations_and_residual_blocks_learn_what_the_jax_engine_does():
    def build():
        records = keras.Input((20,))
        wide = L.Dense(16, "relu")(records)
        block = L.Dense(16)(L.LayerNormalization()(wide))
        block = L.Activation("relu")(L.BatchNormalization()(block))
        return keras.Model(records, L.Dense(4, "softmax")(L.Add()([wide, block])))

    # Statistics of a batch, of rounded numbers: their gradients are small differences.
    trained_by_both(build, pair(), optimizer=lambda: keras.optimizers.SGD(0.05), part=0.15)


def described(units=(37, 21, 5), n=51, **options):
    """Dense layers in bfloat16, of so many units."""
    sizes = list(zip((30, *units), units, strict=False))
    layers = [LayerDescription(a, b, "gelu", bfloat16=True, rounds_outputs=True) for a, b in sizes[:-1]]
    last = LayerDescription(*sizes[-1], "softmax", bfloat16=True, rounds_outputs=True)
    loss = LossDescription("sparse_categorical_crossentropy")
    return NetworkDescription((*layers, last), loss, batch_size=n, **options)


def written(network, dtype="float32"):
    random = np.random.default_rng(5)
    for index in range(network.arrays):
        network.write(index, (random.normal(size=network.size(index)) * 0.3).astype(dtype))
    return network


@runs
def test_gradients_are_those_of_float64_but_for_rounding():
    description = described()
    random = np.random.default_rng(6)
    x, y = random.normal(size=(51, 30)).astype("float32"), random.integers(0, 5, 51).astype("int32")
    mine, exact = written(native.network(description)), written(native.network(description, float64=True), "float64")
    assert mine.isa == native.set_in_bfloat16() != exact.isa
    of_mine, of_exact = mine.records(x, y), exact.records(x.astype("float64"), y)
    order = np.arange(51, dtype=np.int32)
    for index in range(mine.arrays):
        gradient, expected = np.empty(mine.size(index), "float32"), np.empty(mine.size(index), "float64")
        loss, exact_loss = of_mine.gradient(order, 0, index, gradient), of_exact.gradient(order, 0, index, expected)
        assert loss == pytest.approx(exact_loss, rel=2 * UNIT)
        assert np.abs(gradient - expected).max() < 3 * UNIT * np.abs(expected).max()
        assert not is_rounded(gradient)  # sums stay float32


@runs
@pytest.mark.parametrize("takes_bytes", [False, True])
def test_every_plan_and_number_of_threads_gives_the_same_bits(takes_bytes):
    description = described((150, 131, 10), 61, bytes=takes_bytes, scale=rounded(1 / 255) if takes_bytes else 1.0)
    random = np.random.default_rng(7)
    x = random.integers(0, 256, (200, 30), np.uint8) * (random.random((200, 30)) > 0.4)
    x = x.astype("uint8") if takes_bytes else (x / 255).astype("float32")
    y = random.integers(0, 10, 200).astype("int32")
    order = random.permutation(200).astype("int32")
    found = []
    for threads, by_records, task, block, chunk in (
        *[(1, False, 16, 256, 256), (2, False, 16, 64, 64), (3, True, 5, 16, 4), (2, True, 32, 128, 12)],
        *[(3, False, 1, 256, 8), (1, True, 7, 32, 256)],
    ):
        network = written(native.network(description, StepPlan(threads, by_records, task, block, chunk)))
        rates = np.full(4, 0.01, np.float32)
        epoch = network.records(x, y).epoch(order, rates, np.full((4, 5), 0.5), 9)
        epoch.run(100.0)
        values = [np.empty(network.size(index), np.float32) for index in range(network.arrays)]
        for index, array in enumerate(values):
            network.read(index, array)
        found.append((epoch.progress, values))
    for progress, values in found[1:]:
        assert progress == found[0][0]
        for a, b in zip(values, found[0][1], strict=True):
            np.testing.assert_array_equal(a, b)


@runs
def test_a_saved_model_predicts_the_same_bits_and_trains_on(tmp_path):
    model = chain(L.Dense(17, "relu"), L.Dense(4, "softmax"))
    model.compile("adam", "sparse_categorical_crossentropy")
    history = rowwise.fit(model, pair(), epochs=2, verbose=0)
    assert history.rowwise.engine == "native"
    assert native.set_in_bfloat16() in history.rowwise.reason
    x, y = pair()
    before = predict_proba(model, x)
    np.testing.assert_array_equal(Predictor(model).outputs(x[:5]), before[:5])
    model.save(tmp_path / "m.keras")
    keras.config.set_dtype_policy("float32")
    saved = rowwise.open(tmp_path / "m.keras")
    np.testing.assert_array_equal(predict_proba(saved.model, x), before)
    evaluated = rowwise.fit(saved.model, (x, y), epochs=1, verbose=0)
    assert evaluated.rowwise.engine == "native"


@runs
def test_validation_rounds_as_predictions_do():
    model = chain(L.Dense(17, "relu"), L.Dense(4, "softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = pair()
    history = rowwise.fit(model, (x, y), validation_data=(x, y), epochs=1, verbose=0).history
    outputs = predict_proba(model, x)
    assert history["val_accuracy"][0] == pytest.approx(np.mean(outputs.argmax(1) == y))
    assert history["val_loss"][0] == pytest.approx(-np.log(outputs[np.arange(len(y)), y]).mean(), rel=1e-5)


@runs
def test_a_layer_may_be_mixed_by_itself():
    keras.config.set_dtype_policy("float32")
    layers = [L.Dense(17, "relu", dtype=MIXED), L.Dense(9, "relu"), L.Dense(4, "softmax", dtype=MIXED)]
    graph = describe(chain(*layers))
    assert [layer.bfloat16 for layer in graph.layers] == [True, False, True]
    assert not graph.mixed


REFUSED = {
    "table's features": lambda: chain(L.Normalization(mean=[0.0] * 20, variance=[1.0] * 20), L.Dense(4)),
    "scaled outputs": lambda: chain(L.Dense(4), L.Rescaling(2.0)),
    "another half": lambda: chain(L.Dense(4, dtype="mixed_float16")),
    "rounded by its activation": lambda: chain(L.Dense(4, dtype="float32"), L.Activation("relu")),
    "scaled in float32": lambda: chain(L.Rescaling(2.0, dtype="float32"), L.Dense(4)),
    "dropped in float32": lambda: chain(L.Dense(9), L.Dropout(0.5, dtype="float32"), L.Dense(4)),
}


@runs
@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_rounded_otherwise_is_refused_by_name(name):
    with pytest.raises(Unsupported, match=r'^\w+ "\w+", (mixed_bfloat16|mixed_float16|float32)$'):
        describe(REFUSED[name]())


@pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
@pytest.mark.parametrize("language", ["en", "ko"])
def test_where_nothing_runs_bfloat16_the_reason_is_said(monkeypatch, language):
    slowest = [name for name, here in native.instruction_sets() if here][-1]
    if native.set_in_bfloat16():
        monkeypatch.setenv("ROWWISE_ISA", slowest)
    monkeypatch.setenv("ROWWISE_LANG", language)
    assert why_not().startswith(f"{MIXED}: ")
    model = chain(L.Dense(4, "softmax"))
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = rowwise.fit(model, pair(), verbose=0)
    assert history.rowwise.engine == "whole_epoch"
    assert why_not() in history.rowwise.reason
    with pytest.raises(UsageError, match=MIXED):
        rowwise.fit(model, pair(), engine="native", verbose=0)
    outputs = predict_proba(model, pair()[0])
    np.testing.assert_array_equal(outputs, np.asarray(model.predict(pair()[0], verbose=0), np.float32))


def test_numbers_are_rounded_to_the_nearest_of_eight_bits():
    import ml_dtypes

    numbers = np.random.default_rng(1).normal(size=300).astype("float32")
    numbers[:3] = [1 + 2**-8, 1 + 3 * 2**-8, 1 / 255]  # halfway down, halfway up
    assert [rounded(one) for one in numbers] == list(numbers.astype(ml_dtypes.bfloat16).astype("float32"))
