"""`rowwise evaluate` and `rowwise predict`: a run, or a bare model, used again."""

import json
import re
import shlex

import keras
import numpy as np
import pytest
from PIL import Image

from rowwise.data import load


@pytest.fixture(scope="module")
def digit():
    _, test = load("digits")
    return test.x[0]


def bare(path, *layers, shape=(8, 8), units=10, activation="softmax"):
    model = keras.Sequential(
        [keras.Input(shape), *layers, keras.layers.Flatten(), keras.layers.Dense(units, activation=activation)]
    )
    model.save(path)
    return model


def test_evaluate_measures_what_training_measured(rowwise, from_json, trained):
    record = json.loads((trained / "run.json").read_text("utf-8"))
    for model in (trained, trained / "model.keras"):
        found = from_json("evaluate", model)
        assert found["test"]["confusion"] == record["test"]["confusion"]
        assert found["test"]["loss"] == pytest.approx(record["test"]["loss"])
        assert (found["data"]["name"], found["data"]["records"]) == ("digits", 359)
        assert found["data"]["checksum"] == record["data"]["test_checksum"]
    code, out, err = rowwise("evaluate", trained)
    assert (code, out.startswith("accuracy")) == (0, True)
    assert "359 test records" in err


def test_evaluate_says_when_the_data_are_not_those_of_the_run(rowwise, trained, tmp_path):
    record = json.loads((trained / "run.json").read_text("utf-8"))
    record["data"]["test_checksum"] = "0"
    (tmp_path / "run.json").write_text(json.dumps(record), "utf-8")
    (tmp_path / "model.keras").write_bytes((trained / "model.keras").read_bytes())
    code, _, err = rowwise("evaluate", tmp_path)
    assert code == 0
    assert "checksums differ" in err


def test_evaluate_gives_a_course_model_pixels_as_the_course_does(from_json, rowwise, tmp_path):
    model = bare(tmp_path / "course.keras")
    _, test = load("digits")
    expected = (model.predict(test.x / 255, verbose=0).argmax(1) == test.y).mean()
    assert from_json("evaluate", tmp_path / "course.keras", "digits")["test"]["accuracy"] == pytest.approx(expected)
    assert "from 0..255 to 0..1" in rowwise("evaluate", tmp_path / "course.keras", "digits")[2]


def test_evaluate_needs_data_that_fit(rowwise, trained, tmp_path):
    bare(tmp_path / "m.keras")
    bare(tmp_path / "wide.keras", shape=(9, 9))
    bare(tmp_path / "few.keras", units=3)
    for arguments, words in (
        ((tmp_path / "m.keras",), "does not say which data"),
        ((tmp_path / "wide.keras", "digits"), "Rows are records"),
        ((tmp_path / "few.keras", "digits"), "10 classes"),
        ((tmp_path / "nothing",), "cannot be read"),
        ((tmp_path,), "no run's folder"),
    ):
        code, out, err = rowwise("evaluate", *arguments)
        assert (code, out) == (2, "")
        assert words in err


def test_models_that_are_no_classifiers_are_refused(rowwise, tmp_path):
    one, other = keras.Input((8, 8)), keras.Input((8, 8))
    flat = keras.layers.Flatten()(one)
    models = {
        "several inputs": keras.Model([one, other], keras.layers.Add()([flat, keras.layers.Flatten()(other)])),
        "several outputs": keras.Model(one, [keras.layers.Dense(2)(flat), keras.layers.Dense(3)(flat)]),
        "an output a pixel": keras.Sequential([keras.Input((8, 8)), keras.layers.Dense(3)]),
    }
    Image.new("L", (8, 8)).save(tmp_path / "p.png")
    for model in models.values():
        model.save(tmp_path / "m.keras")
        for arguments in (
            ("evaluate", tmp_path / "m.keras", "digits"),
            ("predict", tmp_path / "m.keras", tmp_path / "p.png"),
        ):
            code, out, err = rowwise(*arguments)
            assert (code, out, err.count("\n")) == (2, "", 1)
            assert "shape" in err


def test_a_picture_of_a_test_image_is_predicted_as_its_array(from_json, trained, digit, tmp_path):
    Image.fromarray(digit).save(tmp_path / "digit.png")
    np.save(tmp_path / "digit.npy", digit)
    found = from_json("predict", trained, tmp_path / "digit.png", tmp_path / "digit.npy")["predictions"]
    assert found[0]["top"] == found[1]["top"]
    assert [found[0]["conversion"], found[1]["conversion"]] == [[], []]
    probabilities = [top["probability"] for top in found[0]["top"]]
    assert len(probabilities) == 3
    assert probabilities == sorted(probabilities, reverse=True)
    assert found[0]["top"][0]["class"] == str(found[0]["top"][0]["label"])


def test_predict_says_how_it_converted_and_three_classes(rowwise, trained, digit, tmp_path):
    large = Image.fromarray(255 - digit).resize((80, 80)).convert("RGB")
    large.save(tmp_path / "large.jpg")
    code, out, err = rowwise("predict", trained, tmp_path / "large.jpg")
    head, *top = out.splitlines()
    assert (code, err, len(top)) == (0, "", 3)
    assert "made grey; inverted" in head
    assert "from 80 × 80 to 8 × 8" in head
    assert all(line.strip()[0].isdigit() and "%" in line for line in top)


def test_predict_names_classes_in_korean_for_people_and_in_english_for_programs(
    rowwise, from_json, trained, digit, tmp_path
):
    np.save(tmp_path / "d.npy", digit)
    assert set("영일이삼사오육칠팔구") & set(rowwise("predict", trained, tmp_path / "d.npy", "--lang", "ko")[1])
    found = from_json("predict", trained, tmp_path / "d.npy", "--lang", "ko")
    assert found["predictions"][0]["top"][0]["class"].isdigit()


def test_predict_answers_for_every_file_it_can_read(from_json, rowwise, trained, digit, tmp_path):
    np.save(tmp_path / "many.npy", np.stack([digit, digit]))
    (tmp_path / "text.png").write_text("hello")
    files = (tmp_path / "text.png", tmp_path / "many.npy", tmp_path / "nothing.png")
    found = from_json("predict", trained, *files, code=2)
    assert [row["record"] for row in found["predictions"]] == [0, 1]
    code, out, err = rowwise("predict", trained, *files)
    assert (code, err.count("\n")) == (2, 2)
    assert "many.npy[1]" in out


def test_predict_refuses_models_that_take_no_pictures(rowwise, tmp_path, digit):
    np.save(tmp_path / "d.npy", digit)
    for shape in ((64,), (None, 8), (8, 8, 2)):
        if None in shape:
            keras.Sequential([keras.Input(shape), keras.layers.GlobalAveragePooling1D()]).save(tmp_path / "m.keras")
        else:
            bare(tmp_path / "m.keras", shape=shape)
        code, out, err = rowwise("predict", tmp_path / "m.keras", tmp_path / "d.npy")
        assert (code, out) == (2, "")
        assert "no pictures" in err


def test_predict_numbers_the_classes_of_a_bare_model(from_json, tmp_path, digit):
    bare(tmp_path / "m.keras", units=1, activation="sigmoid")
    np.save(tmp_path / "d.npy", digit)
    found = from_json("predict", tmp_path / "m.keras", tmp_path / "d.npy")["predictions"][0]
    assert {top["class"] for top in found["top"]} == {"0", "1"}
    assert found["conversion"] == ["values scaled from 0..255 to 0..1"]


def test_files_that_can_run_code_are_refused_by_both(rowwise, tmp_path):
    for name in ("m.h5", "m.pkl", "m.pt"):
        (tmp_path / name).write_bytes(b"cos\nsystem\n")
        for command in (("evaluate", tmp_path / name, "digits"), ("predict", tmp_path / name, "x.png")):
            code, out, err = rowwise(*command)
            assert (code, out) == (2, "")
            assert "can run code" in err


def test_evaluate_writes_a_page_that_can_be_repeated(rowwise, from_json, trained, here):
    found = from_json("evaluate", trained, "--html", "report.html")
    page = (here / "report.html").read_text("utf-8")
    assert f"{found['test']['accuracy']:.4f}" in page
    assert " train digits --hidden 20 --seed 0 --epochs 2</pre>" in page
    assert f" evaluate {trained} --html report.html --lang en</pre>" in page
    assert [path.name for path in here.iterdir()] == ["report.html"]


def test_a_page_that_cannot_be_written_is_refused_before_any_work(rowwise, trained, here):
    code, out, err = rowwise("evaluate", trained, "--html", here / "no" / "such" / "report.html")
    assert (code, out, err.count("\n")) == (1, "", 1)
    code, out, err = rowwise("evaluate", trained, "--html", here)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert list(here.iterdir()) == []


def test_evaluate_tells_the_importance_of_a_tables_columns(rowwise, from_json, here, no_pictures):
    rows = [f"{i},{(i * 7919) % 101},{'yes' if i > 100 else 'no'}" for i in range(200)]
    (here / "t.csv").write_text("\n".join(["useful,useless,answer", *rows]))
    quick = ("--preset", "fast", "--hidden", "8", "--epochs", "30", "--quiet", "--out", "run")
    assert rowwise("train", "t.csv", "--target", "answer", *quick)[0] == 0
    found = from_json("evaluate", "run", "--html", "report.html")
    assert [column["name"] for column in found["importance"]["columns"]] == ["useful", "useless"]
    assert found["importance"]["columns"][0]["mean"] > 0.1
    assert "useful" in rowwise("evaluate", "run")[1]
    page = (here / "report.html").read_text("utf-8")
    command = re.search(" train ([^<]*)</pre>", page)[1]
    assert command == f"{here / 't.csv'} --target answer --hidden 8 --seed 0 --epochs 30 --patience 20 --preset fast"
    again = from_json("train", *shlex.split(command), "--out", "again")
    assert again["test"] == found["test"]


def of_task(path, units, end, loss, shape=(5,)):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(units, end)])
    if loss is not None:
        model.compile("sgd", loss)
    model.save(path)
    return model


@pytest.mark.parametrize(
    ("units", "end", "loss", "options", "task"),
    [
        (3, "sigmoid", "binary_crossentropy", (), "multilabel"),
        (1, None, None, (), "regression"),
        (1, "sigmoid", None, ("--task", "regression"), "regression"),
        (1, "sigmoid", None, (), "binary"),
        (3, None, None, ("--task", "classification"), "multiclass"),
    ],
)
def test_evaluate_knows_the_task_or_is_told_it(from_json, rowwise, here, units, end, loss, options, task):
    model = of_task("m.keras", units, end, loss)
    random = np.random.default_rng(0)
    x = random.normal(size=(100, 5)).astype("float32")
    labels = {
        "multilabel": (x[:, :3] > 0).astype(int),
        "regression": random.poisson(6, 100),
        "binary": (x[:, 0] > 0).astype(int),
        "multiclass": random.integers(0, 3, 100),
    }[task]
    np.savez("d.npz", x_train=x[:50], y_train=labels[:50], x_test=x[50:], y_test=labels[50:])
    found = from_json("evaluate", "m.keras", "d.npz", *options)["test"]
    outputs = model.predict(x[50:], verbose=0)
    expected = {
        "multilabel": lambda: ((outputs > 0.5) == labels[50:]).mean(),
        "regression": lambda: np.abs(outputs[:, 0] - labels[50:]).mean(),
        "binary": lambda: ((outputs[:, 0] > 0.5) == labels[50:]).mean(),
        "multiclass": lambda: (outputs.argmax(1) == labels[50:]).mean(),
    }[task]()
    assert found["task"] == task
    assert found["mae" if task == "regression" else "accuracy"] == pytest.approx(expected, rel=1e-5)
    page = rowwise("evaluate", "m.keras", "d.npz", *options, "--html", "page.html", "--lang", "ko")
    assert "문제 유형" in page[1]
    assert "문제 유형" in (here / "page.html").read_text("utf-8")


def test_predict_gives_numbers_labels_and_outputs_of_pictures(from_json, rowwise, here):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (8, 8)).astype("uint8")).save("one.png")
    (here / "folder").mkdir()
    (here / "folder" / "one.png").write_bytes((here / "one.png").read_bytes())
    several = of_task("several.keras", 3, "sigmoid", "binary_crossentropy", (8, 8))
    x = np.asarray(Image.open("one.png"), "float32")[None] / 255
    probabilities = several.predict(x, verbose=0)[0]
    there = [str(label) for label in np.flatnonzero(probabilities > 0.5)]
    found = from_json("predict", "several.keras", "one.png")["predictions"][0]
    assert found["labels"] == there
    row = rowwise("predict", "several.keras", "folder")[1].splitlines()[1].split(",")
    assert row[1] == "; ".join(there)
    assert [float(cell) for cell in row[2:]] == pytest.approx(probabilities.tolist(), abs=1e-5)

    unknown = of_task("unknown.keras", 1, None, None, (8, 8))
    value = float(unknown.predict(x, verbose=0)[0, 0])
    code, out, err = rowwise("predict", "unknown.keras", "one.png")
    assert code == 0
    assert "--task" in err
    assert float(out.split()[-1]) == pytest.approx(value, abs=1e-5)
    header, row = rowwise("predict", "unknown.keras", "folder")[1].splitlines()
    assert header == "path,prediction"
    assert float(row.split(",")[1]) == pytest.approx(value, abs=1e-5)
    named = from_json("predict", "unknown.keras", "one.png", "--task", "binary")["predictions"][0]["top"]
    assert named[0]["label"] == int(value > 0)
    code, _, err = rowwise("predict", "unknown.keras", "one.png", "--task", "multilabel")
    assert (code, "cannot mean" in err) == (2, True)
