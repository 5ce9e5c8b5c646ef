"""What is compiled serves further trainings; what builds a model computes nothing."""

import jax
import keras
import numpy as np
import pytest

import rowwise
from rowwise.engine.compiled_steps import QUICKLY, compiler_options
from rowwise.environment import xla_flags

calls = {"all": 0, "with numbers": 0}


class Counted(keras.layers.Dense):
    """Counts how often it is traced, and how often it is called with numbers."""

    def call(self, x):
        calls["all"] += 1
        calls["with numbers"] += isinstance(x, jax.Array) and not isinstance(x, jax.core.Tracer)
        return super().call(x)


class Failing(keras.layers.Layer):
    """Answers no question about itself."""

    @property
    def units(self):
        raise RuntimeError("units")

    @property
    def activation(self):
        raise RuntimeError("activation")

    def call(self, x):
        return 2 * x


def data(records):
    x = np.random.default_rng(0).normal(size=(records, 6)).astype("float32")
    return x, (x[:, 0] > 0).astype("int32")


def compiled(model, loss="sparse_categorical_crossentropy"):
    model.compile("sgd", loss)
    return model


def traces_of(model, records, **options):
    before = calls["all"]
    history = rowwise.fit(model, data(records), engine="whole_epoch", verbose=0, **options)
    assert len(history.history["loss"]) == history.params["epochs"]
    return calls["all"] - before


def test_a_data_set_that_grows_is_not_compiled_again():
    """Neither its records nor those it is validated with; only a last batch of another size is another step."""
    model = compiled(keras.Sequential([keras.Input((6,)), Counted(2, "softmax")]))
    assert traces_of(model, 320, validation_data=data(64)) > 0
    for records in (352, 384, 256 + 128):
        assert traces_of(model, records, validation_data=data(records // 64 * 32)) == 0
    assert traces_of(model, 353) > 0
    assert traces_of(model, 321) == 0


@pytest.mark.parametrize("records", [20, 64, 300, 384, 385])
def test_room_for_more_records_changes_nothing(records):
    x, y = data(records)
    results = []
    for fit in (lambda *xy, **rest: rowwise.fit(*xy, engine="whole_epoch", **rest), keras.Model.fit):
        keras.utils.set_random_seed(1)
        model = compiled(keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, "softmax")]))
        fit(model, x, y, epochs=2, shuffle=False, verbose=0)
        results.append(model.get_weights())
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


class Own(keras.Model):
    """Has no shapes before it is called."""

    def __init__(self):
        super().__init__()
        self.dense = Counted(2, "softmax")

    def call(self, x):
        return self.dense(x)


def test_a_model_that_is_not_built_is_built_from_shapes():
    calls["with numbers"] = 0
    rowwise.fit(compiled(Own()), data(64), verbose=0)
    assert calls["with numbers"] == 0


def test_a_layer_that_fails_to_answer_is_trained_all_the_same():
    x, y = data(64)
    weights = []
    for fit in (rowwise.fit, keras.Model.fit):
        keras.utils.set_random_seed(1)
        model = compiled(keras.Sequential([keras.Input((6,)), keras.layers.Dense(2), Failing()]), "mse")
        fit(model, x, np.eye(2, dtype="float32")[y], batch_size=64, verbose=0)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_an_error_of_the_users_own_is_the_one_that_keras_shows():
    class Broken(keras.layers.Layer):
        def call(self, x):
            raise RuntimeError("broken by its author")

    with pytest.raises(RuntimeError, match="broken by its author"):
        rowwise.fit(compiled(keras.Sequential([Broken(), keras.layers.Dense(2, "softmax")])), *data(64), verbose=0)


def test_xla_knows_the_options_it_is_given():
    """One that it does not know would be left out with all the others, without a word."""
    options = compiler_options(compiled(keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])))
    assert len(options) == 2
    lowered = jax.jit(lambda x: x @ x).lower(np.ones((3, 3), "float32"))
    assert lowered.compile(compiler_options={**options, **QUICKLY})(np.ones((3, 3), "float32")).shape == (3, 3)
    with pytest.raises(jax.errors.JaxRuntimeError):
        lowered.compile(compiler_options={"xla_of_nobody": 1})


def test_what_a_user_has_told_xla_is_known(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_backend_optimization_level=1  --xla_cpu_enable_fast_math")
    assert xla_flags() == {"xla_backend_optimization_level": "1", "xla_cpu_enable_fast_math": ""}
    monkeypatch.delenv("XLA_FLAGS")
    assert xla_flags() == {}


@pytest.mark.parametrize("records", [7, 16, 70])
def test_a_last_batch_of_another_size_is_trained_as_keras_does(records):
    """Where it is the only one, where there is none, and where it has a program of its own."""
    models = []
    for trained in (rowwise.fit, keras.Model.fit):
        keras.utils.set_random_seed(3)
        layers = [keras.layers.Embedding(2, 3), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
        model = keras.Sequential([keras.Input((6,)), *layers])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        x, y = data(records)
        history = trained(model, (x > 0).astype("int32"), y, batch_size=16, epochs=3, shuffle=False, verbose=0)
        models.append((model.get_weights(), history.history))
    (ours, figures), (theirs, expected) = models
    for found, weights in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found, weights, atol=1e-5)
    assert {name: pytest.approx(values, abs=1e-5) for name, values in expected.items()} == figures
