"""A preset and an ensemble as settings of a run: trained, kept, stopped, gone on with, refused."""

import json
import subprocess
import sys
import threading

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.errors import ModelError, UsageError
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


def test_networks_that_learn_from_all_records_are_those_trained_by_hand(file, tmp_path):
    how = QUICK | {"epochs": 12, "patience": 2, "learning_rate": 0.03, "pieces": 0}
    several = rowwise.train(file, "y", out=tmp_path / "run", ensemble=4, on_all=2, **how)
    validated, *on_all = several.record.members
    assert validated.validation_loss is not None
    best = several.record.best_epoch, validated.best_epoch
    assert len(set(best)) == 2  # or their mean would say nothing
    (train, test), settings = several.sets(), several.record.settings
    for place, member in enumerate(on_all, 2):
        assert (member.epochs, member.best_epoch, member.validation_loss) == (round(sum(best) / 2), 0, None)
        model = rowwise.dense(train, (8,), dropout=settings.dropout, learning_rate=0.03, seed=member.seed, pieces=0)
        rowwise.fit(model, train, epochs=member.epochs, batch_size=settings.batch_size, seed=member.seed, verbose=0)
        assert several.record.spread["rmse"][place] == pytest.approx(rowwise.evaluate(model, test).rmse, rel=1e-6)
    opened = rowwise.open(tmp_path / "run")
    assert (opened.record.settings.on_all, opened.record.members) == (2, several.record.members)


def test_networks_hold_out_records_of_their_own_where_chance_divides_them(tmp_path):
    """The validation losses of networks that hardly learn say who has held out the one odd record."""
    frame = pl.DataFrame(
        {"a": np.arange(40.0), "y": np.arange(40) / 7 + 4000.5 * (np.arange(40) == 9), "w": [1.0] * 40}
    )
    how = QUICK | {"ensemble": 6, "epochs": 1, "learning_rate": 1e-9, "validation": 0.5, "patience": 0, "hidden": ()}
    how["task"] = "regression"
    own = rowwise.train(frame.drop("w"), "y", out=tmp_path / "own", **how)
    same = rowwise.train(frame, "y", weight="w", out=tmp_path / "same", **how)
    spread = [sorted(member.validation_loss for member in run.record.members) for run in (own, same)]
    assert spread[0][-1] > 5 * spread[0][0]
    assert spread[1][-1] < 5 * spread[1][0]


def test_seeds_are_one_model_with_the_spread_of_their_measures(file, tmp_path):
    several = rowwise.train(file, "y", out=tmp_path / "run", seeds=3, **QUICK)
    spread = several.record.spread
    assert {name: len(values) for name, values in spread.items()} == {"mae": 3, "rmse": 3, "r2": 3}
    alone = rowwise.train(file, "y", out=tmp_path / "alone", seeds=1, **QUICK)
    for name, values in spread.items():  # the first is the one that a run with one seed has
        assert values[0] == pytest.approx(alone.metrics[name], rel=1e-6)
    assert len(set(spread["rmse"])) == 3
    opened = rowwise.open(tmp_path / "run")
    assert opened.record == several.record
    with pytest.raises(UsageError, match="two names of one setting"):
        rowwise.train(file, "y", out=tmp_path / "both", seeds=3, ensemble=2, **QUICK)


def test_seeds_of_pictures_are_one_model_too(tmp_path):
    data, how = rowwise.load("digits"), QUICK | {"activation": "tanh"}
    several = rowwise.train("digits", out=tmp_path / "run", seeds=3, **how)
    assert several.record.data.classes == data[0].classes
    seeds = [several.record.settings.seed, *(member.seed for member in several.record.members)]
    each = []
    for seed in seeds:  # as they are trained by hand, on the records that the run does not hold out
        kept, held = data[0].split(0.1, 0)
        model = rowwise.dense(data[0], (8,), "tanh", 0.0, 0.001, seed)
        rowwise.fit(model, kept, epochs=3, batch_size=32, seed=seed, validation=held, verbose=0)
        each.append(model)
    logits = np.mean([np.log(rowwise.predict(model, data[1].x).probabilities) for model in each], axis=0)
    found = several.predict(data[1].x).probabilities
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(found, shares, rtol=1e-4, atol=1e-6)
    accuracies = [rowwise.evaluate(model, data[1]).accuracy for model in each]
    assert several.record.spread["accuracy"] == pytest.approx(accuracies)


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
    whole = rowwise.train(file, "y", out=tmp_path / "whole", ensemble=3, on_all=1, **QUICK)
    stop = threading.Event()

    def observe(seen):
        if isinstance(seen, event):
            stop.set()

    part = rowwise.train(file, "y", out=tmp_path / "part", ensemble=3, on_all=1, observer=observe, stop=stop, **QUICK)
    assert part.record.interrupted
    assert part.record.members == ()
    rest = rowwise.train(resume=tmp_path / "part", pictures=False, verbose=0)
    assert len(rest.record.members) == 2
    np.testing.assert_array_equal(outputs(rest), outputs(whole))


def test_a_quick_training_that_has_ended_is_not_kept_and_goes_on_all_the_same(file, tmp_path):
    how = QUICK | {"epochs": 40, "patience": 1, "learning_rate": 0.1, "ensemble": 3, "on_all": 1}
    whole = rowwise.train(file, "y", out=tmp_path / "whole", **how)
    assert whole.record.stopped_early
    stop, kept = threading.Event(), []

    def observe(seen):
        if isinstance(seen, EnsembleBegan):
            kept.extend(path.name for path in (tmp_path / "part").glob("*.keras"))
            stop.set()

    part = rowwise.train(file, "y", out=tmp_path / "part", observer=observe, stop=stop, **how)
    assert kept == []
    assert part.record.interrupted
    rest = rowwise.train(resume=tmp_path / "part", pictures=False, verbose=0)
    assert rest.record.best_epoch == whole.record.best_epoch
    np.testing.assert_array_equal(outputs(rest), outputs(whole))


def test_a_record_that_has_lost_its_other_networks_is_damaged_where_the_model_has_them(file, tmp_path):
    rowwise.train(file, "y", out=tmp_path / "run", ensemble=2, **QUICK)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    del record["members"]
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    with pytest.raises(
        ModelError, match=r"is damaged: its settings say hidden layers of \[8\], and the model has others"
    ):
        rowwise.train(resume=tmp_path / "run", pictures=False, verbose=0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"preset": "quick"}, "fast, default or best"),
        ({"ensemble": 0}, "ensemble"),
        ({"pieces": -1}, "pieces"),
        ({"refit": True, "ensemble": 3}, "Leave out refit, or the others"),
        ({"refit": True, "on_all": 3}, "Leave out refit, or the others"),
        ({"on_all": -1}, "on_all: expected a whole number"),
        ({"on_all": 2, "ensemble": 2}, "on_all: 2 networks are to learn from all records, but 1 at most can"),
    ],
)
def test_settings_that_make_no_sense_are_refused(file, tmp_path, options, says):
    with pytest.raises(UsageError, match=says):
        rowwise.train(file, "y", out=tmp_path / "run", **QUICK | options)


def test_presets_are_for_tables_and_pictures(tmp_path):
    np.savez(tmp_path / "flat.npz", x=np.random.default_rng(0).random((40, 5)), y=np.arange(40) % 2)
    with pytest.raises(UsageError, match="preset=: for tables and for pictures"):
        rowwise.train(tmp_path / "flat.npz", out=tmp_path / "run", preset="best", verbose=0)
    with pytest.raises(UsageError, match="for tables alone"):
        rowwise.train("digits", out=tmp_path / "run", pieces=3, verbose=0)


def test_a_run_of_a_table_opens_in_a_new_process(file, tmp_path):
    saved = rowwise.train(file, "y", out=tmp_path / "run", ensemble=2, **QUICK)
    code = "import sys, rowwise; print(rowwise.open(sys.argv[1]).predict({'a': 0.5, 'b': 1.0}).values[0, 0].item())"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "run"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(saved.predict({"a": 0.5, "b": 1.0}).values[0, 0].item())
