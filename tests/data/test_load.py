"""`rowwise.load`: a name → two Datasets."""

import numpy as np
import pytest

import rowwise
from rowwise.data import canonical_name, fetch, load_default, names
from rowwise.errors import DataError, UsageError
from rowwise.text import use_language


def test_names_are_known_in_any_case_with_hyphen_or_underscore():
    assert names() == ("fashion-mnist", "garments", "digits")
    for written in ("fashion-mnist", "Fashion_MNIST", "FASHION-MNIST"):
        assert canonical_name(written) == "fashion-mnist"


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("fashion", "fashion-mnist"), ("mnist", "fashion-mnist"), ("digit", "digits"), ("garment", "garments")],
)
def test_an_unknown_name_is_answered_with_the_near_one(wrong, near):
    with pytest.raises(DataError, match=f'no data called "{wrong}"; did you mean {near}?'):
        rowwise.load(wrong)


def test_a_name_like_no_other_is_answered_with_all():
    for call in (rowwise.load, fetch):
        with pytest.raises(DataError) as caught:
            call("cifar10")
        assert str(caught.value) == 'There is no data called "cifar10". Choose one of: fashion-mnist, garments, digits.'
        with use_language("ko"):
            assert str(caught.value).startswith('"cifar10" 데이터는 없습니다.')


@pytest.mark.parametrize("wrong", [None, 3, np.zeros((2, 2)), b"garments", ["garments"]])
def test_what_is_no_name_is_refused_with_the_way_to_use_own_arrays(wrong):
    with pytest.raises(UsageError, match=r"load takes the name of data.*rowwise.Dataset\("):
        rowwise.load(wrong)


def test_the_digits_are_scikit_learns_real_ones():
    from sklearn.datasets import load_digits

    train, test = rowwise.load("digits")
    assert (len(train), len(test)) == (1438, 359)
    assert (train.part, test.part, train.shape, train.x.dtype) == ("train", "test", (8, 8), np.uint8)
    assert train.x.max() == 255
    assert np.abs(train.counts / 1438 - test.counts / 359).max() < 0.01
    dots = np.rint(np.concatenate([train.x, test.x]) / 255 * 16).astype(int)
    expected = load_digits().images.astype(int)
    assert sorted(image.tobytes() for image in dots) == sorted(image.tobytes() for image in expected)
    assert "scikit-learn" in train.provenance


def test_what_needs_no_files_has_no_folder():
    assert fetch("garments") is None
    assert fetch("digits") is None


def test_what_is_loaded_instead_is_said_line_by_line():
    train, _, note = load_default()
    assert train.name == "garments"
    lines = note.splitlines()
    assert lines[1].startswith("  - Keras's cache (")
    assert lines[-1] == "So the embedded garments are used: drawn clothes, NOT Fashion-MNIST."
    assert "\\n" not in note
