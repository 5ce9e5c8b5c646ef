"""Counts, quantiles, a log scale and ordered classes of a table: from the call to scikit-learn's figures."""

import numpy as np
import polars as pl
import pytest
from sklearn import metrics

import rowwise as rw
from rowwise.cli import main
from rowwise.data.tables.schema import Schema
from rowwise.data.tables.target_scales import is_skewed
from rowwise.errors import DataError, UsageError

QUICK = {"hidden": (8,), "epochs": 5, "ensemble": 1, "verbose": 0, "pictures": False}
LEVELS = ("low", "medium", "high", "top")


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2)).round(3)
    level = np.digitize(x[:, 0] + random.normal(size=200) / 2, [-1, 0, 1])
    return pl.DataFrame(
        {
            "u": x[:, 0],
            "v": x[:, 1],
            "w": random.choice([1, 2, 5], 200),
            "cases": random.poisson(np.exp(1 + x[:, 0])),
            "price": np.exp(3 + x[:, 0] + random.normal(size=200)).round(2),
            "level": np.array(LEVELS)[level],
        }
    )


def trained(frame, target, tmp_path, **options):
    table = frame.select("u", "v", "w", target)
    saved = rw.train(table, target, out=tmp_path / "run", weight="w", **QUICK, **options)
    names = ("task", "quantiles", "target_scale", "ordered")
    _, test = rw.load(table, target, weight="w", **{n: o for n, o in options.items() if n in names})
    assert Schema.from_dict(saved.schema.to_dict()) == saved.schema
    again = rw.open(saved.path)
    assert np.array_equal(again.predict(frame).to_dicts(), saved.predict(frame).to_dicts())
    return saved, test


def test_counts_are_measured_by_their_deviance(frame, tmp_path):
    saved, test = trained(frame, "cases", tmp_path, task="counts")
    values = saved.predict(test).values[:, 0].astype(float)
    assert (values > 0).all()
    report, given = saved.evaluate(test), {"sample_weight": test.weights}
    assert report.deviance == pytest.approx(metrics.mean_poisson_deviance(test.y, values, **given))
    assert report.d2 == pytest.approx(metrics.d2_tweedie_score(test.y, values, power=1, **given))
    assert report.mae == pytest.approx(metrics.mean_absolute_error(test.y, values, **given))
    assert report.per_target[0].intervals["d2"].low < report.d2 < report.per_target[0].intervals["d2"].high
    mean = np.full(len(test), report.per_target[0].mean)
    base = report.per_target[0].baseline["deviance"]
    assert base == pytest.approx(metrics.mean_poisson_deviance(test.y, mean, **given))
    assert saved.record.test["d2"] == pytest.approx(saved.metrics["per_target"][0]["d2"])
    assert "Poisson deviance" in str(report)
    with pytest.raises(DataError, match="Counts are 0 or more"):
        saved.evaluate(frame.with_columns(cases=-1))
    two = rw.train(  # whose mean is that of the logarithms
        frame.select("u", "v", "cases"), "cases", task="counts", out=tmp_path / "two", **{**QUICK, "ensemble": 2}
    )
    assert type(two.model.layers[-1]).__name__ == "CountsOfLogs"
    assert len(two.record.members) == 1


def test_quantiles_are_columns_and_their_intervals_hold_what_is_measured(frame, tmp_path, capsys):
    saved, test = trained(frame, "price", tmp_path, quantiles=(0.1, 0.5, 0.9))
    assert saved.targets == ("price 0.1", "price 0.5", "price 0.9")
    q = saved.predict(test).values.astype(float)
    report, w = saved.evaluate(test), test.weights
    for n, score in enumerate(report.per_quantile):
        expected = metrics.mean_pinball_loss(test.y, q[:, n], alpha=score.level, sample_weight=w)
        assert score.pinball == pytest.approx(expected)
        assert score.coverage == pytest.approx(np.average(test.y <= q[:, n], weights=w))
    inside = (test.y >= q[:, 0]) & (test.y <= q[:, 2])
    assert report.coverage == report.bands[0].coverage == pytest.approx(np.average(inside, weights=w))
    assert "80 % should" in str(report).replace("\n", " ")
    frame.select("u", "v").write_csv(tmp_path / "new.csv")
    capsys.readouterr()
    assert main(["predict", str(saved.path), str(tmp_path / "new.csv")]) == 0
    table = pl.read_csv(capsys.readouterr().out.encode())
    assert table.columns == ["u", "v", *(f"prediction price {level}" for level in ("0.1", "0.5", "0.9"))]
    frame.write_csv(tmp_path / "t.csv")
    page = tmp_path / "page.html"
    assert main(["evaluate", str(saved.path), str(tmp_path / "t.csv"), "--html", str(page), "--lang", "ko"]) == 0
    assert "핀볼 손실" in page.read_text()
    folds = rw.cross_validate(
        frame.select("u", "v", "price"), "price", 2, out=tmp_path / "cv", quantiles="0.2,0.8", hidden=(4,), epochs=1
    )
    assert set(folds.measures) == {"pinball", "coverage"}
    written = pl.read_csv(tmp_path / "cv" / "out-of-fold.csv")
    assert written.columns == ["row", "true price", "prediction price 0.2", "prediction price 0.8"]


def test_a_log_scale_gives_medians_in_the_targets_unit_within_the_model(frame, tmp_path):
    saved, test = trained(frame, "price", tmp_path, target_scale="auto")
    assert saved.schema.target_scale == "log"
    values = saved.predict(test).values[:, 0]
    assert (values > 0).all()
    np.testing.assert_allclose(saved.model.predict(test.x, verbose=0)[:, 0], values, rtol=1e-5)
    report = saved.evaluate(test)
    assert report.r2 == pytest.approx(metrics.r2_score(test.y, values, sample_weight=test.weights), rel=1e-5)
    assert abs(np.average(test.y > values, weights=test.weights) - 0.5) < 0.2  # about a half lies above
    assert rw.load(frame.select("u", "cases"), "cases", target_scale="auto")[0].schema.target_scale == ""
    assert is_skewed(np.exp(np.linspace(0, 8, 99)))
    assert not is_skewed(np.linspace(1, 9, 99))
    assert not is_skewed(np.append(np.exp(np.linspace(0, 8, 99)), 0))
    frame.select("u", "price").with_columns(price=0.0).write_csv(tmp_path / "v.csv")
    with pytest.raises(DataError, match="Only numbers above 0 have a logarithm"):
        rw.train(
            frame.select("u", "price"),
            "price",
            out=tmp_path / "r",
            target_scale="log",
            validation_file=str(tmp_path / "v.csv"),
            **QUICK,
        )
    plain = rw.train(frame.select("u", "price"), "price", out=tmp_path / "none", target_scale="none", **QUICK)
    assert type(plain.model.layers[-1]).__name__ == "Dense"


def test_ordered_classes_are_measured_by_how_far_an_answer_is_off(frame, tmp_path):
    saved, test = trained(frame, "level", tmp_path, ordered="low, medium,high,top")
    assert saved.classes == LEVELS
    prediction, given = saved.predict(test), {"sample_weight": test.weights}
    median = (np.cumsum(prediction.probabilities, 1)[:, :-1] < 0.5).sum(1)
    assert np.array_equal(prediction.classes, median)
    report = saved.evaluate(test)
    assert report.accuracy == pytest.approx(metrics.accuracy_score(test.y, median, **given))
    assert report.level_error == pytest.approx(metrics.mean_absolute_error(test.y, median, **given))
    kappa = metrics.cohen_kappa_score(test.y, median, weights="quadratic", **given)
    assert report.kappa == pytest.approx(kappa)
    assert report.baseline.kappa == pytest.approx(0)
    low, high, _ = report.intervals["kappa"]
    assert low < report.kappa < high
    assert "quadratic weighted kappa" in str(report)


def test_what_a_target_may_be_is_suggested(frame):
    from rowwise.runs.table_lines import about_table

    def lines(target, **options):
        return "\n".join(about_table(rw.load(frame.select("u", target), target, **options)[0]))

    many = frame.with_columns(pl.Series("cases", np.arange(200) ** 2 // 1200))
    assert 'task="counts"' in "\n".join(about_table(rw.load(many.select("u", "v", "cases"), "cases")[0]))
    flat = frame.with_columns(pl.Series("cases", np.arange(200) % 31))
    assert "counts" not in "\n".join(about_table(rw.load(flat.select("u", "v", "cases"), "cases")[0]))
    few = frame.with_columns(pl.Series("cases", np.repeat(np.arange(6), (40, 60, 50, 30, 15, 5))))  # taken for classes
    assert 'task="counts"' in "\n".join(about_table(rw.load(few.select("u", "v", "cases"), "cases")[0]))
    assert 'target_scale="log"' in lines("price")
    for options in ({"target_scale": "standard"}, {"task": "regression"}, {"quantiles": 0.5}):
        assert "target_scale=" not in lines("price", **options)
    assert "is a median" in lines("price", target_scale="log")


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("price", {"quantiles": "0.1,1.5"}, "between 0 and 1"),
        ("price", {"quantiles": (0.5, 0.5)}, "different levels"),
        ("price", {"quantiles": 0.5, "task": "counts"}, "different things of the target"),
        ("price", {"quantiles": 0.5, "task": "classification"}, "different things of the target"),
        (["price", "cases"], {"quantiles": 0.5}, "takes one target"),
        ("u", {"task": "counts"}, "Counts are 0 or more"),
        ("u", {"target_scale": "log"}, "above 0"),
        ("u", {"target_scale": "square"}, "standard, log, none, auto"),
        ("level", {"ordered": "low,medium,high,best"}, "names best"),
        ("level", {"ordered": "low,medium,high"}, "leaves out classes.*top"),
        ("level", {"ordered": "low,high"}, "three different classes"),
        ("level", {"task": "counts"}, "level"),
    ],
)
def test_what_a_target_cannot_be_is_refused_in_words(frame, target, options, words):
    with pytest.raises(UsageError, match=words):
        rw.load(frame, target, **options)


def test_other_data_have_no_such_targets():
    with pytest.raises(UsageError, match="says nothing about digits"):
        rw.train("digits", task="counts")
