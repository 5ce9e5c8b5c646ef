"""The drawn clothes."""

import numpy as np
import pytest

import rowwise
from rowwise.data.named import fashion_mnist, garments
from rowwise.data.named.garment_drawing import Sheet
from rowwise.errors import UsageError


@pytest.fixture(scope="module")
def drawn():
    return garments.load(seed=0, train=1000, test=200)


def test_they_are_grey_pictures_of_28x28_with_fashion_mnists_classes(drawn):
    for part, name, records in zip(drawn, ("train", "test"), (1000, 200), strict=True):
        assert (part.name, part.part, len(part)) == ("garments", name, records)
        assert (part.shape, part.x.dtype) == ((28, 28), np.uint8)
        assert (part.classes, part.classes_ko) == (fashion_mnist.CLASSES, fashion_mnist.CLASSES_KO)


def test_all_ten_classes_come_equally_often_and_mixed(drawn):
    for part in drawn:
        assert set(part.counts) == {len(part) // 10}
        assert len(set(part.y[:20])) > 5
    assert set(garments.load(train=25, test=1)[0].counts) == {2, 3}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(drawn):
    again, other = (garments.load(seed=seed, train=1000, test=200) for seed in (0, 1))
    for part, same, different in zip(drawn, again, other, strict=True):
        assert same.checksum == part.checksum
        assert different.checksum != part.checksum
        assert (different.x != part.x).any((1, 2)).mean() > 0.99


def test_one_part_does_not_depend_on_the_size_of_the_other(drawn):
    assert garments.load(train=1000, test=10)[0].checksum == drawn[0].checksum
    assert garments.load(train=10, test=200)[1].checksum == drawn[1].checksum


def test_no_picture_comes_twice(drawn):
    pictures = np.concatenate([part.x.reshape(len(part), -1) for part in drawn])
    assert len(np.unique(pictures, axis=0)) == len(pictures)


def test_they_have_all_shades_on_a_black_background(drawn):
    x = drawn[0].x
    assert 0.4 < (x == 0).mean() < 0.7
    assert (x == 255).mean() < 0.1
    assert len(np.unique(x)) == 256
    lit = x.reshape(len(x), -1).max(1)
    assert lit.min() > 30, "every garment can be seen"
    assert x[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean() < 5, "the corners are black"


def test_a_class_looks_like_itself_more_than_like_the_others(drawn):
    train, test = (part.x.reshape(len(part), -1) / 255 for part in drawn)
    centres = np.array([train[drawn[0].y == label].mean(0) for label in range(10)])
    nearest = ((test[:, None] - centres) ** 2).sum(2).argmin(1)
    assert 0.5 < (nearest == drawn[1].y).mean() < 0.9, "neither hopeless nor trivial"


@pytest.mark.parametrize("garment", garments.GARMENTS)
def test_float32_stays_float32(garment):
    shape, shade = garment(Sheet(np.random.default_rng(0), 3))
    assert shape.dtype == shade.dtype == np.float32
    assert np.broadcast_shapes(shape.shape, shade.shape) == (3, 28, 28)


def test_the_provenance_says_drawn_and_not_fashion_mnist(drawn):
    for part in drawn:
        assert part.provenance == "drawn by rowwise (seed 0), NOT Fashion-MNIST and no photographs"
        assert "그린" in part.provenance_ko
        assert part.source == {"seed": 0, "version": 1, "pictures": "object"}


def test_they_need_no_file_and_no_network():
    train, test = rowwise.load("garments")
    assert (len(train), len(test)) == (12_000, 2_000)


def test_labels_decide_what_is_drawn():
    images = garments.draw([1, 1, 8], np.random.default_rng(0))
    assert images.shape == (3, 28, 28)
    assert garments.draw([], np.random.default_rng(0)).shape == (0, 28, 28)
    for wrong in (10, -1):
        with pytest.raises(UsageError, match=f"label {wrong}; expected class numbers 0 to 9"):
            garments.draw([0, wrong], np.random.default_rng(0))


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"train": 0}, {"test": 0}, {"train": 10.0}, {"seed": None}])
def test_numbers_that_make_no_sense_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(UsageError, match=f"{name} must be an integer of at least"):
        garments.load(**wrong)
