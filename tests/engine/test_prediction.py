"""A picture of any kind becomes the record that the model was trained on, and each step is said."""

import gc
import itertools
import json
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from PIL import Image
from rich.cells import cell_len

import rowwise
from rowwise.data.pictures.prepare import read_pictures
from rowwise.engine import native
from rowwise.engine.prediction import Prediction, Predictor, predict
from rowwise.errors import DataError, ModelError, RowwiseError, ShapeError
from rowwise.models.inputs_outputs import brightest_pixel
from rowwise.text import use_language

SHAPE = (28, 28)


def boot():
    """Like the training data's: bright on black, in the middle, as wide as the image, corners empty. (28, 28) uint8."""
    image = np.zeros(SHAPE, np.uint8)
    image[5:21, 14:22] = 120
    image[15:23, :] = 200
    image[7:11, 15:18] = 250
    return image


def photo(image, size=(640, 480), background=235, noise=3):
    """The same thing photographed on a light table: larger, off the middle, a little noise and shadow. RGB."""
    table = np.full(size[::-1], 255.0)
    table[100:380, 180:460] = 255 - np.asarray(Image.fromarray(image).resize((280, 280), Image.Resampling.BICUBIC))
    table *= (background + np.linspace(-8, 8, size[0])) / 255
    table += np.random.default_rng(0).normal(0, noise, table.shape)
    grey = table.clip(0, 255)
    return Image.fromarray(np.stack([grey, 0.96 * grey, 0.92 * grey], 2).astype(np.uint8))


def read(path, picture=None, shape=SHAPE, **options):
    if picture is not None:
        picture.save(path, **options)
    x, notes = read_pictures(path, shape)
    assert x.shape == (1, *shape)
    assert x.dtype == np.uint8
    return x[0], "; ".join(notes)


def likeness(x, image):
    return np.corrcoef(x.ravel().astype(float), image.ravel())[0, 1]


def model(*layers, shape=SHAPE, units=4, activation="softmax"):
    return keras.Sequential(
        [keras.Input(shape), *layers, keras.layers.Flatten(), keras.layers.Dense(units, activation=activation)]
    )


@pytest.mark.parametrize("name", ["same.png", "same.bmp", "same.tif", "same.gif"])
def test_a_picture_of_the_models_size_gives_exactly_the_arrays_probabilities(tmp_path, name):
    image = boot()
    x, notes = read(tmp_path / name, Image.fromarray(image))
    np.testing.assert_array_equal(x, image)
    assert notes in ("", "made grey")  # GIF has a palette
    data = rowwise.Dataset("made", image[None], np.array([0]), tuple("abcd"))
    trained = rowwise.dense(data, (8,), seed=0)
    np.testing.assert_array_equal(predict(trained, x[None]).probabilities, predict(trained, data.x).probabilities)


@pytest.mark.slow
def test_no_real_training_image_is_mistaken_for_one_on_a_light_background(tmp_path, fashion_mnist):
    _, test = rowwise.load("fashion-mnist")
    fullest = np.argsort(-test.x.reshape(len(test), -1).mean(1))[:50]
    for record in fullest:
        x, notes = read(tmp_path / "x.png", Image.fromarray(test.x[record]))
        np.testing.assert_array_equal(x, test.x[record])
        assert notes == ""


@pytest.mark.parametrize("name", ["p.png", "p.jpg", "p.webp", "p.bmp", "p.tiff"])
def test_a_photograph_becomes_the_training_image(tmp_path, name):
    x, notes = read(tmp_path / name, photo(boot()))
    assert likeness(x, boot()) > 0.94
    assert np.median(x[:4, :4]) == 0
    for words in ("made grey", "inverted", "background made black", "cropped", "from 640 × 480 to 28 × 28"):
        assert words in notes


def test_colours_and_modes_of_every_kind_are_read(tmp_path):
    picture = photo(boot(), noise=0)
    kinds = {
        "cmyk.jpg": picture.convert("CMYK"),
        "palette.png": picture.convert("P"),
        "rgba.png": picture.convert("RGBA"),
        "grey.png": picture.convert("L"),
        "grey-alpha.png": picture.convert("LA"),
        "bits.png": picture.convert("1", dither=Image.Dither.NONE),
    }
    for name, kind in kinds.items():
        x, notes = read(tmp_path / name, kind)
        assert likeness(x, boot()) > 0.85, name
        assert "transparent" not in notes, name


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    deep = Image.fromarray(boot().astype(np.uint16) * 257)
    x, notes = read(tmp_path / "deep.png", deep)
    np.testing.assert_array_equal(x, boot())
    assert notes == "brightness 0..65,535 scaled to 0..255"
    for white in (255, 4095):  # 8 and 12 bits in a file of 16
        x, notes = read(tmp_path / "few.png", Image.fromarray(np.rint(boot() * (white / 255)).astype(np.uint16)))
        np.testing.assert_array_equal(x, boot())
        assert notes == ("" if white == 255 else "brightness 0..4,095 scaled to 0..255")


@pytest.mark.parametrize(("ink", "words"), [(0, "made white"), (255, "made black")])
def test_a_drawing_on_nothing_can_be_seen_whatever_its_ink(tmp_path, ink, words):
    alpha = Image.fromarray(boot()).resize((280, 280))
    solid = Image.new("L", alpha.size, ink)
    x, notes = read(tmp_path / "icon.png", Image.merge("RGBA", (solid, solid, solid, alpha)))
    assert likeness(x, boot()) > 0.95
    assert words in notes


def test_only_the_first_frame_of_an_animation_counts_and_it_is_said(tmp_path):
    frames = [photo(boot(), noise=0), Image.new("RGB", (640, 480), "white")]
    x, notes = read(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert likeness(x, boot()) > 0.9
    assert "first frame" in notes


def test_a_camera_held_sideways_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    x, notes = read(tmp_path / "t.jpg", photo(boot()).rotate(90, expand=True), exif=exif)
    assert likeness(x, boot()) > 0.94
    assert "turned upright" in notes


def test_proportions_are_kept(tmp_path):
    tall = np.zeros((300, 300), np.uint8)
    tall[50:250, 140:160] = 255  # 200 high, 20 wide
    x, _ = read(tmp_path / "tall.png", Image.fromarray(tall))
    rows, columns = (np.flatnonzero((x > 60).any(axis)) for axis in (1, 0))
    assert (len(rows), len(columns)) == (28, 3)
    assert abs(columns.mean() - 13.5) <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 2), (300, 200)])
def test_a_picture_of_nothing_is_told_not_refused(tmp_path, size):
    for brightness in (0, 90, 255):
        _, notes = read(tmp_path / "blank.png", Image.new("L", size, brightness))
        assert "nothing stands out" in notes


def test_a_colour_model_gets_colours(tmp_path):
    x, notes = read(tmp_path / "c.png", photo(boot()), shape=(28, 28, 3))
    assert "grey" not in notes
    assert likeness(x[..., 0], boot()) > 0.95


def test_a_large_photograph_is_read_quickly_and_alike(tmp_path):
    large = photo(boot(), noise=0).resize((4000, 3000))
    assert likeness(read(tmp_path / "large.jpg", large)[0], boot()) > 0.94


BROKEN = {
    "empty.png": (b"", "no picture of a known format"),
    "text.png": (b"hello", "no picture of a known format"),
    "text.txt": (b"hello", "no picture of a known format"),
    "script.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture of a known format"),
    "empty.npy": (b"", "cannot be read"),
    "text.npy": (b"hello", "cannot be read"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_picture_is_said(tmp_path, name):
    content, words = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_pictures(tmp_path / name, SHAPE)


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg", "cut.webp"])
def test_a_truncated_picture_is_said(tmp_path, name):
    photo(boot()).save(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=f"{name} "):
        read_pictures(tmp_path / name, SHAPE)


def test_files_that_are_not_there_and_folders_are_said(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        read_pictures(tmp_path / "nothing.png", SHAPE)
    with pytest.raises(DataError, match="is a folder"):
        read_pictures(tmp_path, SHAPE)


def test_a_huge_picture_is_refused_before_it_is_unpacked(tmp_path):
    for size in ((10_000, 8_001), (20_000, 20_000)):
        Image.new("1", size).save(tmp_path / "huge.png")
        with pytest.raises(DataError, match="too large"):
            read_pictures(tmp_path / "huge.png", SHAPE)


ARRAYS = {
    "one": boot(),
    "many": np.stack([boot()] * 3),
    "float32": boot()[None].astype("float32"),
    "int64": boot()[None].astype("int64"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_taken_as_they_are(tmp_path, name):
    np.save(tmp_path / "x.npy", ARRAYS[name])
    x, notes = read_pictures(tmp_path / "x.npy", SHAPE)
    np.testing.assert_array_equal(x, ARRAYS[name].reshape(-1, *SHAPE))
    assert notes == []


WRONG_ARRAYS = {
    "shape": (np.zeros((3, 20, 28), "uint8"), r"\(3, 20, 28\); expected \(28, 28\).*\(records, 28, 28\)"),
    "flat": (np.zeros((3, 784), "uint8"), "expected"),
    "nobody": (np.zeros((0, 28, 28), "uint8"), "expected"),
    "nan": (np.full((1, 28, 28), np.nan), "not finite"),
    "infinite": (np.full((1, 28, 28), np.inf, "float32"), "not finite"),
    "objects": (np.array([{}], object), "cannot be read"),
    "text": (np.array(["a"]), "expected numbers"),
    "booleans": (np.zeros((28, 28), bool), "expected numbers"),
    "structure": (np.zeros(3, "i4,f4"), "expected numbers"),
}


@pytest.mark.parametrize("name", WRONG_ARRAYS)
def test_arrays_that_cannot_be_meant_are_refused(tmp_path, name):
    array, words = WRONG_ARRAYS[name]
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    with pytest.raises(DataError, match=words):
        read_pictures(tmp_path / "x.npy", SHAPE)


def test_an_array_file_that_announces_more_than_it_holds_takes_no_memory(tmp_path):
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 28, 28), }".ljust(117) + "\n"
    (tmp_path / "liar.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00" + header.encode())
    np.savez(tmp_path / "several.npz", a=boot())
    (tmp_path / "several.npz").rename(tmp_path / "several.npy")
    for name in ("liar.npy", "several.npy"):
        with pytest.raises(DataError, match="cannot be read"):
            read_pictures(tmp_path / name, SHAPE)


def test_white_is_what_the_model_was_trained_on(tmp_path):
    scaling = model(keras.layers.Rescaling(1 / 255))
    bare = model()
    assert (brightest_pixel(scaling), brightest_pixel(bare)) == (255, 1)
    assert brightest_pixel(keras.Sequential([keras.Input(SHAPE), scaling])) == 255
    Image.fromarray(boot()).save(tmp_path / "x.png")
    x, notes = read_pictures(tmp_path / "x.png", SHAPE, brightest=1)
    np.testing.assert_array_equal(x[0], (boot() / 255).astype("float32"))
    assert notes == ["values scaled from 0..255 to 0..1"]
    np.save(tmp_path / "x.npy", boot() / 255)
    x, notes = read_pictures(tmp_path / "x.npy", SHAPE, brightest=255)
    np.testing.assert_allclose(x[0], boot(), atol=1e-4)
    assert notes == ["values scaled from 0..1 to 0..255"]
    np.save(tmp_path / "x.npy", boot() / 128 - 1)  # somebody scaled it to -1..1: nothing better is known
    assert read_pictures(tmp_path / "x.npy", SHAPE, brightest=255)[1] == []


def test_every_output_becomes_probabilities():
    random = np.random.default_rng(0)
    x = random.random((5, *SHAPE), "float32")
    logits = model(activation=None)
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(logits.predict(x, verbose=0)))
    np.testing.assert_allclose(predict(logits, x, task="multiclass").probabilities, expected, rtol=1e-5)
    for activation in ("sigmoid", None):
        one = predict(model(units=1, activation=activation), x, task="binary").probabilities
        assert one.shape == (5, 2)
        np.testing.assert_allclose(one.sum(1), 1, rtol=1e-6)
    softmax = model()
    np.testing.assert_allclose(predict(softmax, x).probabilities, softmax.predict(x, verbose=0), rtol=2e-6)


def test_the_most_probable_classes_come_first_and_ties_keep_their_order():
    top = rowwise.predict(model(), np.zeros((2, *SHAPE), "uint8")).top(3)
    assert [label for label, _ in top[0]] == [0, 1, 2]
    assert len(top) == 2


def test_rowwise_predict_stays_the_function_whatever_was_imported():
    assert callable(rowwise.predict)


def test_what_cannot_be_predicted_is_said():
    with pytest.raises(ShapeError, match="Rows are records"):
        predict(model(), np.zeros((2, 5, 5), "uint8"))
    broken = model()
    broken.set_weights([np.full_like(w, np.nan) for w in broken.get_weights()])
    with pytest.raises(ModelError, match="NaN"):
        predict(broken, np.zeros((1, *SHAPE), "uint8"))
    pixelwise = keras.Sequential([keras.Input(SHAPE), keras.layers.Dense(3)])
    with pytest.raises(ModelError, match="one probability a class"):
        predict(pixelwise, np.zeros((1, *SHAPE), "uint8"))


@pytest.mark.parametrize(
    ("x", "options", "words"),
    [
        (np.zeros((0, *SHAPE), "uint8"), {}, "no records"),
        (np.full((2, *SHAPE), np.nan), {}, "not finite"),
        (np.full((2, *SHAPE), "a"), {}, "no number"),
        (np.zeros((2, *SHAPE)), {"batch_size": -1}, "batch_size"),
        (np.zeros((2, *SHAPE)), {"batch_size": 2.5}, "batch_size"),
    ],
)
def test_what_cannot_be_predicted_is_refused_and_the_model_stays_usable(x, options, words):
    made = model()
    with pytest.raises(RowwiseError, match=words):
        rowwise.predict(made, x, **options)
    assert rowwise.predict(made, np.zeros((2, *SHAPE), "uint8")).probabilities.shape[0] == 2


def test_a_dataset_is_predicted_as_its_records():
    data = rowwise.Dataset("made", np.zeros((3, *SHAPE), "uint8"), np.zeros(3, int), tuple("abc"))
    assert len(rowwise.predict(model(), data).classes) == 3


def test_what_is_no_model_is_named():
    with pytest.raises(RowwiseError, match="Keras model"):
        rowwise.predict(None, np.zeros((2, *SHAPE)))


def in_threads(work, number=8):
    """What `work(place)` gives in each of so many threads, which begin together."""
    barrier = threading.Barrier(number)

    def begin(place):
        barrier.wait()
        return work(place)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(begin, range(number)))


def normalized():
    """A model that the native engine cannot run."""
    return model(keras.layers.Rescaling(1 / 255), keras.layers.BatchNormalization())


@pytest.mark.parametrize("build", [lambda: model(keras.layers.Rescaling(1 / 255)), normalized])
def test_many_small_calls_from_many_threads_give_the_same_bits_as_one_after_another(build):
    made = build()
    x = np.random.default_rng(0).integers(0, 256, (24, *SHAPE)).astype("uint8")
    predictor, other = Predictor(made), Predictor(made)
    parts = [x[start : start + 1 + start % 3] for start in range(len(x) - 3)]
    expected = [predictor.outputs(part) for part in parts]
    whole = other.outputs(np.tile(x, (20, 1, 1)))

    def work(place):
        if place == 0:  # the other Predictor of the same model works meanwhile
            return [other.outputs(np.tile(x, (20, 1, 1))) for _ in range(5)]
        order = np.random.default_rng(place).permutation(len(parts))
        found = {number: predictor.outputs(parts[number]) for number in order}
        return [found[number] for number in range(len(parts))]

    large, *small = in_threads(work)
    for outputs in large:
        np.testing.assert_array_equal(outputs, whole)
    for outputs in small:
        for part, truth in zip(outputs, expected, strict=True):
            np.testing.assert_array_equal(part, truth)


@pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled: Keras predicts")
def test_any_number_of_threads_and_of_records_gives_the_same_bits():
    made = model(keras.layers.Rescaling(1 / 255))
    x = np.random.default_rng(0).integers(0, 256, (700, *SHAPE)).astype("uint8")
    whole = rowwise.engine.predict_proba(made, x)
    for threads in (1, 3):
        predictor = Predictor(made, threads)
        np.testing.assert_array_equal(predictor.outputs(x), whole)
        for records in (1, 2, 16, 17, 255, 300):
            np.testing.assert_array_equal(predictor.outputs(x[:records]), whole[:records])
        np.testing.assert_array_equal(predict(made, x, threads=threads).probabilities, whole)


def by_keras(made, x):
    return made.predict(x, verbose=0)


def test_where_keras_predicts_a_record_has_the_same_bits_alone_and_among_others():
    made = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(8, 3),
            keras.layers.Flatten(),
            keras.layers.Dense(50),
            keras.layers.Dense(3),
        ]
    )
    x = np.random.default_rng(0).random((200, 6, 6, 1), np.float32)
    predictor = Predictor(made)
    together = predictor.outputs(x)
    for size in (1, 7, 64, 65):
        alone = np.concatenate([predictor.outputs(x[start : start + size]) for start in range(0, 140, size)])
        assert np.array_equal(alone[:140], together[: len(alone)][:140])


def test_a_predictor_follows_a_training_and_weights_that_are_set():
    random = np.random.default_rng(0)
    x, y = random.integers(0, 256, (60, *SHAPE)).astype("uint8"), random.integers(0, 4, 60)
    made = model(keras.layers.Rescaling(1 / 255))
    made.compile("adam", "sparse_categorical_crossentropy")
    predictor = Predictor(made)
    seen = [predictor.outputs(x)]
    for engine in ("auto", "whole_epoch", "keras"):
        rowwise.fit(made, (x, y), epochs=1, engine=engine, verbose=0)
        seen.append(predictor.outputs(x))
        np.testing.assert_allclose(seen[-1], by_keras(made, x), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(predict(made, x).probabilities, seen[-1])
    made.set_weights([np.zeros_like(w) for w in made.get_weights()])
    np.testing.assert_allclose(predictor.outputs(x), 0.25)
    assert all(np.abs(a - b).max() > 1e-4 for a, b in itertools.pairwise(seen))


def test_predict_stays_right_whatever_is_done_to_the_model():
    x = np.random.default_rng(0).random((5, *SHAPE), "float32")
    made = model(activation=None)
    rowwise.engine.predict_proba(made, x)
    made.layers[-1].activation = keras.activations.tanh
    np.testing.assert_allclose(rowwise.engine.predict_proba(made, x), by_keras(made, x), rtol=1e-5, atol=1e-6)
    made.add(keras.layers.Dense(3))
    np.testing.assert_allclose(rowwise.engine.predict_proba(made, x), by_keras(made, x), rtol=1e-5, atol=1e-6)
    made.pop()
    made.add(keras.layers.Dense(4, "softmax"))
    np.testing.assert_allclose(rowwise.engine.predict_proba(made, x), by_keras(made, x), rtol=1e-5, atol=1e-6)
    made.compile("sgd", "mse")
    np.testing.assert_allclose(rowwise.engine.predict_proba(made, x), by_keras(made, x), rtol=1e-5, atol=1e-6)


def test_a_predictor_of_a_model_that_is_not_built_yet_waits_for_its_first_records():
    made = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4, "softmax")])
    predictor = Predictor(made)
    x = np.random.default_rng(0).random((5, *SHAPE), "float32")
    first = predictor.outputs(x)
    np.testing.assert_allclose(predictor.outputs(x), first, rtol=1e-5)


def test_what_was_kept_of_a_model_goes_with_it():
    made = model()
    predict(made, np.zeros((1, *SHAPE), "uint8"))
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None


def test_names_and_dictionaries_of_a_prediction():
    classes = Prediction(np.array([[0.25, 0.75], [1.0, 0.0]], np.float32), class_names=("boot", "bag"))
    assert classes.names == ["bag", "boot"]
    assert classes.to_dicts() == [
        {"class": "bag", "probabilities": {"boot": 0.25, "bag": 0.75}},
        {"class": "boot", "probabilities": {"boot": 1.0, "bag": 0.0}},
    ]
    assert Prediction(classes.probabilities).names == ["1", "0"]
    empty, values = np.empty((2, 0), np.float32), np.array([[1.5, 2.0], [0.5, -1.0]], np.float32)
    assert Prediction(empty, values, target_names=("cm", "kg")).to_dicts() == [
        {"cm": 1.5, "kg": 2.0},
        {"cm": 0.5, "kg": -1.0},
    ]
    assert Prediction(empty, values).to_dicts()[0] == {"y0": 1.5, "y1": 2.0}
    assert Prediction(empty, values[:, :1]).to_dicts()[1] == {"y": 0.5}
    json.dumps(classes.to_dicts())
    with pytest.raises(ModelError, match="numbers, not classes"):
        _ = Prediction(empty, values, task="regression").names


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_prediction_shows_its_first_records_in_80_columns(lang):
    names = tuple(f"아주 긴 이름의 클래스 {number}" for number in range(5))
    shares = np.random.default_rng(0).dirichlet(np.ones(5), 1234).astype("float32")
    with use_language(lang):
        text = repr(Prediction(shares, class_names=names))
        assert "1,234" in text
        assert "1,224" in text.splitlines()[-1]
        numbers = repr(Prediction(np.empty((2, 0), np.float32), np.array([[12345.678], [0.5]], np.float32)))
    assert all(cell_len(line) <= 80 for line in text.splitlines())
    assert names[shares[0].argmax()] in text.splitlines()[1]
    assert "y 12345.7" in numbers
    assert len(numbers.splitlines()) == 3
