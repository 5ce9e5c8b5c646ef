"""Contributions are Shapley values, partial dependence is scikit-learn's, and the nearest changes do what they say."""

import itertools
import json
import math

import keras
import numpy as np
import polars as pl
import pytest
from sklearn.inspection import partial_dependence as theirs
from sklearn.linear_model import LinearRegression

import rowwise
from rowwise.errors import UsageError
from rowwise.measure.changes import nearest_changes
from rowwise.measure.columns import TableColumn, columns_of
from rowwise.measure.contributions import contributions
from rowwise.measure.dependence import partial_dependence

pytestmark = pytest.mark.filterwarnings("ignore:1 of 200 records has no value")


def columns(count):
    return [TableColumn(f"x{place}", (place,)) for place in range(count)]


def bent(x):
    return np.sin(2 * x[:, 0]) * x[:, 1] + np.maximum(x[:, 2], 0) * x[:, 0]


@pytest.fixture(scope="module")
def others():
    return np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


def test_contributions_of_few_columns_are_the_mean_over_all_orders(others):
    record = np.array([0.7, -1.2, 1.5], np.float32)
    found = contributions(bent, record, others, columns(3))
    expected = np.zeros(3)
    for order in itertools.permutations(range(3)):
        x = others.copy()
        for place in order:
            before = bent(x).mean()
            x[:, place] = record[place]
            expected[place] += (bent(x).mean() - before) / math.factorial(3)
    np.testing.assert_allclose(found.values, expected, atol=1e-6)
    assert found.base + found.values.sum() == pytest.approx(bent(record[None])[0], rel=1e-5)
    assert found.base == pytest.approx(bent(others).mean(), rel=1e-5)


def test_contributions_of_many_columns_are_drawn_and_leave_nothing_over():
    random = np.random.default_rng(1)
    others, weights = random.normal(size=(200, 15)).astype(np.float32), random.normal(size=15)
    record = random.normal(size=15).astype(np.float32)
    found = contributions(lambda x: x @ weights + x[:, 0] * x[:, 1], record, others, columns(15))
    whole = record @ weights + record[0] * record[1]
    assert found.base + found.values.sum() == pytest.approx(whole, rel=1e-5)
    expected = weights * (record - others.mean(0))
    assert not found.counted
    assert (np.abs(found.values - expected)[2:] < 4 * found.errors[2:] + 1e-6).all()
    assert found.errors.max() < 0.5


def test_a_column_of_several_places_counts_as_one(others):
    both = [TableColumn("a", (0, 2)), TableColumn("b", (1,))]
    record = np.array([0.7, -1.2, 1.5], np.float32)
    found = contributions(bent, record, others, both)
    x, y = others.copy(), others.copy()
    x[:, [0, 2]], y[:, 1] = record[[0, 2]], record[1]
    first = (bent(x).mean() - bent(others).mean() + bent(record[None])[0] - bent(y).mean()) / 2
    assert found.values[0] == pytest.approx(first, rel=1e-5)


def test_the_nearest_change_ends_where_the_answer_does():
    random = np.random.default_rng(2)
    others = random.uniform(-3, 3, size=(500, 3)).astype(np.float32)

    def predict(x):
        return x[:, 0].astype(float), 2 * x[:, 0] + x[:, 1] > 3

    found = nearest_changes(predict, np.array([0, 0, 0], np.float32), others, columns(3))
    one = {change.columns: change for change in found}
    assert one[("x0",)].after == ("1.51",)  # the least above 1.5 in few digits
    assert one[("x0",)].distance == pytest.approx(1.5 / others[:, 0].std(), rel=0.02)
    assert ("x2",) not in one
    assert ("x1",) not in one  # it would have to be above 3, where no training record is
    first, second = map(float, one[("x0", "x1")].after)
    assert 2 * first + second > 3
    assert predict(np.array([[first, 0, 0], [0, second, 0]]))[1].tolist() == [False, False]
    assert [change.distance for change in found if len(change.columns) == 1] == sorted(
        change.distance for change in found if len(change.columns) == 1
    )


def test_values_are_read_as_the_table_has_them(tmp_path):
    days = [f"2021-{1 + n % 12:02}-{1 + n % 28:02}" for n in range(60)]
    frame = pl.DataFrame(
        {
            "when": days,
            "flag": ["yes", "no"] * 30,
            "town": ["a town of a very long name indeed", "b", "c"] * 20,
            "x": [None, *range(59)],
            "y": [float(n % 7) for n in range(60)],
        }
    )
    train, _ = rowwise.load(frame, target="y")
    row = {column.name: column for column in columns_of(train)}
    for at in range(len(train)):
        record, original = train.x[at], frame.row(int(train.rows[at]) - 1, named=True)
        texts = {name: column.text(record[column.at]) for name, column in row.items()}
        assert texts["when"] == original["when"]
        assert texts["town"] == original["town"]
        assert texts["flag"] == original["flag"]
        assert texts["x"] == ("missing" if original["x"] is None else str(original["x"]))


def test_partial_dependence_is_scikit_learns():
    x = np.random.default_rng(3).normal(size=(300, 2)).astype(np.float32)
    y = 3 * x[:, 0] - x[:, 1]
    linear = LinearRegression().fit(x, y)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.layers[0].set_weights([linear.coef_[:, None], np.array([linear.intercept_])])
    model.compile("adam", "mean_squared_error")
    data = rowwise.Dataset("made", x, y, (), targets=("t",))
    first, second = partial_dependence(model, data)
    for place, found in enumerate((first, second)):
        grid = np.array(found.numbers, np.float32)
        expected = theirs(linear, x, [place], custom_values={place: grid}, method="brute", kind="average")
        np.testing.assert_allclose(found.averages[:, 0], expected["average"][0], rtol=1e-4, atol=1e-5)
        assert (grid[0], grid[-1]) == (x[:, place].min(), x[:, place].max())
    assert found.outputs == ("t",)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of 200 rows; the town alone makes a house dear. Row 5 has no price."""
    random = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("run")
    town = random.choice(["hill", "sea"], 200)
    price = np.where(town == "sea", 50.0, 10.0) + random.normal(size=200)
    frame = pl.DataFrame({"size": random.normal(size=200).round(3), "town": town, "price": price.round(2)})
    frame = frame.with_columns(pl.when(pl.int_range(200) == 4).then(None).otherwise(pl.col("price")).alias("price"))
    frame.write_csv(folder / "houses.csv")
    how = {"out": folder / "run", "hidden": (8,), "epochs": 60, "learning_rate": 0.05, "preset": "fast"}
    with pytest.warns(rowwise.errors.Suspicious, match="no value for the target"):
        return frame, rowwise.train(folder / "houses.csv", "price", pictures=False, verbose=0, **how)


def test_a_row_of_the_runs_own_table_is_found_by_its_number(run):
    frame, saved = run
    explained = saved.explain_row(17, change=20)
    assert explained.values["town"] == frame["town"][16]
    assert float(explained.values["size"]) == frame["size"][16]
    assert explained.number == pytest.approx(saved.predict(frame[16]).values[0, 0], rel=1e-5)
    assert next(iter(explained.contributions)) == "town"
    assert abs(explained.contributions["town"]) > 10 > 2 * abs(explained.contributions["size"])
    cheap = frame["town"][16] == "hill"
    (nearest, *_), none = explained.changes["up" if cheap else "down"], explained.changes["down" if cheap else "up"]
    assert nearest.columns == ("town",)
    assert nearest.after == ("sea" if cheap else "hill",)
    assert none == ()
    other = saved.explain_row(1, frame[16:18], change=20)
    assert other.to_dict()["contributions"] == explained.to_dict()["contributions"]
    assert all(len(line) <= 80 for line in repr(explained).splitlines())
    for row, message in ((5, "left out"), (201, "the last one is 200"), (0, "from 1")):
        with pytest.raises(UsageError, match=message):
            saved.explain_row(row)
    with pytest.raises(UsageError, match="It gives price"):
        saved.explain_row(17, output="rent")


def test_the_commands_say_the_same_as_text_json_and_page(run, rowwise_command, tmp_path):
    _, saved = run
    path = str(saved.path)
    told = json.loads(rowwise_command("explain", path, "--row", "17", "--json"))
    assert told["contributions"] == saved.explain_row(17).to_dict()["contributions"]
    text = rowwise_command("explain", path, "--row", "17", "--lang", "ko")
    assert "17번 행" in text
    rowwise_command("explain", path, "--dependence", "size,town", "--out", str(tmp_path / "d.html"))
    page = (tmp_path / "d.html").read_text()
    assert "<svg" in page
    assert "hill" in page
    averages = json.loads(rowwise_command("explain", path, "--dependence", "town", "--json"))["columns"][0]["points"]
    assert [point["value"] for point in averages] == ["hill", "sea"]
    expected = saved.predict(saved.sets()[1].x).values.mean()
    assert averages[0]["averages"]["price"] < expected < averages[1]["averages"]["price"]


@pytest.fixture
def rowwise_command(capsys):
    from rowwise.cli import main

    def call(*words):
        assert main(list(words)) == 0
        return capsys.readouterr().out

    return call
