"""Classes with few records: each is learned from where it can be, and what is not learned or measured is said."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rowwise
from rowwise.data.splits import held_out
from rowwise.errors import Suspicious


def frame(classes, **more):
    return pl.DataFrame({"v": [n * 37 % 101 + 0.5 for n in range(len(classes))], "y": classes, **more})


@pytest.mark.parametrize("seed", range(5))
def test_a_single_record_of_a_class_is_learned_from_and_said(seed):
    classes = ["a"] * 12 + ["b"] + ["c"] * 47
    with pytest.warns(Suspicious, match=r"No test record has these classes of the target \"y\" .*: b \(1\)"):
        train, test = rowwise.load(frame(classes), "y", seed=seed)
    assert train.counts[1] == 1
    assert test.counts[1] == 0
    assert len(test) == 12


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.filterwarnings("ignore::rowwise.errors.Suspicious")
def test_two_or_three_records_keep_one_to_train_on_after_validation_too(seed):
    train, _ = rowwise.load(frame(["a"] * 40 + ["b"] * 2 + ["c"] * 3 + ["d"]), "y", seed=seed, test=0.5)
    left, _ = train.split(0.5, seed)
    assert left.counts.min() >= 1


def test_a_class_that_only_comes_later_is_named():
    classes = ["neu" if n > 55 else "ab"[n % 2] for n in range(60)]
    with pytest.warns(Suspicious, match=r"without a training record: neu \(4\); time=\"t\" puts"):
        train, _ = rowwise.load(frame(classes, t=list(range(60))), "y", time="t")
    assert train.counts[2] == 0


def test_a_class_of_one_group_is_named():
    groups = [n % 6 for n in range(60)]
    held = rowwise.load(frame(["ab"[n // 6 % 2] for n in range(60)], g=groups), "y", group="g")[1]
    of_test = groups[held.rows[0] - 1]
    classes = ["rare" if group == of_test else "ab"[n // 6 % 2] for n, group in enumerate(groups)]
    with pytest.warns(Suspicious) as told:
        rowwise.load(frame(classes, g=groups), "y", group="g")
    assert 'without a training record: rare (10); group="g"' in str(told[0].message)


def test_a_class_that_validation_takes_whole_is_named():
    classes = ["neu" if 40 < n < 48 else "ab"[n % 2] for n in range(60)]
    data = frame(classes, t=list(range(60)))
    with pytest.warns(Suspicious, match="No test record has these classes .*: neu"):
        train, _ = rowwise.load(data, "y", time="t")
    model = rowwise.dense(train, 4)
    with pytest.warns(Suspicious, match="so that none is trained on: neu"):
        rowwise.fit(model, train, epochs=1, validation=0.2, batch_size=8, verbose=0)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=60), st.floats(0.01, 0.99), st.integers(0, 3))
def test_no_class_is_ever_held_out_whole(labels, share, seed):
    labels = np.array(labels)
    held = held_out(len(labels), share, seed, labels)
    assert set(labels[~held]) == set(labels)
