"""An ONNX file answers as the run does: to the records that a user has, by the names that its metadata say."""

import json
import shutil
import sys

import numpy as np
import polars as pl
import pytest
import sample_runs

import rowwise
from rowwise.errors import ModelError, UsageError

onnx = pytest.importorskip("onnx", reason="ONNX is not installed: pip install onnx")
from onnx.reference import ReferenceEvaluator  # noqa: E402

try:
    import onnxruntime
except ImportError:  # the reference alone
    onnxruntime = None

FIRST = {"store": "s03", "RM": 6.0, "seen": sample_runs.SECONDS, "serial": sample_runs.SERIAL, "day": "2024-02-29"}
FIRST |= {"town": "모래", "smoker": "yes", "age": 40}
FAR = {
    "town": "moon",
    "store": "s99",
    "RM": -30.5,
    "seen": 2_000_000_000,
    "serial": 5,
    "day": "1999-12-31",
    "age": -999,
}
ODD = [FIRST | FAR, dict.fromkeys(FIRST), FIRST | {"town": "moon", "store": "s99", "age": -999}, FIRST]


def sessions(path):
    """What runs the file: `run(inputs) → {name: array}`."""
    names = [output.name for output in onnx.load(path).graph.output]
    reference = ReferenceEvaluator(str(path))

    def by_reference(inputs):
        with np.errstate(all="ignore"):
            return dict(zip(names, reference.run(names, inputs), strict=True))

    yield by_reference
    if onnxruntime is not None:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        yield lambda inputs: dict(zip(names, session.run(names, inputs), strict=True))


def properties(path):
    found = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    return {key: json.loads(text) if text[:1] in "[{" else text for key, text in found.items()}


def as_matrix(rows, about):
    """Rows as dictionaries → the matrix, by nothing but what the metadata say."""
    lines = []
    for row in rows:
        line = []
        for column in about:
            name, _, part = column["name"], column.get("part"), column.get("part")
            value = row[name.removesuffix(f" {part}") if part else name]
            if value is None:
                line.append(np.nan)
            elif column["kind"] == "categorical":
                levels = column["levels"]
                line.append(levels.index(value) if value in levels else column["unknown"])
            elif column["kind"] == "boolean":
                line.append(float(value == "yes"))
            elif part:
                year, month, day = map(int, value.split("-"))
                weekday = np.datetime64(value).astype(object).isoweekday()
                line.append({"year": year, "month": month, "day": day, "weekday": weekday}[part])
            else:
                line.append(float(value - column.get("subtract_before", 0)))
        lines.append(line)
    return np.array(lines, np.float64)


def as_columns(rows, about, session_types):
    """The same, an input a column, categories as texts."""
    matrix = as_matrix(rows, [column | {"unknown": -1} for column in about])
    inputs = {}
    for place, column in enumerate(about):
        values = matrix[:, place : place + 1]
        kind = session_types[column["name"]]
        if kind == onnx.TensorProto.STRING:
            inputs[column["name"]] = np.array([[row[column["name"]] or ""] for row in rows], object)
        elif kind == onnx.TensorProto.INT64:
            whole = [[-(2**63) if row[column["name"]] is None else row[column["name"]]] for row in rows]
            inputs[column["name"]] = np.array(whole, np.int64)
        else:
            inputs[column["name"]] = values.astype({1: np.float32, 11: np.float64}[kind])
    return inputs


def close(given, wanted, usual):
    """Within 1e-5 of what the numbers vary by, or how far they are from the mean.

    The first record, far outside what was learned from, is within what float32 makes of that.
    """
    unit = np.maximum(np.maximum(usual.std(0), abs(wanted - usual.mean(0))), 1e-9)
    unit = np.minimum(unit, 1.0) if usual.max() <= 1 and usual.min() >= 0 else unit
    with np.errstate(invalid="ignore"):
        apart = np.where(given == wanted, 0, abs(given - wanted) / unit)
    assert apart[1:].max() < 1e-5
    assert apart[0].max() < 1e-4


@pytest.mark.parametrize("inputs", ["matrix", "columns"])
@pytest.mark.parametrize("kind", sample_runs.KINDS)
def test_every_kind_of_run_answers_the_users_own_rows_as_predict_does(runs, kind, inputs, tmp_path):
    run = runs(kind)
    done = rowwise.export(run, "onnx", tmp_path / "model.onnx", inputs)
    assert done.proof.origin == "own"
    assert done.proof.difference < 1e-5
    rows = [*ODD, *sample_runs.rows(3, 50).drop("sign").to_dicts()]
    with pytest.warns(rowwise.Suspicious):
        wanted = run.predict(rows)
    about = properties(done.path)["rowwise.inputs"]
    file = onnx.load(done.path)
    types = {value.name: value.type.tensor_type.elem_type for value in file.graph.input}
    if inputs == "columns":
        handed = as_columns(rows, about, types)
    else:
        assert types == {"records": onnx.TensorProto.DOUBLE}  # for the seconds
        handed = {"records": as_matrix(rows, about)}
    for session in sessions(done.path):
        given = session(handed)
        if wanted.values.shape[1]:
            close(given["values"], wanted.values, wanted.values[len(ODD) :])
        else:
            close(given["probabilities"], wanted.probabilities, wanted.probabilities)
        if wanted.task == "multilabel":
            np.testing.assert_array_equal(given["labels"], wanted.labels)
        elif not wanted.values.shape[1]:
            np.testing.assert_array_equal(given["class"], wanted.classes)


def test_the_course_model_takes_pictures_as_they_are(runs, tmp_path):
    run = runs("digits")
    done = rowwise.export(run, "onnx", tmp_path / "digits.onnx")
    data = run.sets()[1]
    about = properties(done.path)
    assert about["rowwise.inputs"] == [{"name": "records", "kind": "pictures", "shape": [8, 8], "white": 255}]
    assert about["rowwise.outputs"] == {"classes": list("0123456789")}
    for session in sessions(done.path):
        for size in (1, 32, 300):
            given = session({"records": data.x[:size].astype(np.float32)})
            wanted = run.predict(data.x[:size])
            np.testing.assert_allclose(given["probabilities"], wanted.probabilities, atol=1e-6)
            np.testing.assert_array_equal(given["class"], wanted.classes)


def test_the_file_says_where_it_comes_from_and_is_hardly_larger_than_the_weights(runs, tmp_path):
    run = runs("decided_labels")
    done = rowwise.export(run, "onnx", tmp_path / "model.onnx")
    about = properties(done.path)
    provenance = about["rowwise.provenance"]
    assert provenance["checksum"] == run.record.data.checksum
    assert (provenance["records"], provenance["run"]) == (run.record.data.records, run.path.name)
    assert about["rowwise.outputs"]["thresholds"] == list(run.schema.thresholds)
    assert about["rowwise.proof"]["difference"] == done.proof.difference
    assert done.bytes == done.path.stat().st_size < 1.2 * done.weights + 9_000
    assert {opset.domain: opset.version for opset in onnx.load(done.path).opset_import} == {"": 13}


def test_without_the_data_the_records_are_drawn_and_that_is_said(runs, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(runs("classes").path, folder)
    text = (folder / "run.json").read_text("utf-8")
    (folder / "run.json").write_text(text.replace("classes.csv", "gone.csv"), "utf-8")
    done = rowwise.export(folder, "onnx")
    assert done.path == folder / "model.onnx"
    assert (done.proof.origin, done.proof.records) == ("drawn", 1000)
    assert done.proof.difference < 1e-5


def own_model(*layers):
    import keras

    return keras.Sequential([keras.Input((6,)), *layers, keras.layers.Dense(3, "softmax")])


def saved(model, tmp_path):
    model.save(tmp_path / "own.keras")
    return tmp_path / "own.keras"


def test_keras_layers_around_dense_ones_are_exported(tmp_path):
    import keras

    random, layers = np.random.default_rng(0), keras.layers
    inputs = keras.Input((4, 6))
    scaled = layers.Rescaling([0.004] * 6, 0.1)(inputs)
    scaled = layers.BatchNormalization(axis=-1)(scaled)
    flat = layers.Flatten()(scaled)
    names = [name for name in dir(keras.activations) if name[0] != "_"]
    names = sorted({*names} - {"get", "serialize", "deserialize", "glu", "sparsemax", "threshold"})
    assert len(names) >= 27
    branches = [layers.Dense(3, name)(flat) for name in names]
    joined = layers.Concatenate()(
        [layers.PReLU()(branches[0]), layers.LayerNormalization()(branches[1]), *branches[2:]]
    )
    sums = layers.Add()([layers.Dense(5, "tanh")(joined), layers.Dense(5)(layers.Dropout(0.5)(joined))])
    model = keras.Model(inputs, layers.Dense(2)(layers.Maximum()([sums, layers.LeakyReLU(0.3)(sums)])))
    model.set_weights([random.normal(0.3, 0.2, weight.shape).astype(np.float32) ** 2 for weight in model.get_weights()])
    x = random.normal(size=(40, 4, 6)).astype(np.float32)
    done = rowwise.export(saved(model, tmp_path), "onnx")
    assert done.proof.difference < 1e-5
    wanted = model.predict(x, verbose=0)
    for session in sessions(done.path):
        np.testing.assert_allclose(session({"records": x})["values"], wanted, rtol=2e-5, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_layer_that_cannot_be_exported_is_named_and_no_file_is_left(tmp_path):
    import keras

    class Doubled(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    @keras.saving.register_keras_serializable("tests")
    class Halved(keras.layers.Layer):
        def call(self, x):
            return x / 2

    file = saved(own_model(Halved(name="my_half")), tmp_path)
    with pytest.raises(ModelError, match='Halved "my_half" has code of its own'):
        rowwise.export(file, "onnx", tmp_path / "own.onnx")
    layers = [keras.layers.Conv2D(2, 3, name="seen"), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
    file = saved(keras.Sequential([keras.Input((8, 8, 1)), *layers]), tmp_path)
    with pytest.raises(ModelError, match='Conv2D "seen" cannot be exported'):
        rowwise.export(file, "onnx", tmp_path / "own.onnx")
    file = saved(own_model(keras.layers.Dense(4, "sparsemax", name="odd")), tmp_path)
    with pytest.raises(ModelError, match='activation sparsemax of Dense "odd"'):
        rowwise.export(file, "onnx", tmp_path / "own.onnx")
    assert not (tmp_path / "own.onnx").exists()


def test_what_cannot_be_asked_for_is_refused(runs, tmp_path):
    run = runs("digits")
    for arguments, match in [
        (("tflite",), "expected one of onnx"),
        (("onnx", tmp_path / "model.pb"), "ends in .onnx"),
        (("onnx", None, "columns"), "for models of tables"),
        (("onnx", None, "rows"), "expected one of matrix, columns"),
    ]:
        with pytest.raises(UsageError, match=match):
            rowwise.export(run, *arguments)


def test_without_the_package_one_sentence_names_the_extra(runs, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UsageError, match=r'pip install "rowwise\[onnx\]"'):
        rowwise.export(runs("digits"), "onnx", tmp_path / "digits.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_plain_numbers_takes_float32(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(80, 2))
    pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": x.sum(1)}).write_csv(tmp_path / "plain.csv")
    run = rowwise.train(
        tmp_path / "plain.csv", "y", out=tmp_path / "run", pictures=False, verbose=0, **sample_runs.FAST, epochs=1
    )
    done = rowwise.export(run, "onnx")
    (taken,) = onnx.load(done.path).graph.input
    assert taken.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert [size.dim_param or size.dim_value for size in taken.type.tensor_type.shape.dim] == ["batch", 2]
