"""The way through with one's own pictures: train on a folder or an array file, evaluate, predict, resume."""

import csv
import io
import json
import os
import pty
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import rowwise as rw
from rowwise.data import load
from rowwise.data.pictures.folder import read_batches
from rowwise.data.pictures.prepare import read_pictures, whole
from rowwise.text import say

QUICK = ("--hidden", "8", "--epochs", "2")
# 12 of each, about 40x30, on a light background, of several kinds.
KINDS = ("png", "jpg", "webp", "bmp")


def draw(folder, counts, seed=0):
    """Crosses or bars, dark blue or red on nearly white; no two are alike."""
    random = np.random.default_rng(seed)
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for row in range(count):
            height, width = random.integers(25, 60, 2)
            sheet = random.integers(225, 256, (height, width, 3), np.uint8)
            ink = (20, 30, 160) if row % 2 else (170, 20, 30)
            sheet[height // 3 : height // 2, 3:-3] = ink
            if name == "cross":
                sheet[3:-3, width // 3 : width // 2] = ink
            Image.fromarray(sheet).save(folder / name / f"{row}.{KINDS[row % 4]}")
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("pictures") / "signs", {"bar": 12, "cross": 12})


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
    """The folder of a run on the pictures, in colour, 20x24."""
    from rowwise.cli import main

    folder = tmp_path_factory.mktemp("runs") / "run"
    arguments = ["train", str(pictures), "--size", "20x24", "--lang", "en", "--quiet", *QUICK, "--out", str(folder)]
    assert main(arguments) == 0
    return folder


def record(folder):
    return json.loads((folder / "run.json").read_text("utf-8"))


def test_training_says_what_the_pictures_became(rowwise, pictures, here, no_pictures):
    code, out, err = rowwise("train", pictures, *QUICK, "--out", "run")
    assert code == 0
    assert f"pictures in {pictures}" in err
    assert "pixels), made colour records of shape" in err
    assert "19 records to train on, 5 to test on" in err
    assert {line.split()[0] for line in out.splitlines() if line.startswith(("bar", "cross"))} == {"bar", "cross"}


def test_a_run_keeps_how_its_pictures_were_prepared(run, trained):
    data = record(run)["data"]
    assert data["source"]["pictures"] == "border"
    assert data["classes"] == ["bar", "cross"]
    assert data["shape"] == [20, 24, 3]
    assert record(trained)["data"]["source"]["pictures"] == "object"  # the digits


def test_pictures_of_another_fit_go_the_whole_way(rowwise, from_json, pictures, here, no_pictures):
    for fit, name in (("black", "whole"), ("crop", "crop")):
        out = f"run-{fit}"
        code, _, err = rowwise("train", pictures, "--size", "20x24", "--fit", fit, *QUICK, "--out", out)
        assert code == 0, err
        assert ("padded in black" if fit == "black" else "each cropped to its middle") in err
        assert record(here / out)["data"]["source"]["pictures"] == name
        test = record(here / out)["test"]
        assert from_json("evaluate", out)["test"]["accuracy"] == test["accuracy"]
        code, _, err = rowwise("train", "--resume", out, "--epochs", "3", "--fit", "border", "--out", "more")
        assert code == 2
        assert f"--fit border ≠ {fit}" in err


def test_a_run_from_before_the_border_keeps_black_and_its_size(rowwise, from_json, pictures, here, no_pictures):
    """Its folder has no `fit`, and had no `size` where that was not chosen."""
    code, _, err = rowwise("train", pictures, "--size", "40x37", "--fit", "black", *QUICK, "--out", "old")
    assert code == 0, err
    kept = record(here / "old")
    load = kept["data"]["source"]["load"]
    del load["fit"], load["size"]
    (here / "old" / "run.json").write_text(json.dumps(kept), "utf-8")
    code, out, err = rowwise("evaluate", "old", "--json")
    assert code == 0
    assert "differ" not in err
    assert json.loads(out)["test"]["accuracy"] == kept["test"]["accuracy"]
    code, _, err = rowwise("train", "--resume", "old", "--epochs", "3", "--out", "on")
    assert code == 0, err
    assert record(here / "on")["data"]["checksum"] == kept["data"]["checksum"]


def test_many_parameters_for_few_pictures_are_said_in_one_line(rowwise, pictures, here, no_pictures):
    code, _, err = rowwise("train", pictures, "--size", "40", "--hidden", "8", "--epochs", "1", "--out", "many")
    assert code == 0
    assert "advice: 38,426 parameters are to learn from 19 pictures, 2,022 for each." in err
    code, _, err = rowwise("train", pictures, "--size", "8", "--colour", "grey", *QUICK, "--out", "few")
    assert "advice" not in err


def test_evaluate_finds_the_pictures_again(rowwise, from_json, run):
    found = from_json("evaluate", run)
    assert found["test"]["confusion"] == record(run)["test"]["confusion"]
    assert found["data"]["checksum"] == record(run)["data"]["test_checksum"]
    code, out, err = rowwise("evaluate", run)
    assert code == 0
    assert "checksums differ" not in err
    assert "bar" in out
    assert "cross" in out


def test_evaluate_says_that_the_pictures_have_changed(rowwise, run, pictures):
    changed = pictures / "bar" / "new.png"
    Image.open(pictures / "bar" / "0.png").rotate(180).save(changed)
    try:
        code, _, err = rowwise("evaluate", run)
    finally:
        changed.unlink()
    assert code == 0
    assert "checksums differ" in err


def test_evaluate_takes_another_folder_prepared_as_the_runs_own_was(rowwise, from_json, run, pictures, here):
    draw(here / "more", {"cross": 5}, seed=9)
    assert from_json("evaluate", run, here / "more")["data"]["records"] == 5  # all, of one class
    confusion = np.array(from_json("evaluate", run, here / "more")["test"]["confusion"])
    assert confusion.shape == (2, 2)
    assert confusion[1].sum() == 5  # by name: the cross is the run's class 1
    own = from_json("evaluate", run, pictures)
    assert own["data"]["checksum"] == record(run)["data"]["test_checksum"]
    draw(here / "other", {"star": 3, "cross": 3})
    code, out, err = rowwise("evaluate", run, here / "other")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no classes of the model: star. Expected these names: bar, cross" in err


def test_a_model_of_cut_out_objects_is_evaluated_on_pictures_cut_out(from_json, trained, here):
    _, test = load("digits")
    for number in range(10):
        for row in np.flatnonzero(test.y == number)[:3]:
            (here / "photos" / str(number)).mkdir(parents=True, exist_ok=True)
            paper = Image.fromarray(255 - test.x[row]).resize((80, 80), Image.Resampling.NEAREST)
            paper.save(here / "photos" / str(number) / f"{row}.png")
    found = from_json("evaluate", trained, here / "photos")["test"]["confusion"]
    files = sorted((here / "photos").rglob("*.png"))
    answers = from_json("predict", trained, *files)["predictions"]
    expected = np.zeros((10, 10), int)
    for file, answer in zip(files, answers, strict=True):
        assert any("inverted" in step for step in answer["conversion"])
        expected[int(file.parent.name), answer["top"][0]["label"]] += 1
    assert found == expected.tolist()


def test_predict_prepares_a_picture_exactly_as_training_did(from_json, run, pictures):
    model = rw.open(run).model
    parts = load(pictures, size=(20, 24))
    expected = {
        x.tobytes(): row
        for part in parts
        for x, row in zip(part.x, rw.predict(model, part.x).probabilities, strict=True)
    }
    files = sorted(pictures.rglob("*.*"))
    found = from_json("predict", run, *files)["predictions"]
    assert len(found) == 24
    for file, answer in zip(files, found, strict=True):
        x, _ = read_pictures(file, (20, 24, 3), pictures="border")
        probabilities = expected[x.tobytes()]  # a KeyError: not the record that training saw
        assert [top["probability"] for top in answer["top"]] == pytest.approx(
            sorted(probabilities, reverse=True), abs=1e-5
        )


def test_predict_inverts_and_crops_nothing_that_training_did_not(rowwise, run, pictures):
    code, out, _ = rowwise("predict", run, pictures / "cross" / "0.png")
    head, *top = out.splitlines()
    assert code == 0
    assert "proportions kept" in head
    assert not any(word in head for word in ("inverted", "cropped", "background", "grey"))
    assert {line.split()[-1] for line in top} == {"bar", "cross"}


@pytest.mark.parametrize("colour", ["grey", "colour"])
def test_explain_names_the_numbers_of_x_by_their_pictures_and_pixels(rowwise, from_json, pictures, here, colour):
    copy = here / "signs"  # headers are enough: it is asked about pictures that break off behind them
    shutil.copytree(pictures, copy)
    for file in copy.rglob("*.*"):
        if file.suffix != ".webp":  # its header is known only with the whole of it
            file.write_bytes(file.read_bytes()[:-100])
    asked = ("explain", copy, "--size", "4x5", "--colour", colour, "--batch-size", "16")
    features = {"grey": 20, "colour": 60}[colour]
    code, out, err = rowwise(*asked, "--lang", "en")
    out = " ".join(out.split())
    assert (code, err) == (0, say("questions.hint") + "\n")
    train, _ = load(pictures, size=(4, 5), colour=colour)
    assert f"X (16, {features})" in out
    where = {
        "grey": "X[15, 5] is the pixel in row 1, column 0",
        "colour": "X[15, 5] is blue of the pixel in row 0, column 1",
    }
    assert where[colour] in out
    found = from_json(*asked)["pictures"]
    for one in found["values"]:
        x = np.stack([whole(pictures / one["file"], train.shape, [], fit="border")])
        assert (x[0] == train.x[one["row"]]).all()  # the record of that number is this picture
        place = (one["pixel_row"], one["pixel_column"], *([] if colour == "grey" else [one["channel"]]))
        assert x.reshape(1, -1)[0, one["column"]] == x[0][place]


def test_explain_takes_a_folder_in_every_format_and_refuses_what_training_refuses(rowwise, pictures, here):
    code, _, _ = rowwise("explain", pictures, "--size", "7x29", "--colour", "grey", "--out", "x.html")
    assert (code, "203" in (here / "x.html").read_text("utf-8")) == (0, True)  # 7 × 29 features
    code, out, _ = rowwise("explain", pictures, "--lang", "ko")
    assert (code, "학습용 그림 32개" in out) == (0, True)
    draw(here / "bad", {"cross": 3, "bar": 3})
    (here / "bad" / "bar" / "text.png").write_text("no picture")
    code, out, err = rowwise("explain", here / "bad")
    assert (code, out, "bar/text.png: " in err) == (2, "", True)
    code, out, err = rowwise("explain", here / "bad", "--skip-bad")
    assert (code, "Left out" in err) == (0, True)


def table(text):
    """The rows of a CSV file: dictionaries."""
    return list(csv.DictReader(io.StringIO(text)))


def test_predict_writes_a_row_for_each_picture_of_a_folder(rowwise, from_json, run, pictures, here):
    code, out, err = rowwise("predict", run, pictures)
    rows = table(out)
    assert (code, err) == (0, "")
    assert list(rows[0]) == ["path", "prediction", "probability bar", "probability cross"]
    files = sorted(pictures.rglob("*.*"), key=lambda file: file.relative_to(pictures).as_posix())
    assert [row["path"] for row in rows] == [str(file) for file in files]
    singly = from_json("predict", run, *files)["predictions"]
    for row, answer in zip(rows, singly, strict=True):
        assert row["prediction"] == answer["top"][0]["class"]
        for top in answer["top"]:
            assert float(row[f"probability {top['class']}"]) == pytest.approx(top["probability"], abs=1e-5)

    assert from_json("predict", run, pictures, "--out", "found.csv")["records"] == 24
    assert (here / "found.csv").read_text("utf-8") == out
    code, flat, _ = rowwise("predict", run, pictures / "bar")  # without sub-folders
    assert code == 0
    assert [row["prediction"] for row in table(flat)] == [row["prediction"] for row in rows[:12]]


def test_a_folder_is_predicted_in_batches_as_at_once(rowwise, run, here):
    (here / "thousand").mkdir()
    random = np.random.default_rng(1)
    for row in range(1100):  # more than a batch
        content = b"P6 5 4 255\n" + random.integers(0, 256, 60, np.uint8).tobytes()
        (here / "thousand" / f"{row:04}.ppm").write_bytes(content)
    code, out, _ = rowwise("predict", run, here / "thousand")
    assert code == 0
    rows = table(out)
    ((names, x),) = read_batches(here / "thousand", (20, 24, 3), batch=2000)
    expected = rw.predict(rw.open(run).model, x).probabilities
    assert [row["path"] for row in rows] == [str(here / "thousand" / name) for name in names]
    for row, probabilities in zip(rows, expected, strict=True):
        assert float(row["probability bar"]) == pytest.approx(float(probabilities[0]), abs=1e-5)


def test_what_pillow_warns_of_is_no_news_to_the_user(rowwise, run, here):
    entry = struct.pack("<HHII", 0x0112, 3, 1000, 9999)  # an orientation of a thousand values behind the file's end
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    for folder in ("bar", "cross"):
        (here / "odd" / folder).mkdir(parents=True)
        for seed in range(2):
            noise = np.random.default_rng(seed + 2 * (folder == "bar")).integers(0, 256, (9, 9, 3), np.uint8)
            Image.fromarray(noise).save(here / "odd" / folder / f"{seed}.jpg", exif=exif)
    with pytest.warns(UserWarning, match="Skipping tag 274"):  # as a caller from Python may see
        read_pictures(here / "odd" / "bar" / "0.jpg", (20, 24, 3))
    for arguments in (("predict", run, here / "odd" / "bar" / "0.jpg"), ("predict", run, here / "odd")):
        code, _, err = rowwise(*arguments)
        assert (code, err) == (0, "")
    code, _, err = rowwise("evaluate", run, here / "odd")
    assert (code, "EXIF" in err) == (0, False)


def test_bad_pictures_of_a_folder_to_be_predicted_are_listed_before_anything_is_written(rowwise, run, pictures, here):
    copy = here / "copy"
    shutil.copytree(pictures, copy)
    (copy / "bar" / "broken.png").write_bytes((copy / "bar" / "0.png").read_bytes()[:100])
    for out_file in ((), ("--out", "found.csv")):
        code, out, err = rowwise("predict", run, copy, *out_file)
        assert (code, out) == (2, "")
        assert "1 of 25 files" in err
        assert "bar/broken.png: " in err
    assert not list(here.glob("*found.csv*"))
    code, out, err = rowwise("predict", run, copy, "--skip-bad")
    assert code == 0
    assert "Left out, as asked, 1 of 25 files" in err
    assert len(table(out)) == 24


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_folders_that_cannot_be_predicted_are_refused_in_one_line(rowwise, run, pictures, here, lang):
    (here / "empty").mkdir()
    (here / "texts").mkdir()
    (here / "texts" / "a.md").write_text("no picture")
    file = pictures / "bar" / "0.png"
    for arguments in (
        ("empty",),
        ("texts",),
        (pictures, file),
        (pictures, "--json"),
        (file, "--skip-bad"),
        (file, "--out", "found.csv"),
    ):
        code, out, err = rowwise("predict", run, *arguments, "--lang", lang)
        assert (code, out, err.count("\n")) == (2, "", 1), err
    assert not (here / "found.csv").exists()


def test_a_run_goes_on_with_the_same_pictures_only(rowwise, run, pictures, here, no_pictures):
    code, _, _ = rowwise("train", "--resume", run, "--epochs", "3", "--out", "more")
    assert code == 0
    assert [row["epoch"] for row in record(here / "more")["epochs"]] == [1, 2, 3]
    code, _, err = rowwise("train", "--resume", run, "--epochs", "3", "--size", "9", "--out", "other")
    assert code == 2
    assert "--size" in err
    removed = pictures / "bar" / "3.bmp"
    content = removed.read_bytes()
    removed.unlink()
    try:
        code, _, err = rowwise("train", "--resume", run, "--epochs", "3", "--out", "other")
    finally:
        removed.write_bytes(content)
    assert code == 2
    assert "the checksums differ" in err
    assert not (here / "other").exists()


def test_bad_files_stop_the_training_and_are_listed_unless_they_are_skipped(rowwise, pictures, here, no_pictures):
    copy = here / "copy"
    shutil.copytree(pictures, copy)
    (copy / "bar" / "broken.png").write_bytes((copy / "bar" / "0.png").read_bytes()[:100])
    code, out, err = rowwise("train", copy, *QUICK, "--out", "run")
    assert (code, out) == (2, "")
    assert "1 of 25 files" in err
    assert "bar/broken.png: " in err
    assert not (here / "run").exists()
    code, _, err = rowwise("train", copy, *QUICK, "--skip-bad", "--out", "run")
    assert code == 0
    assert "Left out, as asked, 1 of 25 files" in err
    assert record(here / "run")["data"]["source"]["skipped"] == ["bar/broken.png"]
    code, _, err = rowwise("evaluate", "run")  # the run knows that it left some out
    assert code == 0
    assert "checksums differ" not in err


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_folders_that_cannot_be_learned_from_are_refused_in_one_line(rowwise, here, lang):
    (here / "empty").mkdir()
    draw(here / "one", {"cross": 3})
    draw(here / "case", {"cross": 3, "Cross": 3})
    draw(here / "single", {"cross": 3, "bar": 1})
    draw(here, {"flat": 3})
    for folder in ("empty", "one", "case", "single", "flat"):
        code, out, err = rowwise("train", folder, "--lang", lang, "--out", "run")
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert not (here / "run").exists()


@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_array_files_go_the_whole_way(rowwise, from_json, here, no_pictures, kind):
    random = np.random.default_rng(0)
    x, y = random.integers(0, 256, (60, 8, 8), np.uint8), np.arange(60) % 3
    np.savez("data.npz", x=x, y=np.array(["hat", "coat", "shoe"])[y])
    np.save("x.npy", x)
    np.save("y.npy", np.array(["hat", "coat", "shoe"])[y])
    file = "data.npz" if kind == "npz" else "x.npy"
    code, out, err = rowwise("train", file, *QUICK, "--test", "0.3", "--out", "run")
    assert code == 0
    assert f"arrays in {file}: 42 records to train on, 18 to test on" in err
    assert "coat" in out
    assert from_json("evaluate", "run")["test"]["confusion"] == record(here / "run")["test"]["confusion"]
    light = np.full((8, 8), 250, np.uint8)
    light[2:4, 3:6] = 7
    Image.fromarray(light).save("light.png")
    np.save("light.npy", light)
    of_picture, of_array = from_json("predict", "run", "light.png", "light.npy")["predictions"]
    assert of_picture["top"] == of_array["top"]
    assert of_picture["conversion"] == []
    assert {top["class"] for top in of_picture["top"]} == {"coat", "hat", "shoe"}


def test_an_array_file_without_labels_is_refused_in_one_line(rowwise, here):
    np.save("x.npy", np.zeros((4, 3)))
    code, out, err = rowwise("train", "x.npy")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "y.npy" in err


@pytest.mark.slow
def test_a_bar_is_drawn_where_somebody_watches(pictures, here):
    watched, terminal = pty.openpty()
    code = f"import rowwise; rowwise.load({str(pictures)!r})"
    environment = os.environ | {"ROWWISE_CACHE": str(here / "cache"), "COLUMNS": "80", "TERM": "xterm"}
    done = subprocess.run([sys.executable, "-c", code], stderr=terminal, env=environment, timeout=600)
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += (read := os.read(watched, 65536))
        except OSError:
            break
        if not read:
            break
    os.close(watched)
    assert done.returncode == 0
    assert "decoding pictures" in shown.decode()
    assert "24/24" in shown.decode()


def test_a_sheet_shows_what_epochs_make_of_the_pictures(rowwise, pictures, here):
    sizes = {}
    for augment in ("none", "strong", "shift,erase"):
        code, _, err = rowwise("data", "show", pictures, "--augment", augment, "--out", f"{augment}.png")
        assert code == 0, err
        sizes[augment] = (here / f"{augment}.png").read_bytes()
    assert len(set(sizes.values())) == 3
    code, _, err = rowwise("data", "show", pictures, "--augment", "much")
    assert (code, "expected one of none, light, strong" in err) == (2, True)
    (here / "t.csv").write_text("a,b\n1,x\n2,y\n", "utf-8")
    code, _, err = rowwise("data", "show", "t.csv", "--target", "b", "--augment", "light")
    assert (code, "for pictures with classes alone" in err) == (2, True)


def test_a_folder_has_the_default_preset_and_its_model_predicts_alike_everywhere(
    rowwise, from_json, pictures, here, no_pictures
):
    code, _, err = rowwise("train", pictures, "--size", "9", "--preset", "best", "--epochs", "2", "--out", "run")
    assert code == 0, err
    settings = record(here / "run")["settings"]
    assert (settings["augment"], settings["ensemble"], settings["epochs"]) == ("shift,rotate,scale,erase", 4, 2)
    assert from_json("evaluate", "run")["test"]["accuracy"] == record(here / "run")["test"]["accuracy"]
    file = sorted(pictures.rglob("*.png"))[0]
    (top, *_) = from_json("predict", "run", file)["predictions"][0]["top"]
    assert top["probability"] == pytest.approx(float(rw.open("run").predict(file).probabilities.max()), abs=1e-6)
