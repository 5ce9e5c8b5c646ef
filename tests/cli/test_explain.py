"""`rowwise explain`: the ledger from the command line."""

import subprocess
import sys

import pytest


def test_without_a_model_it_explains_the_courses(rowwise):
    code, out, err = rowwise("explain")
    assert (code, err) == (0, "")
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
        (["--convention", "rows"], "columns"),
        (["fasion-mnist"], "fashion-mnist"),
        (["runs/nothing"], "runs/nothing"),
        (["digits", "--trace", "999,0"], "0 to 358"),
    ],
)
def test_wrong_use_is_one_clear_line(rowwise, here, arguments, words):
    code, _, err = rowwise("explain", *arguments)
    assert (code, words in err.splitlines()[-1]) == (2, True)


def test_the_course_is_explained_without_importing_keras():
    code = "import sys; from rowwise.cli import main; main(['explain']); sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
