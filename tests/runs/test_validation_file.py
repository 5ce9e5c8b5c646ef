"""Records of a table of their own to validate with: what stops a training, is drawn, chosen by, and found again."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.errors import DataError, Suspicious, UsageError
from rowwise.runs.events import DataLoaded, RefitBegan

HOW = {"hidden": (8,), "epochs": 30, "learning_rate": 0.03, "pictures": False, "verbose": 0, "preset": "fast"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """100 records to train on, 60 to validate with, 40 to test on; `files` is the folder."""
    random = np.random.default_rng(0)
    x = random.normal(size=200)
    frame = pl.DataFrame({"x": x, "z": random.normal(size=200), "y": 3 * x + random.normal(size=200)})
    folder = tmp_path_factory.mktemp("tables")
    for name, start, end in (("train", 0, 100), ("held", 100, 160), ("test", 160, 200)):
        frame[start:end].write_csv(folder / f"{name}.csv")
    return folder


def reading(files):
    return {"test_file": str(files / "test.csv"), "validation_file": str(files / "held.csv")}


def test_the_epoch_is_chosen_by_the_loss_on_that_file_and_no_training_record_is_held_out(files, tmp_path):
    seen = []
    run = rowwise.train(files / "train.csv", "y", out=tmp_path / "run", observer=seen.append, **HOW, **reading(files))
    loaded = next(event for event in seen if isinstance(event, DataLoaded))
    assert (len(loaded.train), len(loaded.test), len(loaded.validation)) == (100, 40, 60)
    train, held = loaded.train, loaded.validation
    model = rowwise.dense(train, (8,), "relu", 0.0, learning_rate=0.03, seed=0, pieces=0)
    settings = run.record.settings
    assert (settings.validation, settings.patience) == (0.0, 20)
    history = rowwise.fit(model, train, epochs=30, batch_size=settings.batch_size, seed=0, validation=held, verbose=0)
    losses = [epoch.figures["val_loss"] for epoch in run.record.epochs]
    assert losses == history.history["val_loss"][: len(losses)]
    assert run.record.best_epoch == int(np.argmin(losses)) + 1
    assert run.record.data.validation_records == 60
    scale = loaded.train.y.std()
    error = (run.predict(held.x).values[:, 0] - held.y) / scale
    assert np.mean(error**2) == pytest.approx(min(losses), rel=1e-4)  # of the mean squared error in deviations


def test_a_refit_learns_from_both_and_an_ensemble_is_stopped_by_that_file(files, tmp_path):
    seen = []
    how = {**HOW, **reading(files), "patience": 3}
    run = rowwise.train(files / "train.csv", "y", out=tmp_path / "a", refit=True, observer=seen.append, **how)
    assert next(event for event in seen if isinstance(event, RefitBegan)).records == 160
    assert len(run.record.refit) == run.record.best_epoch
    several = rowwise.train(files / "train.csv", "y", out=tmp_path / "b", seeds=3, **how)
    for member in several.record.members:
        assert member.epochs - member.best_epoch in (0, 1, 2, 3)
        assert member.validation_loss is not None


def test_what_was_killed_goes_on_to_the_same_bits_and_needs_the_same_records(files, tmp_path):
    options = ["--test-file", files / "test.csv", "--validation-file", files / "held.csv", "--preset", "fast"]
    line = [sys.executable, "-m", "rowwise", "train", files / "train.csv", "--target", "y", "--hidden", "8", *options]
    line += ["--epochs", "200", "--patience", "200", "--no-pictures", "--quiet"]
    environment = {**os.environ, "ROWWISE_CHECKPOINT_SECONDS": "0"}
    killed = subprocess.Popen([*line, "--out", tmp_path / "killed"], env=environment)
    while not (tmp_path / "killed" / "unfinished.json").exists():
        time.sleep(0.01)
        assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    other = {"test_file": str(files / "test.csv"), "validation_file": str(files / "test.csv")}
    with pytest.raises(UsageError, match="validation_file"):
        rowwise.train(resume=tmp_path / "killed", pictures=False, verbose=0, **other)
    rest = rowwise.train(resume=tmp_path / "killed", pictures=False, verbose=0)
    how = {"preset": "fast", "hidden": (8,), "epochs": 200, "patience": 200, "pictures": False, "verbose": 0}
    expected = rowwise.train(files / "train.csv", "y", out=tmp_path / "whole", **how, **reading(files))
    for a, b in zip(rest.model.get_weights(), expected.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert rest.record.best_epoch == expected.record.best_epoch


def test_such_a_file_is_checked_as_test_records_are(files, tmp_path):
    held = pl.read_csv(files / "held.csv")
    held.rename({"z": "w"}).write_csv(tmp_path / "other.csv")
    options = {**HOW, "out": tmp_path / "run"}
    with pytest.raises(DataError, match="z"):
        rowwise.train(files / "train.csv", "y", validation_file=str(tmp_path / "other.csv"), **options)
    with pytest.raises(UsageError, match="Pass one of them"):
        rowwise.train(files / "train.csv", "y", validation_file=str(files / "held.csv"), validation=0.2, **options)
    with pytest.warns(Suspicious, match="validation records stand among the training records"):
        rowwise.train(
            files / "train.csv",
            "y",
            validation_file=str(files / "train.csv"),
            test_file=str(files / "test.csv"),
            **options,
        )
    with pytest.raises(UsageError, match="validation"):
        rowwise.train("digits", validation_file=str(files / "held.csv"), **options)
