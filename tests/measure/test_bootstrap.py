"""Intervals are those of a percentile bootstrap: the same as SciPy's, and as drawing records one by one."""

import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn.metrics import f1_score, roc_auc_score

from rowwise.measure import measure, score
from rowwise.measure.bootstrap import DRAWS, FEWEST_DRAWS, MOST_UNITS, MOST_WORK, of_rankings, of_sums, resamples
from rowwise.measure.ranking import Ranking


def drawn(records=400, classes=3, seed=0, certain=0.6):
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, records)
    p = random.dirichlet(np.ones(classes), records)
    p[np.arange(records), y] += certain
    return y, p / p.sum(1, keepdims=True)


def slowly(figure, y, p, draws=500):
    """Drawn record by record."""
    random = np.random.default_rng(7)
    rows = (random.integers(0, len(y), len(y)) for _ in range(draws))
    return np.quantile([figure(y[row], p[row]) for row in rows], [0.025, 0.975])


def test_each_draw_has_as_many_records_as_there_are():
    counts = np.concatenate(list(resamples(37, 100)))
    assert counts.shape == (100, 37)
    assert set(counts.sum(1)) == {37}
    assert counts.std() > 0.5


def test_the_interval_of_a_mean_is_scipys():
    values = np.random.default_rng(0).exponential(size=500)
    ours = of_sums(values[:, None], lambda means: means)[0]
    theirs = bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=1).confidence_interval
    width = theirs.high - theirs.low
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.06 * width)


def test_of_many_records_groups_are_drawn_and_the_interval_stays():
    values = np.random.default_rng(0).exponential(size=5 * MOST_UNITS + 3)
    interval = of_sums(values[:, None], lambda means: means)[0]
    error = values.std() / len(values) ** 0.5
    assert interval.low < values.mean() < interval.high
    assert (interval.high - interval.low) == pytest.approx(2 * 1.96 * error, rel=0.1)


@pytest.mark.slow
def test_accuracy_f1_and_auc_have_the_interval_of_drawing_records_one_by_one():
    y, p = drawn()
    intervals = score(p, (p, y)).intervals
    for name, figure in (
        ("accuracy", lambda y, p: (p.argmax(1) == y).mean()),
        ("f1", lambda y, p: f1_score(y, p.argmax(1), average="macro")),
        ("roc_auc", lambda y, p: roc_auc_score(y, p, multi_class="ovr")),
    ):
        low, high = slowly(figure, y, p)
        assert (intervals[name].low, intervals[name].high) == pytest.approx((low, high), abs=0.15 * (high - low)), name


def test_of_100_intervals_about_95_hold_the_true_value():
    random, hits = np.random.default_rng(0), 0
    for _ in range(100):
        low, high, _ = measure(np.zeros(300, int), random.random(300) < 0.2, "ab").intervals["accuracy"]
        hits += low <= 0.8 <= high
    assert 88 <= hits <= 100


def test_the_same_seed_gives_the_same_intervals_and_every_measure_lies_within_its_own():
    y, p = drawn()
    report, again = score(p, (p, y)), score(p, (p, y))
    assert report.intervals == again.intervals
    assert set(report.intervals) == {
        *("accuracy", "precision", "recall", "f1", "loss", "roc_auc", "average_precision"),
    }
    for name, (low, high, draws) in report.intervals.items():
        assert low < getattr(report, name) < high
        assert draws == DRAWS


def test_a_ranking_of_too_many_records_goes_without_an_interval():
    ranking = Ranking.of(np.array([True, False]), np.array([0.5, 0.1]))
    assert of_rankings([ranking], 10**9) == [None, None]
    assert of_rankings([], 10) == [None, None]


def test_a_draw_without_the_class_has_no_ranking_and_does_not_count():
    belongs, scores = np.arange(40) == 7, np.zeros(40)
    scores[7] = 1  # ranked perfectly: 1 in each draw that holds it
    for figure in of_rankings([Ranking.of(belongs, scores)], 40):
        assert (figure.low, figure.high) == (1, 1)
        assert figure.draws == pytest.approx(DRAWS * (1 - (39 / 40) ** 40), rel=0.1)


def test_a_draw_is_the_mean_of_the_rankings_that_it_holds():
    scores = np.zeros(40)
    scores[7] = 1
    rare, half = Ranking.of(np.arange(40) == 7, scores), Ranking.of(np.arange(40) % 2 == 0, np.zeros(40))
    auc, _ = of_rankings([rare, half], 40)  # without the rare class 0.5, with it (1 + 0.5) / 2
    assert (auc.low, auc.high, auc.draws) == (0.5, 0.75, DRAWS)


def test_a_draw_without_a_rare_class_does_not_raise_macro_figures():
    report = measure([0] * 90 + [1] * 2, [0] * 92, "ab")
    for name in ("precision", "recall", "f1"):
        low, high, draws = report.intervals[name]
        assert low <= getattr(report, name) <= high <= 0.5, name
        assert draws == DRAWS


def test_macro_figures_of_draws_are_over_the_classes_of_the_point_estimate():
    y, predicted = np.array([0] * 20 + [1] * 20 + [2]), np.array([0] * 15 + [1] * 25 + [2])
    low, high, _ = measure(y, predicted, "abcd").intervals["f1"]  # class d occurs nowhere: it does not count
    p = np.eye(4)[predicted]
    expected = slowly(lambda y, p: f1_score(y, p.argmax(1), labels=[0, 1, 2], average="macro", zero_division=0), y, p)
    assert (low, high) == pytest.approx(expected, abs=0.05)


@pytest.mark.slow
def test_the_more_records_and_classes_a_ranking_has_the_fewer_draws_it_gets():
    y, p = drawn(10_000, 10)
    intervals = score(p, (p, y)).intervals
    assert len(intervals) == 7
    assert {name: intervals[name].draws for name in ("accuracy", "f1", "loss")} == dict.fromkeys(
        ("accuracy", "f1", "loss"), DRAWS
    )
    for name in ("roc_auc", "average_precision"):
        assert FEWEST_DRAWS <= intervals[name].draws < DRAWS
        assert intervals[name].draws * len(y) * 10 <= MOST_WORK
    y, p = drawn(20_000, 10)
    assert "roc_auc" not in score(p, (p, y)).intervals
