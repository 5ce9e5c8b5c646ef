"""The state dict has PyTorch's shapes, and the module answers as the run does, with PyTorch where it is installed."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
import sample_runs

import rowwise

HERE = importlib.util.find_spec("torch") is not None
DTYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "BOOL": np.bool_}


def state_dict(path):
    """As the `safetensors` package reads it."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    metadata = header.pop("__metadata__")
    state = {}
    for name, entry in header.items():
        first, last = (8 + size + offset for offset in entry["data_offsets"])
        state[name] = np.frombuffer(content[first:last], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    assert max(entry["data_offsets"][1] for entry in header.values()) + 8 + size == len(content)
    return state, metadata


@pytest.mark.parametrize("kind", sample_runs.SOME)
def test_every_kind_of_run_is_exported(runs, kind, tmp_path):
    done = rowwise.export(runs(kind), "torch", tmp_path / "model.py")
    assert done.proof.difference < 1e-5
    assert done.proof.by[0].startswith("torch" if HERE else "numpy")
    assert ("PyTorch is not installed" in done.note) is not HERE
    compile(done.path.read_text("utf-8"), str(done.path), "exec")
    if HERE:
        program = [sys.executable, str(done.path)]
        said = subprocess.run(program, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
        assert said.startswith("largest difference from the run: ")


def test_weights_are_as_the_ledger_shows_them_in_pytorchs_convention(runs, tmp_path):
    run = runs("digits")
    done = rowwise.export(run, "torch", tmp_path / "model.py")
    (beside,) = done.beside
    state, metadata = state_dict(beside)
    layers = [layer for layer in run.model.layers if hasattr(layer, "kernel")]
    assert list(state) == [f"{layer.name}.{part}" for layer in layers for part in ("weight", "bias")]
    shown = str(run.explain(convention="torch"))
    for layer in layers:
        weight = state[f"{layer.name}.weight"]
        np.testing.assert_array_equal(weight, np.asarray(layer.kernel).T)
        outputs, inputs = weight.shape
        assert f"({outputs}, {inputs})ᵀ" in shown
        assert f"self.{layer.name} = nn.Linear({inputs}, {outputs})" in done.path.read_text("utf-8")
    assert json.loads(metadata["rowwise.outputs"]) == {"classes": list("0123456789")}


@pytest.mark.skipif(not HERE, reason="PyTorch is not installed: pip install torch")
def test_weights_of_another_export_are_refused(runs, tmp_path):
    one = rowwise.export(runs("two"), "torch", tmp_path / "one.py")
    other = rowwise.export(runs("fast"), "torch", tmp_path / "other.py")
    one.beside[0].write_bytes(other.beside[0].read_bytes())
    done = subprocess.run([sys.executable, str(one.path)], capture_output=True, text=True, check=False)
    assert "does not belong to this source" in done.stderr
