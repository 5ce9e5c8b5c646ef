"""A search finds settings by the validation records alone, goes on where it was ended, and hands them to a training."""

import csv
import os
import signal
import subprocess
import sys
import threading
import time
import tomllib

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.errors import UsageError
from rowwise.runs.trial import COMPLETE, LEAST_EPOCHS, PRUNED, Trial, is_hopeless

pytest.importorskip("optuna", reason="Optuna is not installed: pip install optuna")
FIXED = {"epochs": 6, "preset": "fast", "pieces": 0}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2))
    path = tmp_path_factory.mktemp("table") / "table.csv"
    pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": np.sin(3 * x[:, 0]) + x[:, 1]}).write_csv(path)
    return path


@pytest.fixture(scope="module")
def whole(file, tmp_path_factory):
    return rowwise.tune(file, "y", 7, out=tmp_path_factory.mktemp("whole") / "search", **FIXED)


def told(tuning):
    return [(trial.number, trial.state, trial.parameters, trial.losses) for trial in tuning.trials]


def test_the_best_settings_train_to_the_loss_that_was_promised(file, whole, tmp_path):
    best = whole.best
    assert [trial.number for trial in whole.trials] == list(range(1, 8))
    assert best.loss == min(trial.loss for trial in whole.trials if trial.state == COMPLETE)
    options = tomllib.loads(whole.options.read_text())
    assert options["target"] == ["y"]
    assert options["settings"] | {"hidden": tuple(options["settings"]["hidden"])} == {**FIXED, **whole.settings}
    run = rowwise.train(file, options=whole.options, out=tmp_path / "run", pictures=False, verbose=0)
    assert run.record.best_epoch == best.best_epoch
    assert run.record.epochs[best.best_epoch - 1].figures["val_loss"] == best.loss
    rows = list(csv.DictReader((whole.path / "trials.csv").read_text().splitlines()))
    assert [float(row["validation_loss"]) for row in rows] == [trial.loss for trial in whole.trials]
    assert f"{best.loss:.5f}" in (whole.path / "trials.html").read_text()
    assert all(len(line) <= 80 for line in repr(whole).splitlines())


def test_a_search_that_was_stopped_goes_on_to_the_same_trials(file, whole, tmp_path):
    stop, seen = threading.Event(), []

    def observe(event):
        seen.append(event.trial.number)
        if len(seen) == 2:
            stop.set()

    part = rowwise.tune(file, "y", 7, out=tmp_path / "search", observer=observe, stop=stop, **FIXED)
    assert part.interrupted
    assert 2 <= len(part.trials) < 7
    rest = rowwise.tune(file, "y", 7, out=tmp_path / "search", **FIXED)
    assert told(rest) == told(whole)
    more = rowwise.tune(file, "y", 8, out=tmp_path / "search", **FIXED)
    assert told(more)[:7] == told(whole)
    with pytest.raises(UsageError, match="other data or other settings"):
        rowwise.tune(file, "y", 8, out=tmp_path / "search", **FIXED | {"seed": 1})


@pytest.mark.thorough
@pytest.mark.slow
def test_a_search_that_was_killed_goes_on_to_the_same_trials(file, whole, tmp_path):
    line = [sys.executable, "-m", "rowwise", "tune", file, "--target", "y", "--trials", "7", "--epochs", "6"]
    line += ["--preset", "fast", "--pieces", "0", "--quiet", "--out", tmp_path / "search"]
    killed = subprocess.Popen(line)
    journal = tmp_path / "search" / "trials.journal"
    while not (journal.exists() and b'"losses"' in journal.read_bytes()):
        assert killed.poll() is None
        time.sleep(0.005)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert told(rowwise.tune(file, "y", 7, out=tmp_path / "search", **FIXED)) == told(whole)


def test_a_timeout_lets_what_is_under_way_end(file, tmp_path):
    found = rowwise.tune(file, "y", 50, timeout=1e-3, out=tmp_path / "search", **FIXED)
    assert found.interrupted
    assert len(found.trials) < 50
    assert all(trial.state == COMPLETE for trial in found.trials)


def test_the_test_records_are_not_looked_at(file, whole, tmp_path):
    table = pl.read_csv(file)
    train, test = rowwise.load(file, "y")
    table[(train.rows - 1).tolist()].write_csv(tmp_path / "train.csv")
    table[(test.rows - 1).tolist()].write_csv(tmp_path / "test.csv")
    table[(test.rows - 1).tolist()].with_columns(y=-100 * pl.col("y")).write_csv(tmp_path / "other.csv")
    one, other = (
        rowwise.tune(
            tmp_path / "train.csv", "y", 2, out=tmp_path / name, test_file=str(tmp_path / f"{name}.csv"), **FIXED
        )
        for name in ("test", "other")
    )
    assert told(one) == told(other)


def test_a_trial_behind_the_median_of_the_finished_ones_is_pruned():
    def finished(number, last):
        losses = tuple(np.linspace(1, last, 12))
        return Trial(number, COMPLETE, {}, last, 12, 12, losses=losses)

    others = [finished(number, last) for number, last in enumerate((0.2, 0.4, 0.6, 0.8), 1)]
    at = LEAST_EPOCHS
    median = np.median([one.losses[at - 1] for one in others])
    assert is_hopeless([median + 1e-6] * at, others)
    assert not is_hopeless([median] * at, others)
    assert not is_hopeless([9.0] * (at - 1), others)  # too early
    assert not is_hopeless([9.0] * at, others[:3])  # too few
    assert not is_hopeless([9.0] * at, [*others[:3], Trial(4, PRUNED, {}, 0.1, losses=(0.1,))])
    assert is_hopeless([0.51] * 20, others)  # those that had ended count with their last


def test_what_cannot_be_searched_is_refused(file, tmp_path, monkeypatch):
    given = {"hidden": (4,), "dropout": 0.0, "learning_rate": 0.01, "weight_decay": 0.0, "batch_size": 8}
    with pytest.raises(UsageError, match="nothing is left to tune"):
        rowwise.tune(file, "y", 2, out=tmp_path / "a", **FIXED, **given)
    with pytest.raises(UsageError, match="judged by validation records"):
        rowwise.tune(file, "y", 2, out=tmp_path / "a", validation=0.0, **FIXED)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(UsageError, match="full"):
        rowwise.tune(file, "y", 2, out=tmp_path / "full", **FIXED)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match=r"pip install \"rowwise\[tune\]\""):
        rowwise.tune(file, "y", 2, out=tmp_path / "a", **FIXED)
