"""A preset and an ensemble as settings of a run: trained, kept, stopped, gone on with, refused."""

import subprocess
import sys
import threading

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.errors import UsageError
from rowwise.runs.events import EnsembleBegan, EpochEnded

QUICK = {"hidden": (8,), "epochs": 3, "pictures": False, "verbose": 0}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 2))
    path = tmp_path_factory.mktemp("table") / "table.csv"
    pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": np.sin(3 * x[:, 0]) + x[:, 1]}).write_csv(path)
    return path


def outputs(saved):
    return saved.predict(saved.sets()[1].x).values


def test_an_ensemble_is_better_than_its_networks_on_average_and_the_same_each_time(file, tmp_path):
    several, again, one = (
        rowwise.train(file, "y", out=tmp_path / str(place), ensemble=networks, **QUICK | {"epochs": 12})
        for place, networks in enumerate((4, 4, 1))
    )
    np.testing.assert_array_equal(outputs(several), outputs(again))
    assert len(several.record.members) == 3
    assert len({member.seed for member in several.record.members}) == 3
    assert all(member.best_epoch > 6 for member in several.record.members)
    assert (
        several.record.epochs[-1].figures == one.record.epochs[-1].figures
    )  # the first is trained as it would be alone
    assert several.metrics["rmse"] != one.metrics["rmse"]
    opened = rowwise.open(tmp_path / "0")
    assert opened.record.members == several.record.members
    np.testing.assert_array_equal(outputs(opened), outputs(several))


def test_presets_decide_what_is_not_chosen(file, tmp_path):
    fast = rowwise.train(file, "y", out=tmp_path / "fast", preset="fast", **QUICK).record.settings
    best = rowwise.train(file, "y", out=tmp_path / "best", preset="best", **QUICK).record.settings
    assert (fast.ensemble, fast.pieces, fast.dropout, fast.hidden) == (1, 0, 0, (8,))
    assert best.ensemble > 4
    assert best.pieces > 0
    assert best.hidden == (8,)
    assert best.epochs == 3


@pytest.mark.parametrize("patience", [0, 2])
def test_a_mean_goes_on_with_more_epochs_as_if_it_had_never_stopped(file, tmp_path, patience):
    how = QUICK | {"ensemble": 2, "patience": patience, "learning_rate": 0.03}
    rowwise.train(file, "y", out=tmp_path / "part", **how)
    rest = rowwise.train(resume=tmp_path / "part", epochs=6, pictures=False, verbose=0)
    whole = rowwise.train(file, "y", out=tmp_path / "whole", **how | {"epochs": 6})
    np.testing.assert_array_equal(outputs(rest), outputs(whole))
    assert rest.record.members == whole.record.members


@pytest.mark.parametrize("event", [EpochEnded, EnsembleBegan])
def test_what_was_stopped_goes_on_to_the_same_numbers(file, tmp_path, event):
    whole = rowwise.train(file, "y", out=tmp_path / "whole", ensemble=3, **QUICK)
    stop = threading.Event()

    def observe(seen):
        if isinstance(seen, event):
            stop.set()

    part = rowwise.train(file, "y", out=tmp_path / "part", ensemble=3, observer=observe, stop=stop, **QUICK)
    assert part.record.interrupted
    assert part.record.members == ()
    rest = rowwise.train(resume=tmp_path / "part", pictures=False, verbose=0)
    assert len(rest.record.members) == 2
    np.testing.assert_array_equal(outputs(rest), outputs(whole))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"preset": "quick"}, "fast, default or best"),
        ({"ensemble": 0}, "ensemble"),
        ({"pieces": -1}, "pieces"),
        ({"refit": True, "ensemble": 3}, "one of the two"),
    ],
)
def test_settings_that_make_no_sense_are_refused(file, tmp_path, options, says):
    with pytest.raises(UsageError, match=says):
        rowwise.train(file, "y", out=tmp_path / "run", **QUICK | options)


def test_presets_are_for_tables(tmp_path):
    with pytest.raises(UsageError, match="no table"):
        rowwise.train("digits", out=tmp_path / "run", preset="best", verbose=0)


def test_a_run_of_a_table_opens_in_a_new_process(file, tmp_path):
    saved = rowwise.train(file, "y", out=tmp_path / "run", ensemble=2, **QUICK)
    code = "import sys, rowwise; print(rowwise.open(sys.argv[1]).predict({'a': 0.5, 'b': 1.0}).values[0, 0].item())"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "run"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(saved.predict({"a": 0.5, "b": 1.0}).values[0, 0].item())
