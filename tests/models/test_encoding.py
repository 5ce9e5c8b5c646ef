"""Features of a prepared table → pieces, values and levels: by hand, in Keras, natively, and saved."""

import keras
import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.engine.prediction import predict_proba
from rowwise.models.encoding import MOST_LEVELS, FeatureEncoding, fitted_encoding
from rowwise.models.piecewise import Encoded
from rowwise.models.preparation import Preparation

PIECES = 12


@pytest.fixture(scope="module")
def table():
    """A table of all kinds of columns: a number, an hour with gaps, a town of 60 levels, a yes or no, a date."""
    random = np.random.default_rng(0)
    records = 2_000
    hour = random.integers(0, 24, records).astype(float)
    hour[:100] = np.nan
    town = np.minimum(random.geometric(0.05, records), 60)
    number = random.lognormal(size=records)
    frame = pl.DataFrame(
        {
            "number": number,
            "hour": [None if np.isnan(h) else h for h in hour],
            "town": [f"town {t}" for t in town],
            "yes": random.integers(0, 2, records) == 1,
            "day": pl.date_range(pl.date(2020, 1, 1), pl.date(2026, 1, 1), eager=True).sample(
                records, with_replacement=True, seed=0
            ),
            "y": np.sin(3 * np.log(number)) + np.cos(np.nan_to_num(hour)) + town % 5,
        }
    )
    return rowwise.load(frame, target="y")


@pytest.fixture(scope="module")
def layers(table):
    preparation = Preparation(table[0].schema)
    return preparation, fitted_encoding(preparation, table[0].x, PIECES)


def test_numbers_are_clipped_around_the_median_and_told_piece_by_piece_as_by_hand():
    layer = FeatureEncoding(2, [{"feature": 1, "center": 1, "spread": 2, "knots": [0, 1, 3]}])
    encoded = layer.encode(np.array([[7, -1], [7, 0.5], [7, 2], [7, 100]], np.float32))
    distance = (np.array([-1, 0.5, 2, 100]) - 1) / 2
    np.testing.assert_allclose(encoded[:, 0], 7)
    np.testing.assert_allclose(encoded[:, 1], distance / np.sqrt(1 + (distance / 3) ** 2), rtol=1e-6)
    np.testing.assert_allclose(encoded[:, 2:], [[-0.5, -0.5], [0, -0.5], [0.5, 0], [0.5, 0.5]])


def test_levels_have_a_feature_each_and_rare_ones_share_one():
    layer = FeatureEncoding(3, levels=[{"feature": 1, "levels": [0, 3]}, {"feature": 2, "levels": [1]}])
    encoded = layer.encode(np.array([[7, 3, 1], [7, 0, 0], [7, 2, 1], [7, 9, 5]], np.float32))
    expected = [[0, 1, 1, 0, 0], [1, 0, 0, 0, 1], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1]]
    np.testing.assert_array_equal(encoded, [[7, *row] for row in expected])


def test_keras_numpy_and_the_native_engine_agree_and_a_saved_model_gives_the_same_numbers(table, layers, tmp_path):
    train, test = table
    model = rowwise.dense(train, (8,), seed=0)
    history = rowwise.fit(model, train, epochs=1, verbose=0)
    assert history.rowwise["engine"] == "native", history.rowwise["reason"]
    natively = predict_proba(model, test.x)
    np.testing.assert_allclose(natively, model.predict(test.x, verbose=0), rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(predict_proba(rowwise.open(tmp_path / "model.keras").model, test.x), natively)
    preparation, encoding = layers
    prepared = np.asarray(encoding(preparation(test.x)))
    np.testing.assert_allclose(Encoded(preparation, encoding)(test.x), prepared, atol=2e-6)
    assert prepared.shape == (len(test), encoding.width)


def test_the_encoding_says_what_each_feature_is(table, layers):
    preparation, encoding = layers
    names = encoding.names(table[0].schema)
    assert len(names) == len(set(names)) == encoding.width
    x = np.array(table[0].x[:1])
    place = names.index("hour 7…8")
    hour = preparation.schema.inputs.index("hour")
    rows = np.repeat(x, 3, axis=0)
    rows[:, hour] = 7, 7.5, 8
    np.testing.assert_allclose(Encoded(preparation, encoding)(rows)[:, place], [-0.5, 0, 0.5], atol=1e-5)
    assert "town=town 1" in names
    assert "town=*" in names
    assert not any(name.startswith("yes ") for name in names)


def test_pieces_hold_as_many_records_each(layers, table):
    preparation, encoding = layers
    number = next(n for n in encoding.numbers if n["feature"] == 0)
    values = preparation.prepare(table[0].x)[:, 0]
    counts, _ = np.histogram(values, number["knots"])
    assert len(counts) == PIECES
    assert counts.min() > 0.9 * len(values) / PIECES


def test_of_very_many_levels_the_most_frequent_have_features():
    records = 6_000
    levels = [f"{value:04}" for value in np.repeat(np.arange(1_000), 5)] + ["often"] * 1_000
    frame = pl.DataFrame({"code": [f"c{v}" for v in levels], "y": np.arange(records) % 7.0})
    train, _ = rowwise.load(frame, target="y")
    encoding = fitted_encoding(Preparation(train.schema), train.x, PIECES)
    assert len(encoding.levels[0]["levels"]) <= MOST_LEVELS
    assert "code=coften" in encoding.names(train.schema)


def test_without_pieces_numbers_stay_standardized(table):
    model = rowwise.dense(table[0], (8,), pieces=0)
    encoding = model.get_layer("encoding")
    assert encoding.numbers == []
    assert len(encoding.levels) == 1


def test_many_records_get_fewer_pieces_so_that_their_features_stay_small(table, monkeypatch):
    preparation = Preparation(table[0].schema)
    numbers = 4  # number, hour, and year and day of the date
    monkeypatch.setattr("rowwise.models.encoding.MOST_BYTES", 4 * len(table[0]) * numbers * 5)
    few = fitted_encoding(preparation, table[0].x, PIECES)
    assert max(len(number["knots"]) for number in few.numbers) <= 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"feature": 5, "center": 0, "spread": 1, "knots": []},
        {"feature": 0, "center": 0, "spread": 0, "knots": []},
        {"feature": 0, "center": 0, "spread": 1, "knots": [1, 1]},
    ],
)
def test_a_damaged_configuration_is_refused(wrong):
    with pytest.raises(ValueError, match="FeatureEncoding"):
        FeatureEncoding(2, [wrong])


def test_a_loaded_layer_has_the_same_configuration(layers):
    _, encoding = layers
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(encoding))
    assert copy.get_config() == encoding.get_config()
