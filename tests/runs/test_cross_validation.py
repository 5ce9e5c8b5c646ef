"""Folds and test files: every record is predicted once, by a model that did not learn from it."""

import json
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rowwise
from rowwise.data.loaders import Folds, load_source
from rowwise.data.source import Source
from rowwise.data.splits import folds_of
from rowwise.errors import DataError, UsageError
from rowwise.runs import events
from rowwise.runs.plan import TrainingPlan
from rowwise.runs.settings import Settings
from rowwise.runs.training import train as train_plan

QUICK = {"hidden": (4,), "epochs": 2}


@pytest.fixture(autouse=True)
def table(monkeypatch, tmp_path):
    """60 records: x tells the class, `house` groups them by fives, `day` counts them."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    x = random.normal(size=60)
    frame = pl.DataFrame(
        {
            "x": x.round(4),
            "house": [f"h{number // 5}" for number in range(60)],
            "day": [f"2023-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(60)],
            "answer": np.where(x > 0, "yes", "no"),
            "price": (3 * x + random.normal(size=60) / 9).round(3),
        }
    )
    frame.write_csv("t.csv")
    return frame


@given(
    st.lists(st.integers(0, 3), min_size=8, max_size=60),
    st.integers(2, 6),
    st.integers(0, 99),
    st.sampled_from(["", "group", "time"]),
)
def test_folds_part_the_records(values, folds, seed, by):
    values = np.array(values)
    numbers = folds_of(len(values), folds, seed, None if by else values, values if by else None, by)
    if by == "time":
        for fold in range(1, folds + 1):
            earlier, tested = values[numbers < fold], values[numbers == fold]
            assert not len(tested) or not len(earlier) or earlier.max() < tested.min()
    else:
        assert set(numbers) <= set(range(1, folds + 1))
    if by == "group":
        assert all(len(set(numbers[values == group])) == 1 for group in set(values))
    if not by:  # classes and folds as even as whole records allow
        for label in set(values):
            counts = np.bincount(numbers[values == label], minlength=folds + 1)[1:]
            assert counts.max() - counts.min() <= 1


def test_each_record_is_predicted_by_the_model_of_the_fold_that_it_is_held_out_of(table):
    found = rowwise.cross_validate("t.csv", "answer", 3, out="cv", drop=["house", "day", "price"], **QUICK)
    written = pl.read_csv("cv/out-of-fold.csv")
    assert written["row"].to_list() == list(range(1, 61))
    assert written["true"].to_list() == table["answer"].to_list()
    for fold, run in enumerate(found.runs, 1):
        train, test = rowwise.load("t.csv", "answer", drop=["house", "day", "price"], folds=3, fold=fold)
        assert not set(train.rows) & set(test.rows)
        assert len(train.rows) + len(test.rows) == 60
        own = run.predict(test).probabilities
        np.testing.assert_array_equal(found.prediction.probabilities[test.rows - 1], own)
        np.testing.assert_allclose(written["probability yes"].to_numpy()[test.rows - 1], own[:, 1], rtol=1e-6)
        assert run.metrics["accuracy"] == found.measures["accuracy"][fold - 1]
    right = (written["true"] == written["prediction"]).mean()
    assert found.report.accuracy == pytest.approx(right)
    summary = json.loads(Path("cv/cross-validation.json").read_text(encoding="utf-8"))
    values = found.measures["accuracy"]
    assert summary["measures"]["accuracy"]["mean"] == pytest.approx(np.mean(values))
    assert summary["measures"]["accuracy"]["std"] == pytest.approx(np.std(values, ddof=1))
    assert summary["together"]["accuracy"] == found.report.accuracy
    assert f"± {np.std(values, ddof=1):.4f}" in repr(found)


@pytest.mark.parametrize("by", [{}, {"group": "house"}, {"time": "day"}])
def test_a_table_that_was_read_once_is_cut_as_if_it_were_read_for_each_fold(by):
    source = Source("t.csv", target="answer", folds=3, drop=tuple({"house", "day"} - set(by.values())), **by)
    folds = Folds.of(source)
    each = [load_source(replace(source, fold=fold)) for fold in (1, 2, 3)]
    Path("t.csv").unlink()
    for fold, (train, test) in enumerate(each, 1):
        assert folds.test(3).checksum == each[2][1].checksum
        mine = folds(fold)
        assert folds.test(fold) is mine[1]
        assert [part.checksum for part in mine] == [train.checksum, test.checksum]
        assert [part.source for part in mine] == [train.source, test.source]
        assert mine[0].schema == train.schema
        assert [part.rows.tolist() for part in mine] == [train.rows.tolist(), test.rows.tolist()]
    if not by:  # a worker on another machine has no file
        plan = TrainingPlan(replace(source, fold=2), Settings.of(QUICK), frozenset(QUICK))
        run = train_plan(plan, out=Path("run"), loaded=partial(folds, 2), pictures=False)
        assert run.record.data.test_checksum == each[1][1].checksum


@pytest.mark.thorough
def test_events_are_told_fold_by_fold_on_the_thread_of_the_caller():
    seen = []

    def observe(event):
        assert threading.current_thread() is threading.main_thread()
        seen.append(type(event))

    rowwise.cross_validate("t.csv", "price", 3, out="cv", drop=["house", "day", "answer"], observer=observe, **QUICK)
    places = [place for place, kind in enumerate(seen) if kind in (events.DataLoaded, events.RunSaved)]
    assert [seen[place] for place in places] == [events.DataLoaded, events.RunSaved] * 3
    alone = [kind for kind in seen[: places[1] + 1] if kind not in (events.Warned, events.FoldsBegan)]
    assert [kind for kind in seen if kind is not events.Warned] == [events.FoldsBegan, *alone * 3]


def test_groups_are_not_parted_and_times_are_predicted_from_earlier_ones():
    groups = rowwise.cross_validate("t.csv", "price", 4, out="g", group="house", drop=["day", "answer"], **QUICK)
    houses = {row: (row - 1) // 5 for row in range(1, 61)}
    tested = [{houses[row] for row in pl.read_csv("g/out-of-fold.csv")["row"]}]
    assert tested == [set(range(12))]
    for fold in range(1, 5):
        train, test = rowwise.load("t.csv", "price", group="house", drop=["day", "answer"], folds=4, fold=fold)
        assert not {houses[r] for r in train.rows} & {houses[r] for r in test.rows}
    assert len(groups.data) == 60
    times = rowwise.cross_validate("t.csv", "price", 4, out="t", time="day", drop=["house", "answer"], **QUICK)
    assert times.data.rows.tolist() == list(range(13, 61))  # the first fifth is only learned from
    train, test = rowwise.load("t.csv", "price", time="day", drop=["house", "answer"], folds=4, fold=2)
    assert (train.rows.tolist(), test.rows.tolist()) == (list(range(1, 25)), list(range(25, 37)))


def test_finished_folds_are_kept_and_the_others_follow(table):
    class Killed(BaseException):
        pass

    saved = []

    def observe(event):
        if isinstance(event, events.RunSaved):
            saved.append(event.saved.path)
        if isinstance(event, events.ModelBuilt) and len(saved) == 2:
            raise Killed

    options = {"out": "cv", "drop": ["house", "day", "answer"], **QUICK}
    with pytest.raises(Killed):
        rowwise.cross_validate("t.csv", "price", 3, observer=observe, **options)
    first = Path("cv/fold-1/run.json").read_text(encoding="utf-8")
    again = rowwise.cross_validate("t.csv", "price", 3, **options)
    assert Path("cv/fold-1/run.json").read_text(encoding="utf-8") == first
    whole = rowwise.cross_validate("t.csv", "price", 3, **{**options, "out": "whole"})
    np.testing.assert_array_equal(again.prediction.values, whole.prediction.values)
    table.with_columns(pl.col("price") + 1).write_csv("other.csv")
    others = ({"split_seed": 4}, {"epochs": 3}, {"hidden": (5,)}, {"drop": ["house", "answer"]})
    for file, changed in [("other.csv", {}), *(("t.csv", one) for one in others)]:
        with pytest.raises(UsageError, match="other data or with other settings"):
            rowwise.cross_validate(file, "price", 3, **{**options, **changed})


def test_measures_that_equal_targets_do_not_have_are_left_out(table):
    """R² of a fold, or a test file, whose targets are all equal is not a number."""
    few = table[:4].select("x", "price").with_columns(price=pl.Series([1.0, 2.0, 3.0, 5.0]))
    few.write_csv("few.csv")
    alone = rowwise.cross_validate("few.csv", "price", 4, out="alone", validation=0, **QUICK)
    assert "mae" in alone.measures
    assert "r2" not in alone.measures
    assert json.loads(Path("alone/cross-validation.json").read_text(encoding="utf-8"))["folds"] == 4
    table.select("x", "price").write_csv("all.csv")
    few.with_columns(price=pl.lit(2.0)).write_csv("equal.csv")
    rowwise.train("all.csv", "price", test_file="equal.csv", out="run", seeds=2, verbose=0, **QUICK)
    assert {"mae", "rmse"} <= set(rowwise.open("run").record.spread) - {"r2"}


def test_a_test_file_is_measured_on_and_all_of_the_data_learned_from(table):
    table[:40].write_csv("first.csv")
    table[40:].write_csv("later.csv", separator=";")
    options = {"drop": ["house", "day", "answer"]}
    train, test = rowwise.load("first.csv", "price", test_file="later.csv", **options)
    assert (len(train), len(test)) == (40, 20)
    np.testing.assert_allclose(test.y, table["price"][40:].to_numpy(), rtol=1e-6)
    run = rowwise.train(
        "first.csv", "price", test_file="later.csv", out="r", verbose=0, pictures=False, **QUICK, **options
    )
    assert run.metrics["records"] == 20
    assert run.evaluate().rmse == run.metrics["rmse"]
    table[40:].rename({"x": "z"}).write_csv("other.csv")
    with pytest.raises(DataError, match="x"):
        rowwise.load("first.csv", "price", test_file="other.csv", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 1}, "folds: expected a whole number of at least 2"),
        ({"folds": 3, "fold": 4}, "fold: expected a number from 1 to 3"),
        ({"folds": 3, "fold": 1, "test_file": "t.csv"}, "Pass one of them"),
        ({"folds": 61, "fold": 61}, "cannot be cut into 61 folds"),
    ],
)
def test_folds_that_cannot_be_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        rowwise.load("t.csv", "price", **options)


def test_cross_validation_takes_tables():
    with pytest.raises(UsageError, match="folds"):
        rowwise.cross_validate("digits", folds=3)
