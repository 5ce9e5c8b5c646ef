"""Validation as Keras has it, with whichever engine: weights go with their records, batches are those of training."""

import keras
import numpy as np
import pytest
from covering import each_once

import rowwise
from rowwise.errors import DataError

ENGINES = ("native", "whole_epoch", "keras")
CLOSE = {"rel": 1e-6, "abs": 1e-7}


def data(records=200):
    random = np.random.default_rng(0)
    x = random.normal(size=(records, 5)).astype("float32")
    y = (x[:, 0] > 0).astype("int32")
    return x, y, random.random(records).astype("float32") * 3


def frozen(loss="sparse_categorical_crossentropy", units=2, end="softmax", metric="accuracy"):
    """A model that training does not change: the validation of an epoch is that of the model as it was built."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(units, end)])
    model.compile(keras.optimizers.SGD(0.0), loss, metrics=[metric], weighted_metrics=[metric])
    return model


def validated(history):
    return {name: values[-1] for name, values in history.history.items() if name.startswith("val_")}


@pytest.mark.parametrize(
    ("engine", "of"),
    each_once(
        ENGINES,
        [
            ("sparse_categorical_crossentropy", 2, "softmax", "accuracy"),
            ("binary_crossentropy", 1, "sigmoid", "binary_accuracy"),
            ("mean_squared_error", 1, "linear", "mean_absolute_error"),
        ],
    ),
)
def test_records_of_its_own_may_have_weights(engine, of):
    loss, units, end, metric = of
    x, y, weights = data()
    options = {"batch_size": 32, "verbose": 0}
    ours = rowwise.fit(frozen(loss, units, end, metric), (x, y), validation=(x, y, weights), engine=engine, **options)
    theirs = frozen(loss, units, end, metric).fit(x, y, validation_data=(x, y, weights), **options)
    expected = validated(theirs)
    assert validated(ours) == {name: pytest.approx(value, **CLOSE) for name, value in expected.items()}
    assert expected[f"val_{metric}"] != pytest.approx(expected[f"val_weighted_{metric}"], rel=1e-3)


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_are_held_out_with_their_records_and_class_weights_are_for_training(engine):
    x, y, weights = data()
    model = frozen()
    ours = rowwise.fit(
        model,
        (x, y),
        validation=0.25,
        sample_weight=weights,
        class_weight={0: 5.0},
        seed=3,
        engine=engine,
        verbose=0,
    )
    labels = rowwise.Dataset("made", np.arange(200)[:, None], y, ("a", "b"))
    rows = labels.split(0.25, 3)[1].x[:, 0]  # the split that `fit` draws from the same seed
    expected = model.evaluate(x[rows], y[rows], sample_weight=weights[rows], batch_size=32, verbose=0, return_dict=True)
    assert validated(ours) == {f"val_{name}": pytest.approx(value, **CLOSE) for name, value in expected.items()}


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_validation_goes_in_batches_of_the_training(engine):
    """A loss that sums over a batch depends on how many records are in it."""
    x, y, _ = data()
    loss = keras.losses.SparseCategoricalCrossentropy(reduction="sum")
    options = {"batch_size": 25, "verbose": 0}
    ours = rowwise.fit(frozen(loss), (x, y), validation=(x, y), engine=engine, **options)
    theirs = frozen(loss).fit(x, y, validation_data=(x, y), **options)
    assert validated(ours) == {name: pytest.approx(value, **CLOSE) for name, value in validated(theirs).items()}


def test_a_sweep_holds_weights_out_too():
    x, y, weights = data()
    options = {"epochs": 1, "validation": 0.25, "sample_weight": weights}
    swept = rowwise.sweep(lambda seed: frozen(), (x, y), seeds=[3], **options)[0]
    assert validated(swept.history) == validated(rowwise.fit(frozen(), (x, y), seed=3, verbose=0, **options))
    own = rowwise.sweep(lambda seed: frozen(), (x, y), seeds=[3], validation=(x, y, weights))[0]
    assert validated(own.history) == validated(
        rowwise.fit(frozen(), (x, y), seed=3, validation=(x, y, weights), verbose=0)
    )


@pytest.mark.parametrize("weights", [np.ones(3), np.full(200, "heavy")])
def test_weights_of_the_validation_are_checked(weights):
    x, y, _ = data()
    with pytest.raises(DataError, match=r"(?i)weight"):
        rowwise.fit(frozen(), (x, y), validation=(x, y, weights), verbose=0)
