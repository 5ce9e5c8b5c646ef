"""What Keras takes for x and y, `rowwise.fit` takes: side by side with Keras, in the same order of records."""

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import DataError, ShapeError, Suspicious, UsageError

L = keras.layers
RECORDS, BATCH = 36, 8
random = np.random.default_rng(0)
A = random.normal(size=(RECORDS, 3)).astype("float32")
B = random.normal(size=(RECORDS, 2)).astype("float32")
NUMBERS = (A[:, :1] * 2 + B[:, 1:]).astype("float32")
CLASSES = (A[:, 0] > 0).astype("int32")
WEIGHTS = random.uniform(0.2, 2, RECORDS).astype("float32")
OPTIONS = {"epochs": 2, "batch_size": BATCH, "shuffle": False, "verbose": 0}


def two_inputs(outputs=1, named=False, loss="mse", **options):
    keras.utils.set_random_seed(2)
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    middle = L.Dense(4, "tanh")(L.concatenate([a, b]))
    ends = [L.Dense(1, name="number")(middle), L.Dense(2, "softmax", name="kind")(middle)][:outputs]
    inside = {"a": a, "b": b} if named else [a, b]
    model = keras.Model(inside, ends if outputs > 1 else ends[0])
    model.compile(keras.optimizers.SGD(0.05), loss, **options)
    return model


def one_input(loss="mse", units=1, end=None, **options):
    keras.utils.set_random_seed(2)
    inside = keras.Input((3,))
    model = keras.Model(inside, L.Dense(units, end)(L.Dense(4, "tanh")(inside)))
    model.compile(keras.optimizers.SGD(0.05), loss, **options)
    return model


def in_lists():
    inside = one_input().input
    keras.utils.set_random_seed(2)
    model = keras.Model([inside], [L.Dense(1)(inside)])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    return model


BOTH = ["mse", "sparse_categorical_crossentropy"]


class Own(keras.Model):
    """A subclass that nobody has built, with its two inputs in one list."""

    def __init__(self):
        super().__init__()
        self.inner, self.end = L.Dense(4, "tanh"), L.Dense(1)

    def call(self, inputs):
        return self.end(self.inner(keras.ops.concatenate(inputs, axis=-1)))


def own(model=Own, loss="mse"):
    keras.utils.set_random_seed(2)
    made = model()
    made.compile(keras.optimizers.SGD(0.05), loss)
    return made


def dict_of_one():
    keras.utils.set_random_seed(2)
    inside = keras.Input((3,), name="a")
    model = keras.Model({"a": inside}, {"number": L.Dense(1)(L.Dropout(0.0)(L.LayerNormalization()(inside)))})
    model.compile(keras.optimizers.SGD(0.05), {"number": "mse"}, metrics={"number": ["mae"]})
    return model


class Penalized(keras.layers.Layer):
    """Its inputs; the mean of their squares is the loss."""

    def call(self, inputs):
        self.add_loss(keras.ops.mean(keras.ops.square(inputs)))
        return inputs


def without_labels():
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((3,)), L.Dense(4), Penalized()])
    model.compile(keras.optimizers.SGD(0.05))
    return model


class Apart(keras.Model):
    """Three inputs, and the only loss is that of the layers: nothing takes labels."""

    def __init__(self):
        super().__init__()
        self.embed = keras.layers.Dense(3, "tanh")

    def call(self, x):
        anchor, near, far = map(self.embed, x)
        self.add_loss(keras.ops.mean((anchor - near) ** 2 - 0.1 * (anchor - far) ** 2))
        return anchor


def apart():
    keras.utils.set_random_seed(4)
    model = Apart()
    model.compile("sgd")
    return model


class Reconstructing(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = L.Dense(3)

    def call(self, inputs):
        return self.inner(inputs)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return keras.ops.mean(keras.ops.square(y_pred - x))


class Drawing(Reconstructing):
    """A train_step of its own, which is given what `fit` was given: x alone."""

    def train_step(self, state, data):
        assert hasattr(data, "shape"), type(data)
        return super().train_step(state, data)


def masked_loss(true, predicted):
    unknown = keras.ops.isnan(true)
    return keras.ops.mean(keras.ops.square(keras.ops.where(unknown, predicted, true) - predicted), axis=-1)


HOLES = np.where(random.random((RECORDS, 1)) < 0.3, np.float32(np.nan), NUMBERS)
# Name → what builds the model, and the arguments of both.
KINDS = {
    "a list of inputs": (two_inputs, {"x": [A, B], "y": NUMBERS}),
    "a tuple of inputs": (two_inputs, {"x": (A, B), "y": NUMBERS}),
    "a dict of inputs": (lambda: two_inputs(named=True), {"x": {"b": B, "a": A}, "y": NUMBERS}),
    "a list of outputs": (lambda: two_inputs(2, loss=BOTH), {"x": [A, B], "y": [NUMBERS, CLASSES]}),
    "a dict of outputs": (
        lambda: two_inputs(2, loss=dict(zip(("number", "kind"), BOTH, strict=True)), metrics={"kind": ["accuracy"]}),
        {"x": {"a": A, "b": B}, "y": {"kind": CLASSES, "number": NUMBERS}},
    ),
    "weights an output": (
        lambda: two_inputs(2, loss=BOTH, weighted_metrics=[["mae"], ["accuracy"]]),
        {"x": [A, B], "y": [NUMBERS, CLASSES], "sample_weight": [WEIGHTS, 1 - WEIGHTS]},
    ),
    "weights for all outputs": (
        lambda: two_inputs(2, loss=BOTH, loss_weights=[0.5, 2.0]),
        {"x": [A, B], "y": [NUMBERS, CLASSES], "sample_weight": WEIGHTS},
    ),
    "validation of inputs in lists": (two_inputs, {"x": (A, B), "y": NUMBERS, "validation_data": [[A, B], NUMBERS]}),
    "validation of several outputs": (
        lambda: two_inputs(2, loss=BOTH),
        {"x": [A, B], "y": [NUMBERS, CLASSES], "validation_data": ([A[:9], B[:9]], [NUMBERS[:9], CLASSES[:9]])},
    ),
    "a split of several inputs": (two_inputs, {"x": [A, B], "y": NUMBERS, "validation_split": 0.3}),
    "one input in a list": (in_lists, {"x": [A], "y": [NUMBERS]}),
    "one input and output in dicts": (dict_of_one, {"x": {"a": A}, "y": {"number": NUMBERS}, "validation_split": 0.2}),
    "a subclass of Model": (own, {"x": [A, B], "y": NUMBERS}),
    "losses of layers": (without_labels, {"x": A}),
    "three inputs in a tuple, and no loss but a layer's": (apart, {"x": (A, A * 0.5, A - 1)}),
    "compute_loss": (lambda: own(Reconstructing, None), {"x": A}),
    "NaN that the loss masks": (lambda: one_input(masked_loss), {"x": A, "y": HOLES}),
    "numbers of one axis": (one_input, {"x": A, "y": NUMBERS[:, 0]}),
    "class numbers in a column": (
        lambda: one_input("sparse_categorical_crossentropy", 2, "softmax", metrics=["accuracy"]),
        {"x": A, "y": CLASSES[:, None]},
    ),
    "labels that are stretched": (lambda: one_input("mse", 2), {"x": A, "y": NUMBERS}),
    "float64": (one_input, {"x": A.astype("float64"), "y": NUMBERS.astype("float64")}),
    "True and False": (lambda: one_input("bce", 1, "sigmoid"), {"x": A > 0, "y": CLASSES > 0}),
}


def same(build, arguments, ours=None):
    models = build(), build()
    found = rowwise.fit(models[0], **(ours or arguments), **OPTIONS)
    expected = models[1].fit(**arguments, **OPTIONS)
    agree(found, expected, models)
    return found


def agree(found, expected, models):
    assert found.epoch == expected.epoch
    assert found.history.keys() == expected.history.keys()
    for name, values in expected.history.items():
        np.testing.assert_allclose(found.history[name], values, rtol=2e-4, atol=2e-5, err_msg=name)
    for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)


@pytest.mark.filterwarnings("ignore::rowwise.Suspicious")
@pytest.mark.parametrize("kind", KINDS)
def test_it_trains_as_keras_does_by_a_fast_engine(kind):
    build, arguments = KINDS[kind]
    assert same(build, arguments).rowwise["engine"] in ("native", "whole_epoch")


# What Keras trains on without a word → how the model is built, x, y, and words of the warning.
SILENT = {
    "a linear end under bce": (lambda: one_input("bce"), A, CLASSES, "from_logits"),
    "from_logits over sigmoid": (
        lambda: one_input(keras.losses.BinaryCrossentropy(from_logits=True), 1, "sigmoid"),
        A,
        CLASSES,
        "from_logits",
    ),
    "one unit with softmax": (lambda: one_input("bce", 1, "softmax"), A, CLASSES, "softmax"),
    "a label without a unit": (
        lambda: one_input("sparse_categorical_crossentropy", 2, "softmax"),
        A,
        CLASSES + 1,
        "units",
    ),
    "labels below 0": (lambda: one_input("sparse_categorical_crossentropy", 2, "softmax"), A, -CLASSES, "-1"),
    "labels of bce beyond 1": (lambda: one_input("bce", 1, "sigmoid"), A, CLASSES * 2, "0 to 2"),
    "labels that are stretched": (lambda: one_input("mse", 2), A, NUMBERS, "stretch"),
    "NaN in x": (one_input, np.where(np.arange(RECORDS)[:, None] == 3, np.float32(np.nan), A), NUMBERS, "not finite"),
    "NaN in y": (one_input, A, HOLES, "keep = "),
}


@pytest.mark.filterwarnings("ignore:You are using a softmax")
@pytest.mark.parametrize("kind", SILENT)
def test_what_keras_trains_on_without_a_word_is_a_warning(kind):
    build, x, y, words = SILENT[kind]
    models = build(), build()
    with pytest.warns(Suspicious, match=words) as told:
        found = rowwise.fit(models[0], x, y, on_divergence="continue", **OPTIONS)
    assert "training goes on" in str(next(one.message for one in told if one.category is Suspicious))
    agree(found, models[1].fit(x, y, **OPTIONS), models)


@pytest.mark.parametrize(
    ("build", "x", "y", "error", "words"),
    [
        (one_input, A[:, :2], NUMBERS, ShapeError, "2 features"),
        (one_input, A, NUMBERS[:-1], DataError, "same number"),
        (lambda: one_input("mse", 2), A, A, ShapeError, "both need one shape"),
        (lambda: one_input("sparse_categorical_crossentropy", 2, "softmax"), A, np.eye(2)[CLASSES], ShapeError, "arg"),
        (one_input, A, None, DataError, "no y"),
        (one_input, A[:0], NUMBERS[:0], DataError, "no records"),
        (one_input, A.astype(str), NUMBERS, DataError, "no number"),
        (two_inputs, [A, B[:5]], NUMBERS, DataError, "same number"),
        (two_inputs, [A, B.astype(str)], NUMBERS, DataError, "numbers"),
    ],
)
def test_what_keras_fails_with_is_an_error_and_the_model_stays_as_it_was(build, x, y, error, words):
    model = build()
    before = model.get_weights()
    with pytest.raises(error, match=words):
        rowwise.fit(model, x, y, **OPTIONS)
    with pytest.raises((ValueError, TypeError, RuntimeError, StopIteration)):
        build().fit(x, y, **OPTIONS)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_train_step_of_the_users_own_is_given_x_as_keras_gives_it():
    found = same(lambda: own(Drawing, None), {"x": A, "validation_split": 0.2})
    assert found.rowwise["engine"] == "keras"


class Halves(keras.utils.PyDataset):
    """Batches of 8 and a shorter one, in the order of the records; it counts its epochs."""

    def __init__(self, kind="pair"):
        super().__init__()
        self.kind, self.ended, self.begun = kind, 0, 0

    def __len__(self):
        return -(-RECORDS // BATCH)

    def __getitem__(self, index):
        rows = slice(index * BATCH, (index + 1) * BATCH)
        x, y = {"a": A[rows], "b": B[rows]}, NUMBERS[rows]
        return {"pair": (A[rows], y), "weighted": (A[rows], y, WEIGHTS[rows]), "dicts": (x, y)}[self.kind]

    def on_epoch_begin(self):
        self.begun += 1

    def on_epoch_end(self):
        self.ended += 1


def generated(epochs=1):
    for _ in range(epochs):
        yield from (Halves()[index] for index in range(len(Halves())))


STREAMS = {
    "a PyDataset": (one_input, lambda: {"x": Halves()}),
    "a PyDataset with weights": (one_input, lambda: {"x": Halves("weighted")}),
    "a PyDataset of dicts": (lambda: two_inputs(named=True), lambda: {"x": Halves("dicts")}),
    "a PyDataset, validated on another": (one_input, lambda: {"x": Halves(), "validation_data": Halves("weighted")}),
    "a PyDataset, validated on arrays": (
        one_input,
        lambda: {"x": Halves(), "validation_data": (A[:11], NUMBERS[:11], WEIGHTS[:11]), "validation_batch_size": 4},
    ),
    "arrays, validated on a PyDataset": (
        one_input,
        lambda: {"x": A, "y": NUMBERS, "validation_data": Halves(), "validation_steps": 2},
    ),
    "fewer steps than there are": (one_input, lambda: {"x": Halves(), "steps_per_epoch": 2}),
    "a generator without end": (one_input, lambda: {"x": generated(100), "steps_per_epoch": 7}),
    "a generator, validated on another": (
        one_input,
        lambda: {
            "x": generated(100),
            "steps_per_epoch": 5,
            "validation_data": generated(100),
            "validation_steps": 3,
        },
    ),
    "class weights": (
        lambda: one_input("sparse_categorical_crossentropy", 2, "softmax"),
        lambda: {"x": Labelled(), "class_weight": {1: 4.0}},
    ),
}


class Labelled(Halves):
    def __getitem__(self, index):
        rows = slice(index * BATCH, (index + 1) * BATCH)
        return A[rows], CLASSES[rows]


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_of_batches_trains_as_in_keras_many_at_once(kind):
    build, arguments = STREAMS[kind]
    models, given = (build(), build()), (arguments(), arguments())
    options = {"epochs": 2, "shuffle": False, "verbose": 0}
    found, expected = rowwise.fit(models[0], **given[0], **options), models[1].fit(**given[1], **options)
    agree(found, expected, models)
    assert found.rowwise["engine"] in ("native", "whole_epoch")
    if isinstance(given[0]["x"], Halves):
        for count in ("begun", "ended"):
            assert getattr(given[0]["x"], count) == getattr(given[1]["x"], count)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_a_generator_that_ends_ends_as_in_keras():
    models = one_input(), one_input()
    options = {"epochs": 3, "verbose": 0}
    found, expected = (
        rowwise.fit(models[0], generated(), **options),
        models[1].fit(generated(), shuffle=False, **options),
    )
    agree(found, expected, models)


def test_a_model_that_cannot_be_traced_loses_no_batch_of_a_generator():
    class Valued(keras.optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            if float(keras.ops.sum(gradient)) < 1e6:  # needs the value itself: no tracer has one
                super().update_step(gradient, variable, learning_rate)

    models = one_input(), one_input()
    for model in models:
        model.compile(Valued(0.05), "mse", jit_compile=False)
    options = {"steps_per_epoch": 4, "epochs": 2, "verbose": 0}
    found = rowwise.fit(models[0], generated(100), **options)
    agree(found, models[1].fit(generated(100), shuffle=False, **options), models)
    assert found.rowwise["engine"] == "keras"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"y": NUMBERS}, "y comes within them"),
        ({"sample_weight": WEIGHTS}, "sample_weight comes within them"),
        ({"validation": 0.2}, "Pass validation_data"),
        ({"validation_split": 0.2}, "Pass validation_data"),
        ({"engine": "native"}, "native cannot run this"),
    ],
)
def test_what_a_stream_cannot_have_beside_it_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        rowwise.fit(one_input(), Halves(), verbose=0, **options)


def test_a_dataset_of_pytorch_is_told_to_come_in_batches():
    """PyTorch need not be installed for it: the module's name is what tells."""
    single = type("Single", (), {"__module__": "torch.utils.data.dataset", "__len__": lambda _: 4})
    with pytest.raises(DataError, match=r"one by one.*DataLoader\(x"):
        rowwise.fit(one_input(), type("Pictures", (single,), {})(), verbose=0)
