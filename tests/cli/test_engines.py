"""`rowwise engines`: what there is, and which one trains."""

import json
import subprocess
import sys

import pytest
from rich.cells import cell_len

from rowwise.engine import native


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
    assert all(cell_len(line) <= 80 for line in lines)


def test_json_holds_the_instruction_sets(rowwise, fastest, monkeypatch):
    monkeypatch.setenv("ROWWISE_THREADS", "3")
    found = json.loads(rowwise("engines", "--json")[1])
    assert (found["auto"], found["threads"]) == (fastest, 3)
    assert [(one["name"], one["runs"]) for one in found["instruction_sets"]] == native.instruction_sets()


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
