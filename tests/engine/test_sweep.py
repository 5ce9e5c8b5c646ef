"""Several seeds at once train what each would train alone."""

import keras
import numpy as np
import pytest

import rowwise
from rowwise.engine import native


@pytest.fixture(scope="module")
def data():
    return rowwise.load("digits")[0][:400]


def build(data, **options):
    return lambda seed: rowwise.dense(data, hidden=(20,), seed=seed, **options)


@pytest.mark.parametrize("validation", [None, 0.2])
def test_each_model_is_the_one_that_fit_trains_with_its_seed(data, validation):
    fitted = rowwise.sweep(build(data, dropout=0.2), data, seeds=(3, 0, 7), epochs=2, validation=validation)
    assert [one.seed for one in fitted] == [3, 0, 7]
    for one in fitted:
        alone = build(data, dropout=0.2)(one.seed)
        history = rowwise.fit(alone, data, epochs=2, seed=one.seed, validation=validation, verbose=0)
        assert one.history.rowwise["engine"] == history.rowwise["engine"]
        for a, b in zip(one.model.get_weights(), alone.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        assert one.history.history == history.history


def test_models_of_other_kinds_are_trained_one_after_another(data):
    def other(seed):
        keras.utils.set_random_seed(seed)
        layers = keras.layers
        model = keras.Sequential(
            [keras.Input((8, 8)), layers.Flatten(), layers.BatchNormalization(), layers.Dense(10, "softmax")]
        )
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    one, two = rowwise.sweep(other, data, seeds=(0, 1), epochs=1)
    assert one.history.rowwise["engine"] == "whole_epoch"
    assert one.history.history["loss"] != two.history.history["loss"]


def test_what_makes_no_sense_is_refused(data):
    with pytest.raises(rowwise.RowwiseError, match="workers"):
        rowwise.sweep(build(data), data, seeds=(0,), workers=0)
    with pytest.raises(rowwise.RowwiseError, match="epochs"):
        rowwise.sweep(build(data), data, seeds=(0,), epochs=0)


@pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
def test_a_mistake_in_one_of_them_reaches_the_caller(data, monkeypatch):
    from rowwise.engine.native import run

    def broken(*arguments, **options):
        raise MemoryError("no room")

    monkeypatch.setattr(run, "_rates", broken)
    with pytest.raises(MemoryError, match="no room"):
        rowwise.sweep(build(data), data, seeds=(0, 1))
