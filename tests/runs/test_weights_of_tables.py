"""A column of weights: no feature, but what scikit-learn's sample_weight is, in training and in every measure."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn import metrics

import rowwise as rw
from rowwise.cli import main
from rowwise.data.dataset import Dataset
from rowwise.errors import DataError, UsageError

QUICK = {"hidden": (8,), "epochs": 4, "verbose": 0, "pictures": False, "validation": 0.25}


def written(records=160, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(records, 2)).round(3)
    return pl.DataFrame(
        {
            "u": x[:, 0],
            "v": x[:, 1],
            "w": random.choice([0, 0.5, 1, 4], records),
            "kind": np.where(x[:, 0] + random.normal(size=records) > 0, "yes", "no"),
            "size": np.where(x.sum(1) > 0.7, "large", np.where(x[:, 1] > 0, "middle", "small")),
            "price": (3 * x[:, 0] - x[:, 1] ** 2 + random.normal(size=records)).round(3),
            "a": np.where(x[:, 0] > 0, "yes", "no"),
            "b": np.where(x[:, 1] > 0.4, "yes", "no"),
        }
    )


def run(tmp_path, target, **more):
    others = {"kind", "size", "price", "a", "b"} - {*([target] if isinstance(target, str) else target)}
    options = {"weight": "w", "drop": sorted(others), "out": tmp_path / "run", **QUICK, **more}
    return rw.train(written(), target, **options)


def test_measures_of_classes_are_scikit_learns(tmp_path):
    saved = run(tmp_path, "size", ensemble=2)
    _, test = rw.load(written(), "size", weight="w", drop=["kind", "price", "a", "b"])
    assert saved.schema.inputs == ("u", "v")
    report = saved.evaluate(test)
    p, y, w = saved.predict(test).probabilities, test.y, test.weights
    given = {"sample_weight": w}
    assert report.accuracy == pytest.approx(metrics.accuracy_score(y, p.argmax(1), **given))
    for name, figure in (("f1", metrics.f1_score), ("precision", metrics.precision_score)):
        expected = figure(y, p.argmax(1), average="macro", zero_division=0, **given)
        assert getattr(report, name) == pytest.approx(expected)
    proper = p.astype(float) / p.astype(float).sum(1, keepdims=True)
    assert report.loss == pytest.approx(metrics.log_loss(y, proper, **given), rel=1e-5)
    aucs = [metrics.roc_auc_score(y == c, p[:, c], **given) for c in range(3)]
    assert report.roc_auc == pytest.approx(np.mean(aucs))
    base = metrics.accuracy_score(y, np.full(len(y), report.baseline_class), **given)
    assert report.baseline.accuracy == pytest.approx(base)
    low, high, _ = report.intervals["accuracy"]
    assert low < report.accuracy < high
    assert report.confusion.sum() == len(y)
    assert saved.metrics["weighted_by"] == "w"
    assert "counts each record by its weight (w)" in str(report)


def test_measures_of_numbers_and_labels_are_scikit_learns(tmp_path):
    saved = run(tmp_path / "n", "price", ensemble=1)
    _, test = rw.load(written(), "price", weight="w", drop=["kind", "size", "a", "b"])
    report, given = saved.evaluate(test), {"sample_weight": test.weights}
    values = saved.predict(test).values[:, 0]
    assert str(report).count("by its weight (w).") == 1
    assert report.mae == pytest.approx(metrics.mean_absolute_error(test.y, values, **given), rel=1e-6)
    assert report.rmse == pytest.approx(metrics.root_mean_squared_error(test.y, values, **given), rel=1e-6)
    assert report.r2 == pytest.approx(metrics.r2_score(test.y, values, **given), rel=1e-6)
    saved = run(tmp_path / "l", ["a", "b"], ensemble=1)
    _, test = rw.load(written(), ["a", "b"], weight="w", drop=["kind", "size", "price"])
    report, given = saved.evaluate(test), {"sample_weight": test.weights}
    answers = saved.predict(test).labels
    assert report.f1 == pytest.approx(metrics.f1_score(test.y, answers, average="macro", **given))
    assert report.subset_accuracy == pytest.approx(metrics.accuracy_score(test.y == 1, answers, **given))
    aucs = [metrics.roc_auc_score(test.y[:, n], saved.predict(test).probabilities[:, n], **given) for n in range(2)]
    assert report.roc_auc == pytest.approx(np.mean(aucs))


def test_the_validation_loss_is_the_weighted_mean_and_the_unit_of_weights_does_not_matter(tmp_path):
    saved = run(tmp_path / "one", "kind", ensemble=1, patience=3)
    train, _ = rw.load(written(), "kind", weight="w", drop=["size", "price", "a", "b"])
    _, held = train.split(0.25, 0)
    p = saved.predict(held).probabilities.astype(float)
    best = saved.record.epochs[saved.record.best_epoch - 1].figures
    expected = metrics.log_loss(held.y, p / p.sum(1, keepdims=True), sample_weight=held.weights)
    assert best["val_loss"] == pytest.approx(expected, rel=1e-5)
    assert best["val_accuracy"] == pytest.approx(
        metrics.accuracy_score(held.y, p.argmax(1), sample_weight=held.weights), rel=1e-5
    )
    million = written().with_columns(pl.col("w") * 2.0**20)
    options = {"weight": "w", "drop": ["size", "price", "a", "b"], "out": tmp_path / "two", **QUICK}
    other = rw.train(million, "kind", ensemble=1, patience=3, **options)
    for one, two in zip(saved.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_record_of_weight_0_teaches_nothing_and_equal_weights_change_nothing(tmp_path):
    frame = written().drop("size", "price", "a", "b").with_columns(w=pl.lit(3))
    options = {"out": tmp_path / "a", "ensemble": 1, **QUICK}
    weighted = rw.train(frame, "kind", weight="w", **options)
    plain = rw.train(frame.drop("w"), "kind", **{**options, "out": tmp_path / "b"})
    for one, two in zip(weighted.model.get_weights(), plain.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    assert weighted.metrics["accuracy"] == pytest.approx(plain.metrics["accuracy"])
    random = np.random.default_rng(1)
    x, y = random.normal(size=(60, 2)).astype("float32"), random.integers(0, 2, 60)
    weights = random.choice([0.0, 2.0], 60).astype("float32")
    models = []
    for labels in (y, np.where(weights > 0, y, 1 - y)):
        data = Dataset("mine", x, labels, ("no", "yes"), weights=weights)
        models.append(rw.dense(data, (4,), seed=0))
        rw.fit(models[-1], data, epochs=2, verbose=0)
    for one, two in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_folds_resume_and_another_file_know_the_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written().write_csv("t.csv")
    options = ["--drop", "size,price,a,b", "--hidden", "4", "--no-pictures", "--ensemble", "1", "--quiet"]
    words = ["train", "t.csv", "--target", "kind", "--weight", "w", *options]
    assert main([*words, "--epochs", "2", "--no-early-stopping", "--out", "short"]) == 0
    assert main(["train", "--resume", "short", "--epochs", "4", "--out", "long", "--quiet", "--no-pictures"]) == 0
    assert main([*words, "--epochs", "4", "--no-early-stopping", "--out", "whole"]) == 0
    for one, two in zip(rw.open("long").model.get_weights(), rw.open("whole").model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    found = rw.cross_validate(
        "t.csv", "kind", 2, out="cv", weight="w", drop=["size", "price", "a", "b"], hidden=(4,), epochs=1, ensemble=1
    )
    accuracy = metrics.accuracy_score(found.data.y, found.prediction.classes, sample_weight=found.data.weights)
    assert found.report.accuracy == pytest.approx(accuracy)
    saved = rw.open("whole")
    with pytest.warns(UserWarning, match='no column "w"'):
        plain = saved.evaluate(written(90, 5).drop("w"))
    assert (plain.weights, saved.evaluate(written(90, 5)).weighted_by) == (None, "w")
    assert json.loads((tmp_path / "whole/run.json").read_text())["data"]["source"]["load"]["weight"] == "w"


@pytest.mark.parametrize(
    ("value", "words"),
    [(-1.0, r"row 3 has -1\."), (float("inf"), "finite numbers"), ("much", "row 3 has much")],
)
def test_what_is_no_weight_is_refused(value, words):
    frame = written()
    w = [float(one) for one in frame["w"]]
    cells = [str(one) for one in w] if isinstance(value, str) else w
    cells[2] = value
    with pytest.raises(DataError, match=words):
        rw.load(frame.with_columns(w=pl.Series(cells, strict=False)), "kind", weight="w")


def test_missing_weights_are_left_out_with_a_word_and_contradictions_are_refused():
    frame = written()
    gaps = frame.with_columns(w=pl.when(pl.int_range(160) < 5).then(None).otherwise(pl.col("w")))
    with pytest.warns(UserWarning, match=r'5 of 160 records have no weight \("w"\) and are left out'):
        train, test = rw.load(gaps, "kind", weight="w")
    assert len(train) + len(test) == 155
    assert np.array_equal(test.weights, frame["w"].to_numpy()[test.rows - 1].astype("float32"))
    with pytest.raises(DataError, match="All weights"):
        rw.load(frame.with_columns(w=pl.lit(0)), "kind", weight="w")
    with pytest.raises(DataError, match="No record has a weight"):
        rw.load(frame.with_columns(w=pl.lit(None, pl.Float64)), "kind", weight="w")
    percents = frame.with_columns(w=pl.col("w").cast(pl.String) + " %")
    assert np.array_equal(
        rw.load(percents, "kind", weight="w")[1].weights, rw.load(frame, "kind", weight="w")[1].weights
    )
    with pytest.raises(UsageError, match='"kind" is named by target= and by weight='):
        rw.load(frame, "kind", weight="kind")
    with pytest.raises(UsageError, match=r"did you mean w\?"):
        rw.load(frame, "kind", weight="ww")


def test_a_report_takes_sample_weight():
    random = np.random.default_rng(0)
    x, y, w = random.normal(size=(50, 3)).astype("float32"), random.integers(0, 2, 50), random.random(50)
    data = Dataset("mine", x, y, ("no", "yes"))
    model = rw.dense(data, (4,), seed=0)
    report = rw.evaluate(model, data, sample_weight=w)
    expected = metrics.accuracy_score(y, rw.predict(model, x).classes, sample_weight=w)
    assert report.accuracy == pytest.approx(expected, rel=1e-6)
    assert rw.evaluate(model, x, y, sample_weight=w).accuracy == report.accuracy
