"""Which records are held out for validation, and from what on labels are classes."""

import keras
import numpy as np
import pytest

import rowwise
from rowwise.engine.holdout import held_out

L = keras.layers


def net(loss, units=1, end=None, features=2):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((features,)), L.Dense(units, end)])
    model.compile(keras.optimizers.SGD(1e-12), loss)
    return model


def own_loss(true, out):
    return keras.ops.mean(keras.ops.abs(true - out), axis=-1)


@pytest.mark.parametrize(
    ("records", "loss"),
    [
        (300, "mse"),  # the loss says it
        (200_000, "mse"),
        (200_000, own_loss),  # nothing says it but their number
    ],
)
def test_whole_numbers_that_are_quantities_are_drawn_from_all_as_the_same_floats(records, loss):
    x = np.random.default_rng(0).random((records, 2), "float32")
    y = np.random.default_rng(1).permutation(records)
    histories = []
    for targets in (y.astype("int32"), y.astype("float32")):
        model = net(loss)
        options = {"epochs": 1, "batch_size": records // 20, "validation": 0.25, "verbose": 0}
        histories.append(rowwise.fit(model, (x, targets), **options).history)
    assert histories[0] == histories[1]


@pytest.mark.parametrize("kind", ["sparse", "binary", "one_hot", "own", "squares of classes"])
def test_classes_give_the_same_share_each_whatever_the_loss(kind):
    random = np.random.default_rng(0)
    y = np.sort(random.choice(4, 400, p=[0.7, 0.2, 0.05, 0.05]))
    x = random.random((400, 2), "float32")
    model, labels = {
        "sparse": lambda: (net("sparse_categorical_crossentropy", 4, "softmax"), y),
        "binary": lambda: (net("binary_crossentropy", 1, "sigmoid"), (y > 0).astype("int32")),
        "one_hot": lambda: (net("mse", 4, "softmax"), np.eye(4, dtype="float32")[y]),
        "own": lambda: (net(lambda true, out: keras.ops.mean(keras.ops.square(out), axis=-1), 1), y),
        "squares of classes": lambda: (net("mse", 1, "sigmoid"), (y > 0).astype("int32")),
    }[kind]()
    numbers = labels.argmax(1) if labels.ndim == 2 else labels
    expected = held_out(numbers.astype("int32"), 0.25, 3)
    counts = np.bincount(numbers[expected]) / np.bincount(numbers)
    np.testing.assert_allclose(counts, 0.25, atol=0.03)
    options = {"epochs": 1, "batch_size": 30, "verbose": 0, "seed": 3}
    before = model.get_weights()
    history = rowwise.fit(model, (x, labels), validation=0.25, **options).history
    model.set_weights(before)
    model.compile(keras.optimizers.SGD(1e-12), model.loss)
    parts = ((x[~expected], labels[~expected]), (x[expected], labels[expected]))
    assert rowwise.fit(model, parts[0], validation=parts[1], **options).history == history


def test_a_share_that_makes_no_sense_is_refused():
    for share in (1.0, 1e-9, -0.5):
        with pytest.raises(rowwise.RowwiseError):
            rowwise.fit(net("mse"), (np.zeros((40, 2)), np.zeros(40)), validation=share, verbose=0)
