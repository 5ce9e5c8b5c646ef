"""What is done with a table's columns before the first Dense layer: as by scikit-learn, in NumPy and in the model."""

import json
import zipfile

import keras
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from synthetic_tables import houses, without, write

import rowwise
from rowwise.data.tables.columns.date import PARTS
from rowwise.data.tables.schema import Column, Schema
from rowwise.models.preparation import Columns, Preparation
from rowwise.models.table_features import preparation_of
from rowwise.runs.model_file import open_model

HOUSES = without(houses(), "dear")


@pytest.fixture(scope="module")
def parts():
    return rowwise.load(pl.DataFrame(HOUSES), target="price")


def features(data, *names):
    """The features of those names, `(records, names)`."""
    schema = data.schema
    prepared = Preparation(schema).prepare(data.x)
    return prepared[:, [schema.features.index(name) for name in names]]


def raw(data, name):
    return data.x[:, [data.schema.inputs.index(name)]]


def test_numbers_are_standardized_as_by_scikit_learn(parts):
    truth = StandardScaler().fit(raw(parts[0], "rooms"))
    for part in parts:
        np.testing.assert_allclose(features(part, "rooms"), truth.transform(raw(part, "rooms")), atol=1e-5)


def test_missing_numbers_are_filled_and_told_as_by_scikit_learn(parts):
    filled = SimpleImputer().fit(raw(parts[0], "status"))
    scaled = StandardScaler().fit(raw(parts[0], "status"))  # leaves NaN out
    told = MissingIndicator(features="all").fit(raw(parts[0], "status"))
    for part in parts:
        x = raw(part, "status")
        np.testing.assert_allclose(features(part, "status"), scaled.transform(filled.transform(x)), atol=1e-5)
        np.testing.assert_array_equal(features(part, "status missing"), told.transform(x))


def test_categories_become_one_hot_as_by_scikit_learn(parts):
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(raw(parts[0], "view"))
    names = [f"view={level}" for level in ("park", "sea", "street")] + ["view missing"]
    for part in parts:  # scikit-learn takes NaN for a level, the last
        np.testing.assert_array_equal(features(part, *names), encoder.transform(raw(part, "view")))


def test_a_level_that_training_did_not_have_is_none_of_them(parts):
    train = parts[0]
    strange = raw(train, "view").copy()
    x = train.x.copy()
    x[:, train.schema.inputs.index("view")] = 3
    prepared = Preparation(train.schema).prepare(x)
    places = [place for place, name in enumerate(train.schema.features) if name.startswith("view")]
    assert len(places) == 4
    assert not prepared[:, places].any()
    assert np.nanmax(strange) == 2


def test_the_months_of_a_year_lie_on_a_circle(parts):
    months = raw(parts[0], "sold month")[:, 0]
    angle = 2 * np.pi * months / 12
    expected = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    np.testing.assert_allclose(features(parts[0], "sold month sin", "sold month cos"), expected, atol=1e-6)


@st.composite
def tables(draw):
    """A schema and records of it: any kinds of columns, any values, NaN and unknown levels among them."""
    number = st.floats(-1e6, 1e6, width=32)
    columns, values = [], []
    records = draw(st.integers(1, 5))
    for place in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["numeric", "boolean", "categorical", "embedded", "date", "dropped"]))
        missing = draw(st.sampled_from([0.0, 0.25]))
        name = draw(st.sampled_from([f"c{place}", f"c{place} missing", f"c{place}=a"]))
        if kind == "dropped":
            columns.append(Column(name, kind, reason="asked"))
            continue
        entry = number
        if kind in ("categorical", "embedded"):
            levels = draw(st.integers(0, 32) if kind == "categorical" else st.integers(33, 60))
            columns.append(Column(name, "categorical", missing, levels=tuple(f"{n:02}" for n in range(levels))))
            entry, width = st.integers(0, levels).map(float), 1
        else:
            parts = PARTS if kind == "date" else ()
            width = len(parts) or 1
            means = tuple(draw(st.lists(number, min_size=width, max_size=width)))
            scales = tuple(draw(st.lists(st.floats(0.5, 1e3), min_size=width, max_size=width)))
            columns.append(Column(name, kind, missing, parts=parts, means=means, scales=scales))
            entry = st.integers(0, 31).map(float) if kind == "date" else entry
        cells = st.lists(st.one_of(st.just(float("nan")), entry), min_size=width, max_size=width)
        values.append(np.array(draw(st.lists(cells, min_size=records, max_size=records)), np.float32))
    if not values:
        columns.append(Column("x", "boolean", means=(0.5,), scales=(1.0,)))
        values.append(np.ones((records, 1), np.float32))
    return Schema(tuple(columns), ("y",)), np.concatenate(values, axis=1)


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(tables())
def test_the_layer_and_numpy_do_the_same(table):
    schema, x = table
    layer = Preparation(schema)
    prepared = layer.prepare(x)
    assert prepared.shape == (len(x), len(schema.features))
    assert np.isfinite(prepared).all(), "nothing is missing any more"
    np.testing.assert_allclose(np.asarray(layer(x)), prepared, rtol=1e-5, atol=1e-5)
    assert layer.compute_output_shape((None, x.shape[1])) == (None, prepared.shape[1])


def test_a_table_too_large_for_memory_is_prepared_as_a_small_one(parts):
    layer, x = Preparation(parts[0].schema), parts[0].x
    times = 64 * 1024**2 // (len(x) * len(parts[0].schema.features) * 4) + 1
    large = layer.prepare(np.tile(x, (times, 1)))
    assert isinstance(large, np.memmap)
    whole = layer.prepare(x)
    for start in range(0, len(large), len(x)):
        np.testing.assert_array_equal(large[start : start + len(x)], whole)


def with_towns(target):
    towns = [f"town {number % 40:02}" for number in range(200)]
    return rowwise.load(
        pl.DataFrame(houses() | {"town": towns}), target=target, drop="dear" if target == "price" else "price"
    )


@pytest.mark.slow
@pytest.mark.parametrize("target", ["price", "dear"])
@pytest.mark.parametrize("load", [lambda target: rowwise.load(pl.DataFrame(houses()), target), with_towns])
def test_a_saved_model_prepares_as_it_did_and_opens_in_safe_mode(tmp_path, target, load):
    train, test = load(target)
    model = rowwise.dense(train, hidden=(8,), seed=1)
    rowwise.fit(model, train, epochs=2, validation=None, verbose=0)
    model.save(tmp_path / "model.keras")
    for again in (
        open_model(tmp_path / "model.keras"),
        keras.models.load_model(tmp_path / "model.keras", safe_mode=True),
    ):
        np.testing.assert_array_equal(again.predict(test.x, verbose=0), model.predict(test.x, verbose=0))
        assert preparation_of(again).schema == train.schema
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        config = archive.read("config.json").decode()
    assert "rowwise>Preparation" in config
    assert "lambda" not in config.lower()
    json.loads(config)


def test_a_damaged_preparation_is_refused(tmp_path, parts):
    rowwise.dense(parts[0], hidden=(4,)).save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content["config.json"] = content["config.json"].replace(b'"numeric"', b'"numerous"')
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with pytest.raises(rowwise.RowwiseError, match=r"model\.keras"):
        open_model(tmp_path / "model.keras")


def test_outputs_of_regression_are_in_the_units_of_the_target(parts):
    train, test = parts
    model = rowwise.dense(train, hidden=(), seed=0)
    assert [layer.name for layer in model.layers] == ["preparation", "encoding", "targets", "units"]
    units = model.layers[-1]
    assert units.scale == pytest.approx(train.y.std(), rel=1e-5)
    assert units.offset == pytest.approx(train.y.mean(), rel=1e-5)
    values = rowwise.predict(model, test.x).values
    assert values.shape == (40, 1)
    assert abs(values.mean() - train.y.mean()) < 3 * train.y.std()


@pytest.mark.slow
def test_a_table_is_learned_better_than_by_its_mean():
    columns = without(houses(1000), "dear", "id")
    train, test = rowwise.load(pl.DataFrame(columns), target="price")
    model = rowwise.dense(train, seed=0)
    rowwise.fit(model, train, epochs=60, validation=None, verbose=0, seed=0)
    errors = rowwise.predict(model, test.x).values[:, 0] - test.y
    assert 1 - (errors**2).mean() / test.y.var() > 0.8


def test_predict_takes_a_table_as_it_is(parts, tmp_path):
    train, _ = parts
    model = rowwise.dense(train, hidden=(4,), seed=0)
    columns = without(houses(30, seed=5), "price", "dear", "id")
    expected = rowwise.predict(model, pl.DataFrame(columns)).values
    assert expected.shape == (30, 1)
    np.testing.assert_allclose(rowwise.predict(model, write(tmp_path / "new.csv", columns)).values, expected, rtol=1e-6)
    with pytest.warns(rowwise.Suspicious, match="view: 30 values were not known in training"):
        rowwise.predict(model, pl.DataFrame(columns | {"view": ["moon"] * 30}))
    with pytest.raises(rowwise.RowwiseError, match="lacks columns that the model uses: rooms"):
        rowwise.predict(model, pl.DataFrame(without(columns, "rooms")))


def test_what_did_not_vary_in_training_says_nothing_later(tmp_path):
    columns = {
        "number": np.arange(20) % 7 + 0.5,
        "constant": [3.5] * 16 + [9.0] * 4,
        "closed": [False] * 16 + [True] * 4,
        "day": [f"2024-0{1 + number % 3}-11" for number in range(16)] + ["2025-03-11"] * 4,
        "order": range(20),
        "label": ["a", "b"] * 10,
    }
    train, test = rowwise.load(write(tmp_path / "t.csv", columns), "label", time="order", drop=["order"], test=0.2)
    for data in (train, test):
        never = features(data, "constant", "closed", "day year")
        np.testing.assert_array_equal(never, np.zeros((len(data), 3)))
    layer = Preparation(train.schema)
    np.testing.assert_allclose(layer(test.x), layer.prepare(test.x), atol=1e-6)


def targets_of_two_sizes():
    """Numbers that depend on other columns, in units a million times apart."""
    x = np.random.default_rng(0).normal(size=(400, 2))
    columns = {"first": x[:, 0], "second": x[:, 1], "grams": 1e6 * x[:, 0], "tonnes": x[:, 1] - 3}
    return rowwise.load(pl.DataFrame(columns), ["grams", "tonnes"])


def test_a_target_is_learned_whatever_the_size_of_its_unit_and_of_the_others():
    train, test = targets_of_two_sizes()
    model = rowwise.dense(train, hidden=(), learning_rate=0.05, seed=0)
    losses = rowwise.fit(model, train, epochs=30, seed=0, verbose=0).history["loss"]
    explained = 1 - ((rowwise.predict(model, test.x).values - test.y) ** 2).mean(0) / test.y.var(0)
    assert (explained > 0.99).all()
    assert losses[-1] < 0.01  # the share of the variance that is left, and no square of grams


@pytest.mark.parametrize("validation", [None, 0.25])
def test_targets_of_two_sizes_are_trained_alike_by_both_engines(validation):
    train, _ = targets_of_two_sizes()
    found = []
    for engine in ("auto", "whole_epoch"):
        model = rowwise.dense(train, hidden=(8,), dropout=0, seed=0)
        history = rowwise.fit(model, train, epochs=3, validation=validation, seed=0, engine=engine, verbose=0)
        found.append((history.history, rowwise.predict(model, train.x).values))
    (history, values), (expected, expected_values) = found
    assert {name: pytest.approx(figures, rel=1e-4) for name, figures in expected.items()} == history
    np.testing.assert_allclose(values, expected_values, rtol=1e-3, atol=1e-3 * expected_values.std(0).max())


def test_the_loss_of_a_saved_regression_is_opened_with_it(tmp_path):
    train, _ = targets_of_two_sizes()
    model = rowwise.dense(train, hidden=(), seed=0)
    expected = model.evaluate(train.x, train.y, verbose=0)
    spread = train.y.std(0)
    assert expected[0] == pytest.approx(
        (((model.predict(train.x, verbose=0) - train.y) / spread) ** 2).mean(), rel=1e-4
    )
    model.save(tmp_path / "model.keras")
    opened = open_model(tmp_path / "model.keras")
    assert opened.evaluate(train.x, train.y, verbose=0) == pytest.approx(expected)


def test_several_targets_each_have_their_own_units():
    frame = pl.DataFrame({"x": np.arange(60.0), "cm": np.arange(60.0) * 100, "m": np.arange(60.0) + 0.5})
    train, _ = rowwise.load(frame, ["cm", "m"])
    model = rowwise.dense(train, hidden=(4,))
    assert model.layers[-1].scale == pytest.approx([train.y[:, 0].std(), train.y[:, 1].std()], rel=1e-5)
    assert rowwise.predict(model, train.x).values.shape == (48, 2)


def test_a_model_without_a_preparation_still_refuses_nan():
    model = rowwise.dense(rowwise.Dataset("made", np.ones((4, 2), np.float32), [0, 1, 0, 1], ("a", "b")), hidden=())
    with pytest.raises(rowwise.RowwiseError, match="not finite"):
        rowwise.predict(model, np.full((1, 2), np.nan, np.float32))


def test_a_model_of_before_with_an_embedding_opens_and_predicts_the_same(tmp_path):
    town = [f"town {number % 40:02}" for number in range(200)]
    train, _ = rowwise.load(pl.DataFrame({"x": np.arange(200) % 7.5, "town": town, "y": np.arange(200) % 3.5}), "y")
    records = keras.Input((2,))
    prepared = Preparation(train.schema, name="preparation")(records)
    embedded = keras.layers.Embedding(41, 3)(Columns(1, 2)(prepared))
    joined = keras.layers.Concatenate()([Columns(0, 1)(prepared), keras.layers.Flatten()(embedded)])
    model = keras.Model(records, keras.layers.Dense(1)(joined))
    model.compile("adam", "mse")
    assert rowwise.fit(model, train, verbose=0).rowwise["engine"] == "whole_epoch"
    model.save(tmp_path / "model.keras")
    opened = open_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(opened.predict(train.x, verbose=0), model.predict(train.x, verbose=0))
