"""`rowwise.evaluate` and `rowwise.predict` are called as Keras's own are, and give rowwise's own results."""

import inspect

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import CallError, ModelError, UsageError

L = keras.layers
RECORDS = 50
random = np.random.default_rng(0)
X = random.normal(size=(RECORDS, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int32")
WEIGHTS = random.uniform(0.2, 3, RECORDS).astype("float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.Input((4,)), L.Dense(2, "softmax")])
    made.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"])
    return made


@pytest.fixture(scope="module")
def two():
    keras.utils.set_random_seed(1)
    a, b = keras.Input((4,)), keras.Input((2,))
    made = keras.Model([a, b], L.Dense(2, "softmax")(L.concatenate([a, b])))
    made.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        rows = slice(10 * index, 10 * index + 10)
        return X[rows], Y[rows]


def test_their_signatures_are_those_of_keras_and_our_own_arguments_come_after_them():
    for ours, theirs in ((rowwise.evaluate, keras.Model.evaluate), (rowwise.predict, keras.Model.predict)):
        expected = [name for name in inspect.signature(theirs).parameters if name not in ("self", "kwargs")]
        found = inspect.signature(ours).parameters
        assert list(found)[1 : len(expected) + 1] == expected
        assert all(found[name].kind is inspect.Parameter.KEYWORD_ONLY for name in list(found)[len(expected) + 1 :])


def test_records_and_labels_come_apart_or_together(model):
    expected = str(rowwise.evaluate(model, (X, Y)))
    for call in (
        lambda: rowwise.evaluate(model, X, Y),
        lambda: rowwise.evaluate(model, x=X, y=Y, batch_size=7, verbose=0),
        lambda: rowwise.evaluate(model, (X, Y), 7),
        lambda: rowwise.evaluate(model, data=(X, Y), threads=1),
    ):
        assert str(call()) == expected
    assert rowwise.evaluate(model, X, Y).loss == pytest.approx(model.evaluate(X, Y, verbose=0)[0], rel=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 7},
        {"sample_weight": WEIGHTS},
        {"steps": 2, "batch_size": 10},
        {"sample_weight": WEIGHTS - 1, "batch_size": 500},
    ],
)
def test_a_dict_has_the_loss_and_metrics_of_keras(model, options):
    found = rowwise.evaluate(model, X, Y, return_dict=True, verbose=0, **options)
    assert found == pytest.approx(model.evaluate(X, Y, return_dict=True, verbose=0, **options), rel=1e-6)


def test_a_dict_takes_streams_several_inputs_and_callbacks(model, two):
    class Steps(keras.callbacks.Callback):
        seen = 0

        def on_test_batch_end(self, batch, logs=None):
            self.seen += 1

    steps = Steps()
    found = rowwise.evaluate(model, Batches(), return_dict=True, verbose=0, callbacks=[[steps]])
    assert found == pytest.approx(model.evaluate(X, Y, batch_size=10, return_dict=True, verbose=0), rel=1e-5)
    assert steps.seen == 5
    parts = [X, X[:, :2]]
    found = rowwise.evaluate(two, parts, Y, return_dict=True, verbose=0)
    assert found == pytest.approx(two.evaluate(parts, Y, return_dict=True, verbose=0), rel=1e-6)


def test_what_a_report_cannot_count_is_refused_with_what_can(model):
    for options in ({"steps": 2}, {"callbacks": [keras.callbacks.Callback()]}):
        with pytest.raises(UsageError, match=f"{next(iter(options))}.*return_dict=True"):
            rowwise.evaluate(model, X, Y, **options)
    with pytest.raises(UsageError, match="return_dict=True"):
        rowwise.evaluate(model, Batches())


def test_predictions_take_the_arguments_of_keras(model, two, capsys):
    expected = model.predict(X, verbose=0)
    for call in (
        lambda: rowwise.predict(model, X, 7),
        lambda: rowwise.predict(model, x=X, batch_size=None, verbose=0),
        lambda: rowwise.predict(model, Batches()),
        lambda: rowwise.predict(model, X, callbacks=[keras.callbacks.Callback()], verbose=0),
    ):
        np.testing.assert_allclose(call().probabilities, expected, rtol=1e-5, atol=1e-6)
    assert len(rowwise.predict(model, X, batch_size=10, steps=2)) == 20
    assert len(rowwise.predict(model, Batches(), steps=3)) == 30
    parts = [X, X[:, :2]]
    np.testing.assert_allclose(
        rowwise.predict(two, parts).probabilities, two.predict(parts, verbose=0), rtol=1e-5, atol=1e-6
    )
    assert capsys.readouterr().out == ""
    rowwise.predict(model, X, verbose=2)
    assert capsys.readouterr().out


def test_slips_and_several_outputs_are_errors_in_words(model):
    with pytest.raises(CallError, match=r'"batchsize".*"batch_size"'):
        rowwise.predict(model, X, batchsize=3)
    with pytest.raises(CallError, match=r'"sample_weights".*"sample_weight"'):
        rowwise.evaluate(model, X, Y, sample_weights=WEIGHTS)
    inside = keras.Input((4,))
    several = keras.Model(inside, [L.Dense(1)(inside), L.Dense(1)(inside)])
    with pytest.raises(ModelError, match="2 output"):
        rowwise.predict(several, X)
