"""MAE, RMSE and R² are scikit-learn's; the mean is the baseline."""

import numpy as np
import pytest
from rich.cells import cell_len
from scipy.stats import bootstrap
from sklearn.dummy import DummyRegressor
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

import rowwise
from rowwise.errors import DataError, ModelError, ShapeError
from rowwise.measure import measure_numbers, score_numbers
from rowwise.text import use_language


def drawn(records=200, targets=2, seed=0, offset=0.0):
    random = np.random.default_rng(seed)
    true = random.normal(size=(records, targets)) * [1, 100][:targets] + offset
    return true, true + random.normal(size=true.shape) * [0.5, 60][:targets]


def table(records=120, seed=0, targets=("price",)):
    random = np.random.default_rng(seed)
    x = random.normal(size=(records, 3)).astype(np.float32)
    y = (x @ [3, -2, 0] + 10).astype(np.float32)
    return rowwise.Dataset("made", x, y if len(targets) == 1 else np.stack([y] * 2, 1), (), targets=targets)


@pytest.mark.parametrize("offset", [0, 1e7])
def test_every_figure_equals_scikit_learn(offset):
    true, predicted = drawn(offset=offset)
    report = measure_numbers(true, predicted, ("a", "b"))
    for name, figure in (("mae", mean_absolute_error), ("rmse", root_mean_squared_error), ("r2", r2_score)):
        each = figure(true, predicted, multioutput="raw_values")
        assert [getattr(score, name) for score in report.per_target] == pytest.approx(each)
        assert getattr(report, name) == pytest.approx(figure(true, predicted))
        for score in report.per_target:
            assert score.intervals[name].low < getattr(score, name) < score.intervals[name].high


def test_the_interval_of_r2_is_scipys():
    true, predicted = (part[:, 0] for part in drawn(150, 1, offset=1e6))
    ours = measure_numbers(true, predicted).per_target[0].intervals["r2"]
    paired = {"paired": True, "vectorized": False, "n_resamples": 1000, "method": "percentile", "rng": 1}
    theirs = bootstrap((true, predicted), r2_score, **paired).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.15 * (theirs.high - theirs.low))


def test_a_figure_that_rounds_to_nothing_has_no_sign():
    true = np.array([1.0, 2.0, 3.0])
    report = measure_numbers(true, true, means=[2.001])
    assert -5e-5 < report.per_target[0].baseline["r2"] < 0
    assert "-0.0000" not in str(report)
    assert " 0.0000" in str(report)


def test_the_baseline_is_the_mean_of_the_training_records():
    train, test = table(seed=1), table(60)
    report = score_numbers(np.zeros((60, 1)), test, train)
    dummy = DummyRegressor().fit(train.x, train.y).predict(test.x)
    as_json = report.to_dict()
    assert as_json["baseline"]["from"] == "training"
    base = as_json["per_target"][0]["baseline"]
    assert base["answers"] == pytest.approx(train.y.mean())
    assert base["mae"] == pytest.approx(mean_absolute_error(test.y, dummy), rel=1e-5)
    assert base["r2"] == pytest.approx(r2_score(test.y, dummy), rel=1e-4)
    assert "No better than always answering the mean: price." in str(report)


def test_targets_that_are_all_equal_have_no_r2():
    report = measure_numbers([2.0, 2.0, 2.0], [1.0, 2.0, 3.0])
    assert np.isnan(report.r2)
    assert report.mae == pytest.approx(2 / 3)
    assert "–" in str(report)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_table_fits_80_columns_and_names_every_target(lang):
    true, predicted = drawn(offset=1e8)
    with use_language(lang):
        text = str(measure_numbers(true, predicted, ("price in 1,000 dollars of the year 1978", "b")))
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert text.count("RMSE") == 2


def test_evaluate_measures_numbers_where_the_model_predicts_numbers():
    data = table()
    model = rowwise.dense(data, (4,), seed=0)
    report = rowwise.evaluate(model, data)
    expected = model.predict(data.x, verbose=0)[:, 0]
    assert report.mae == pytest.approx(mean_absolute_error(data.y, expected), rel=1e-4)
    assert (report.records, report.targets) == (120, ("price",))
    assert rowwise.evaluate(model, (data.x, data.y)).targets == ("y",)


def test_what_cannot_be_measured_is_said():
    data = table()
    classes = rowwise.Dataset("made", data.x, np.zeros(120, int), ("a", "b"))
    with pytest.raises(ModelError, match="predicts numbers, but the data have classes"):
        rowwise.evaluate(rowwise.dense(data, (4,)), classes)
    with pytest.raises(ModelError, match="predicts classes, but the data have numbers"):
        rowwise.evaluate(rowwise.dense(classes, (4,)), data)
    with pytest.raises(ModelError, match="not finite"):
        score_numbers(np.full((120, 1), np.inf), data)
    with pytest.raises(ShapeError, match="2 numbers a record, but the data have 1 target"):
        score_numbers(np.zeros((120, 2)), data)
    with pytest.raises(DataError):
        measure_numbers([], [])
