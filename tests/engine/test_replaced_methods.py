"""Methods that a user has put in place of Keras's, on one object: no engine trains as if they were not there."""

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import UsageError


def data():
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    return x, (x[:, 0] > 0).astype("int32")


def made():
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(2, "softmax")])
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(), metrics=[accuracy])
    return model, accuracy


def doubled(part, name):
    own = getattr(part, name)
    setattr(part, name, lambda *args, **kwargs: 2 * own(*args, **kwargs))


def stronger(optimizer):
    own = optimizer.update_step
    optimizer.update_step = lambda gradient, variable, rate: own(gradient, variable, 3 * rate)


REPLACED = {
    "call of a layer": lambda model, _: doubled(model.layers[0], "call"),
    "call of the model": lambda model, _: doubled(model, "call"),
    "call of a loss": lambda model, _: doubled(model.loss, "call"),
    "compute_loss": lambda model, _: doubled(model, "compute_loss"),
    "update_step": lambda model, _: stronger(model.optimizer),
    "result": lambda _, accuracy: doubled(accuracy, "result"),
}


@pytest.mark.parametrize("name", REPLACED)
def test_the_native_engine_says_that_it_cannot_run_it(name):
    model, accuracy = made()
    REPLACED[name](model, accuracy)
    with pytest.raises(UsageError, match=name.split()[0]):
        rowwise.fit(model, data(), engine="native", verbose=0)


def test_a_class_of_keras_that_somebody_changed_is_not_taken_for_keras(monkeypatch):
    own = keras.layers.Dense.call
    monkeypatch.setattr(keras.layers.Dense, "call", lambda layer, x, training=None: 2 * own(layer, x))
    with pytest.raises(UsageError, match="call"):
        rowwise.fit(made()[0], data(), engine="native", verbose=0)


def test_what_was_replaced_trains_as_in_keras():
    x, y = data()
    models = []
    for _ in range(2):
        model, accuracy = made()
        for replace in REPLACED.values():
            replace(model, accuracy)
        models.append(model)
    options = {"epochs": 2, "batch_size": len(x), "verbose": 0}
    history = rowwise.fit(models[0], (x, y), **options)
    expected = models[1].fit(x, y, **options)
    assert history.history == {name: pytest.approx(values, rel=1e-5) for name, values in expected.history.items()}
    for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_metric_of_several_numbers_is_in_the_history_and_in_the_table(capsys):
    x, y = data()
    labels = np.eye(2, dtype="float32")[y]
    results = []
    for fit in (lambda model, *xy, **rest: rowwise.fit(model, xy, **rest), keras.Model.fit):
        keras.utils.set_random_seed(2)
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, "softmax")])
        recall = keras.metrics.Recall(thresholds=[0.2, 0.5, 0.8], name="recall")
        metrics = [keras.metrics.F1Score(average=None), recall]
        model.compile("adam", "categorical_crossentropy", metrics=metrics)
        results.append(fit(model, x, labels, epochs=2, batch_size=len(x), verbose=2).history)
    ours, theirs = results
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        np.testing.assert_allclose(np.array(ours[name]), np.array(values), rtol=1e-5)
    first = np.array(ours["f1_score"])[0]
    assert f"{first[0]:.4f}/{first[1]:.4f}" in capsys.readouterr().err
