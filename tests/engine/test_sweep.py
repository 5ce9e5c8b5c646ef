"""Several seeds at once train what each would train alone."""

import threading

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
        assert one.history.rowwise.engine == history.rowwise.engine
        for a, b in zip(one.model.get_weights(), alone.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        assert one.history.history == history.history


def test_models_of_other_kinds_are_trained_one_after_another(data):
    def other(seed):
        keras.utils.set_random_seed(seed)
        layers = keras.layers
        model = keras.Sequential(
            [keras.Input((8, 8)), layers.Flatten(), layers.UnitNormalization(), layers.Dense(10, "softmax")]
        )
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    one, two = rowwise.sweep(other, data, seeds=(0, 1), epochs=1)
    assert one.history.rowwise.engine == "whole_epoch"
    assert one.history.history["loss"] != two.history.history["loss"]


def test_what_makes_no_sense_is_refused(data):
    with pytest.raises(rowwise.RowwiseError, match="workers"):
        rowwise.sweep(build(data), data, seeds=(0,), workers=0)
    with pytest.raises(rowwise.RowwiseError, match="epochs"):
        rowwise.sweep(build(data), data, seeds=(0,), epochs=-1)


natively = pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")


class Called(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that runs `action` each time it is asked for: by the native engine when an epoch begins."""

    def __init__(self, action):
        self.action = action

    def __call__(self, step):
        self.action()
        return 0.01

    def get_config(self):
        return {}


@natively
def test_a_mistake_in_one_of_them_reaches_the_caller(data):
    def broken():
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        rowwise.sweep(build(data, learning_rate=Called(broken)), data, seeds=(0, 1))


def table(tmp_path, **options):
    """400 records of 40 customers, one after another; the customer's number decides the class."""
    random = np.random.default_rng(0)
    rows = [f"c{i // 10},{random.normal():.3f},{random.normal():.3f},{i},{'ab'[i // 10 % 2]}" for i in range(400)]
    (tmp_path / "t.csv").write_text("\n".join(["customer,a,b,day,y", *rows]))
    return rowwise.load(
        str(tmp_path / "t.csv"), target="y", drop="day" if "group" in options else "customer", **options
    )[0]


@pytest.mark.filterwarnings("ignore::rowwise.Suspicious")
@pytest.mark.parametrize("options", [{"group": "customer"}, {"time": "day"}])
def test_a_share_is_held_out_by_groups_and_by_time_as_fit_does(tmp_path, options):
    train = table(tmp_path, **options)
    (one,) = rowwise.sweep(build(train), train, [3], epochs=2, validation=0.2)
    alone = build(train)(3)
    assert one.history.history == rowwise.fit(alone, train, epochs=2, validation=0.2, seed=3, verbose=0).history
    kept, held = train.split(0.2, seed=3)
    assert not set(kept.keys) & set(held.keys)
    expected = rowwise.fit(build(train)(3), kept, epochs=2, validation=held, seed=3, verbose=0).history
    assert one.history.history == expected


def test_weights_of_records_and_classes_count_as_in_fit(data):
    weights = np.random.default_rng(0).random(len(data))
    options = {"epochs": 2, "validation": 0.2, "sample_weight": weights, "class_weight": {1: 3.0}}
    (one,) = rowwise.sweep(build(data), data, [2], **options)
    assert one.history.history == rowwise.fit(build(data)(2), data, seed=2, verbose=0, **options).history
    (other,) = rowwise.sweep(build(data), data, [2], epochs=2, validation=0.2)
    assert one.history.history["loss"] != other.history.history["loss"]


def test_a_model_with_a_metric_of_the_users_own_is_trained_all_the_same(data):
    def own(y_true, y_pred):
        return keras.metrics.sparse_categorical_accuracy(y_true, y_pred)

    def measured(seed):
        model = build(data)(seed)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=[own])
        return model

    (one,) = rowwise.sweep(measured, data, [0], epochs=1)
    alone = rowwise.fit(measured(0), data, epochs=1, verbose=0)
    assert one.history.history == alone.history
    assert one.history.rowwise.engine == alone.rowwise.engine == "whole_epoch"


def test_any_number_of_threads_gives_the_same_models(data):
    one, other = (rowwise.sweep(build(data), data, (0, 1), epochs=2, threads=threads) for threads in (1, 2))
    assert [fitted.history.history for fitted in one] == [fitted.history.history for fitted in other]
    with pytest.raises(rowwise.RowwiseError, match="threads must be an integer"):
        rowwise.sweep(build(data), data, (0,), threads=500)


@natively
def test_an_event_ends_all_of_them(data):
    stop = threading.Event()
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        rowwise.sweep(build(data), data, (0, 1), epochs=2, stop=stop)

    stop, models, asked = threading.Event(), [], []

    def third_epoch():
        asked.append(None)
        if len(asked) == 3:
            stop.set()

    def kept(seed):
        models.append(build(data, learning_rate=Called(third_epoch))(seed))
        return models[-1]

    with pytest.raises(KeyboardInterrupt):
        rowwise.sweep(kept, data, (0,), epochs=500, stop=stop)
    assert 0 < len(models[0].history.epoch) < 500


def test_it_takes_the_arguments_of_fit_each_model_as_alone(data):
    x, y = data.x[:120], data.y[:120]
    weights = np.random.default_rng(0).random(120)
    for options in (
        {"validation_split": 0.2, "shuffle": False, "validation_freq": 2, "batch_size": 50},
        {"validation_data": (x[:30], y[:30], weights[:30]), "validation_steps": 1, "validation_batch_size": 20},
        {"steps_per_epoch": 2, "initial_epoch": 1, "sample_weight": weights - 0.3},
        {"engine": "whole_epoch", "class_weight": {3: 2.0}},
    ):
        (one,) = rowwise.sweep(build(data), x, [3], y=y, epochs=2, **options)
        alone = rowwise.fit(build(data)(3), x, y, epochs=2, seed=3, verbose=0, **options)
        assert one.history.history == alone.history
        assert one.history.rowwise["engine"] == alone.rowwise["engine"]


def test_callbacks_are_made_for_each_seed_or_serve_one_model_after_another(data):
    seen = {}

    def heard(seed):
        return keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.setdefault(seed, []).append(epoch))

    rowwise.sweep(build(data), data, (0, 1), epochs=2, callbacks=heard)
    assert seen == {0: [0, 1], 1: [0, 1]}
    ended = []
    shared = keras.callbacks.LambdaCallback(on_train_end=lambda logs: ended.append(int(shared.model.history.epoch[-1])))
    stopping = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=100)
    fitted = rowwise.sweep(build(data), data, (0, 1), epochs=9, callbacks=[[stopping], shared])
    assert ended == [1, 1]
    assert [len(one.history.epoch) for one in fitted] == [2, 2]
