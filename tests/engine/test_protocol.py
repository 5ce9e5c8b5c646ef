"""An engine needs what `rowwise.engine.protocol` says and nothing else: one of NumPy alone, through the loop of all."""

import keras
import numpy as np
import pytest

from rowwise.engine import epoch_order
from rowwise.engine.loop import EpochLoop
from rowwise.engine.schedule import Schedule

STEPS, BATCH = 8, 5


class Averaging:
    """Learns the mean of y as the bias of a Dense layer of zeros, by one step of gradient descent a batch."""

    compile_seconds = 0.0

    def __init__(self, model, y, validation=None):
        self.model, self.y, self.validation = model, y, validation
        self.records, self.batch_size, self.validates = len(y), BATCH, validation is not None
        self.steps_done = 0
        self.bias = None
        self.orders, self.settled = [], 0

    def blocks(self, order):
        self.orders.append(order)
        self.bias, self.steps_done = float(self.model.layers[0].bias.numpy()[0]), 0
        for start in range(0, self.records, BATCH):
            self.bias += 0.5 * float((self.y[order[start : start + BATCH]] - self.bias).mean())
            self.steps_done += 1
            yield self.steps_done

    def settle(self):
        if self.bias is not None:
            self.model.layers[0].bias.assign([self.bias])
            self.settled += 1

    def state(self):
        return [variable.numpy() for variable in self.model.variables]

    def validate(self):
        return {"loss": float(((self.validation - self.bias) ** 2).mean())}


def averaging(**options):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    model.optimizer.build(model.trainable_variables)
    y = np.random.default_rng(0).normal(3, 0.1, STEPS * BATCH)
    return Averaging(model, y, **options)


def never():
    return False


class Recorder(keras.callbacks.Callback):
    """The bias at the end of each epoch, and the names of all calls."""

    def __init__(self):
        super().__init__()
        self.biases, self.calls = [], []

    def on_train_begin(self, logs=None):
        self.calls.append("train")

    def on_test_end(self, logs=None):
        self.calls.append("test")

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(epoch)
        self.biases.append(float(self.model.layers[0].bias.numpy()[0]))


def test_the_loop_gives_it_orders_validates_and_keeps_history():
    engine, recorder = averaging(validation=np.full(3, 3.0)), Recorder()
    EpochLoop(engine).train(Schedule(range(1, 4), 7), [recorder], never, {"epochs": 4})
    for epoch, order in zip(range(1, 4), engine.orders, strict=True):
        np.testing.assert_array_equal(order, epoch_order(7, epoch, STEPS * BATCH))
    history = engine.model.history
    assert history.epoch == [1, 2, 3]
    assert history.history["val_loss"][-1] == pytest.approx(0, abs=0.02)
    assert recorder.calls == ["train", "test", 1, "test", 2, "test", 3]
    assert recorder.params["epochs"] == 4


def test_callbacks_find_the_weights_of_their_epoch_unless_none_wants_them():
    engine, recorder = averaging(), Recorder()
    EpochLoop(engine).train(Schedule(range(2), 0), [recorder], never, {})
    assert recorder.biases[0] != recorder.biases[1] == pytest.approx(engine.bias)

    engine, blind = averaging(), Recorder()
    blind.needs_weights = False
    EpochLoop(engine).train(Schedule(range(2), 0), [blind], never, {})
    assert engine.settled == 1  # at the end
    assert float(engine.model.layers[0].bias.numpy()[0]) == pytest.approx(engine.bias)


def test_it_is_stopped_between_two_blocks_and_the_model_holds_what_was_learned():
    engine = averaging()
    loop = EpochLoop(engine)
    with pytest.raises(KeyboardInterrupt):
        loop.train(Schedule(range(9), 0), [], lambda: len(engine.orders) == 3 and engine.steps_done == 2, {})
    assert engine.model.history.epoch == [0, 1]
    assert loop.steps_done == 2
    assert float(engine.model.layers[0].bias.numpy()[0]) == pytest.approx(engine.bias)


def test_a_callback_may_end_it_after_an_epoch():
    engine = averaging(validation=np.full(3, 3.0))
    loop = EpochLoop(engine)
    loop.train(
        Schedule(range(50), 0), [keras.callbacks.EarlyStopping("val_loss", patience=0, min_delta=9.0)], never, {}
    )
    assert engine.model.history.epoch == [0, 1]
    assert loop.steps_done == 0
