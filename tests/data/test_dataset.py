"""A Dataset: records first, never changed, always checked."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowwise
from rowwise.data.named import garments
from rowwise.errors import DataError, Suspicious, UsageError
from rowwise.text import use_language


def small(n=12, classes=3, dtype=np.uint8, **more):
    x = np.arange(n * 4).reshape(n, 2, 2).astype(dtype)
    return rowwise.Dataset("made", x, np.arange(n) % classes, tuple("abcdefghij"[:classes]), **more)


def test_nothing_of_it_can_be_changed():
    data = small()
    with pytest.raises(ValueError, match="read-only"):
        data.x[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        data.y[:] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.name = "other"


def test_an_array_that_its_owner_changes_later_is_copied():
    whole = np.zeros((20, 2, 2), np.uint8)
    labels = np.zeros(10, np.int32)
    for x in (whole[5:15], whole[5:15].view()):
        data = rowwise.Dataset("made", x, labels, ("a", "b"))
        before = data.checksum
        whole[:] = 7
        labels[:] = 1
        assert data.x.max() == 0
        assert data.y.max() == 0
        assert dataclasses.replace(data).checksum == before
        whole[:], labels[:] = 0, 0


def test_an_array_that_nobody_can_change_is_not_copied():
    x = np.frombuffer(bytes(40), np.uint8).reshape(10, 2, 2)
    data = rowwise.Dataset("made", x, np.zeros(10, int), ("a",))
    assert np.shares_memory(data.x, x)
    assert np.shares_memory(data[3:5].x, x)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float16, np.float32, np.float64])
def test_the_type_is_kept(dtype):
    data = small(dtype=dtype)
    assert data.x.dtype == dtype
    assert data.y.dtype == np.int32
    assert all(part.x.dtype == dtype for part in data.split(0.5))


def test_slices_masks_and_lists_choose_records():
    data = small(part="train", provenance="made up", source={"a": 1})
    for rows in (slice(2, 6), np.arange(12) % 2 == 0, [3, 1, 1], np.array([], int)):
        chosen = data[rows]
        np.testing.assert_array_equal(chosen.x, data.x[rows])
        np.testing.assert_array_equal(chosen.y, data.y[rows])
        assert (chosen.part, chosen.provenance, chosen.source) == ("train", "made up", {"a": 1})
        with pytest.raises(ValueError, match="read-only"):
            chosen.x[...] = 0


def test_a_single_number_is_answered_with_the_two_ways_to_say_it():
    for number in (3, np.int64(3)):
        with pytest.raises(UsageError, match=r"data\[3:4\].*data.x\[3\]"):
            small()[number]


def test_shape_counts_and_words():
    data = small(part="test", provenance="made up")
    assert (len(data), data.shape) == (12, (2, 2))
    assert data.counts.tolist() == [4, 4, 4]
    assert repr(data) == "<Dataset made test: x (12, 2, 2) uint8, y (12,), 3 classes, made up>"


def test_names_and_provenance_are_told_in_the_language_in_force():
    data = small(classes_ko=("가", "나", "다"), provenance="made up", provenance_ko="지어낸 것")
    assert (data.class_names, data.origin) == (("a", "b", "c"), "made up")
    with use_language("ko"):
        assert (data.class_names, data.origin) == (("가", "나", "다"), "지어낸 것")
        assert (small(provenance="made up").class_names, small(provenance="made up").origin) == (
            ("a", "b", "c"),
            "made up",
        )


def test_the_checksum_depends_on_values_shape_and_type_alone():
    data = small()
    assert data.checksum == small(part="other", provenance="elsewhere").checksum
    assert data.checksum == rowwise.Dataset("b", data.x.copy("F"), data.y.astype(">i8"), tuple("abc")).checksum
    others = [
        small(dtype=np.int16),
        small(n=13),
        data[::-1],
        rowwise.Dataset("made", data.x.reshape(12, 4), data.y, tuple("abc")),
        rowwise.Dataset("made", data.x, (data.y + 1) % 3, tuple("abc")),
    ]
    assert len({data.checksum, *(other.checksum for other in others)}) == 6


def test_the_checksum_is_the_same_for_both_byte_orders():
    data = small(dtype=np.float32)
    assert rowwise.Dataset("b", data.x.astype(">f4"), data.y, tuple("abc")).checksum == data.checksum


def test_the_checksum_of_some_garments_is_this():
    train, _ = garments.load(seed=3, train=20, test=1)
    assert train.checksum == "596d33d5a18956c43668c76f65f707e4556829fa29307b9bdeba193406c5f3ca"


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=4, max_size=80), st.floats(0.05, 0.95), st.integers(0, 5))
def test_a_split_is_disjoint_complete_stratified_and_in_order(labels, fraction, seed):
    data = rowwise.Dataset("made", np.arange(len(labels))[:, None], labels, tuple("abcde"))
    try:
        rest, held = data.split(fraction, seed)
    except UsageError:
        few = max(np.bincount(labels)) == 1  # a class is never held out whole
        assert few or min(fraction, 1 - fraction) * len(labels) < 1, "only where a part gets less than a record"
        return
    numbers = np.concatenate([rest.x, held.x])[:, 0]
    assert sorted(numbers) == list(range(len(labels)))
    whole = (data.counts > 0) & (data.counts * fraction > data.counts - 1)  # would leave no training record
    assert abs(len(held) - len(labels) * fraction) <= 1 or whole.any()
    # what such a class would have given, others give
    assert (np.abs(held.counts - data.counts * fraction) <= 1 + whole.sum()).all()
    assert (rest.counts[data.counts > 0] > 0).all()
    for part in (rest, held):
        assert (np.diff(part.x[:, 0]) > 0).all()
        np.testing.assert_array_equal(part.y, data.y[part.x[:, 0]])
    assert (rest.part, held.part) == ("train", "validation")


def test_a_split_is_decided_by_its_seed():
    data = small(n=100)
    assert data.split(0.3, 1)[1].checksum == data.split(0.3, 1)[1].checksum
    assert data.split(0.3, 1)[1].checksum != data.split(0.3, 2)[1].checksum


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan"), "0.2", None])
def test_a_share_outside_0_and_1_is_refused(fraction):
    with pytest.raises(UsageError, match="between 0 and 1"):
        small().split(fraction)


def test_a_split_that_leaves_nothing_is_refused():
    with pytest.raises(UsageError, match="leaves one part empty"):
        small().split(0.01)
    with pytest.raises(UsageError, match="leaves one part empty"):
        small(n=0).split(0.5)


@pytest.mark.parametrize("seed", [-1, 1.5, None])
def test_a_seed_that_is_no_natural_number_is_refused(seed):
    with pytest.raises(UsageError, match="seed"):
        small().split(0.5, seed)


X = np.zeros((4, 2), np.float32)
Y = np.array([0, 1, 0, 1])


def with_value(value):
    x = X.copy()
    x[2, 1] = value
    return x


REFUSED = {
    "fewer labels": ((X, Y[:3], "ab"), r"x has shape \(4, 2\) and y has shape \(3,\)"),
    "one record": ((X[0], Y, "ab"), "rows are records"),
    "one-hot labels": ((X, np.eye(2)[Y], "ab"), r"y has shape \(4, 2\)"),
    "labels in words": ((X, np.array(list("abab")), "ab"), "expected integers"),
    "labels with a point": ((X, Y / 1, "ab"), "labels are float64"),
    "a label too many": ((X, Y + 1, "ab"), r"label 2 has no class; expected 0 to 1 \(2 labels"),
    "a negative label": ((X, Y - 1, "ab"), "label -1 has no class"),
    "NaN": ((with_value(np.nan), Y, "ab"), r"1 value is not finite: nan at x\[2, 1\]"),
    "infinite": ((with_value(-np.inf), Y, "ab"), r"-inf at x\[2, 1\]"),
    "words": ((X.astype(str), Y, "ab"), "expected numbers"),
    "complex numbers": ((X.astype(complex), Y, "ab"), "expected numbers"),
    "Korean names that do not match": ((X, Y, "ab", "가"), "1 Korean class names, but 2"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_wrong_is_said(what):
    arguments, words = REFUSED[what]
    with pytest.raises(DataError, match=words):
        rowwise.Dataset("mine", *arguments)
    with use_language("ko"), pytest.raises(DataError, match='데이터 "mine"'):
        rowwise.Dataset("mine", *arguments)


def test_infinities_that_cancel_do_not_mislead():
    x = X.copy()
    x[0] = np.inf, -np.inf
    with pytest.raises(DataError, match="2 values are not finite"):
        rowwise.Dataset("mine", x, Y, "ab")
    assert rowwise.Dataset("mine", np.full((4, 2), 3e38), Y, "ab").x[0, 0] == 3e38


@pytest.mark.parametrize("part", ["x", "y"])
def test_masked_values_are_missing_and_an_array_without_any_is_plain(part):
    arrays = {"x": np.arange(12.0).reshape(4, 3), "y": np.array([0, 1, 0, 1])}
    masked = np.ma.masked_equal(arrays[part], 1)
    with pytest.raises(DataError, match=f"{np.ma.count_masked(masked)} values? (is|are) masked"):
        rowwise.Dataset("drawn", **(arrays | {part: masked}), classes=("a", "b"))
    plain = rowwise.Dataset("drawn", **(arrays | {part: np.ma.masked_equal(arrays[part], 99)}), classes=("a", "b"))
    np.testing.assert_array_equal(getattr(plain, part), arrays[part])


def test_values_too_large_for_float32_are_refused_with_their_place():
    import keras

    x, y = np.zeros((5, 3)), np.arange(5) % 2
    x[2, 1] = -1e300
    keras_model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax")])
    keras_model.compile("sgd", "sparse_categorical_crossentropy")
    for use in (
        lambda: rowwise.Dataset("big", x, y, ("a", "b")),
        lambda: rowwise.predict(keras_model, x),
        lambda: rowwise.evaluate(keras_model, (x, y)),
    ):
        with pytest.raises(DataError, match=r"-1e\+300 at \[2, 1\]"):
            use()
    with pytest.warns(Suspicious, match=r"-1e\+300 at \[2, 1\]"):  # Keras trains on it
        rowwise.fit(keras_model, x, y, batch_size=2, verbose=0, on_divergence="continue")
    regression = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    regression.compile("sgd", "mse")
    large = np.array([0, 1, 2, 3, 1e200])
    with pytest.warns(Suspicious, match=r"1e\+200 at \[4\]"):
        rowwise.fit(regression, np.zeros((5, 3)), large, batch_size=2, verbose=0, on_divergence="continue")
    with pytest.raises(DataError, match=r"1e\+200 at \[0\]"):
        rowwise.Dataset("big", np.zeros((1, 3)), np.array([1e200]), (), targets=("price",))
