"""run.json is read, checked and written in one place; runs of earlier versions stay readable."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_records import WHOLE

from rowwise.data import load
from rowwise.data.loaders import load_source
from rowwise.data.source import Source
from rowwise.errors import ModelError
from rowwise.runs.data_record import DataRecord
from rowwise.runs.record import Epoch, RunRecord, Unfinished, epochs_of
from rowwise.runs.settings import Settings


def written(folder, content):
    (folder / "run.json").write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return folder


def figures():
    numbers = st.floats(allow_infinity=False, width=32) | st.integers(0, 10)
    return st.dictionaries(st.sampled_from(["loss", "accuracy", "val_loss"]), numbers, min_size=1)


@given(
    settings=st.builds(
        Settings,
        hidden=st.lists(st.integers(1, 500), max_size=3).map(tuple),
        dropout=st.floats(0, 0.9),
        seed=st.integers(0, 2**32 - 1),
        class_weight=st.sampled_from(["none", "balanced"]),
    ),
    names=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    history=figures(),
    unfinished=st.none() | st.builds(Unfinished, st.integers(1, 9), st.integers(1, 99)),
    resumed_from=st.none() | st.text(min_size=1, max_size=9),
)
def test_a_record_comes_back_as_it_was_written(tmp_path_factory, settings, names, history, unfinished, resumed_from):
    record = RunRecord(
        data=DataRecord("made", "somewhere", "ab", 7, 3, "cd", (28, 28), names, names, "classification", (), None, {}),
        settings=settings,
        engine="native",
        engine_reason="it can",
        epochs=tuple(Epoch(number, history, 0.25) for number in (1, 2)),
        test={"accuracy": 0.5},
        seconds={"total": 1.0},
        versions={"rowwise": "0.1.0"},
        resumed_from=resumed_from,
        interrupted=unfinished is not None,
        unfinished=unfinished,
        model="runs/x/model.keras",
    )
    folder = written(tmp_path_factory.mktemp("run"), record.to_json())
    again = RunRecord.read(folder)
    assert again.to_json() == record.to_json()
    assert (again.settings, again.data, again.unfinished) == (record.settings, record.data, record.unfinished)


def test_a_figure_that_is_no_number_is_null_in_json_and_nan_in_csv(tmp_path):
    epochs = epochs_of({"accuracy": [0.5, 0.75], "loss": [0.5, math.nan]}, [0.1, 0.2], 3)
    record = RunRecord(DataRecord("x"), Settings(), "native", "", epochs, {}, {}, {})
    assert [row["epoch"] for row in record.to_dict()["epochs"]] == [3, 4]
    assert list(record.to_dict()["epochs"][0]) == ["epoch", "loss", "accuracy", "seconds"]  # the loss comes first
    assert json.loads(record.to_json())["epochs"][1]["loss"] is None
    assert record.history_csv() == b"epoch,loss,accuracy,seconds\n3,0.5,0.5,0.1\n4,nan,0.75,0.2\n"
    assert math.isnan(RunRecord.read(written(tmp_path, record.to_json())).epochs[1].figures["loss"])


def test_a_run_of_an_earlier_version_is_read(tmp_path):
    """Before there were class weights, tasks, schemas and sources."""
    settings = {name: value for name, value in WHOLE["settings"].items() if name != "class_weight"}
    data = {"name": "digits", "checksum": "ab", "records": 1438}
    record = RunRecord.read(written(tmp_path, {**WHOLE, "settings": settings, "data": data}))
    assert record.settings == Settings()
    assert record.data.loader().place == "digits"
    assert (record.data.pictures, record.data.schema, record.interrupted) == ("object", None, False)


def test_what_the_data_were_loaded_with_loads_them_again(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i / 7:.3f},{'xy'[i % 2]}\n" for i in range(60)))
    train, test = load(tmp_path / "t.csv", target="b", test=0.3, seed=5)
    record = RunRecord(DataRecord.of(train, test), Settings(), "native", "", (), {}, {}, {})
    again = RunRecord.read(written(tmp_path, record.to_json())).data
    assert load_source(again.loader())[0].checksum == train.checksum
    assert again.schema == train.schema


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "damaged"),
        (b"[]", "damaged"),
        (b"null", "damaged"),
        (b"\0\xff", "damaged"),
        (b"[" * 100_000, "damaged"),
        ({**WHOLE, "schema": 2}, "format 2"),
        ({**WHOLE, "epochs": 3}, "epochs"),
        ({**WHOLE, "epochs": [{"epoch": 1}, {"loss": 1}]}, "epochs"),
        ({**WHOLE, "epochs": [{"epoch": 1, "loss": 1}, {"epoch": 2}]}, "epochs"),
        ({**WHOLE, "epochs": [{"epoch": "one"}]}, "epochs"),
        ({**WHOLE, "settings": {}}, "settings.hidden: None"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"batch_size": "32"}}, "settings.batch_size: '32'"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"epochs": True}}, "settings.epochs: True"),
        ({**WHOLE, "test": []}, "test"),
        ({**WHOLE, "data": {"name": 3}}, "data.name: 3"),
        ({**WHOLE, "data": {"name": "x", "classes": [1]}}, "data.classes"),
        ({**WHOLE, "data": {"name": "x", "schema": {"columns": 1}}}, "data.schema"),
        ({**WHOLE, "data": {"name": "x", "source": {"load": {"place": "x", "nonsense": 1}}}}, "data.source.load"),
        ({**WHOLE, "epochs": [{"epoch": 1, "loss": True}]}, "epochs"),
        ({**WHOLE, "epochs": [{"epoch": 1.5, "loss": 1}]}, "epochs"),
        ({**WHOLE, "epochs": [{"epoch": None, "loss": 1}]}, "epochs"),
        ({**WHOLE, "epochs": [{"epoch": 0, "loss": 1}]}, "epochs"),
        ({**WHOLE, "epochs": [{"epoch": 1, "loss": 10**400}]}, "epochs"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"hidden": ["a"]}}, r"settings.hidden: \['a'\]"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"hidden": [True]}}, r"settings.hidden: \[True\]"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"hidden": [0]}}, r"settings.hidden: \[0\]"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"epochs": -3}}, "settings.epochs: -3"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"dropout": math.nan}}, "settings.dropout: nan"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"dropout": 1}}, "settings.dropout: 1"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"learning_rate": 10**400}}, "settings.learning_rate: 1000"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"learning_rate": math.inf}}, "settings.learning_rate: inf"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"validation": -0.1}}, "settings.validation: -0.1"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"seed": 2**32}}, "settings.seed: 4294967296"),
        ({**WHOLE, "settings": WHOLE["settings"] | {"class_weight": "some"}}, "settings.class_weight: 'some'"),
        ({**WHOLE, "seconds": {"fit": "x"}}, "seconds: {'fit': 'x'}"),
        ({**WHOLE, "seconds": {"fit": False}}, "seconds: {'fit': False}"),
        ({**WHOLE, "versions": {"keras": 1}}, "versions: {'keras': 1}"),
        ({**WHOLE, "interrupted": "no"}, "interrupted: 'no'"),
        ({**WHOLE, "interrupted": 1}, "interrupted: 1"),
        ({**WHOLE, "engine": False}, "engine: False"),
        ({**WHOLE, "resumed_from": ["x"]}, "resumed_from"),
        ({**WHOLE, "data": {"name": ""}}, "data.name: ''"),
        ({**WHOLE, "data": {"name": "x", "records": -1}}, "data.records: -1"),
        ({**WHOLE, "data": {"name": "x", "test_records": True}}, "data.test_records: True"),
        ({**WHOLE, "data": {"name": "x", "shape": [True]}}, r"data.shape: \[True\]"),
        ({**WHOLE, "data": {"name": "x", "shape": [-1]}}, r"data.shape: \[-1\]"),
        ({**WHOLE, "data": {"name": "x", "targets": [None]}}, "data.targets"),
        ({**WHOLE, "data": {"name": "x", "source": {"load": None}}}, "data.source.load"),
        ({**WHOLE, "best_epoch": 2}, "best_epoch: 2, epochs: 1"),
        ({**WHOLE, "members": [{"seed": 1, "epochs": 3, "best_epoch": 4}]}, "members.best_epoch: 4, epochs: 3"),
        ({**WHOLE, "unfinished": {"epoch": "x"}}, "unfinished.epoch: 'x'"),
        ({**WHOLE, "unfinished": {"epoch": 1}}, "unfinished.steps: None"),
        ({**WHOLE, "unfinished": {"epoch": 0, "steps": 3}}, "unfinished.epoch: 0"),
        ({**WHOLE, "unfinished": {"epoch": 2, "steps": -3}}, "unfinished.steps: -3"),
        ({name: value for name, value in WHOLE.items() if name != "data"}, "data: None"),
    ],
)
def test_a_damaged_record_is_refused_and_the_part_named(tmp_path, content, words):
    with pytest.raises(ModelError, match=words):
        RunRecord.read(written(tmp_path, content))


def test_seconds_that_were_no_number_are_nan(tmp_path):
    record = RunRecord.read(written(tmp_path, {**WHOLE, "seconds": {"fit": 1, "compile": None}}))
    assert record.seconds["fit"] == 1
    assert math.isnan(record.seconds["compile"])


def test_other_data_are_read_as_those_of_the_run(tmp_path):
    """Groups that another version of Polars hashed cannot be split again."""
    load = {"place": "t.csv", "target": ["y"], "group": "who"}
    data = {"name": "t", "source": {"load": load, "split": {"by": "group"}}}
    record = RunRecord.read(written(tmp_path, {**WHOLE, "data": data})).data
    assert (record.source_at(), record.has_outdated_groups) == (Source("t.csv", target=("y",), group="who"), True)
    assert record.source_at("other.csv", decimal=",") == Source("other.csv", target=("y",), group="who", decimal=",")
    digits = RunRecord.read(written(tmp_path, WHOLE)).data
    assert (digits.source_at(), digits.has_outdated_groups) == (Source("digits"), False)


def test_a_folder_without_a_record_is_no_run(tmp_path):
    with pytest.raises(ModelError, match=r"no run's folder.*run\.json"):
        RunRecord.read(tmp_path)
