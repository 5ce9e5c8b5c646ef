"""What was asked for is a value that can be looked at before anything is loaded."""

import json
from dataclasses import replace

import polars as pl
import pytest

from rowwise.data import load
from rowwise.errors import ModelError, UsageError
from rowwise.runs.plan import plan_training
from rowwise.runs.record import DataRecord, Epoch, RunRecord
from rowwise.runs.settings import Settings


@pytest.fixture
def run(tmp_path):
    """A run of two epochs on a table, without its model."""
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i / 7:.3f},{'xy'[i % 2]}\n" for i in range(60)))
    train, test = load(tmp_path / "t.csv", target="b", seed=3)
    epochs = tuple(Epoch(number, {"loss": 0.5}, 0.1) for number in (1, 2))
    record = RunRecord(DataRecord.of(train, test), Settings(epochs=2, seed=4), "native", "", epochs, {}, {}, {})
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_bytes(record.to_json())
    return tmp_path / "run"


def test_settings_and_how_data_are_read_are_told_apart():
    plan = plan_training("digits", {"hidden": [20], "seed": 7})
    assert (plan.settings, plan.chosen) == (Settings(hidden=(20,), seed=7), {"hidden", "seed"})
    assert (plan.source.place, plan.resume) == ("digits", None)
    assert plan_training().source is None
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    plan = plan_training(frame, {"target": "b", "seed": 1, "split_seed": 2})
    assert (plan.settings.seed, plan.source.seed, plan.source.target) == (1, 2, ("b",))
    assert plan.source.frame is frame


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        ("digits", {"epoch": 3}, "no setting epoch"),
        ("digits", {"hidden": 100}, "hidden: expected"),
        ("digits", {"hidden": (0,)}, "hidden: expected"),
        ("digits", {"dropout": 1}, "dropout: expected"),
        ("digits", {"learning_rate": float("inf")}, "learning_rate: expected"),
        ("digits", {"batch_size": True}, "batch_size: expected"),
        ("digits", {"validation": -0.1}, "validation: expected"),
        ("digits", {"seed": 2**32}, "seed: expected"),
        ("digits", {"class_weight": "equal"}, "class_weight: expected"),
        ("digits", {"epochs": 0}, "epochs: expected"),
        ("digits", {"activation": 3}, "activation: expected"),
        ("digits", {"target": "x"}, "target="),
        (None, {"target": "x", "split_seed": 3}, "target=, split_seed="),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(data, options, words):
    with pytest.raises(UsageError, match=words):
        plan_training(data, options)


def test_a_table_has_settings_of_its_own_where_nobody_chose_others(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i / 7:.3f},{'xy'[i % 2]}\n" for i in range(60)))
    train, _ = load(tmp_path / "t.csv", target="b")
    fast = Settings(preset="fast")
    assert fast.suited(train, ()) == replace(fast, hidden=(100,), batch_size=21, epochs=167, patience=20)
    usual = Settings().suited(train, ())
    assert (usual.hidden, usual.pieces, usual.batch_size) == ((256,), 12, 16)
    assert (usual.ensemble, usual.on_all) == (6, 4)
    for settings, chosen in ((Settings(ensemble=4), ("ensemble",)), (Settings(threshold="f1"), ("threshold",))):
        held_out = settings.suited(train, chosen)  # somebody chose how many, or something is decided by those held out
        assert (held_out.ensemble, held_out.on_all) == (4, 0)
    best = Settings(preset="best").suited(train, ("preset",))
    assert (best.ensemble, best.on_all) == (24, 16)
    assert Settings().suited(train, Settings().to_dict()) == Settings()
    digits, _ = load("digits")
    assert Settings().suited(digits, ()) == Settings()


def test_a_resumed_run_keeps_its_settings_and_data(run):
    plan = plan_training(resume=run, options={"epochs": 5})
    assert plan.settings == Settings(epochs=5, seed=4)
    assert (plan.source.target, plan.source.seed, len(plan.before.epochs)) == (("b",), 3, 2)
    agreeing = {"epochs": 5, "seed": 4, "target": ["b"], "split_seed": 3}
    assert plan_training(plan.source.place, agreeing, run).settings == plan.settings


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (None, {"seed": 1}, "seed=1 ≠ 4"),
        (None, {"hidden": (3,), "epochs": 9}, r"hidden=\(3,\) ≠ \(100, 30\)"),
        (None, {"target": "a"}, 'target="a" ≠ "b"'),
        (None, {"split_seed": 0}, "split_seed=0 ≠ 3"),
        ("digits", {}, "digits ≠ .*t.csv"),
        (None, {}, "has 2 epochs already, and 2 in all"),
        (None, {"epochs": 1}, "and 1 in all"),
    ],
)
def test_what_contradicts_the_resumed_run_is_refused(run, data, options, words):
    with pytest.raises(UsageError, match=words):
        plan_training(data, options, run)


def test_a_run_that_stopped_amid_an_epoch_is_not_resumed(run):
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "unfinished": {"epoch": 3, "steps": 5}}))
    with pytest.raises(UsageError, match="amid epoch 3"):
        plan_training(resume=run, options={"epochs": 9})
    with pytest.raises(ModelError, match="no run's folder"):
        plan_training(resume=run / "nowhere")


def test_a_run_on_a_data_frame_asks_for_the_frame(run):
    record = json.loads((run / "run.json").read_text())
    record["data"]["source"] |= {"frame": "polars", "load": {"place": "table", "target": ["b"], "seed": 3}}
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match="DataFrame"):
        plan_training(resume=run, options={"epochs": 9})
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    plan = plan_training(frame, {"epochs": 9}, run)
    assert (plan.source.target, plan.source.seed, plan.source.frame is frame) == (("b",), 3, True)
