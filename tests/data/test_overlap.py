"""Test records that are training records too are counted exactly, and told apart from those that nearly are."""

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.data.overlap import expected_by_chance, fingerprints
from rowwise.errors import Suspicious


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int16])
@pytest.mark.parametrize("shape", [(1,), (3,), (7, 5), (30, 30, 3)])
def test_equal_records_have_equal_fingerprints_and_others_have_not(dtype, shape):
    random = np.random.default_rng(0)
    records = random.integers(0, 4, (400, *shape)).astype(dtype)
    records[200:300] = records[:100]
    prints = fingerprints(records)
    assert len(set(prints.tolist())) == len({record.tobytes() for record in records})
    np.testing.assert_array_equal(prints[200:300], prints[:100])
    np.testing.assert_array_equal(fingerprints(np.asfortranarray(records)), prints)


def test_records_that_differ_in_small_whole_numbers_or_their_order_are_told_apart():
    values = np.array([(a, b) for a in range(300) for b in range(300)], np.float32)
    assert len(np.unique(fingerprints(values))) == len(values)


@pytest.mark.parametrize("target", ["y", "z"])
def test_repeated_rows_of_a_table_are_counted_as_by_comparing_them_all(target):
    random = np.random.default_rng(1)
    fine = random.normal(size=(2, 400)).round(6)
    fine[:, 300:] = fine[:, :100]  # copies
    halves = [None if n % 5 == 0 else value for n, value in enumerate(fine[1])]
    halves[300:] = halves[:100]
    targets = {"y": [("p", "q")[n % 2] for n in range(400)], "z": fine[0] * 2}
    frame = pl.DataFrame({"a": fine[0], "b": halves, "zero": [0.0, -0.0] * 200} | targets)
    with pytest.warns(Suspicious) as caught:
        train, test = rowwise.load(frame.select("a", "b", "zero", target), target)
    sides = [
        [tuple(0.0 if v == 0 else "none" if np.isnan(v) else v for v in row) for row in np.column_stack([d.x, d.y])]
        for d in (train, test)
    ]
    count = sum(row in set(sides[0]) for row in sides[1])
    assert 0 < count < len(test)
    assert str(caught[0].message).startswith(f"{count} of {len(test)} test records stand among the training records")


def passengers(records=1309, seed=0):
    """Coarse records, as of the titanic: few columns, few values, none of them independent of the others."""
    random = np.random.default_rng(seed)
    place = random.choice(3, records, p=[0.25, 0.2, 0.55])
    woman = random.random(records) < 0.36
    survived = random.random(records) < np.where(woman, 0.7, 0.2) + 0.1 * (place == 0)
    kin = np.minimum(random.poisson(0.5, records), 4)
    port = random.choice(3, records, p=[0.7, 0.2, 0.1])
    return {"class": place, "sex": woman.astype(int), "kin": kin, "port": port}, np.array(["no", "yes"])[survived * 1]


def test_coarse_records_that_only_look_alike_are_no_copies(recwarn):
    columns, survived = passengers()
    train, test = rowwise.load(pl.DataFrame({**columns, "survived": survived}), "survived")
    alike = set(map(bytes, np.column_stack([train.x, train.y])))
    assert np.mean([bytes(row) in alike for row in np.column_stack([test.x, test.y])]) > 0.8
    assert not [warning for warning in recwarn if "stand among" in str(warning.message)]


@pytest.mark.parametrize(
    "coarse",
    [
        lambda random: random.integers(0, 3, (1000, 5)),
        lambda random: (random.random((1000, 8)) < 0.15).astype(np.float32),
        lambda random: np.stack([*passengers(1000)[0].values()], axis=1),
        lambda random: (random.random((1000, 2, 2)) < 0.3).astype(np.uint8) * 255,
    ],
    ids=["integers", "rare ones", "dependent", "pictures of four pixels"],
)
def test_arrays_of_few_values_look_alike_by_chance_and_copies_of_others_do_not(recwarn, tmp_path, coarse):
    random = np.random.default_rng(0)
    x, y = coarse(random), np.arange(1000) % 2
    np.savez(tmp_path / "a.npz", x=x, y=y)
    rowwise.load(tmp_path / "a.npz")
    assert not recwarn.list
    fine = np.concatenate([x.reshape(1000, -1), random.normal(size=(1000, 1))], axis=1)
    np.savez(tmp_path / "b.npz", x=np.concatenate([fine, fine[:100]]), y=np.concatenate([y, y[:100]]))
    with pytest.warns(Suspicious, match="28 of 220 test records are training records as well, value for value, so"):
        rowwise.load(tmp_path / "b.npz")


def test_copies_among_coarse_records_are_told_with_what_chance_gives():
    columns, survived = passengers(400)
    fine = np.random.default_rng(3).normal(size=400).round(3)
    frame = pl.DataFrame({**columns, "fare": fine, "survived": survived})
    with pytest.warns(Suspicious, match="stand among the training records"):
        rowwise.load(pl.concat([frame, frame[:80]]), "survived")


@pytest.mark.parametrize("values", [3, 1000])
def test_chance_gives_as_many_as_it_does(values):
    """Of independent columns the estimate is exact, as drawing shows."""
    random = np.random.default_rng(0)
    train, test = (random.integers(0, values, (n, 4)).astype(np.float32) for n in (800, 200))
    seen = set(map(bytes, train))
    assert expected_by_chance(train, test) == pytest.approx(sum(bytes(row) in seen for row in test), abs=3)
