"""Models with parts of their user's own: whichever engine trains, the model learns and reports what Keras says."""

import keras
import numpy as np
import pytest

import rowwise


def data():
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    return x, (x[:, 0] > 0).astype("int32")


class Clip(keras.layers.Layer):
    """Says nothing of its shapes: only `call`."""

    def call(self, x):
        return keras.ops.clip(x, -2.0, 2.0)


class Counting(keras.layers.Layer):
    """Keeps a state."""

    def build(self, shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign(self.calls + 1)
        return x


class Extra(keras.Sequential):
    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, y, y_pred, sample_weight) | {"extra": 1.0}


class ExtraOfResults(keras.Sequential):
    def get_metrics_result(self):
        return super().get_metrics_result() | {"extra": 1.0}


class Doubled(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 2 * super().compute_loss(x, y, y_pred, sample_weight, training)


class Stepping(keras.Sequential):
    def train_step(self, state, data):
        logs, state = super().train_step(state, data)
        return logs | {"extra": 1.0}, state


class WithTestStep(keras.Sequential):
    def test_step(self, state, data):
        logs, state = super().test_step(state, data)
        return logs | {"extra": 1.0}, state


class Weighing(keras.layers.Dense):
    """A Dense layer with a custom scale."""

    def build(self, shape):
        super().build(shape)
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x):
        return super().call(x) * self.scale


def dense(units, end=None):
    return keras.layers.Dense(units, end)


def with_layer(layer):
    return keras.Sequential([keras.Input((6,)), layer, dense(2, "softmax")])


def of_class(kind):
    return kind([keras.Input((6,)), dense(2, "softmax")])


def frozen_variable(name):
    model = keras.Sequential([keras.Input((6,)), dense(8, "relu"), dense(2, "softmax")])
    getattr(model.layers[0], name).trainable = False
    return model


def frozen_layer():
    model = keras.Sequential([keras.Input((6,)), dense(8, "relu"), dense(2, "softmax")])
    model.layers[0].trainable = False
    return model


def shared_layer():
    records, layer = keras.Input((6,)), dense(6, "relu")
    return keras.Model(records, dense(2, "softmax")(layer(layer(records))))


def shared_with_another_model():
    records, layer = keras.Input((6,)), dense(6, "relu")
    keras.Model(records, layer(records))
    return keras.Model(records, dense(2, "softmax")(layer(records)))


def variable_by_hand():
    layer = dense(2, "softmax")
    layer.spare = layer.add_weight(shape=(3,), initializer="ones", name="spare")
    return keras.Sequential([keras.Input((6,)), layer])


def step_by_hand():
    model = of_class(keras.Sequential)
    own = model.train_step

    def train_step(state, data):
        logs, state = own(state, data)
        return logs | {"extra": 1.0}, state

    model.train_step = train_step
    return model


MODELS = {
    "a layer with only call()": lambda: with_layer(Clip()),
    "a layer with a state": lambda: with_layer(Counting()),
    "batch normalization": lambda: with_layer(keras.layers.BatchNormalization()),
    "a derived Dense": lambda: with_layer(Weighing(4)),
    "a frozen kernel": lambda: frozen_variable("kernel"),
    "a frozen bias": lambda: frozen_variable("bias"),
    "a frozen layer": frozen_layer,
    "a shared layer": shared_layer,
    "a layer of two models": shared_with_another_model,
    "a variable by hand": variable_by_hand,
    "compute_metrics": lambda: of_class(Extra),
    "get_metrics_result": lambda: of_class(ExtraOfResults),
    "compute_loss": lambda: of_class(Doubled),
    "train_step": lambda: of_class(Stepping),
    "test_step": lambda: of_class(WithTestStep),
    "train_step of one model": step_by_hand,
}


def compiled(name, optimizer="sgd"):
    keras.utils.set_random_seed(2)
    model = MODELS[name]()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("name", MODELS)
def test_it_trains_to_the_weights_and_figures_of_keras(name):
    x, y = data()
    options = {"batch_size": len(x), "verbose": 0}  # one batch: the order of records does not matter
    ours, theirs = compiled(name), compiled(name)
    history = rowwise.fit(ours, (x, y), epochs=2, validation=(x, y), **options)
    expected = theirs.fit(x, y, epochs=2, validation_data=(x, y), **options)
    assert history.history.keys() == expected.history.keys()
    for figure, values in expected.history.items():
        assert history.history[figure] == pytest.approx(values, rel=1e-4, abs=1e-6), figure
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        rowwise.predict(ours, x).probabilities, theirs.predict(x, verbose=0), rtol=1e-3, atol=1e-5
    )
    assert rowwise.evaluate(ours, (x, y)).accuracy == pytest.approx(theirs.evaluate(x, y, verbose=0)[1])


def test_what_a_layer_notes_at_each_step_is_noted_as_in_keras():
    """With `jit_compile=False` Keras runs the layer's Python at each step; where all Python is Keras's own, it may."""

    class Noting(keras.layers.Layer):
        calls = 0

        def call(self, x):
            type(self).calls += 1
            return x

    x = np.ones((40, 3), "float32")
    model = keras.Sequential([keras.Input((3,)), Noting(), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    before = Noting.calls
    assert rowwise.fit(model, x, x[:, :1], batch_size=4, verbose=0).rowwise["engine"] == "keras"
    assert Noting.calls - before >= 10
    plain = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    plain.compile("sgd", "mse", jit_compile=False)
    assert rowwise.fit(plain, x, x[:, :1], verbose=0).rowwise["engine"] != "keras"


def test_decay_of_a_variable_by_hand_is_not_forgotten():
    """It has no gradient, but the optimizer's weight decay changes it."""
    x, y = data()
    model = compiled("a variable by hand", keras.optimizers.AdamW(0.1, weight_decay=0.1))
    rowwise.fit(model, (x, y), epochs=1, verbose=0)
    assert (model.layers[0].spare.numpy() < 1).all()


def test_a_layer_thawed_after_the_optimizer_was_built_is_refused_as_by_keras():
    x, y = data()
    model = compiled("a frozen layer", "adam")
    model.optimizer.build(model.trainable_variables)
    model.layers[0].trainable = True
    with pytest.raises(Exception, match="variable") as raised:
        rowwise.fit(model, (x, y), verbose=0)
    assert not isinstance(raised.value, KeyError)
