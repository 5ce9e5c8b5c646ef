"""A run opened again is something to use: on rows, pictures and arrays, as they come."""

import json

import keras
import numpy as np
import polars as pl
import pytest
from PIL import Image

import rowwise
from rowwise.data import load
from rowwise.errors import DataError, ModelError, ShapeError, Suspicious, UsageError
from rowwise.text import use_language

ROWS = [{"rooms": 3, "town": "hill"}, {"rooms": 5.5, "town": "river"}, {"rooms": None, "town": "moon"}]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def houses(place):
    """A table with a category and a missing value, numbers to be predicted, and a run on it."""
    random = np.random.default_rng(0)
    rooms = random.uniform(2, 8, 200).round(5)
    town = random.choice(["hill", "river"], 200)
    price = (60 * rooms + 80 * (town == "river")).round(1)
    frame = pl.DataFrame(
        {"rooms": [*[None] * 8, *rooms[8:]], "town": town, "price": price, "dear": np.where(price > 350, "yes", "no")}
    )
    frame.write_csv(place / "houses.csv")
    options = {"epochs": 3, "pictures": False, "observer": lambda event: None}  # which hears of rows that are alike
    rowwise.train(place / "houses.csv", "price", drop="dear", out=place / "price", **options)
    rowwise.train(place / "houses.csv", "dear", drop="price", out=place / "dear", **options)
    return frame


@pytest.fixture(scope="module")
def digits(place):
    rowwise.train("digits", hidden=(20,), epochs=2, pictures=False, verbose=0, out=place / "digits")
    return load("digits")[1]


def test_it_says_what_it_accepts_and_what_it_gives(place, houses, digits):
    price, dear, pictures = (rowwise.open(place / name) for name in ("price", "dear", "digits"))
    assert (price.accepts.kind, [column.name for column in price.accepts.columns]) == ("table", ["rooms", "town"])
    assert (price.classes, price.targets) == ((), ("price",))
    assert (dear.classes, dear.targets) == (("no", "yes"), ())
    assert (pictures.accepts.kind, pictures.accepts.shape, pictures.accepts.white) == ("pictures", (8, 8), 255)
    assert pictures.classes == tuple("0123456789")
    with use_language("ko"):
        assert "그림" in str(pictures.accepts)
    assert "rooms, town" in repr(price)
    assert price.metrics == price.record.test
    assert json.loads((place / "price" / "run.json").read_text())["test"]["r2"] == price.metrics["r2"]


def test_a_run_is_opened_by_its_path():
    for wrong in (None, 3, ["runs"]):
        with pytest.raises(UsageError, match="A run is opened by its path; found"):
            rowwise.open(wrong)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "the file or folder does not exist"), ("ko", "파일이나 폴더가 없습니다")]
)
def test_what_the_system_refuses_is_said_in_the_users_language(tmp_path, lang, words):
    with use_language(lang), pytest.raises(ModelError) as caught:
        rowwise.open(tmp_path / "nowhere")
    with use_language(lang):
        assert words in str(caught.value)
        assert "No such file" not in str(caught.value)


def test_rows_of_every_form_give_the_same_numbers(place, houses):
    saved = rowwise.open(place / "price")
    frame = pl.DataFrame(ROWS)
    frame.write_csv(place / "new.csv")
    with pytest.warns(Suspicious, match="town: 1 value was not known"):
        expected = saved.predict(ROWS)
    assert "town: 1 value was not known in training" in repr(expected)
    assert expected.values.shape == (3, 1)
    frame, columns = frame[:2], {"rooms": [3, 5.5], "town": np.array(["hill", "river"])}
    frame.write_csv(place / "new.csv")
    for rows in (
        frame,
        frame.lazy(),
        place / "new.csv",
        str(place / "new.csv"),
        [dict(row) for row in ROWS[:2]],
        columns,
    ):
        np.testing.assert_array_equal(saved.predict(rows).values, expected.values[:2])
    one = saved.predict(ROWS[0])
    assert one.to_dicts() == [{"price": pytest.approx(float(expected.values[0, 0]), rel=1e-6)}]
    with pytest.warns(Suspicious, match="town: 1 value was not known"):
        np.testing.assert_array_equal(rowwise.predict(saved.model, pl.DataFrame(ROWS)).values, expected.values)
    assert expected.notes == ('town: 1 value was not known in training ("moon"); it counts as none of its categories.',)


def test_classes_have_their_names(place, houses):
    saved = rowwise.open(place / "dear")
    prediction = saved.predict(ROWS[:2])
    assert prediction.class_names == ("no", "yes")
    assert prediction.names == [saved.classes[number] for number in prediction.classes]
    for found, row in zip(prediction.to_dicts(), prediction.probabilities, strict=True):
        assert found["probabilities"] == {"no": float(row[0]), "yes": float(row[1])}
        assert found["class"] == max(found["probabilities"], key=found["probabilities"].get)


def test_a_table_that_does_not_fit_is_told_by_its_column(place, houses):
    saved = rowwise.open(place / "price")
    with pytest.raises(DataError, match="rooms"):
        saved.predict([{"town": "hill"}])
    with pytest.raises(UsageError, match="Rows are"):
        saved.predict(3)
    with pytest.raises(DataError, match=r"nothing\.csv"):
        saved.predict("nothing.csv")


@pytest.mark.parametrize(
    "more", [{"town": "hill"}, {"town": pl.Series(["hill", "hill"])}, {"town": ("hill", "hill"), "other": [1, 2]}]
)
def test_a_dictionary_of_columns_is_a_table(place, houses, more):
    saved = rowwise.open(place / "price")
    rows = [{"rooms": 3, "town": "hill"}, {"rooms": 4.5, "town": "hill"}]
    found = saved.predict({"rooms": np.array([3, 4.5]), **more})
    np.testing.assert_array_equal(found.values, saved.predict(rows).values)
    assert len(found.values) == 2


def test_columns_of_different_lengths_and_values_within_values_are_refused(place, houses):
    saved = rowwise.open(place / "price")
    with pytest.raises(UsageError, match=r"same length; found rooms: 2, town: 3"):
        saved.predict({"rooms": [1, 2], "town": ["hill"] * 3})
    for nested in ([1, 2], {"a": 1}, {1}, np.array([3.0])):
        with pytest.raises(DataError, match=f'Row 2, column "rooms" holds a {type(nested).__name__}'):
            saved.predict([ROWS[0], {"rooms": nested, "town": "hill"}])


def test_a_text_where_a_number_belongs_is_told_once_and_shown(place, houses):
    saved = rowwise.open(place / "price")
    with pytest.warns(Suspicious, match="rooms") as told:
        prediction = saved.predict([{"rooms": "six", "town": "hill"}])
    assert len(told) == 1
    assert prediction.notes == (str(told[0].message),)
    assert prediction.notes[0][:40] in repr(prediction)


def test_a_run_from_a_frame_is_measured_on_what_is_passed(place, houses, tmp_path):
    frame = houses.drop("dear")
    saved = rowwise.train(frame, "price", epochs=1, pictures=False, observer=lambda event: None, out=tmp_path / "run")
    with pytest.raises(UsageError, match=r"was trained on a DataFrame.*saved\.evaluate\(frame\).*saved\.metrics"):
        saved.evaluate()
    with pytest.warns(Suspicious, match="160 of these 200 records"):
        assert saved.evaluate(frame).records == 200
    assert saved.evaluate(frame[:50]).records == 50


def test_pictures_as_files_bytes_and_pixels_give_the_same(place, digits, tmp_path):
    saved = rowwise.open(place / "digits")
    expected = saved.predict(digits.x[:3])
    np.testing.assert_array_equal(expected.probabilities, rowwise.predict(saved.model, digits.x[:3]).probabilities)
    paths = [tmp_path / "a" / f"{number}.png" for number in range(3)]
    (tmp_path / "a").mkdir()
    for path, pixels in zip(paths, digits.x, strict=False):
        Image.fromarray(pixels).save(path)
    np.save(tmp_path / "all.npy", digits.x[:3])
    contents = [path.read_bytes() for path in paths]
    for pictures in (paths, [str(path) for path in paths], contents, tmp_path / "a", tmp_path / "all.npy", digits[:3]):
        np.testing.assert_array_equal(saved.predict(pictures).probabilities, expected.probabilities)
    one = saved.predict(contents[1])
    np.testing.assert_allclose(one.probabilities, expected.probabilities[1:2], rtol=1e-6)
    np.testing.assert_allclose(saved.predict(digits.x[1]).probabilities, expected.probabilities[1:2], rtol=1e-6)


def test_what_was_done_to_a_picture_is_told(place, digits, tmp_path):
    Image.fromarray(255 - digits.x[0]).resize((80, 80)).convert("RGB").save(tmp_path / "large.png")
    notes = rowwise.open(place / "digits").predict(tmp_path / "large.png").notes
    assert "made grey" in notes
    assert any(note.startswith("resized from 80 × 80 to 8 × 8") for note in notes)


@pytest.mark.parametrize(
    ("pictures", "error", "words"),
    [
        (b"no picture", DataError, "no picture of a known format"),
        (b"", DataError, "no picture"),
        ("nothing.png", DataError, "no file nothing.png"),
        (np.zeros((2, 9, 9), np.uint8), (DataError, ShapeError), "9"),
        ({"a": 1}, UsageError, "not trained on a table"),
        (pl.DataFrame({"a": [1]}), UsageError, "not trained on a table"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(place, digits, pictures, error, words):
    with pytest.raises(error, match=words):
        rowwise.open(place / "digits").predict(pictures)


def bare(path, *layers, shape=(8, 8), units=10, activation="softmax"):
    model = keras.Sequential(
        [keras.Input(shape), *layers, keras.layers.Flatten(), keras.layers.Dense(units, activation)]
    )
    model.save(path)
    return model


def test_a_bare_model_takes_arrays_and_numbers_its_classes(tmp_path):
    model = bare(tmp_path / "m.keras", shape=(6,), units=1, activation="sigmoid")
    saved = rowwise.open(tmp_path / "m.keras")
    assert (saved.record, dict(saved.metrics), saved.accepts.kind, saved.classes) == (None, {}, "arrays", ("0", "1"))
    x = np.random.default_rng(0).random((4, 6), np.float32)
    np.save(tmp_path / "x.npy", x)
    for records in (x, x.tolist(), tmp_path / "x.npy"):
        np.testing.assert_allclose(
            saved.predict(records).probabilities[:, 1], model.predict(x, verbose=0)[:, 0], rtol=1e-5
        )
    assert len(saved.predict(x[0])) == 1
    with pytest.raises(UsageError, match="does not say which data"):
        saved.evaluate()
    with pytest.raises(UsageError, match="takes arrays"):
        saved.predict(tmp_path / "x.csv")


def test_a_course_model_gets_its_pixels_as_the_course_gives_them(tmp_path, digits):
    model = bare(tmp_path / "m.keras")
    saved = rowwise.open(tmp_path / "m.keras")
    assert saved.accepts.white == 1
    expected = model.predict(digits.x / 255, verbose=0)
    np.testing.assert_allclose(saved.predict(digits.x).probabilities, expected, rtol=1e-4, atol=1e-6)
    assert saved.predict(digits.x).notes == ("values scaled from 0..255 to 0..1",)
    accuracy = float((expected.argmax(1) == digits.y).mean())
    assert saved.evaluate("digits").accuracy == pytest.approx(accuracy)


def test_it_is_measured_on_its_own_records_or_on_others(place, houses, digits):
    saved = rowwise.open(place / "digits")
    assert saved.evaluate().to_dict() == {**saved.metrics, "baseline": saved.evaluate().to_dict()["baseline"]}
    assert saved.evaluate(digits).accuracy == saved.metrics["accuracy"]
    assert saved.evaluate((digits.x, digits.y)).accuracy == saved.metrics["accuracy"]
    price = rowwise.open(place / "price")
    assert price.evaluate().r2 == pytest.approx(price.metrics["r2"])
    for again in (place / "houses.csv", houses):
        with pytest.warns(Suspicious, match="160 of these 200 records are those that the model was trained on"):
            assert price.evaluate(again).records == 200
    names = {column.name for column in price.importance(price.sets()[1]).columns}
    assert names == {"rooms", "town"}


def test_data_that_have_changed_are_told_of(place, houses, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    record = json.loads((place / "price" / "run.json").read_text())
    record["data"]["test_checksum"] = "0"
    (run / "run.json").write_text(json.dumps(record))
    (run / "model.keras").write_bytes((place / "price" / "model.keras").read_bytes())
    with pytest.warns(Suspicious, match="checksums differ"):
        rowwise.open(run).evaluate()


def test_it_explains_and_traces_itself(place, digits):
    saved = rowwise.open(place / "digits")
    assert str(saved.explain(batch_size=4)) == str(rowwise.explain(saved.model, batch_size=4))
    trace = saved.trace(0, 3)
    assert str(trace) == str(rowwise.shapes.trace(saved.model, digits.x, 0, 3))


def test_a_model_with_several_inputs_is_refused_in_words(tmp_path):
    one, other = keras.Input((3,)), keras.Input((3,))
    keras.Model([one, other], keras.layers.Dense(2)(keras.layers.Add()([one, other]))).save(tmp_path / "m.keras")
    saved = rowwise.open(tmp_path / "m.keras")
    with pytest.raises(ModelError, match="one input"):
        saved.predict(np.zeros((1, 3)))
    assert saved.model.count_params() == 8


def test_star_import_leaves_pythons_open_alone():
    names = {}
    exec("from rowwise import *", names)
    assert "open" not in names
    assert names["train"] is rowwise.train
    assert {"open", "train"} <= set(dir(rowwise))


def test_a_run_keeps_what_was_white_in_pictures_of_16_bits(tmp_path):
    for name, brightest in (("a", 4095), ("b", 2000)):
        (tmp_path / "p" / name).mkdir(parents=True)
        for row in range(12):
            values = np.random.default_rng(row).integers(0, brightest, (8, 8)).astype(np.uint16)
            values[0, 0] = brightest
            Image.fromarray(values).save(tmp_path / "p" / name / f"{row}.png")
    with pytest.warns(Suspicious, match="65,535: 4,095 is taken for white"):
        rowwise.train(tmp_path / "p", out=tmp_path / "run", epochs=1, verbose=0, pictures=False)
    run = rowwise.open(tmp_path / "run")
    assert run.accepts.pictures == "border/4095"
    file = tmp_path / "p" / "b" / "1.png"
    scaled = np.rint(np.asarray(Image.open(file), np.float64) * 255 / 4095).astype(np.uint8)
    assert scaled.max() == 125  # a dark picture alone stays as dark as it was among the others
    np.testing.assert_array_equal(run.predict(file).probabilities, run.predict(scaled).probabilities)


def test_a_saved_model_says_its_task_and_takes_another(tmp_path):
    model = bare(tmp_path / "m.keras", shape=(6,), units=1, activation=None)
    x = np.random.default_rng(0).random((4, 6), np.float32)
    saved = rowwise.open(tmp_path / "m.keras")
    assert (saved.task, saved.targets, saved.classes) == ("", ("y",), ())
    assert "not known" in repr(saved)
    np.testing.assert_allclose(saved.predict(x).values, model.predict(x, verbose=0), rtol=1e-5)
    named = rowwise.open(tmp_path / "m.keras", task="binary")
    assert (named.task, named.targets, named.classes) == ("binary", (), ("0", "1"))
    assert named.predict(x).probabilities.shape == (4, 2)
    assert named.evaluate((x, np.array([0, 1, 1, 0]))).task == "binary"
    with pytest.raises(UsageError, match="multilabel"):
        rowwise.open(tmp_path / "m.keras", task="multilabel")
    bare(tmp_path / "several.keras", shape=(6,), units=3, activation="sigmoid")
    several = rowwise.open(tmp_path / "several.keras")
    assert (several.task, several.classes) == ("multilabel", ("0", "1", "2"))
    assert several.evaluate((x, np.eye(4)[:, :3])).task == "multilabel"
