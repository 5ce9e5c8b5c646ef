"""`rowwise bench` runs and reports; what it measures is not tested: figures belong to machines."""

import importlib.util
import json
import shutil
import sys

import pytest
from rich.cells import cell_len

from rowwise.benchmarks import Bench, bfloat16_turns, engine_turns, measure, models
from rowwise.benchmarks.contestants import keras_on_tensorflow
from rowwise.benchmarks.timing import differences
from rowwise.cli import main
from rowwise.data import load
from rowwise.engine import native
from rowwise.errors import DataError, UsageError
from rowwise.text import use_language

QUICK = ["digits", "--repeats", "1", "--epochs", "1", "--seeds", "2"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lang", "parts"), [("en", "epochs,accuracy"), pytest.param("ko", "epochs", marks=pytest.mark.thorough)]
)
def test_the_tables_name_every_trainer_and_those_that_are_not_installed(capsys, monkeypatch, lang, parts):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else find(name, *rest))
    with use_language(lang):
        assert main(["bench", *QUICK, "--parts", parts, "--against", "keras,torch,sklearn"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for trainer in ("rowwise", "keras, steps_per_execution=125", "keras", "scikit-learn", "torch (not installed)"):
        assert any(line.startswith(trainer) for line in lines)
    assert all(cell_len(line) <= 80 for line in lines)


def test_what_takes_no_longer_than_python_itself_takes_no_time():
    assert differences([0.5, 0.2, 0.4], [0.25, 0.25, 0.25]) == [0.25, 0.0, 0.4 - 0.25]


@pytest.mark.slow
def test_what_a_start_costs_is_told_in_korean_with_what_was_subtracted(capsys):
    with use_language("ko"):
        assert main(["bench", "digits", "--repeats", "1", "--parts", "start"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(cell_len(line) <= 80 for line in lines)
    assert "손글씨 숫자" in lines[0]
    assert "Python 자체의 시작 시간을 뺀 값" in "".join(lines)
    rows = {line.split("  ")[0]: float(line.split()[-3]) for line in lines[-4:]}
    assert list(rows) == ["rowwise --help", "rowwise train --help", "import rowwise", "load('digits')"]
    assert min(rows.values()) >= 0


@pytest.mark.slow
def test_json_holds_what_the_tables_show_and_the_setting(capsys):
    assert main(["bench", *QUICK, "--parts", "accuracy", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["seed"] for row in found["accuracy"]] == [0, 1, "mean", "standard deviation"]
    mean = sum(row["accuracy"] for row in found["accuracy"][:2]) / 2
    assert found["accuracy"][2]["accuracy"] == pytest.approx(mean)
    assert found["threads"] >= 1
    assert found["records"] == 1438


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"parts": "speed"}, UsageError),
        ({"against": "caffe"}, UsageError),
        ({"repeats": 0}, UsageError),
        ({"parts": "outofcore", "records": 10}, UsageError),
        ({"data": "fashion"}, DataError),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, error):
    with pytest.raises(error):
        measure(Bench(**arguments))


@pytest.mark.thorough
@pytest.mark.slow
def test_an_epoch_out_of_core_is_measured_with_its_memory_and_says_that_pandas_is_missing(capsys, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: find(name, *rest) if name != "pandas" else None
    )
    assert main(["bench", "--parts", "outofcore", "--records", "4000", "--json"]) == 0
    rowwise, pandas = json.loads(capsys.readouterr().out)["outofcore"]
    assert rowwise["accuracy"] > 0.5  # three classes
    assert rowwise["seconds"] * rowwise["per_second"] == pytest.approx(4000, rel=0.01)
    assert 50 < rowwise["peak_mib"] < 2000
    assert pandas == {"trainer": "pandas, scikit-learn (pandas is not installed)"}


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None, reason="there is no wrk on this machine")
def test_a_server_is_measured_by_each_kind_of_body_without_an_error(capsys, monkeypatch):
    monkeypatch.setattr("rowwise.benchmarks.serving.SECONDS", 1)
    assert main(["bench", "digits", "--parts", "serve", "--repeats", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["serve"][:8]
    assert [row["errors"] for row in rows] == [0] * 8
    assert [row["per_second"] > 100 for row in rows] == [True] * 8
    assert rows[4]["per_second"] == pytest.approx(1000 * rows[4]["requests_per_second"], rel=0.1)


@pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
def test_bfloat16_is_measured_beside_float32_where_it_runs(capsys, monkeypatch):
    monkeypatch.setattr(bfloat16_turns.speed, "__defaults__", ((((16,), 32, 300),),))
    if bfloat16_turns.missing():
        assert main(["bench", *QUICK, "--parts", "bfloat16"]) == 2
        assert "mixed_bfloat16" in capsys.readouterr().err
        return
    assert main(["bench", *QUICK, "--parts", "bfloat16", "--json"]) == 0
    done = capsys.readouterr()
    found = json.loads(done.out)["bfloat16"]
    assert [row["threads"] for row in found["speed"]] == [1, "planned"]
    assert all(row["faster"] > 0 and row["float32"] > 0 < row["mixed_bfloat16"] for row in found["speed"])
    assert [row["policy"] for row in found["learned"]] == ["float32", "mixed_bfloat16"]
    assert all(0 < row["least"] <= row["accuracy"] <= row["most"] <= 1 for row in found["learned"])
    assert all(cell_len(line) <= 80 for line in done.err.splitlines())


def test_without_wrk_the_server_is_not_measured(capsys, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert main(["bench", "digits", "--parts", "serve", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["serve"] == [{"what": "rowwise (wrk is not installed)"}]


@pytest.mark.slow
@pytest.mark.parametrize("python", ["/nowhere/python", sys.executable])
def test_a_python_without_tensorflow_is_named(python):
    if python == sys.executable and importlib.util.find_spec("tensorflow"):
        pytest.skip("TensorFlow is installed here")
    train, _ = load("digits")
    with pytest.raises(UsageError, match="tensorflow_python="), keras_on_tensorflow(python, train, 32, 1) as epoch:
        epoch(0)


@pytest.mark.slow
def test_models_are_trained_by_rowwise_and_both_ways_of_keras(monkeypatch):
    monkeypatch.setattr(models, "RECORDS", 64)
    monkeypatch.setattr(models, "BATCH_SIZES", (32,))
    monkeypatch.setattr(models, "STEPS_PER_EXECUTION", 2)
    monkeypatch.setattr(models, "KINDS", {"embedding, table": models.KINDS["embedding, table"]})
    rows = models.models(1, ["keras"])
    assert [row["trainer"] for row in rows] == ["rowwise", "keras, steps_per_execution=2", "keras"]
    assert {(row["model"], row["batch_size"]) for row in rows} == {("embedding, table", 32)}
    assert rows[0]["ratio"] == 1


@pytest.mark.slow
@pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
def test_the_engine_is_measured_shape_by_shape_and_saved_with_machine_version_and_plans(tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    best = next(one for one in native.instruction_sets() if one[1])  # a process each, which imports Keras
    monkeypatch.setattr(native, "instruction_sets", lambda: [best])
    rows = engine_turns.engine(load("digits")[0], repeats=1, shapes=[((8,), 64, 640)])
    assert {row["threads"] for row in rows} >= {1}
    assert {row["isa"] for row in rows} == {best[0]}
    for row in rows:
        assert (row["model"], row["batch_size"]) == ("64-8-10", 64)
        assert 0 < row["least"] <= row["seconds"]
    engine_turns.save(tmp_path / "engine.json", rows)
    found = json.loads((tmp_path / "engine.json").read_text())
    assert found["rows"] == rows
    assert set(found["machine"]) == {"processor", "cores"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--parts", "engine", "--against", "no-such-revision"], "no-such-revision"),
        (["--parts", "epochs", "--save", "x.json"], "is for the part engine"),
        (["--parts", "epochs", "--against", "v1"], "keras, torch, sklearn"),
    ],
)
def test_what_the_engine_cannot_be_compared_with_is_said(options, words):
    with pytest.raises(UsageError, match=words):
        measure(settings_of(options))


def settings_of(options):
    given = dict(zip(options[::2], options[1::2], strict=True))
    return Bench("digits", **{name.removeprefix("--"): value for name, value in given.items()})


def test_a_file_that_names_no_version_is_refused(tmp_path):
    (tmp_path / "engine.json").write_text('{"revision": null}')
    with pytest.raises(UsageError, match="unchanged checkout"):
        measure(Bench("digits", parts="engine", against=str(tmp_path / "engine.json")))
