"""`rowwise explain`: the ledger from the command line."""

import json
import os
import shutil
import stat
import subprocess
import sys
import threading

import pytest
from rich.cells import cell_len


def test_without_a_model_it_explains_the_courses(rowwise):
    code, out, err = rowwise("explain")
    assert code == 0
    assert " ".join(err.split()).endswith("rowwise questions.")  # where they are answered
    assert "(32, 784) · (784, 100) + (100,) → (32, 100)" in out
    assert "784 × 100 + 100 = 78,500" in out


def test_batches_conventions_and_widths_are_chosen(rowwise):
    out = rowwise("explain", "digits", "--hidden", "16", "--batch-size", "1,60000", "--convention", "all")[1]
    assert "(16, 64) · (64, 60000) + (16, 1) → (16, 60000)" in out
    assert "(1, 64) · (16, 64)ᵀ + (16,) → (1, 16)" in out


def test_json_is_one_object(from_json):
    found = from_json("explain", "--batch-size", "none,32")
    assert (found["parameters"], found["batch_sizes"]) == (81_840, [None, 32])


def test_a_saved_run_is_explained_and_traced(rowwise, from_json, trained, tmp_path):
    out = rowwise("explain", trained)[1]
    assert "64 × 20 + 20 = 1,300" in out
    code, out, _ = rowwise("explain", trained, "--trace", "3,2", "--out", tmp_path / "trace.png")
    assert (code, (tmp_path / "trace.png").read_bytes()[:4]) == (0, b"\x89PNG")
    assert "the model itself gives" in out
    found = from_json("explain", trained, "--trace", "3,2", "--layer", "classes")
    assert found["value"] == pytest.approx(found["model_value"], abs=1e-6)


def test_a_trace_has_a_page_and_json_and_its_file_says_which(rowwise, trained, here):
    code, out, _ = rowwise("explain", trained, "--trace", "3,2", "--format", "html")
    assert (code, out.startswith("<!DOCTYPE html>"), out.count("data:image/png;base64,")) == (0, True, 1)
    assert rowwise("explain", trained, "--trace", "3,2", "--out", "trace.html")[0] == 0
    assert (here / "trace.html").read_text("utf-8") == out
    _, printed, _ = rowwise("explain", trained, "--trace", "3,2", "--format", "json")
    assert rowwise("explain", trained, "--trace", "3,2", "--out", "trace.json")[0] == 0
    assert json.loads((here / "trace.json").read_text("utf-8")) == json.loads(printed)
    assert json.loads(printed)["units"] == 20


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_trace_on_the_terminal_fits_80_columns(rowwise, trained, lang):
    out = rowwise("explain", trained, "--trace", "3,2", "--lang", lang)[1]
    assert max(cell_len(line) for line in out.splitlines()) <= 80
    assert ("true class of this record" if lang == "en" else "이 레코드의 정답") in " ".join(out.split())


def test_a_bare_file_is_traced_on_the_data_named(rowwise, from_json, trained, here):
    shutil.copy(trained / "model.keras", "bare.keras")
    code, _, err = rowwise("explain", "bare.keras", "--trace", "3,2")
    assert (code, "rowwise explain bare.keras digits --trace 3,2" in err) == (2, True)
    own = from_json("explain", trained, "--trace", "3,2")
    assert from_json("explain", "bare.keras", "digits", "--trace", "3,2") == own


def test_pixels_are_traced_on_the_models_scale_and_flat_where_it_takes_them_flat(rowwise, from_json, here):
    import keras

    keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, activation="softmax")]).save("flat.keras")
    found = from_json("explain", "flat.keras", "digits", "--trace", "0,0")
    assert (found["features"], max(one["value"] for one in found["largest"]) <= 1) == (64, True)
    keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)]).save("five.keras")
    code, _, err = rowwise("explain", "five.keras", "--trace", "0,0")
    assert (code, "rowwise.shapes.trace" in err, "explain five.keras" in err) == (2, True, False)


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.html", "<!DOCTYPE html>"),
        ("a.HTML", "<!DOCTYPE"),
        ("a.svg", "<svg"),
        ("a.json", "{"),
        ("a", "dense: 81,840"),
    ],
)
def test_a_ledger_is_written_as_its_file_is_named(rowwise, here, name, begins):
    code, out, err = rowwise("explain", "--out", f"new/{name}")
    assert (code, out, f"new/{name}" in err) == (0, "", True)
    assert (here / "new" / name).read_text("utf-8").startswith(begins)


def test_json_and_a_file_are_both_given(from_json, here):
    assert from_json("explain", "--out", "ledger.svg")["parameters"] == 81_840
    assert (here / "ledger.svg").read_text("utf-8").startswith("<svg")


@pytest.mark.parametrize("name", ["no/such/ledger.html", "model.keras", "folder"])
def test_no_file_is_put_where_none_is_meant(rowwise, here, name):
    (here / "model.keras").write_bytes(b"a model")
    (here / "folder").mkdir()
    code, out, _ = rowwise("explain", "--out", name)
    assert (code in (1, 2), out) == (True, "")
    assert (here / "model.keras").read_bytes() == b"a model"
    assert sorted(path.name for path in here.rglob("*")) == ["folder", "model.keras"]


def test_a_device_is_written_to_and_stays(rowwise, here):
    os.mkfifo("pipe")
    reader = threading.Thread(target=lambda: read.append((here / "pipe").read_text("utf-8")))
    read = []
    reader.start()
    assert rowwise("explain", "--out", "pipe")[0] == 0
    reader.join()
    assert read[0].startswith("dense: 81,840")
    assert stat.S_ISFIFO((here / "pipe").stat().st_mode)


def test_arguments_and_options_stand_in_any_order(rowwise, trained):
    orders = (
        ("explain", trained, "digits", "--trace", "3,2", "--layer", "classes"),
        ("explain", trained, "--trace", "3,2", "digits", "--layer", "classes"),
        ("explain", "--layer", "classes", trained, "--trace", "3,2", "digits"),
        ("explain", "--trace", "3,2", "--lang", "en", trained, "--layer=classes", "digits"),
    )
    found = [rowwise(*order) for order in orders]
    assert found[0][0] == 0
    assert found == [found[0]] * len(orders)


def test_a_fresh_model_is_traced_and_said_to_be_fresh(rowwise):
    code, _, err = rowwise("explain", "digits", "--trace", "0,0")
    assert (code, "has learned nothing" in err) == (0, True)


def test_text_may_go_to_a_file(rowwise, here):
    assert rowwise("explain", "--lang", "ko", "--out", "ledger.txt")[0] == 0
    assert "설계할 때" in (here / "ledger.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--batch-size", "0"], "1,32,60000"),
        (["--batch-size", "many"], "1,32,60000"),
        (["--trace", "1"], "0,3"),
        (["--layer", "classes"], "--trace"),
        (["digits", "garments"], "--trace"),
        (["digits", "garments", "--trace", "0,0"], "both name data"),
        (["--trace", "0,0", "--batch-size", "4"], "--batch-size"),
        (["--trace", "0,0", "--convention", "all"], "--convention"),
        (["--trace", "0,0", "--format", "svg"], "text, html, json, png"),
        (["--trace", "0,0", "--format", "png"], "--out"),
        (["--format", "png"], "text, html, svg, json"),
        (["--out", "a.pdf"], ".txt, .html, .svg, .json"),
        (["--out", "a.svg", "--format", "html"], "contradict"),
        (["--json", "--format", "html"], "--json"),
        (["--convention", "rows"], "columns"),
        (["fasion-mnist"], "fashion-mnist"),
        (["runs/nothing"], "runs/nothing"),
        (["nothing"], "neither a saved model nor data"),
        (["folder"], "no run's folder"),
        (["digits", "--trace", "999,0"], "0 to 358"),
        (["digits", "--trace", "-1,0"], "There is no record -1; records are counted from 0 to 358"),
        (["digits", "--trace=0,-1"], "There is no unit -1; units are counted from 0 to 99"),
        (["--trace", "-1", "digits"], 'such as 0,3; found "-1"'),
        (["--trace", "0,3", "digits", "more", "still"], "Not understood: still"),
        (["digits", "--batchsize", "3"], "--batch-size"),
        (["iris"], 'neither a saved model nor data called "iris"'),
    ],
)
def test_wrong_use_is_one_clear_line(rowwise, here, arguments, words):
    (here / "folder").mkdir()
    code, _, err = rowwise("explain", *arguments)
    assert (code, words in err.splitlines()[-1]) == (2, True)


def test_the_course_is_explained_without_importing_keras():
    code = "import sys; from rowwise.cli import main; main(['explain']); sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
