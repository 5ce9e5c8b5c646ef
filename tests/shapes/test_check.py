"""What `check` lets pass, what it refuses, and whose errors `explained` explains."""

import warnings

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import DataError, ModelError, RowwiseError, ShapeError, Suspicious
from rowwise.shapes.check import check
from rowwise.shapes.explained import explained
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
    "no channels, one expected": (lambda: convolution((8, 9, 1)), floats(12, 8, 9), "without an", "x[..., None]"),
    "colours for grey": (lambda: convolution((8, 9, 1)), floats(12, 8, 9, 3), "3 channels", "keepdims=True"),
    "grey for colours": (convolution, floats(12, 8, 9, 1), "1 channels a pixel, not 3", "np.repeat(x, 3, axis=-1)"),
    "transparency": (convolution, floats(12, 8, 9, 4), "4 channels a pixel, not 3", "x[..., :3]"),
    "a grey axis too many": (images, floats(12, 8, 9, 1), "does not have", "x[..., 0], (12, 8, 9)"),
    "colours too many": (images, floats(12, 8, 9, 3), "does not have", "x.mean(axis=-1), (12, 8, 9)"),
    "channels last": (
        lambda: images((3, 8, 9)),
        floats(12, 8, 9, 3),
        "the channels come last",
        "np.moveaxis(x, -1, 1), (12, 3, 8, 9)",
    ),
    "another size": (convolution, floats(12, 10, 10, 3), "another size", "keras.ops.image.resize(x, (8, 9))"),
    "another grey size": (images, floats(12, 10, 10), "another size", "resize(x[..., None], (8, 9))[..., 0]"),
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
    "empty": (lambda: (net((5,)), np.zeros((0, 5))), DataError, "there are no records"),
    "a single number": (lambda: (net((5,)), np.float32(3)), DataError, "there are no records"),
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


def test_rowwise_calls_check_what_they_meet():
    model, x = net((5,)), floats(12, 5)
    with pytest.raises(ShapeError, match=r"x\.T"):
        rowwise.fit(model, (x.T[:, :4], Y), verbose=0)
    with pytest.raises(ShapeError, match="go up to 5"):
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


def test_what_is_not_known_and_what_is_the_users_own_passes_unchanged():
    model, x = net((5,)), floats(12, 5)

    class Own(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"), explained():
        model.fit(x, Y + 2, callbacks=[Own()], verbose=0)
    with pytest.raises(ValueError, match="reshape") as caught, explained():
        x.reshape(7, 7)
    assert caught.value.__cause__ is None
    with pytest.raises(UserWarning, match="ran out of data"), explained():  # no records are left to train on
        model.fit(x, Y, validation_split=2.0, verbose=0)
    with pytest.raises(ModelError, match="found str"), explained():
        check("model", x)


def test_a_failure_is_not_laid_to_what_keras_lets_pass():
    model = net((5,), activation=None)  # no softmax: wrong, but not why this fails
    message = explained_by(lambda: model.fit(floats(12, 5), np.eye(4)[Y], verbose=0))
    assert "argmax" in message


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
