"""What is compiled serves further trainings; what builds a model computes nothing."""

import jax
import keras
import numpy as np
import pytest

import rowwise

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
