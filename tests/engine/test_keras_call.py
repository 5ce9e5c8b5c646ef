"""`rowwise.fit` is called as `Model.fit` is: each argument, side by side with Keras, in the same order of records."""

import inspect
import pickle
from importlib.util import find_spec

import keras
import numpy as np
import pytest

import rowwise
from rowwise.engine import epoch_order
from rowwise.errors import CallError, Suspicious, UsageError
from rowwise.text import use_language

ENGINES = ("auto", "whole_epoch", "keras")
RECORDS, BATCH = 40, 8
random = np.random.default_rng(0)
X = random.normal(size=(RECORDS, 4)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype("int32")
WEIGHTS = random.uniform(0.2, 3, RECORDS).astype("float32")
HELD = (X[:21] * 0.9, Y[:21])


def net(loss="sparse_categorical_crossentropy", units=2, end="softmax", **options):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(units, end)])
    options = {"metrics": ["accuracy"], "weighted_metrics": ["accuracy"], **options}
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, **options)
    return model


class Calls(keras.callbacks.Callback):
    """The calls of an epoch's hooks, each with the names and values of its logs."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def _note(self, hook, *arguments):
        *numbers, logs = arguments
        self.seen.append((hook, *numbers, {name: float(value) for name, value in (logs or {}).items()}))

    def on_train_begin(self, logs=None):
        self._note("train begin", self.params["epochs"], self.params["steps"], logs)

    def on_epoch_begin(self, epoch, logs=None):
        self._note("epoch begin", epoch, logs)

    def on_test_begin(self, logs=None):
        self._note("test begin", logs)

    def on_test_end(self, logs=None):
        self._note("test end", logs)

    def on_epoch_end(self, epoch, logs=None):
        self._note("epoch end", epoch, logs)

    def on_train_end(self, logs=None):
        self._note("train end", logs)


def close(found, expected):
    """Nested values that are equal but for rounding."""
    if isinstance(expected, float):
        return found == pytest.approx(expected, rel=2e-4, abs=2e-5, nan_ok=True)
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(close(found[name], expected[name]) for name in expected)
    if isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(close, found, expected))
    return found == expected


def same(build, ours, theirs=None, **options):
    """Train by rowwise and by Keras, and compare History, callbacks' calls and weights."""
    models, seen, histories = (build(), build()), (Calls(), Calls()), []
    histories.append(rowwise.fit(models[0], **ours, **options, callbacks=[seen[0]], verbose=0))
    theirs = {name: value for name, value in ours.items() if name != "engine"} if theirs is None else theirs
    histories.append(models[1].fit(**theirs, **options, callbacks=[seen[1]], verbose=0))
    assert histories[0].epoch == histories[1].epoch
    assert close(histories[0].history, histories[1].history), (histories[0].history, histories[1].history)
    assert close(seen[0].seen, seen[1].seen), (seen[0].seen, seen[1].seen)
    for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)
    return histories[0]


ARGUMENTS = {
    "x, y": {},
    "batch_size": {"batch_size": 7},
    "batch_size above the records": {"batch_size": 500},
    "epochs": {"epochs": 3},
    "initial_epoch": {"epochs": 4, "initial_epoch": 2},
    "validation_split": {"validation_split": 0.3},
    "validation_split with weights": {"validation_split": 0.3, "sample_weight": WEIGHTS},
    "validation_data": {"validation_data": HELD},
    "validation_data with weights": {"validation_data": (*HELD, WEIGHTS[:21])},
    "validation_data, a list": {"validation_data": list(HELD)},
    "validation_batch_size": {"validation_data": HELD, "validation_batch_size": 5},
    "validation_steps": {"validation_data": HELD, "validation_batch_size": 5, "validation_steps": 2},
    "validation_steps alone": {"validation_data": HELD, "validation_steps": 2, "batch_size": None},
    "validation_freq": {"validation_data": HELD, "epochs": 4, "validation_freq": 2},
    "validation_freq, a list": {"validation_data": HELD, "epochs": 3, "validation_freq": [1, 3]},
    "steps_per_epoch": {"steps_per_epoch": 2, "epochs": 5, "batch_size": 10},
    "steps_per_epoch alone": {"steps_per_epoch": 4, "batch_size": None},
    "sample_weight": {"sample_weight": WEIGHTS},
    "sample_weight, a column": {"sample_weight": WEIGHTS[:, None]},
    "sample_weight below 0": {"sample_weight": WEIGHTS - 1},
    "class_weight": {"class_weight": {0: 3.0}},
    "class_weight below 0": {"class_weight": {0: 1.5, 1: -0.5}},
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_argument_means_what_it_means_in_keras(name, fastest):
    options = {"epochs": 2, "batch_size": BATCH, "shuffle": False, **ARGUMENTS[name]}
    assert same(net, {"x": X, "y": Y, **options}).rowwise["engine"] == fastest


TOGETHER = {
    "weights": ("epochs", "sample_weight", "validation_split"),
    "classes": ("class_weight below 0", "validation_steps", "validation_freq, a list"),
    "steps": ("steps_per_epoch", "validation_batch_size"),
    "resumed": ("initial_epoch", "batch_size above the records"),
}


@pytest.mark.parametrize("engine", ["whole_epoch", "keras"])
@pytest.mark.parametrize("names", TOGETHER.values(), ids=TOGETHER)
def test_every_engine_takes_the_arguments_of_keras(names, engine):
    options = {"epochs": 2, "batch_size": BATCH, "shuffle": False}
    for name in names:
        options |= ARGUMENTS[name]
    assert same(net, {"x": X, "y": Y, **options, "engine": engine}).rowwise["engine"] == engine


@pytest.mark.parametrize("engine", ["whole_epoch", "keras"])
def test_losses_that_sum_depend_on_the_batches_as_in_keras(engine):
    def build():
        return net(keras.losses.SparseCategoricalCrossentropy(reduction="sum"))

    options = {"epochs": 2, "batch_size": BATCH, "shuffle": False, "validation_batch_size": 5}
    same(build, {"x": X, "y": Y, "validation_data": HELD, **options, "engine": engine})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_shuffled_records_train_as_by_hand_in_the_order_of_the_seed(shuffle, engine):
    ours, by_hand = net(), net()
    history = rowwise.fit(ours, X, Y, BATCH, 2, 0, shuffle=shuffle, seed=5, engine=engine)
    seen = []
    for epoch in range(2):
        order = epoch_order(5, epoch, RECORDS)
        if shuffle == "batch":
            order = np.concatenate([[r for r in order if r // BATCH == batch] for batch in range(RECORDS // BATCH)])
            assert sorted(order[:BATCH]) == list(range(BATCH))
            assert list(order) != list(range(RECORDS))
        losses = []
        for rows in order.reshape(-1, BATCH):
            by_hand.reset_metrics()  # some releases of Keras give the mean of all batches so far
            losses.append(float(by_hand.train_on_batch(X[rows], Y[rows], return_dict=True)["loss"]))
        seen.append(np.mean(losses))
    np.testing.assert_allclose(history.history["loss"], seen, rtol=1e-4)
    for one, other in zip(ours.get_weights(), by_hand.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_epochs_of_fewer_steps_go_on_where_the_last_one_ended(engine):
    """Of 5 batches and 2 steps an epoch the third epoch has one step alone: Keras warns that its data ran out."""
    options = {"x": X, "y": Y, "epochs": 4, "batch_size": BATCH, "steps_per_epoch": 2, "shuffle": False}
    with pytest.warns(UserWarning, match="ran out of data"):
        same(net, {**options, "engine": engine})


def test_more_steps_than_there_are_batches_are_said_to_be():
    options = {"batch_size": BATCH, "verbose": 0, "validation_data": HELD}
    with pytest.warns(Suspicious, match="steps_per_epoch is 9, but there are only 5 batches"):
        assert len(rowwise.fit(net(), X, Y, steps_per_epoch=9, **options).epoch) == 1
    with pytest.warns(Suspicious, match="validation_steps is 9, but there are only 3 batches"):
        rowwise.fit(net(), X, Y, validation_steps=9, **options)


def test_the_signature_is_that_of_keras_and_our_own_arguments_come_after_it():
    keras_own = inspect.signature(keras.Model.fit).parameters
    ours = inspect.signature(rowwise.fit).parameters
    assert list(ours)[: len(keras_own)] == ["model", *list(keras_own)[1:]]
    for name, parameter in list(keras_own.items())[1:]:
        assert (ours[name].default, ours[name].kind) == (parameter.default, parameter.kind), name
    assert all(ours[name].kind is inspect.Parameter.KEYWORD_ONLY for name in list(ours)[len(keras_own) :])


def test_callbacks_come_in_lists_of_lists_and_in_a_callback_list():
    for wrap in (lambda one: one, lambda one: [[one], []], lambda one: (one,), lambda one: {"mine": one}):
        seen = Calls()
        rowwise.fit(net(), X, Y, verbose=0, callbacks=wrap(seen))
        assert [call[0] for call in seen.seen] == ["train begin", "epoch begin", "epoch end", "train end"]
    seen = Calls()
    listed = keras.callbacks.CallbackList([seen], add_history=True, add_progbar=True, model=net())
    history = rowwise.fit(net(), X, Y, verbose=0, callbacks=listed)
    assert len(seen.seen) == 4
    assert history.epoch == [0]


def test_calls_in_the_order_that_rowwise_had_are_understood():
    expected = rowwise.fit(net(), (X, Y), epochs=2, batch_size=5, validation=0.25, seed=3, verbose=0).history
    for call in (
        lambda: rowwise.fit(net(), (X, Y), 2, 5, 0.25, 3, verbose=0),
        lambda: rowwise.fit(net(), (X, Y), 2, 5, 0.25, 3, None, "auto", 0),
        lambda: rowwise.fit(net(), train=(X, Y), epochs=2, batch_size=5, validation=0.25, seed=3, verbose=0),
        lambda: rowwise.fit(net(), X, Y, 5, 2, 0, validation=0.25, seed=3),
        lambda: rowwise.fit(net(), x=X, y=Y, epochs=2, batch_size=5, validation=0.25, seed=3, verbose=0),
    ):
        assert call().history == expected


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rowwise.fit(net(), X, Y, epoch=5), '"epoch".*"epochs"'),
        (lambda: rowwise.fit(net(), X, Y, validation_spilt=0.2), '"validation_split"'),
        (lambda: rowwise.fit(net(), X, Y, learning_rate=0.2), "batch_size, epochs"),
        (lambda: rowwise.fit(net(), X, Y, x=X), '"x"'),
        (lambda: rowwise.fit(net(), X, 5, epochs=4), '"epochs"'),
        (lambda: rowwise.fit(), '"model"'),
        (lambda: rowwise.fit(net(), X, Y, *[None] * 30), "17"),
        (lambda: rowwise.sweep(lambda seed: net(), (X, Y), call_backs=[]), '"callbacks"'),
    ],
)
def test_a_slip_is_a_type_error_in_words(call, words, lang):
    with use_language(lang), pytest.raises(CallError, match=words) as caught:
        call()
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"validation_freq": 0}, "validation_freq is 0"),
        ({"validation_freq": "all"}, "validation_freq is 'all'"),
        ({"validation_split": 1.0}, "validation_split is 1.0"),
        ({"validation_split": 0.99}, "none to train on, or none to validate with"),
        ({"validation": 0.2, "validation_split": 0.2}, "validation_split=0.15 the last records"),
        ({"validation": 0.2, "validation_data": HELD}, "validation_data"),
        ({"shuffle": "epoch"}, "shuffle is 'epoch'"),
        ({"steps_per_epoch": 0}, "steps_per_epoch"),
        ({"callbacks": [3]}, "type int"),
        ({"x": None}, r"rowwise.fit\(model, x, y\)"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options, words):
    with pytest.raises(UsageError, match=words):
        rowwise.fit(net(), **{"x": X, "y": Y, "verbose": 0, **options})


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ("set_random_seed(93)", "seed=7 of layer mine")), ("ko", ("set_random_seed(93)", "mine 층에 준 seed=7"))],
)
def test_seeds_that_are_not_heard_are_said_once(capsys, lang, words):
    def build():
        keras.utils.set_random_seed(93)
        layers = [keras.layers.Dropout(0.5, seed=7, name="mine"), keras.layers.Dense(2, "softmax")]
        model = keras.Sequential([keras.Input((4,)), *layers])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    with use_language(lang):
        rowwise.fit(build(), X, Y, verbose=0)
        assert "seed" not in capsys.readouterr().err
        rowwise.fit(build(), X, Y, verbose=2)
        said = capsys.readouterr().err
        assert all(said.count(word) == 1 for word in words), said
        rowwise.fit(build(), X, Y, verbose=2)
        assert "seed" not in capsys.readouterr().err


def test_seeds_that_change_nothing_or_that_nobody_chose_are_not_said(capsys):
    keras.utils.set_random_seed(94)
    rowwise.fit(net(), X, Y, verbose=2, seed=5)
    rowwise.fit(net(), X, Y, verbose=2, shuffle=False)
    data = rowwise.Dataset("drawn", X, Y, ("no", "yes"))
    rowwise.fit(rowwise.dense(data, hidden=3, dropout=0.2), data, verbose=2, seed=5)
    assert "seed" not in capsys.readouterr().err


def test_a_history_is_pickled_as_that_of_keras():
    """As Keras's wrappers for scikit-learn do; nor does it, or another callback, hold what the training needed."""
    callback = Calls()
    history = rowwise.fit(net(), X, Y, callbacks=[callback], verbose=0)
    again = pickle.loads(pickle.dumps(history))
    assert again.history == history.history
    assert again.rowwise["engine"] == history.rowwise["engine"]
    assert "state" not in callback.params


@pytest.mark.skipif(bool(find_spec("tensorflow")), reason="TensorFlow is installed")
@pytest.mark.parametrize(("lang", "words"), [("en", "CSVLogger instead"), ("ko", "CSVLogger로 기록하세요")])
def test_a_tensorboard_without_tensorflow_is_refused_in_words(lang, words):
    with use_language(lang), pytest.raises(UsageError, match=words):
        rowwise.fit(net(), X, Y, callbacks=[[keras.callbacks.TensorBoard("logs")]], verbose=0)


def test_what_is_not_used_is_said():
    with pytest.warns(Suspicious, match="validation_split is not used"):
        history = rowwise.fit(net(), X, Y, validation_split=0.2, validation_data=HELD, verbose=0)
    assert history.history["val_loss"]
    with pytest.warns(Suspicious, match="nothing is trained"):
        assert rowwise.fit(net(), X, Y, epochs=0, verbose=0).history == {}
