"""What is said about tables: in the words of who asked, of the file, and at the time when it happens."""

import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.errors import DataError, UsageError
from rowwise.measure.columns import MOST_NUMBERS, blocks, table_columns
from rowwise.measure.contributions import contributions
from rowwise.text import use_language
from rowwise.text.options import for_shell

QUICK = {"preset": "fast", "epochs": 2, "hidden": (4,), "verbose": 0, "pictures": False}


def houses(records=60):
    random = np.random.default_rng(0)
    size = random.normal(100, 20, records).round(1)
    return pl.DataFrame(
        {
            "size": size,
            "garden": np.where(random.random(records) < 0.5, "yes", "no"),
            "day": [f"2023-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(records)],
            "sold": np.where(size > 100, "y", "n"),
            "visits": random.poisson(3, records),
            "share": random.random(records).round(3),
        }
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A table of houses, and a run that tells the sold ones."""
    place = tmp_path_factory.mktemp("houses")
    houses().write_csv(place / "h.csv")
    drop = ("day", "visits", "share")
    return place / "h.csv", rowwise.train(place / "h.csv", "sold", drop=drop, out=place / "run", **QUICK)


def test_one_training_is_no_cross_validation(run):
    table, _ = run
    with pytest.raises(UsageError, match=r"Call rowwise.cross_validate\(…, folds=5\), or name the fold .*: fold=1\."):
        rowwise.train(table, "sold", folds=5)
    with pytest.raises(UsageError, match=r"fold 2 is one of several folds: .* with folds=5\.$"):
        rowwise.train(table, "sold", fold=2)


def test_a_threshold_of_numbers_is_refused_by_its_target(run, tmp_path):
    table, _ = run
    message = "decides between yes and no, and {} is predicted as a number"
    with pytest.raises(UsageError, match=message.format("visits")):
        rowwise.train(table, "visits", task="regression", threshold="f1")  # asked for: known before anything is read
    with pytest.raises(UsageError, match=message.format("share")):
        rowwise.train(table, "share", threshold="f1", out=tmp_path / "run")


def test_counts_with_fractions_are_said_unless_they_are_rates(run):
    table, _ = run
    with pytest.warns(rowwise.Suspicious, match='Counts are whole numbers; "share" has fractions'):
        rowwise.load(table, "share", task="counts")
    rowwise.load(table, "share", task="counts", weight="visits")  # warnings are errors
    rowwise.load(table, "visits", task="counts")


def test_a_file_without_the_target_lacks_the_target(run, tmp_path):
    table, saved = run
    other = tmp_path / "other.csv"
    houses().drop("sold").write_csv(other)
    for name in ("test_file", "validation_file"):
        with pytest.raises(DataError, match=r"other.csv lacks the target, sold: without it nothing can be measured"):
            rowwise.train(table, "sold", **{name: other.as_posix()}, out=tmp_path / "run", **QUICK)
    with pytest.raises(DataError, match="table lacks the target, sold"):
        saved.evaluate(houses().drop("sold"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda saved: saved.explain_row(1, seed=-1), "seed: expected a whole number of at least 0; found -1"),
        (lambda saved: saved.partial_dependence(points=0), "points: expected a whole number of at least 1; found 0"),
        (lambda saved: saved.partial_dependence(["size"], points=-1), "points: .* found -1"),
        (lambda saved: saved.partial_dependence(["sise"]), r"Did you mean size\? It uses size, garden"),
        (lambda saved: saved.explain_row(1, output="yy"), r"Did you mean y\? It gives n, y"),
    ],
)
def test_what_cannot_be_explained_is_said(run, asked, message):
    with pytest.raises(UsageError, match=message):
        asked(run[1])


def test_every_setting_is_named_where_one_is_unknown(run):
    with pytest.raises(UsageError, match=r"no setting patiense\. Did you mean patience\? ") as caught:
        rowwise.train(run[0], "sold", patiense=3)
    listed = set(re.findall(r"\w+", str(caught.value)))
    assert {"seeds", "folds", "fold", "split_seed", "ensemble", "threshold", "weight"} <= listed


def test_values_are_quoted_as_they_were_written(run):
    with pytest.raises(UsageError) as caught:
        rowwise.train(run[0], "sold", ordered=["low", "low"])
    assert str(caught.value).endswith("found ['low', 'low'].")
    with for_shell(), pytest.raises(UsageError, match=r"found low,low\.$"):
        rowwise.train(run[0], "sold", ordered=["low", "low"])


def test_yes_and_no_are_those_of_the_file(run):
    with use_language("ko"):
        explained = run[1].explain_row(3)
        (dependence,) = run[1].partial_dependence(["garden"])
        assert explained.values["garden"] == houses()["garden"][2]
        assert dependence.values == ("no", "yes")
        assert "아니요" not in repr(explained)


def test_bars_begin_at_nothing(run):
    from rowwise.measure.record_text import BAR, dependence_lines

    found = run[1].partial_dependence(["size", "garden"])
    most = max(one.averages[:, 1].max() for one in found)
    lines = [line for line in dependence_lines(found) if line.startswith("  ")]
    values = [row[1] for one in found for row in one.averages]
    assert [line.count("█") for line in lines] == [round((BAR - 2) * value / most) for value in values]


def test_counts_and_quantiles_name_no_other_task(run, tmp_path):
    table, saved = run
    saved = rowwise.train(table, "visits", task="counts", out=tmp_path / "counts", **QUICK)
    said = str(rowwise.evaluate(saved.model, saved.sets()[1], train=saved.sets()[0]))
    assert "--task" not in said
    assert "task=" not in said
    assert "Baseline: always answers the mean of the training records, " in said
    assert "always answers the mean of these records, " in str(rowwise.evaluate(saved.model, saved.sets()[1]))


def test_folds_by_time_say_which_records_they_do_not_test(run, tmp_path):
    quick = {name: QUICK[name] for name in ("preset", "epochs", "hidden")}
    found = rowwise.cross_validate(run[0], "sold", 4, time="day", drop=("day",), out=tmp_path / "folds", **quick)
    assert (found.untested, len(found.data)) == (12, 48)
    assert found.to_dict()["untested"] == 12
    assert "the 12 earliest records are only learned from" in " ".join(repr(found).split())


@pytest.mark.slow
def test_folds_are_told_of_as_they_end(run, tmp_path):
    """Standard error is held back while the table is read, not until all folds are trained."""
    options = ["--target", "sold", "--folds", "3", "--preset", "fast", "--epochs", "2", "--lang", "en"]
    command = [sys.executable, "-m", "rowwise", "train", str(run[0]), *options]
    said = subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    places = [said.index(text) for text in (b"Fold 1 of 3", b"Fold 2 of 3", b"Fold 3 of 3", b"3 folds, 60 records")]
    assert places == sorted(places)


def test_a_search_says_when_its_data_are_read(run, tmp_path):
    """Until then a command holds standard error back."""
    from rowwise.runs.plan import plan_training
    from rowwise.runs.tuning import tune

    pytest.importorskip("optuna")
    plan, said = plan_training(run[0], {"target": "sold", "preset": "fast", "epochs": 1}), []
    more = {"observer": lambda event: said.append("trial"), "loaded": lambda: said.append("data")}
    tune(plan, 1, out=tmp_path / "search", **more)
    assert said == ["data", "trial"]


@pytest.mark.thorough
def test_contributions_of_many_columns_need_little_memory():
    random = np.random.default_rng(0)
    others, record = random.normal(size=(50, 700)).astype(np.float32), np.ones(700, np.float32)
    weights = random.normal(size=700)
    tracemalloc.start()
    found = contributions(lambda x: x @ weights, record, others, table_columns(None, 700))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.values.sum() == pytest.approx(record @ weights - found.base, abs=1e-3)
    assert peak < 32 * MOST_NUMBERS  # bytes: all the changed records at once would take 800 MB


def test_blocks_hold_all_records_and_never_too_many():
    width = MOST_NUMBERS // 10  # ten records
    assert [(block.start, block.stop) for block in blocks([4, 0, 6, 1, 30, 2, 0], width)] == [
        (0, 3),
        (3, 4),
        (4, 5),
        (5, 7),
    ]
    assert list(blocks([0, 0], width)) == []
    assert list(blocks([], width)) == []


def test_an_option_of_tables_says_what_it_is_for():
    with pytest.raises(UsageError, match=r"weight= says nothing about digits: .* rowwise.fit takes sample_weight"):
        rowwise.train("digits", weight="age")
    with pytest.raises(UsageError, match=r"target= says nothing about digits: it is for tables\."):
        rowwise.train("digits", target="age")


def test_pages_and_paths_stay_whole_on_a_terminal():
    from rowwise.terminal.streams import for_terminal

    class Screen:
        def isatty(self):
            return True

        def fileno(self):
            raise OSError

    command = f"rowwise train h.csv --options {Path('runs') / ('x' * 70)}"
    text = f"{'word ' * 20}and then: {command}\n  {'kept ' * 30}"
    *lines, last, kept = for_terminal(text, Screen()).split("\n")
    assert (last, kept) == (f"  {command}", f"  {'kept ' * 30}")
    assert all(len(line) <= 80 for line in lines)
    assert " ".join(lines) == f"{'word ' * 20}and then:"
