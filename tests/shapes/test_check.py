"""What `check` lets pass, what it refuses, and whose errors `explained` explains."""

import threading
import warnings

import keras
import numpy as np
import pytest
from scipy.sparse import csr_matrix

import rowwise
from rowwise.errors import DataError, ModelError, RowwiseError, ShapeError, Suspicious, UsageError
from rowwise.shapes.checks.check import check
from rowwise.shapes.checks.explained import explained
from rowwise.text import use_language

layers = keras.layers
SPARSE, ONE_HOT, BINARY = "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"


def net(shape, *between, units=4, activation="softmax", loss=SPARSE):
    last = layers.Dense(units, activation=activation, name="classes")
    model = keras.Sequential([keras.Input(shape), *between, last], name="net")
    model.compile("sgd", loss, run_eagerly=True)
    return model


def images(shape=(8, 9), *between, **options):
    return net(shape, *between, layers.Flatten(name="flatten"), **options)


def convolution(shape=(8, 9, 3), **options):
    return images(shape, layers.Conv2D(2, 3, name="conv", **options))


def own(before=lambda x: x, units=4):
    """A model with its own `call`, built by data with 5 features."""

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.last = layers.Dense(3, name="hidden"), layers.Dense(units, "softmax", name="classes")

        def call(self, x):
            return self.last(self.hidden(before(x)))

    model = Own()
    model(np.zeros((2, 5), "float32"))
    model.compile("sgd", SPARSE)
    return model


def steps(loss):
    """A model that has met no data yet: a row of 4 numbers for each step."""
    model = keras.Sequential([layers.LSTM(3, return_sequences=True), layers.Dense(4, name="classes")])
    model.compile("sgd", loss)
    return model


def embedding():
    return keras.Sequential([keras.Input((3,)), layers.Embedding(10, 2, name="words"), layers.Flatten()])


def floats(*shape, most=1.0):
    return np.linspace(0, most, int(np.prod(shape)), dtype="float32").reshape(shape)


Y = np.arange(12) % 4

FITTING = {
    "images": lambda: (images(), (floats(12, 8, 9), Y)),
    "x alone": lambda: (images(), floats(12, 8, 9)),
    "labels as a column": lambda: (net((5,)), (floats(12, 5), Y[:, None])),
    "more units than classes": lambda: (net((5,), units=9), (floats(12, 5), Y)),
    "whole labels as floats": lambda: (net((5,)), (floats(12, 5), Y.astype("float32"))),
    "one-hot": lambda: (net((5,), loss=ONE_HOT), (floats(12, 5), np.eye(4)[Y])),
    "soft labels": lambda: (net((5,), loss=ONE_HOT), (floats(12, 5), np.full((12, 4), 0.25))),
    "logits": lambda: (
        net((5,), activation=None, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
        (floats(12, 5), Y),
    ),
    "an ignored label": lambda: (
        net((5,), loss=keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)),
        (floats(12, 5), Y - 1),
    ),
    "one sigmoid": lambda: (net((5,), units=1, activation="sigmoid", loss=BINARY), (floats(12, 5), Y % 2)),
    "several labels at once": lambda: (
        net((5,), activation="sigmoid", loss=BINARY),
        (floats(12, 5), np.eye(4)[Y]),
    ),
    "regression": lambda: (net((5,), units=1, activation=None, loss="mse"), (floats(12, 5), floats(12))),
    "images of any size": lambda: (
        net((None, None, 3), layers.Conv2D(2, 3), layers.GlobalAveragePooling2D()),
        (floats(12, 8, 9, 3), Y),
    ),
    "sequences": lambda: (net((7, 5)), (floats(12, 7, 5), np.zeros((12, 7), int))),
    "a loss of one's own": lambda: (net((5,), loss=lambda t, p: keras.ops.mean(p)), (floats(12, 5), floats(12))),
    "pixels for a model that scales": lambda: (
        images((8, 9), layers.Rescaling(1 / 255)),
        (floats(12, 8, 9, most=255).astype("uint8"), Y),
    ),
    "pixels for a model that normalizes": lambda: (
        images((8, 9), layers.BatchNormalization()),
        (floats(12, 8, 9, most=255).astype("uint8"), Y),
    ),
    "dark pixels for a model that scales": lambda: (images((8, 9), layers.Rescaling(1 / 255)), np.zeros((3, 8, 9))),
    "a table of large integers": lambda: (net((5,)), (np.arange(60).reshape(12, 5) * 4, Y)),
    "words by number": lambda: (
        keras.Sequential([keras.Input((70,)), layers.Embedding(256, 4), layers.Flatten(), layers.Dense(4)]),
        np.arange(140).reshape(2, 70) + 100,
    ),
    "a last axis of 1 too few": lambda: (convolution((8, 9, 1)), floats(12, 8, 9)),
    "a last axis of 1 too many": lambda: (images(), floats(12, 8, 9, 1)),
    "numbers for one feature": lambda: (net((1,)), (floats(12), Y)),
    "no labels": lambda: (net((5,)), (floats(12, 5), None)),
    "a pair in a list": lambda: (net((5,)), [floats(12, 5), Y]),
    "weights": lambda: (net((5,)), (floats(12, 5), Y, floats(12))),
    "truth": lambda: (net((5,), units=1, activation="sigmoid", loss=BINARY), (floats(12, 5) > 0.5, Y > 1)),
    "an unbuilt model of steps": lambda: (steps(loss="mse"), (floats(12, 7, 5), floats(12, 7, 4))),
    "images for images": lambda: (
        net((8, 9), layers.Flatten(), layers.Dense(72), layers.Reshape((8, 9)), units=9, activation=None, loss="mse"),
        (floats(12, 8, 9), floats(12, 8, 9)),
    ),
    "masks without an axis of channels": lambda: (
        net((8, 9, 1), units=1, activation="sigmoid", loss=BINARY),
        (floats(12, 8, 9), floats(12, 8, 9)),
    ),
    "a model with a call of its own": lambda: (own(), (floats(12, 5), Y)),
    "a call of its own that needs numbers": lambda: (own(lambda x: x * float(np.asarray(x).sum())), floats(12, 6)),
    "one input in a list": lambda: (net((5,)), ([floats(12, 5)], Y)),
}


@pytest.mark.parametrize("name", FITTING)
def test_what_fits_is_passed_without_a_word(name):
    model, data = FITTING[name]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check(model, data) is None


def test_an_unbuilt_model_takes_any_features_but_its_end_is_checked():
    model = keras.Sequential([layers.Dense(3), layers.Dense(4)])
    model.compile("sgd", SPARSE)
    check(model, floats(12, 5))
    with pytest.raises(ModelError, match="ends with linear"):
        check(model, (floats(12, 5), Y))


@pytest.mark.slow
def test_a_dataset_is_checked_like_a_pair():
    data = rowwise.Dataset("made", np.zeros((12, 8, 9), "uint8"), Y, tuple("abcd"))
    check(rowwise.dense(data), data)
    with pytest.raises(ShapeError, match="has 3 units"):
        check(images(units=3), data)


SHAPES = {
    "records last": (images, floats(8, 9, 12), "axis of records stands last", "np.moveaxis(x, -1, 0), (12, 8, 9)"),
    "one row": (lambda: net((5,)), floats(5), "one record", "x[None], (1, 5)"),
    "one flat image": (images, floats(72), "one record", "x.reshape(-1, 8, 9), (1, 8, 9)"),
    "one image for rows": (lambda: net((72,)), floats(8, 9), "one record", "x.reshape(-1, 72), (1, 72)"),
    "one grey image": (lambda: convolution((8, 9, 1)), floats(8, 9), "one record", "x[None, ..., None], (1, 8, 9, 1)"),
    "colours for grey": (lambda: convolution((8, 9, 1)), floats(12, 8, 9, 3), "3 channels", "keepdims=True"),
    "grey for colours": (convolution, floats(12, 8, 9, 1), "1 channel a pixel, not 3", "np.repeat(x, 3, axis=-1)"),
    "transparency": (convolution, floats(12, 8, 9, 4), "4 channels a pixel, not 3", "x[..., :3]"),
    "axes of a sequence exchanged": (
        lambda: net((7, 5)),
        floats(12, 5, 7),
        "exchanged",
        "np.swapaxes(x, 1, 2), (12, 7, 5)",
    ),
    "colours too many": (images, floats(12, 8, 9, 3), "does not have", "x.mean(axis=-1), (12, 8, 9)"),
    "channels last": (
        lambda: images((3, 8, 9)),
        floats(12, 8, 9, 3),
        "the channels come last",
        "np.moveaxis(x, -1, 1), (12, 3, 8, 9)",
    ),
    "another size": (convolution, floats(12, 10, 10, 3), "another size", "keras.ops.image.resize(x, (8, 9))"),
    "another grey size": (images, floats(12, 10, 10), "another size", "resize(x[..., None], (8, 9))[..., 0]"),
    "one colour image for grey": (images, floats(8, 9, 3), "one record", "x.mean(axis=-1)[None], (1, 8, 9)"),
    "records twice": (lambda: net((5,)), floats(1, 12, 5), "had one already", "x[0], (12, 5)"),
    "colours for rows": (
        lambda: net((72,)),
        floats(12, 8, 9, 3),
        "3 channels a pixel, not flattened",
        "x.mean(axis=-1).reshape(len(x), -1), (12, 72)",
    ),
    "PyTorch's grey images": (images, floats(12, 1, 8, 9), "does not have", "x[:, 0], (12, 8, 9)"),
    "PyTorch's colours for grey": (images, floats(12, 3, 8, 9), "does not have", "x.mean(axis=1), (12, 8, 9)"),
    "other features": (lambda: net((5,)), floats(12, 6), "(12, 6), with 6", "keras.Input((6,))"),
    "nothing alike": (images, floats(12, 2, 2, 2, 2), "Rows are records", "Reshape the data"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_that_does_not_fit_is_told_with_its_mend(name):
    make, x, cause, mend = SHAPES[name]
    with pytest.raises(ShapeError) as caught:
        check(make(), x)
    assert cause in str(caught.value)
    assert mend in str(caught.value)


DECLARED = {  # what keras.Input was given, the records, and whether labels are needed to tell
    "None": ((None, 784), floats(60, 784), False),
    "the batch": ((32, 784), floats(32, 784), False),
    "another number": ((32, 784), floats(60, 784), False),
    "images": ((60, 8, 9), floats(60, 8, 9), True),
    "images, another number": ((32, 8, 9), floats(60, 8, 9), False),
}


@pytest.mark.parametrize("name", DECLARED)
def test_an_input_that_counts_the_records_is_told(name):
    shape, x, labelled = DECLARED[name]
    flat = (layers.Flatten(),) if len(shape) == 3 else ()
    model, y = net(shape, *flat), np.arange(len(x)) % 4
    with pytest.raises(ShapeError, match=r"the data are .*Build the model with keras\.Input") as caught:
        check(model, (x, y) if labelled else x)
    mended = net(eval(f"({caught.value.values['mend']})"), *flat)
    check(mended, (x, y))
    assert "keras.Input" in explained_by(lambda: model.fit(x, y, verbose=0))


def test_one_record_of_an_input_of_two_axes_is_still_one_record():
    one_image = (net((8, 9), layers.Flatten()), floats(8, 9))
    steps = net((None, 5), layers.LSTM(3)), floats(7, 5)
    for model, x in (one_image, steps, (net((8, 8), layers.Flatten()), floats(8, 8))):
        with pytest.raises(ShapeError, match=r"Pass x\[None\]"):
            check(model, x)


@pytest.mark.parametrize("name", [name for name in SHAPES if name not in ("other features", "nothing alike")])
def test_the_mend_is_code_that_mends(name):
    make, x, *_ = SHAPES[name]
    model = make()
    with pytest.raises(ShapeError) as caught:
        check(model, x)
    mended = np.asarray(eval(caught.value.values["code"], {"x": x, "np": np, "keras": keras}))
    assert str(mended.shape) == caught.value.values["mend"]
    check(model, mended)


REFUSED = {
    "empty": (lambda: (net((5,)), np.zeros((0, 5))), DataError, r"x \(0.*\) has no records"),
    "an empty list": (lambda: (net((5,)), []), DataError, r"x \(0.*\) has no records"),
    "a single number": (lambda: (net((5,)), np.float32(3)), DataError, "x is no array; found 3.0"),
    "nothing": (lambda: (net((5,)), None), DataError, "x is no array; found None"),
    "a text": (lambda: (net((5,)), "abc"), DataError, "x is no array; found 'abc'"),
    "a loader": (lambda: (net((5,)), iter([1])), DataError, "x is no array; found list_iterator"),
    "labels without x": (lambda: (net((5,)), (None, Y)), DataError, "x is no array; found None"),
    "a text for labels": (lambda: (net((5,)), (floats(12, 5), "abc")), DataError, "y is no array; found 'abc'"),
    "a sparse matrix": (lambda: (net((5,)), csr_matrix(floats(12, 5))), DataError, r"Pass x.toarray\(\)"),
    "a tensor with gradients": (lambda: (net((5,)), Tensor()), DataError, r"Pass x.detach\(\).cpu\(\).numpy\(\)"),
    "dates": (lambda: (net((5,)), np.zeros((12, 5), "datetime64[D]")), DataError, "values are datetime64"),
    "labels of named columns": (
        lambda: (net((5,)), (floats(12, 5), np.zeros(12, [("a", "f4")]))),
        DataError,
        "values are .*'a'",
    ),
    "four parts": (lambda: (net((5,)), (floats(12, 5), Y, Y, Y)), UsageError, "data is a tuple of 4"),
    "two pairs": (
        lambda: (net((5,)), ((floats(12, 5), Y), (floats(12, 5), Y))),
        UsageError,
        r"Unpack them: \(x_train, y_train\), \(x_test, y_test\) = data",
    ),
    "labels first": (
        lambda: (net((5,)), (Y, floats(12, 5))),
        ShapeError,
        r"x is \(12,\) and y is \(12, 5\): .* Pass x first",
    ),
    "a label that is not finite": (
        lambda: (net((5,)), (floats(12, 5), np.where(Y == 3, np.nan, Y))),
        DataError,
        r"The labels hold numbers that are not finite, 3 of 12; the first is nan at y\[3\]\. .* np.isfinite\(y\); x",
    ),
    "a row of labels that is not finite": (
        lambda: (net((5,), loss=ONE_HOT), (floats(12, 5), np.where(np.eye(4)[Y], np.inf, 0))),
        DataError,
        r"inf at y\[0, 0\]\. .* np.isfinite\(y\).all\(axis=\(1,\)\)",
    ),
    "an unbuilt model and one row": (
        lambda: (keras.Sequential([layers.Dense(3, name="hidden")]), floats(5)),
        ShapeError,
        r'Dense "hidden" expects 2 axes, records first; the data are \(5,\)',
    ),
    "other features for a call of its own": (
        lambda: (own(), (floats(12, 6), Y)),
        ShapeError,
        r'Dense "hidden" expects 5 features per row; the data are \(12, 6\)',
    ),
    "a transposed table for a call of its own": (lambda: (own(), floats(5, 12)), ShapeError, r"Pass x\.T, \(12, 5\)"),
    "classes for a call of its own": (lambda: (own(), (floats(12, 5), Y + 1)), ShapeError, r"Pass y - 1"),
    "probabilities for the integer loss": (
        lambda: (net((5,)), (floats(12, 5), np.full((12, 4), 0.25))),
        ShapeError,
        r"rows of probabilities, \(12, 4\), .* Compile with loss=.categorical_crossentropy",
    ),
    "several classes for the integer loss": (
        lambda: (net((5,)), (floats(12, 5), np.ones((12, 4)))),
        ShapeError,
        r"rows of 0 and 1, .* end with keras.layers.Dense\(4, activation=.sigmoid.\)",
    ),
    "columns of numbers for the integer loss": (
        lambda: (net((5,)), (floats(12, 5), floats(12, 4) * 9)),
        ShapeError,
        r"neither one-hot nor probabilities, .* y\[:, 0\]",
    ),
    "one class for each step": (
        lambda: (net((7, 5)), (floats(12, 7, 5), Y)),
        ShapeError,
        r"takes a class number for each of them, \(12, 7\); the labels are \(12,\)",
    ),
    "-1 and 1 for yes and no": (
        lambda: (net((5,), units=1, activation="sigmoid", loss=BINARY), (floats(12, 5), Y % 2 * 2 - 1)),
        ShapeError,
        r"run from -1 to 1, .* Pass \(y > 0\)",
    ),
    "quantities for several yes or no": (
        lambda: (net((5,), activation="sigmoid", loss=BINARY), (floats(12, 5), floats(12, 4) * 9)),
        ShapeError,
        "run from 0 to 9, .* for each unit",
    ),
    "labels that are lacking": (
        lambda: (net((5,)), (floats(12, 5), np.array([*range(11), None], object))),
        DataError,
        r"1 of 12; the first is None at y\[11\]",
    ),
    "one-hot rows for one unit": (
        lambda: (net((5,), units=1, activation="sigmoid", loss=BINARY), (floats(12, 5), np.eye(2)[Y % 2])),
        ShapeError,
        r"For one unit pass y.argmax\(axis=1\)",
    ),
    "images that are never flattened": (
        lambda: (net((8, 9), loss=ONE_HOT), (floats(12, 8, 9), np.eye(4)[Y])),
        ShapeError,
        r"gives \(12, 8, 4\) and the labels are \(12, 4\).*Flatten",
    ),
    "one number for all steps": (
        lambda: (steps(loss="mse"), (floats(12, 7, 5), floats(12, 4))),
        ShapeError,
        r"gives \(12, 7, 4\) and the labels are \(12, 4\).*return_sequences",
    ),
    "a word without a row": (
        lambda: (embedding(), np.array([[1, 2, 10]])),
        DataError,
        r'Embedding "words" has rows for the numbers 0 to 9, but x holds 10, .* input_dim=11',
    ),
    "a negative word": (lambda: (embedding(), np.array([[1, 2, -1]])), DataError, "but x holds -1"),
    "sigmoid for logits": (
        lambda: (
            net((5,), activation="sigmoid", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
            (floats(12, 5), Y),
        ),
        ModelError,
        "applies softmax itself",
    ),
    "focal loss without softmax": (
        lambda: (net((5,), activation=None, loss="categorical_focal_crossentropy"), (floats(12, 5), np.eye(4)[Y])),
        ModelError,
        r"keras.losses.CategoricalFocalCrossentropy\(from_logits=True\)",
    ),
    "infinite": (lambda: (net((5,)), floats(12, 5) / 0.0), DataError, "not finite"),
    "ragged": (lambda: (net((5,)), [[1.0, 2], [3]]), DataError, "same number of features"),
    "lists of lists": (lambda: (net((2,)), [[1.0, 2], [3, 4]]), DataError, r"np.asarray\(x\), \(2, 2\)"),
    "labels in a list": (lambda: (net((5,)), (floats(12, 5), [0] * 12)), DataError, r"np.asarray\(y\)"),
    "arrays in an object": (
        lambda: (net((2,)), np.array([np.zeros(2), np.zeros(3)], object)),
        DataError,
        "objects .dtype object., each a ndarray",
    ),
    "text in a table": (lambda: (net((2,)), np.array([[1, "boot"]], object)), DataError, "x holds 'boot'"),
    "text": (lambda: (net((2,)), np.array([["1", "2"]])), DataError, "x holds '1'"),
    "labels as objects": (
        lambda: (net((5,)), (floats(12, 5), Y.astype(object))),
        DataError,
        r'Pass y.astype\("int32"\)',
    ),
    "no labels for some": (lambda: (net((5,)), (floats(12, 5), Y[:3])), DataError, r"x is \(12, 5\) and y is \(3,\)"),
    "one-hot of another width": (
        lambda: (net((5,), loss=ONE_HOT), (floats(12, 5), np.eye(6)[Y])),
        ShapeError,
        "4 units, but the labels are",
    ),
    "classes for several yes or no": (
        lambda: (net((5,), activation="sigmoid", loss=BINARY), (floats(12, 5), Y)),
        ShapeError,
        SPARSE,
    ),
    "classes for one yes or no": (
        lambda: (net((5,), units=1, activation="sigmoid", loss=BINARY), (floats(12, 5), Y)),
        ShapeError,
        "two classes apart",
    ),
    "sigmoid twice": (
        lambda: (
            net((5,), units=1, activation="sigmoid", loss=keras.losses.BinaryCrossentropy(from_logits=True)),
            (floats(12, 5), Y % 2),
        ),
        ModelError,
        "second time",
    ),
    "no sigmoid": (
        lambda: (net((5,), units=1, activation=None, loss="bce"), (floats(12, 5), Y % 2)),
        ModelError,
        r"BinaryCrossentropy\(from_logits=True\)",
    ),
    "no model": (lambda: ("model", floats(12, 5)), ModelError, "str"),
}


class Tensor:
    """What PyTorch does with a tensor that takes part in gradients."""

    def detach(self):
        return self

    def __array__(self, *_, **__):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused(name, lang):
    make, error, words = REFUSED[name]
    with np.errstate(all="ignore"):
        model, data = make()
    with pytest.raises(error) as caught:
        check(model, data)
    with use_language(lang):
        message = str(caught.value)
    if lang == "en":
        caught.match(words)
    else:
        assert any("가" <= letter <= "힣" for letter in message)


ELEMENTWISE = (
    *("mse", "mae", "mape", "msle", "huber", "log_cosh", "kld", "poisson", "cosine_similarity"),
    *("hinge", "squared_hinge", "categorical_hinge", "binary_focal_crossentropy", "dice", "tversky"),
    *(keras.losses.MeanSquaredError(), keras.losses.mean_absolute_error, "BinaryCrossentropy"),
)


@pytest.mark.parametrize("loss", ELEMENTWISE, ids=lambda loss: loss if isinstance(loss, str) else type(loss).__name__)
def test_labels_need_the_shape_of_the_output_where_a_loss_compares_number_by_number(loss):
    x, y = floats(12, 5), floats(12)
    three, one = (net((5,), units=units, activation="sigmoid", loss=loss) for units in (3, 1))
    for fitting in ((three, floats(12, 3)), (one, y), (one, y[:, None])):
        check(fitting[0], (x, fitting[1]))
    for model, labels in ((three, y), (three, y[:, None]), (three, floats(12, 4)), (one, floats(12, 3))):
        with pytest.raises(ShapeError) as caught:
            check(model, (x, labels))
        message = str(caught.value)
        assert f'Dense "classes" gives {(12, 3) if model is three else (12, 1)} and the labels are' in message
        assert ("Dense(1" if labels.size == 12 else f"Dense({labels.shape[1]}") in message


STRETCHED = {  # labels, units: whether Keras trains on without a word
    "a column": ((12, 1), 3, True),
    "rows for one unit": ((12, 3), 1, True),
    "an axis too many": ((12, 1, 3), 3, True),
    "numbers": ((12,), 3, False),
    "other columns": ((12, 4), 3, False),
}


@pytest.mark.parametrize("name", STRETCHED)
def test_what_keras_stretches_without_a_word_is_told(name):
    shape, units, trains = STRETCHED[name]
    model, x, y = net((5,), units=units, activation=None, loss="mse"), floats(12, 5), floats(*shape)
    with pytest.raises(ShapeError) as caught:
        check(model, (x, y))
    assert ("without a word" in str(caught.value)) == trains
    if trains:
        assert np.isfinite(model.fit(x, y, verbose=0).history["loss"][0])
    else:
        with pytest.raises((ValueError, TypeError)):
            model.fit(x, y, verbose=0)


WARNED = {
    "sigmoid for one class": (lambda: net((5,), activation="sigmoid"), Y, "each a yes or no of its own"),
    "several classes": (lambda: net((5,), loss=ONE_HOT), np.ones((12, 4)), "not with exactly one 1 each"),
    "no probabilities": (lambda: net((5,), loss=ONE_HOT), floats(12, 4), "no probabilities"),
}


@pytest.mark.parametrize("name", WARNED)
def test_labels_and_ends_that_seldom_are_meant_are_warned_of(name):
    make, y, words = WARNED[name]
    with pytest.warns(Suspicious, match=words):
        check(make(), (floats(12, 5), y))


def test_one_is_counted_in_the_singular():
    for model, x in ((net((1,)), floats(12, 2)), (net((2,)), floats(12, 1))):
        with pytest.raises(ShapeError) as caught:
            check(model, x)
        assert "1 feature per row" in str(caught.value)
        assert "1 features" not in str(caught.value)
    with pytest.raises(ShapeError, match=r"3 channels a pixel, not 1\."):
        check(convolution((8, 9, 1)), floats(12, 8, 9, 3))


def test_the_end_of_a_functional_and_of_a_nested_model_is_seen():
    inner = keras.Sequential([layers.Dense(4)])
    entry = keras.Input((5,))
    for model in (keras.Model(entry, layers.Dense(4)(entry)), keras.Sequential([entry, inner])):
        model.compile("sgd", SPARSE)
        with pytest.raises(ModelError, match="ends with linear"):
            check(model, (floats(12, 5), Y))
    softmax = keras.Sequential([keras.Input((5,)), layers.Dense(4), layers.Softmax(), layers.Dropout(0.1)])
    softmax.compile("sgd", SPARSE)
    check(softmax, (floats(12, 5), Y))


def test_a_warning_points_at_the_line_of_the_caller():
    model = images((8, 9))
    with pytest.warns(Suspicious) as caught:
        rowwise.predict(model, floats(12, 8, 9, most=255).astype("uint8"))
    assert caught[0].filename == __file__


@pytest.mark.slow
def test_whole_numbers_beyond_int32_keep_their_size():
    model = net((5,), units=1, activation=None, loss="mae")
    model.compile("sgd", "mae")
    history = rowwise.fit(model, (np.zeros((12, 5)), np.full(12, 3_000_000_000)), batch_size=4, verbose=0)
    assert history.history["loss"][0] == pytest.approx(3e9, rel=1e-3)


def test_rowwise_calls_refuse_what_is_no_pair_of_arrays():
    model, x = net((5,)), floats(12, 5)
    with pytest.raises(DataError, match="x but no y"):
        rowwise.fit(model, (x, None), verbose=0)
    with pytest.warns(Suspicious, match="labels hold numbers that are not finite"):  # Keras trains on them
        rowwise.fit(model, (x, np.where(Y == 3, np.nan, Y)), verbose=0, on_divergence="continue")
    with pytest.warns(Suspicious, match=r"x\[0, 0\]"):
        rowwise.fit(model, [x * np.nan, Y], verbose=0, on_divergence="continue")
    with pytest.raises(DataError, match="x is no array; found None"):
        rowwise.predict(model, None)


def test_rowwise_calls_check_what_they_meet():
    model, x = net((5,)), floats(12, 5)
    with pytest.raises(ShapeError, match=r"x\.T"):
        rowwise.fit(model, (x.T[:, :4], Y), verbose=0)
    with pytest.warns(Suspicious, match="go up to 5"):
        rowwise.fit(model, (x, Y), validation=(x, Y + 2), verbose=0)
    with pytest.raises(DataError, match="labels are text"):
        rowwise.fit(model, (x, Y.astype(str)), verbose=0)
    with pytest.raises(DataError, match="labels are text"):
        rowwise.evaluate(model, (x, Y.astype(str)))
    with pytest.raises(DataError, match="not finite"):
        rowwise.predict(model, x * np.nan)
    assert rowwise.evaluate(model, [x.tolist(), np.eye(4)[Y].tolist()]).accuracy <= 1


def explained_by(call):
    with pytest.raises(RowwiseError) as caught, explained():
        call()
    assert caught.value.__cause__ is not None
    return str(caught.value)


def test_calls_of_models_layers_and_losses_are_explained():
    x, dense = floats(12, 6), layers.Dense(3, name="hidden_1")
    dense.build((None, 5))
    assert "keras.Input((6,))" in explained_by(lambda: net((5,))(x))
    assert 'Dense "hidden_1" expects 5 features per row' in explained_by(lambda: dense(x))
    assert "x[None]" in explained_by(lambda: layers.Conv2D(2, 3)(floats(8, 9, 3)))
    assert "x[..., None]" in explained_by(lambda: layers.Conv2D(2, 3)(floats(12, 8, 9)))
    one_hot = np.eye(4, dtype="float32")[Y]
    for loss in (keras.losses.sparse_categorical_crossentropy, keras.losses.SparseCategoricalCrossentropy()):
        assert "y.argmax(axis=1)" in explained_by(lambda loss=loss: loss(one_hot, one_hot))
    assert "not built" in explained_by(lambda: keras.Sequential([layers.Dense(3)]).count_params())


@pytest.mark.slow
def test_training_on_batches_generators_and_validation_data_are_explained():
    x, one_hot = floats(12, 5), np.eye(4)[Y]
    assert "argmax" in explained_by(lambda: net((5,)).train_on_batch(x, one_hot))
    assert "argmax" in explained_by(lambda: net((5,)).evaluate(x, one_hot, verbose=0))
    assert "argmax" in explained_by(lambda: net((5,)).fit((b for b in [(x, one_hot)]), shuffle=False, verbose=0))
    assert "x.T" in explained_by(lambda: net((5,)).predict_on_batch(floats(5, 3)))
    assert "argmax" in explained_by(lambda: net((5,)).fit(x, Y, validation_data=(x, one_hot), verbose=0))


def reuse():
    dense = layers.Dense(3, name="hidden")
    dense(keras.Input((4,)))
    dense(keras.Input((5,)))


BUILDING = {
    "no channels": (
        lambda: layers.Conv2D(2, 3, name="conv")(keras.Input((28, 28))),
        'Conv2D "conv" expects 4 axes, records first, but is given (None, 28, 28). '
        "Put keras.layers.Reshape((28, 28, 1))",
    ),
    "records in Input": (
        lambda: layers.Conv2D(2, 3, name="conv")(keras.Input((None, 28, 28, 1))),
        "keras.Input((None, 28, 28, 1)) counts the records, and Keras adds their axis itself. "
        "Write keras.Input((28, 28, 1))",
    ),
    "in a Sequential": (
        lambda: keras.Sequential([keras.Input((784,)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)]),
        "given (None, 784). Put keras.layers.Reshape((28, 28, 1)) before it",
    ),
    "by build": (
        lambda: keras.Sequential([layers.Conv2D(2, 3), layers.Dense(2)]).build((None, 8, 9)),
        "keras.layers.Reshape((8, 9, 1))",
    ),
    "a table for steps": (lambda: layers.LSTM(3)(keras.Input((7,))), "Put keras.layers.Reshape((7, 1))"),
    "images for steps": (lambda: layers.LSTM(3)(keras.Input((7, 5, 2))), "Put keras.layers.Reshape((7, 10))"),
    "concatenate": (
        lambda: layers.Concatenate(name="join")([keras.Input((5, 3)), keras.Input((4, 3))]),
        'Concatenate "join" joins its inputs along axis 2, so all other axes must be the same; '
        "found (None, 5, 3), (None, 4, 3)",
    ),
    "add": (
        lambda: layers.Add(name="sum")([keras.Input((3,)), keras.Input((4,))]),
        'Add "sum" combines its inputs number by number, so they need one shape; found (None, 3), (None, 4)',
    ),
    "multiply other axes": (
        lambda: layers.Multiply()([keras.Input((3,)), keras.Input((3, 4))]),
        "found (None, 3), (None, 3, 4)",
    ),
    "add one": (lambda: layers.Add()(keras.Input((3,))), "keras.layers.Add()([a, b])"),
    "no number of features": (
        lambda: layers.Dense(3, name="hidden")(keras.Input((None,))),
        'Dense "hidden" is given (None, None): axis 1 is None',
    ),
    "no number of channels": (lambda: layers.Conv2D(3, 3)(keras.Input((8, 9, None))), "axis 3 is None"),
    "flattened lengths": (
        lambda: keras.Sequential([keras.Input((None, 28)), layers.Flatten(), layers.Dense(3)]),
        "GlobalAveragePooling1D()",
    ),
    "a layer used again": (reuse, 'Dense "hidden" has a kernel for 4 along axis 1, but is given (None, 5), with 5'),
    "a model within": (
        lambda: net((4,))(keras.Input((5,))),
        'Sequential "net" takes (None, 4), records first, but is given (None, 5)',
    ),
    "a window too large": (
        lambda: layers.MaxPooling2D(4, name="pool")(keras.Input((2, 3, 1))),
        'MaxPooling2D "pool" looks through a window of 4 × 4, but is given images of 2 × 3',
    ),
    "other numbers": (
        lambda: layers.Reshape((7, 7), name="images")(keras.Input((50,))),
        'Reshape "images" is to make (7, 7), 49 numbers, out of records of (50,), 50 numbers',
    ),
}


@pytest.mark.parametrize("name", BUILDING)
def test_putting_a_model_together_is_explained(name):
    build, words = BUILDING[name]
    assert words in explained_by(build)
    with use_language("ko"):
        assert any("가" <= letter <= "힣" for letter in explained_by(build))


def test_pairs_and_labels_that_are_passed_to_keras_otherwise_are_explained():
    x, model = floats(12, 5), net((5,))
    assert "Pass model.fit(x, y)" in explained_by(lambda: model.fit(x, verbose=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of tuples and lists before it fails
        assert "x and y were passed together" in explained_by(lambda: model.fit((x, Y), verbose=0))
        assert "x and y were passed together" in explained_by(lambda: model.evaluate([x, Y], verbose=0))
    assert "Pass validation_data=(x, y)" in explained_by(lambda: model.fit(x, Y, validation_data=x, verbose=0))
    assert "found 'a.png'" in explained_by(lambda: model.predict("a.png", verbose=0))


def test_a_model_with_a_train_step_of_its_own_may_need_no_labels():
    class Own(keras.Sequential):
        def train_step(self, *data):
            raise NotImplementedError

    model = Own([keras.Input((5,)), layers.Dense(4)])
    model.compile("sgd", "mse")
    with pytest.raises(Exception, match="None is not a valid value") as caught, explained():
        model.fit(floats(12, 5), verbose=0)
    assert not isinstance(caught.value, RowwiseError)


def test_weights_and_classes_in_another_form_are_explained():
    dense = layers.Dense(3, name="hidden")
    dense.build((None, 5))
    message = explained_by(lambda: dense.set_weights([np.zeros((3, 5)), np.zeros(3)]))
    assert 'Dense "hidden" keeps its kernel as (features, units), (5, 3); found (3, 5)' in message
    assert "num_classes=4, or y - y.min()" in explained_by(lambda: keras.utils.to_categorical([1, 2, 3], 3))


@pytest.mark.slow
@pytest.mark.parametrize("metric", [keras.metrics.F1Score, keras.metrics.Precision])
def test_a_metric_that_wants_one_hot_rows_is_explained(metric):
    model = net((5,))
    model.compile("sgd", SPARSE, metrics=[metric()])
    message = explained_by(lambda: model.fit(floats(12, 5), Y, verbose=0))
    assert f"The metric {metric.__name__} compares" in message
    assert "(12,), and the output is (12, 4)" in message


CALLS = {
    "predict": lambda model, x: model.predict(x[:, :4], verbose=0),
    "evaluate": lambda model, x: model.evaluate(x, floats(12, 3), verbose=0),
    "fit": lambda model, x: model.fit(x, floats(12, 3), verbose=0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_after_a_call_that_fails_the_model_is_as_before(name):
    model, x, y = own(), floats(12, 5), floats(12, 4)
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)
    before = [np.array(value) for value in model.get_weights()]
    steps = int(model.optimizer.iterations)
    explained_by(lambda: CALLS[name](model, x))
    assert all(np.array_equal(was, now) for was, now in zip(before, model.get_weights(), strict=True))
    assert model.predict(x, verbose=0).shape == (12, 4)
    assert np.isfinite(model.evaluate(x, y, verbose=0))
    model.fit(x, y, verbose=0)
    assert int(model.optimizer.iterations) == steps + 1


@pytest.mark.slow
def test_an_interrupted_call_leaves_what_was_trained():
    class Interrupt(keras.callbacks.Callback):
        def on_predict_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    model, x = net((5,)), floats(12, 5)
    expected = model.predict(x, verbose=0)
    with pytest.raises(KeyboardInterrupt), explained():
        model.predict(x, batch_size=4, callbacks=[Interrupt()], verbose=0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)


def test_what_is_not_known_and_what_is_the_users_own_passes_unchanged():
    model, x = net((5,)), floats(12, 5)

    class Own(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"), explained():
        model.fit(x, Y, callbacks=[Own()], verbose=0)
    with pytest.raises(ValueError, match="reshape") as caught, explained():
        x.reshape(7, 7)
    assert caught.value.__cause__ is None
    with pytest.raises(UserWarning, match="ran out of data"), explained():  # no records are left to train on
        model.fit(x, Y, validation_split=2.0, verbose=0)
    with pytest.raises(ModelError, match="found str"), explained():
        check("model", x)


def test_a_failure_is_not_laid_to_what_keras_lets_pass():
    model = net((5,), activation=None)  # no softmax: wrong, but not why this fails
    with pytest.warns(Suspicious, match="ends with linear"):
        message = explained_by(lambda: model.fit(floats(12, 5), np.eye(4)[Y], verbose=0))
    assert "argmax" in message


def told_by(call):
    """What is warned of within the block, and where."""
    with warnings.catch_warnings(record=True) as caught, explained():
        warnings.simplefilter("always")
        call()
    return [
        str(warning.message) for warning in caught if warning.category is Suspicious and warning.filename == __file__
    ]


def test_pixels_that_nothing_scales_are_told_before_each_call_of_keras():
    x, model = floats(12, 8, 9, most=255).astype("uint8"), images()
    for call in (
        lambda: model.predict(x, verbose=0),
        lambda: model.predict_on_batch(x),
        lambda: model.evaluate(x=x, y=Y, verbose=0),
        lambda: model.test_on_batch(x, Y),
        lambda: model.train_on_batch(x, Y),
        lambda: model.fit(x, Y, validation_data=(x, Y), verbose=0),
        lambda: model.fit(x / 255, Y, validation_data=(x, Y), verbose=0),
        lambda: keras.Model.fit(model, x, Y, verbose=0),
    ):
        said = told_by(call)
        assert len(said) == 1
        assert "pixels go up to 255" in said[0]


def test_labels_and_pixels_are_both_told_and_in_the_language():
    model = images(activation=None)
    with use_language("ko"):
        said = told_by(lambda: model.fit(floats(12, 8, 9, most=255).astype("uint8"), Y, verbose=0))
    assert ["활성화" in said[0], "픽셀" in said[1], len(said)] == [True, True, 2]


def test_labels_that_keras_stretches_are_told_before_the_call():
    model = net((5,), units=3, activation=None, loss="mse")
    assert "without a word" in told_by(lambda: model.fit(floats(12, 5), floats(12, 1), verbose=0))[0]


def test_what_fits_and_what_keras_refuses_itself_is_not_warned_of():
    model, x = net((5,)), floats(12, 5)
    assert told_by(lambda: (model.fit(x, Y, verbose=0), model.fit(b for b in [(x, Y)]))) == []
    for call in (lambda: model.fit(x, np.eye(4)[Y], verbose=0), lambda: model.fit("abc"), lambda: model.fit(no=1)):
        with warnings.catch_warnings():
            warnings.simplefilter("error", Suspicious)
            with pytest.raises(Exception) as caught, explained():
                call()
        assert not isinstance(caught.value, Suspicious)


def test_calls_outside_the_block_and_in_other_threads_are_not_looked_at():
    before, model, x = keras.Model.fit, net((5,), activation=None), floats(12, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Suspicious)
        with explained(), explained():
            other = threading.Thread(target=lambda: model.train_on_batch(x, Y))
            other.start()
            other.join()
            assert keras.Model.fit is not before
        model.train_on_batch(x, Y)
    assert keras.Model.fit is before
    assert "fit" not in vars(keras.Model)


@pytest.mark.parametrize("filtering", [True, False])
def test_the_traceback_filter_is_as_before_after_the_block(filtering):
    before = keras.config.is_traceback_filtering_enabled()
    switch = {True: keras.config.enable_traceback_filtering, False: keras.config.disable_traceback_filtering}
    switch[filtering]()
    try:
        with explained():
            pass
        assert keras.config.is_traceback_filtering_enabled() == filtering
        with pytest.raises(ShapeError), explained():
            net((5,))(floats(12, 6))
        assert keras.config.is_traceback_filtering_enabled() == filtering
    finally:
        switch[before]()
