"""The Keras file opens without rowwise, in safe mode, and answers as the run does."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import polars as pl
import pytest

import rowwise

WITHOUT = """
import os, sys
os.environ["KERAS_BACKEND"] = "jax"
sys.modules["rowwise"] = None  # importing it fails
import keras, numpy as np
model = keras.models.load_model(sys.argv[1])
answers = model.predict(np.load(sys.argv[2]), verbose=0)
np.savez(sys.argv[3], **answers)
print([layer.name for layer in model.layers if isinstance(layer, keras.layers.Dense) and layer.trainable])
"""


def about(path):
    with zipfile.ZipFile(path) as archive:
        found = json.loads(archive.read("rowwise.json"))
        config = archive.read("config.json").decode()
    return {key: json.loads(text) if text[:1] in "[{" else text for key, text in found.items()}, config


@pytest.mark.thorough
@pytest.mark.slow
def test_it_opens_where_there_is_no_rowwise(runs, tmp_path):
    run = runs("deep")
    done = rowwise.export(run, "keras", tmp_path / "plain.keras")
    assert done.proof.difference < 1e-5
    x = run.sets()[1].x  # as the file takes it: long numbers counted from what rowwise.json says
    np.save(tmp_path / "x.npy", x)
    arguments = [str(tmp_path / name) for name in ("plain.keras", "x.npy", "answers.npz")]
    program = [sys.executable, "-c", WITHOUT, *arguments]
    said = subprocess.run(program, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    wanted = run.predict(x)
    with np.load(tmp_path / "answers.npz") as answers:
        np.testing.assert_allclose(answers["probabilities"], wanted.probabilities, atol=1e-6)
        np.testing.assert_array_equal(answers["class"], wanted.classes)
    assert said.strip() == "['hidden_1', 'hidden_2', 'classes']"


@pytest.mark.parametrize("kind", ["moments", "decided_labels", "ordered"])
def test_what_float32_cannot_hold_is_counted_from_a_number_that_is_named(runs, kind, tmp_path):
    run = runs(kind)
    done = rowwise.export(run, "keras", tmp_path / "plain.keras")
    assert done.proof.difference < 1e-5
    assert "rowwise.json" in done.note
    said, config = about(done.path)
    assert "rowwise" not in config
    columns = {column["name"]: column for column in said["rowwise.inputs"]}
    origins = {column.name: column.origin for column in run.schema.used if column.origin}
    assert set(origins) == {"seen", "serial"}
    assert {name: columns[name]["subtract_before"] for name in origins} == origins
    assert said["rowwise.outputs"].get("add_after", []) == list(run.schema.target_origins)
    assert bool(run.schema.target_origins) == (kind == "moments")


def test_the_runs_own_model_is_never_replaced(runs):
    run = runs("digits")
    done = rowwise.export(run, "keras")
    assert done.path == run.path / "model-plain.keras"
    assert done.proof.difference < 1e-5
    with pytest.raises(rowwise.RowwiseError, match="is the model itself"):
        rowwise.export(run, "keras", run.path / "model.keras")
    done.path.unlink()


def test_a_column_of_both_tiny_and_huge_numbers_is_rounded_as_the_model_rounds_it(tmp_path):
    import keras

    random = np.random.default_rng(0)
    size, rooms = np.exp(random.normal(0, 6, 400)), random.normal(6, 1, 400)
    table = pl.DataFrame({"size": size, "rooms": rooms, "y": 600 + 20 * rooms + 5 * np.log(size)})
    table.write_csv(tmp_path / "huge.csv")
    run = rowwise.train(
        tmp_path / "huge.csv", "y", hidden=(8,), ensemble=1, epochs=4, out=tmp_path / "run", pictures=False, verbose=0
    )
    done = rowwise.export(run, "keras")
    assert done.proof.difference < 1e-5
    x = run.sets()[1].x
    assert x[:, 0].max() > 1e9 * x[:, 0].min()
    answers = keras.models.load_model(done.path).predict_on_batch(x)["values"]
    np.testing.assert_allclose(answers, run.predict(x).values, rtol=1e-6)
