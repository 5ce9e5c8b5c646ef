"""A threshold and a calibration decided on the records held out: in the model, the run, predictions and reports."""

import json
import threading

import numpy as np
import polars as pl
import pytest
from sklearn import metrics

import rowwise as rw
from rowwise.cli import main
from rowwise.errors import UsageError
from rowwise.runs.events import EpochEnded

QUICK = {"hidden": (8,), "epochs": 6, "verbose": 0, "pictures": False, "validation": 0.3}


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(0)
    x = random.normal(size=(240, 3)).round(3)
    truth = x[:, 0] + random.normal(size=240)
    return pl.DataFrame(
        {
            "u": x[:, 0],
            "v": x[:, 1],
            "kind": np.where(truth > 1, "yes", "no"),
            "size": np.digitize(truth, [-1, 1]).astype(str),
            "a": np.where(x[:, 1] > 0.8, "yes", "no"),
            "price": truth.round(2),
        }
    )


@pytest.fixture(scope="module")
def decided(frame, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    return rw.train(
        frame.select("u", "v", "kind"), "kind", out=out, ensemble=2, threshold="f1", calibrate=True, **QUICK
    )


def held_out(frame, target):
    train, _ = rw.load(frame, target)
    return train.split(0.3, 0)[1]


def test_the_threshold_is_best_on_the_records_held_out_and_every_answer_follows_it(frame, decided, capsys, tmp_path):
    held = held_out(frame.select("u", "v", "kind"), "kind")
    p = decided.predict(held).probabilities[:, 1]
    (threshold,) = decided.schema.thresholds
    scores = [metrics.f1_score(held.y, p >= one) for one in np.unique(p)]
    assert metrics.f1_score(held.y, p >= threshold) == pytest.approx(max(scores))
    decisions = decided.record.decisions
    assert decisions.after == (pytest.approx(max(scores)),)
    assert decisions.before == (pytest.approx(metrics.f1_score(held.y, p > 0.5)),)
    assert decisions.records == len(held)
    again = rw.open(decided.path)
    assert again.record.decisions == decisions
    given = again.predict(frame)
    assert np.array_equal(given.classes, given.probabilities[:, 1] >= np.float32(threshold))
    assert np.array_equal(rw.predict(again.model, frame).classes, given.classes)  # the model knows it, too
    frame.select("u", "v").write_csv(tmp_path / "new.csv")
    assert main(["predict", str(decided.path), str(tmp_path / "new.csv")]) == 0
    table = pl.read_csv(capsys.readouterr().out.encode())
    assert table["prediction"].to_list() == [again.classes[number] for number in given.classes]
    report = again.evaluate(frame)
    y = (frame["kind"] == "yes").to_numpy().astype(int)
    assert report.accuracy == pytest.approx(metrics.accuracy_score(y, given.classes))
    assert report.at_half.f1 == pytest.approx(metrics.f1_score(y, given.probabilities.argmax(1), average="macro"))
    shown = " ".join(str(report).split())
    before, after = (metrics.f1_score(y, given.probabilities[:, 1] >= one) for one in (0.5, np.float32(threshold)))
    assert f"chosen for the F1: {after:.4f} on these records, {before:.4f} at 0.5" in shown
    assert f"yes is predicted from a probability of {threshold:.3g} on" in str(report)


def test_the_model_gives_calibrated_probabilities_and_the_report_says_what_they_were(frame, decided, tmp_path):
    options = {"ensemble": 2, "threshold": "f1", **QUICK}  # decided by the same records held out
    plain = rw.train(frame.select("u", "v", "kind"), "kind", out=tmp_path / "plain", **options)
    (temperature,) = decided.schema.temperatures
    raw = np.log(plain.predict(frame).probabilities.astype(float)) / temperature
    expected = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    np.testing.assert_allclose(decided.predict(frame).probabilities, expected, atol=1e-6)
    x = rw.load(frame.select("u", "v", "kind"), "kind")[1].x
    np.testing.assert_allclose(decided.model.predict(x, verbose=0), decided.predict(x).probabilities, atol=1e-5)
    test = decided.record.test
    assert test["uncalibrated"]["loss"] == pytest.approx(plain.record.test["loss"], rel=1e-5)
    assert test["uncalibrated"]["ece"] == pytest.approx(plain.record.test["calibration"]["ece"], abs=1e-5)
    held = held_out(frame.select("u", "v", "kind"), "kind")
    assert decided.evaluate(held).loss < plain.evaluate(held).loss + 1e-7


def test_a_calibrated_run_goes_on_as_if_it_had_never_stopped(frame, tmp_path):
    table = frame.select("u", "v", "kind")
    table.write_csv(tmp_path / "t.csv")
    options = {"ensemble": 1, "calibrate": True, "threshold": "balanced_accuracy", **QUICK}
    for patience in (0, 20):
        short, long, whole = (tmp_path / f"{name}{patience}" for name in ("short", "long", "whole"))
        rw.train(tmp_path / "t.csv", "kind", out=short, **{**options, "epochs": 3, "patience": patience})
        resumed = rw.train(resume=short, epochs=6, out=long, pictures=False, verbose=0)
        other = rw.train(tmp_path / "t.csv", "kind", out=whole, patience=patience, **options)
        for one, two in zip(resumed.model.get_weights(), other.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
        assert resumed.schema == other.schema
    stop = threading.Event()

    def observe(event):
        if isinstance(event, EpochEnded) and event.number == 4:
            stop.set()

    stopped = rw.train(
        tmp_path / "t.csv", "kind", out=tmp_path / "stopped", patience=20, observer=observe, stop=stop, **options
    )
    assert (stopped.record.interrupted, stopped.record.decisions) == (True, None)
    resumed = rw.train(resume=tmp_path / "stopped", out=tmp_path / "on", pictures=False, verbose=0)
    for one, two in zip(resumed.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_ordered_classes_are_calibrated_as_well(frame, tmp_path):
    table, options = frame.select("u", "v", "size"), {"ordered": "0,1,2", "ensemble": 1, **QUICK}
    plain = rw.train(table, "size", out=tmp_path / "a", **options)
    saved = rw.train(table, "size", out=tmp_path / "b", calibrate=True, **options)
    assert saved.record.test["uncalibrated"]["loss"] == pytest.approx(plain.record.test["loss"], rel=1e-4)
    held = rw.load(table, "size", ordered="0,1,2")[0].split(0.3, 0)[1]
    (temperature,) = saved.schema.temperatures
    losses = [saved.evaluate(held).loss]
    kernel, bias = saved.model.layers[-2].get_weights()
    for other in (0.9, 1.1):  # no other temperature is better
        saved.model.layers[-2].set_weights([kernel / other, bias / other])
        losses.append(saved.evaluate(held).loss)
    assert losses[0] < min(losses[1:])
    assert temperature != 1


def test_labels_have_a_threshold_and_a_temperature_each(frame, tmp_path):
    table = frame.select("u", "v", "kind", "a")
    saved = rw.train(table, ["kind", "a"], out=tmp_path / "r", threshold="cost=1:4", calibrate=True, **QUICK)
    held = held_out(table, ["kind", "a"])
    prediction = saved.predict(held)
    assert np.array_equal(prediction.labels, prediction.probabilities >= np.array(saved.schema.thresholds, "float32"))
    for n in range(2):
        p, y = prediction.probabilities[:, n], held.y[:, n] == 1

        def cost(answers, y=y):
            return ((answers & ~y) + 4 * (~answers & y)).mean()

        assert saved.record.decisions.after[n] == pytest.approx(min(cost(p >= one) for one in (*np.unique(p), 2)))
        assert saved.record.decisions.before[n] == pytest.approx(cost(p >= 0.5))
    assert len(saved.record.test["temperatures"]) == 2
    assert "Labels are predicted from these probabilities on: kind" in str(saved.evaluate(held))


def test_folds_choose_one_threshold_by_what_was_predicted_out_of_fold(frame, tmp_path):
    table = frame.select("u", "v", "kind")
    options = {"out": tmp_path / "cv", "hidden": (4,), "epochs": 2, "ensemble": 1}
    found = rw.cross_validate(table, "kind", 3, threshold="f1", **options)
    p, y = found.prediction.probabilities[:, 1], found.data.y
    best = max(metrics.f1_score(y, p >= one) for one in np.unique(p))
    assert found.decisions.after == (pytest.approx(best),)
    assert found.report.per_class[1].f1 == pytest.approx(best)
    assert "out-of-fold predictions of 240 records" in repr(found).replace("\n", " ")
    summary = json.loads((tmp_path / "cv" / "cross-validation.json").read_text())
    assert summary["decisions"]["thresholds"] == list(found.decisions.thresholds)


def test_a_refit_takes_over_what_was_decided_and_a_named_threshold_needs_no_records(frame, tmp_path):
    table = frame.select("u", "v", "kind")
    options = {"ensemble": 1, "patience": 3, "threshold": "f1", **QUICK}
    first = rw.train(table, "kind", out=tmp_path / "a", **options)
    second = rw.train(table, "kind", out=tmp_path / "b", refit=True, **options)
    assert first.schema.thresholds == second.schema.thresholds
    named = rw.train(table, "kind", out=tmp_path / "c", **{**QUICK, "validation": 0.0}, ensemble=1, threshold=0.3)
    assert named.schema.thresholds == (0.3,)
    assert named.record.settings.threshold == "0.3"


def test_what_cannot_be_decided_is_refused_in_words(frame, tmp_path):
    columns = frame.select("u", "v", "size", "price", "kind")
    for target, options, words in (
        ("size", {"threshold": "f1"}, "3 classes"),
        ("price", {"calibrate": True}, "probabilities of classes or labels"),
        ("kind", {"threshold": "f1", "validation": 0.0}, "none are held out"),
        ("kind", {"threshold": "f3"}, "threshold: expected f1.*found .f3"),
    ):
        with pytest.raises(UsageError, match=words):
            rw.train(columns, target, out=tmp_path / "r", **{**QUICK, **options})
    with pytest.raises(UsageError, match="threshold"):
        rw.train("digits", threshold="f1", out=tmp_path / "r")
