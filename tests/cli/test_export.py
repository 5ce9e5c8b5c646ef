"""`rowwise export` says what it wrote and how it was proved; wrong usage is one sentence."""

import pytest

pytest.importorskip("onnx", reason="ONNX is not installed: pip install onnx")


def test_it_says_where_the_file_is_and_how_its_answers_were_compared(rowwise, trained, here):
    code, out, err = rowwise("export", trained, "--out", "model.onnx")
    assert (code, err) == (0, "")
    first, second = out.splitlines()
    size = (here / "model.onnx").stat().st_size
    assert first.startswith(f"model.onnx: {size:,} bytes, ")
    assert second.startswith("Answers as the model does, run by onnx ")
    assert "of the run's test records" in second
    code, out, _ = rowwise("export", trained, "--to", "c", "--out", "model.h", "--lang", "ko")
    assert code == 0
    assert "모델과 같은 답을 냅니다" in out


def test_json_has_the_proof(from_json, trained, here):
    found = from_json("export", trained, "--to", "onnx", "--out", "model.onnx")
    assert (found["path"], found["format"], found["proof"]["origin"]) == ("model.onnx", "onnx", "own")
    assert 0 < found["proof"]["difference"] < 1e-5
    assert found["proof"]["batches"] == [1, 32, 1000]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "In which form is the model to be written? Name it, such as --to onnx"),
        (("--to", "tflite"), "--to"),
        (("--to", "onnx", "--out", "model.pb"), "ends in .onnx; found model.pb"),
        (("--to", "onnx", "--inputs", "columns"), "--inputs columns is for ONNX and for models of tables"),
        (("--to", "html", "--inputs", "columns"), "--inputs columns is for ONNX and for models of tables"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_nothing_is_written(rowwise, trained, here, arguments, said):
    code, out, err = rowwise("export", trained, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert list(here.iterdir()) == []


def test_a_place_that_is_not_there_is_found_before_the_model_is_opened(rowwise, here):
    code, _, err = rowwise("export", "nowhere", "--to", "onnx", "--out", "no/such/place/model.onnx")
    assert code == 1
    assert "no/such/place" in err


def test_a_run_that_is_not_there(rowwise, here):
    code, _, err = rowwise("export", "nowhere", "--to", "onnx")
    assert code == 2
    assert "nowhere" in err
