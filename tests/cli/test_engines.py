"""`rowwise engines`: what there is, and which one trains."""

import json
import subprocess
import sys

import pytest
from rich.cells import cell_len

from rowwise.engine import native
from rowwise.engine.native.bfloat16 import why_not
from rowwise.text import use_language


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_engine_and_the_one_that_trains_are_named(rowwise, fastest, lang):
    code, out, err = rowwise("engines", "--lang", lang)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines if line[:1].isascii() and line[:1].strip()][:3] == [
        "native",
        "whole_epoch",
        "keras",
    ]
    assert any(line.startswith("auto") and fastest in line for line in lines)
    if native.instruction_sets():
        with use_language(lang):
            said = why_not() or native.set_in_bfloat16()
        assert said in " ".join(out.split())
    assert all(cell_len(line) <= 80 for line in lines)


def test_json_holds_the_instruction_sets(rowwise, fastest, monkeypatch):
    monkeypatch.setenv("ROWWISE_THREADS", "3")
    found = json.loads(rowwise("engines", "--json")[1])
    assert (found["auto"], found["threads"]) == (fastest, 3)
    assert [(one["name"], one["runs"]) for one in found["instruction_sets"]] == native.instruction_sets()
    assert (found["bfloat16"] or "") == (native.set_in_bfloat16() if native.instruction_sets() else "")
    assert bool(found["bfloat16"]) != bool(found["why_no_bfloat16"])


def test_where_it_was_not_compiled_that_and_what_to_do_are_said():
    program = (
        "import sys; sys.modules['rowwise.engine.native._native'] = None  # its import fails\n"
        "from rowwise.cli import main; sys.exit(main(['engines']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    out = done.stdout
    assert "rowwise.engine.native._native" in out
    assert "install GCC or Clang" in " ".join(out.split())
    assert "whole_epoch: the native engine is not in this installation" in " ".join(out.split())


@pytest.mark.parametrize(("name", "value"), [("ROWWISE_ISA", "mmx"), ("ROWWISE_THREADS", "many")])
def test_a_wrong_environment_variable_is_one_line(rowwise, monkeypatch, name, value):
    if name == "ROWWISE_ISA" and not native.instruction_sets():
        pytest.skip("the native engine was not compiled")
    monkeypatch.setenv(name, value)
    code, out, err = rowwise("engines")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert name in err


@pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_what_a_step_costs_is_shown_plan_by_plan(rowwise, tmp_path, monkeypatch, lang):
    import keras

    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    monkeypatch.setenv("ROWWISE_THREADS", "2")
    model = keras.Sequential([keras.Input((40,)), keras.layers.Dense(20, "relu"), keras.layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    asked = ("engines", "--explain", str(tmp_path / "model.keras"), "--batch-size", "16")
    code, out, err = rowwise(*asked, "--lang", lang)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("40-20-3")
    assert f"{16 * (2 * 40 * 20 + 3 * 20 * 3):,}" in out
    assert all(cell_len(line) <= 80 for line in lines)

    found = json.loads(rowwise(*asked, "--json")[1])
    assert (found["network"], found["batch_size"], found["remembered"]) == ("40-20-3", 16, None)
    seconds = [plan["seconds"] for plan in found["plans"]]
    assert seconds == sorted(seconds)
    for plan in found["plans"]:
        # Threads meet where all gradients are known and where all kernels are updated; by columns, before each product.
        assert plan["threads"] == 2
        assert plan["barriers"] >= 2
        assert plan["barriers"] == 2 or not plan["by_records"]


@pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
def test_explain_says_what_it_cannot_measure(rowwise, tmp_path):
    import keras

    path = tmp_path / "model.keras"
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 2), keras.layers.Flatten()])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    model.save(path)
    code, out, err = rowwise("engines", "--explain", str(path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert str(path) in err
    assert "Conv2D" in err
    code, out, err = rowwise("engines", str(path))
    assert (code, out) == (2, "")
    assert "--explain" in err
