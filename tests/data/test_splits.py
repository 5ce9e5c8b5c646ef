"""Splits of tables: stratified, by group, by time; always disjoint, always the same for the same seed."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowwise
from rowwise.data.splits import held_out
from rowwise.errors import DataError, UsageError

N = 300
FRAME = pl.DataFrame(
    {
        "row": [n + 0.5 for n in range(N)],
        "who": [f"customer {n * 7 % 23}" for n in range(N)],
        "when": [f"2026-{n * 5 % 12 + 1:02}-{n % 28 + 1:02}" for n in range(N)],
        "what": [("yes", "no", "maybe")[(n % 10 > 6) + (n % 10 > 8)] for n in range(N)],
    }
)


def rows(data):
    """The numbers of the records of FRAME that a Dataset holds."""
    return (data.x[:, data.schema.inputs.index("row")] - 0.5).astype(int)


@pytest.mark.parametrize("how", [{}, {"group": "who"}, {"time": "when"}, {"seed": 5}, {"test": 0.5}])
def test_train_validation_and_test_are_disjoint_and_whole(how):
    train, test = rowwise.load(FRAME, "what", **how)
    kept, validation = train.split(0.25, seed=1)
    parts = [rows(part) for part in (kept, validation, test)]
    assert sorted(np.concatenate(parts)) == list(range(N))
    assert len(test) == pytest.approx(N * how.get("test", 0.2), abs=20 if "group" in how else 6)


def test_every_class_has_its_share_of_the_test_data():
    train, test = rowwise.load(FRAME, "what")
    np.testing.assert_allclose(test.counts / len(test), train.counts / len(train), atol=0.01)


def test_a_group_stays_on_one_side_of_every_split():
    train, test = rowwise.load(FRAME, "what", group="who")
    kept, validation = train.split(0.3, seed=2)
    sides = [{FRAME["who"][int(n)] for n in rows(part)} for part in (kept, validation, test)]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 23
    assert "who" not in train.schema.inputs


def test_by_time_the_latest_records_are_held_out():
    train, test = rowwise.load(FRAME, "what", time="when")
    kept, validation = train.split(0.3)
    times = [[FRAME["when"][int(n)] for n in rows(part)] for part in (kept, validation, test)]
    assert max(times[0]) < min(times[1])
    assert max(times[1]) < min(times[2])


@pytest.mark.parametrize("how", [{"group": "who"}, {"time": "when"}])
def test_fit_holds_out_for_validation_as_the_test_data_were(how):
    train, _ = rowwise.load(FRAME, "what", **how)
    kept, held = train.split(0.25, seed=3)
    histories = []
    for records, validation in ((train, 0.25), (kept, held)):
        model = rowwise.dense(train, hidden=(4,), seed=0)
        histories.append(rowwise.fit(model, records, validation=validation, seed=3, epochs=2, verbose=0).history)
    assert histories[0] == histories[1]


def test_numbers_can_be_the_time():
    train, test = rowwise.load(FRAME, "what", time="row")
    assert rows(train).max() < rows(test).min()


def test_a_seed_decides_the_split():
    one, same, other = (rowwise.load(FRAME, "what", seed=seed)[1].checksum for seed in (1, 1, 2))
    assert one == same != other


def test_for_regression_records_are_drawn_from_all():
    frame = FRAME.with_columns(price=pl.col("row") * 1.5).drop("what")
    train, test = rowwise.load(frame, "price")
    assert (len(train), len(test)) == (240, 60)
    assert (len(train.split(0.1)[1]), train.split(0.1)[1].targets) == (24, ("price",))


def held_out_class_by_class(share, seed, labels):
    """What `held_out` gives, as it was first written: each class is looked for among all records."""
    random = np.random.default_rng(seed)
    chosen, owed = np.zeros(len(labels), bool), 0.0
    for label in range(int(labels.max(initial=-1)) + 1):
        rows = np.flatnonzero(labels == label)
        owed += len(rows) * share
        take = min(round(owed), max(len(rows) - 1, 0))
        owed -= take
        chosen[random.permutation(rows)[:take]] = True
    return chosen


@settings(deadline=None)
@given(
    st.integers(1, 300).flatmap(lambda classes: st.lists(st.integers(0, classes), max_size=200)),
    st.floats(0.001, 0.999),
    st.integers(0, 2**32),
    st.sampled_from(["int16", "int32", "int64"]),
)
def test_a_stratified_split_is_to_the_bit_what_looking_for_each_class_gives(labels, share, seed, dtype):
    labels = np.array(labels).astype(dtype)
    expected = held_out_class_by_class(share, seed, labels)
    np.testing.assert_array_equal(held_out(len(labels), share, seed, labels), expected)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=60),
    st.floats(0.05, 0.9),
    st.integers(0, 3),
    st.sampled_from(["group", "time"]),
)
def test_no_key_is_on_both_sides(keys, share, seed, by):
    keys = np.array(keys)
    chosen = held_out(len(keys), share, seed, None, keys, by)
    assert not set(keys[chosen]) & set(keys[~chosen])
    if len(set(keys)) > 1:
        assert chosen.any()
        assert not chosen.all()
    if by == "time" and chosen.any():
        assert keys[~chosen].max() < keys[chosen].min()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"group": "one"}, "all 300 records are of one group"),
        ({"time": "one"}, "all 300 records are of one time"),
        ({"time": "who"}, "expected dates or numbers"),
        ({"time": "holes"}, "100 records have no time"),
        ({"group": "whom"}, "did you mean who"),
    ],
)
def test_what_cannot_split_is_answered(how, words):
    frame = FRAME.with_columns(one=pl.lit(1), holes=pl.Series([n if n % 3 else None for n in range(N)]))
    with pytest.raises((UsageError, DataError), match=words):
        rowwise.load(frame, "what", **how)
