"""What happens to a picture depends on seed, epoch and its number alone, and is what its name says."""

from dataclasses import replace

import numpy as np
import pytest

from rowwise.data.augmentation import LIGHT, STRONG, Augmentation
from rowwise.data.augmented_pictures import changed, mixed
from rowwise.engine.native import change_pictures, instruction_sets, mix_pictures
from rowwise.errors import UsageError


def outcome(augmentation, x, seed=0, epoch=0):
    out = np.empty_like(x)
    changed(x, augmentation.drawn(seed, epoch, len(x), x.shape[1:]), out)
    return out


def pictures(count, shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def test_a_picture_is_moved_by_whole_pixels_and_mirrored_and_the_edge_goes_on():
    x = pictures(400, (5, 7))
    moved = outcome(Augmentation(flip=True, shift=1 / 7), x)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), mode="edge")
    seen = set()
    for before, after in zip(padded, moved, strict=True):
        fits = {
            (down, aside, flip)
            for down in (-1, 0, 1)
            for aside in (-1, 0, 1)
            for flip in (False, True)
            if (np.array_equal(after, np.roll(flipped(before, flip), (down, aside), (0, 1))[1:-1, 1:-1]))
        }
        assert len(fits) == 1
        seen |= fits
    assert len(seen) == 18  # each of them is drawn


def flipped(picture, flip):
    return picture[:, ::-1] if flip else picture


def test_a_quarter_turn_and_twice_the_size_are_those_of_numpy():
    square = pictures(1, (9, 9))
    how = STRONG.drawn(0, 0, 1, (9, 9))
    one, last = 1 << 16, 8 << 16
    how[0] = (0, -one, one, 0, last, 0, 0, 0, 0, 0, 0)  # (y, x) takes (8 - x, y)
    changed(square, how, out := np.empty_like(square))
    np.testing.assert_array_equal(out[0], np.rot90(square[0], -1))
    how[0] = (one // 2, 0, 0, one // 2, 0, 0, 0, 0, 0, 0, 0)
    changed(square, how, out)
    np.testing.assert_array_equal(out[0][::2, ::2], square[0][:5, :5])
    between = (square[0][:4, :5].astype(int) + square[0][1:5, :5] + 1) // 2
    np.testing.assert_array_equal(out[0][1::2, ::2], between)


def test_what_is_erased_is_one_rectangle_of_one_grey_in_half_of_the_pictures():
    x = np.zeros((600, 20, 30, 3), np.uint8)
    how = Augmentation(erase=0.3).drawn(1, 2, 600, (20, 30, 3))
    changed(x, how, out := np.empty_like(x))
    hit = (how[:, 7] > how[:, 6]) & (how[:, 9] > how[:, 8])
    assert 240 < hit.sum() < 360
    for picture, (top, bottom, left, right, grey) in zip(out[hit], how[hit, 6:], strict=True):
        assert 3 <= bottom - top <= 6
        assert 4 <= right - left <= 9
        assert 0 <= top < bottom <= 20
        assert 0 <= left < right <= 30
        assert (picture[top:bottom, left:right] == grey).all()
        assert picture.sum() == 3 * grey * (bottom - top) * (right - left)
    assert not out[~hit].any()
    assert len(set(how[hit, 10])) > 50


def test_the_draw_of_a_picture_depends_on_seed_epoch_and_its_number_alone():
    every = STRONG.drawn(3, 5, 100, (28, 28))
    np.testing.assert_array_equal(every[:40], STRONG.drawn(3, 5, 40, (28, 28)))
    for other in (STRONG.drawn(4, 5, 100, (28, 28)), STRONG.drawn(3, 6, 100, (28, 28))):
        assert (every != other).any(1).all()


SETS = [name for name, runs in instruction_sets() if runs]


@pytest.mark.skipif(not SETS, reason="no compiled engine")
@pytest.mark.parametrize(
    "shape", [(28, 28, 1), (17, 23, 3), (1, 5, 1), (6, 1, 2), (2, 2, 4), (3, 1100, 1), (40, 300, 3)]
)
@pytest.mark.parametrize("augmentation", [LIGHT, STRONG, Augmentation(True, 0.9), Augmentation(rotate=180, scale=0.9)])
def test_the_arithmetic_of_each_instruction_set_is_that_of_numpy_to_the_bit(shape, augmentation):
    count = 150 if shape[1] < 100 else 6
    x = pictures(count, shape)
    how = augmentation.drawn(1, 2, count, shape)
    expected = np.empty_like(x)
    changed(x, how, expected)
    for isa in SETS:
        out = np.empty_like(x)
        assert change_pictures(x, how, out, isa)
        np.testing.assert_array_equal(out, expected)


@pytest.mark.skipif(not SETS, reason="no compiled engine")
def test_each_instruction_set_blends_pictures_as_numpy_does():
    x = pictures(90, (37,))
    partner, weight = Augmentation(mixup=0.2).mixed(1, 2, 90)
    partner, weight = partner[:60], weight[:60]
    share = weight[:, None] / 256
    expected = np.floor(x[:60] * (1 - share) + x[partner] * share + 0.5).astype(np.uint8)
    mixed(x[:60], x, partner, weight, out := np.empty_like(x[:60]))
    np.testing.assert_array_equal(out, expected)
    for isa in SETS:
        out = np.empty_like(x[:60])
        assert mix_pictures(x[:60], x, partner, weight, out, isa)
        np.testing.assert_array_equal(out, expected)
    with pytest.raises(ValueError, match="partner"):
        mix_pictures(x[:60], x, partner + 90, weight, out)


def test_mixup_draws_a_partner_for_each_and_a_share_of_the_beta_distribution():
    partner, weight = Augmentation(mixup=0.2).mixed(3, 4, 5000)
    assert sorted(partner) == list(range(5000))
    assert weight.min() >= 0
    assert weight.max() <= 128
    draws = np.random.default_rng(0).beta(0.2, 0.2, 200_000)
    assert np.mean(weight / 256) == pytest.approx(np.mean(np.minimum(draws, 1 - draws)), abs=0.01)
    np.testing.assert_array_equal(partner, Augmentation(mixup=0.2).mixed(3, 4, 5000)[0])
    assert (partner != Augmentation(mixup=0.2).mixed(3, 5, 5000)[0]).any()


def test_augmentations_have_names_and_parts():
    assert (Augmentation.of("none"), Augmentation.of("light"), Augmentation.of("strong")) == (None, LIGHT, STRONG)
    assert Augmentation.of("erase,shift") == Augmentation(shift=STRONG.shift, erase=STRONG.erase)
    assert Augmentation.of("strong,mixup") == replace(STRONG, mixup=0.2)
    assert Augmentation.of("erase,mixup") == Augmentation(erase=STRONG.erase, mixup=0.2)
    for wrong in ("none,mixup", "", "Light", "light,shift", "shift,shift", "shift, erase", 1, None, ["light"]):
        with pytest.raises(UsageError, match="augment=: expected one of"):
            Augmentation.of(wrong)
