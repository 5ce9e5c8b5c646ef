"""The arithmetic of the bound."""

import numpy as np
import pytest

from rowwise.benchmarks.bound import bounds, multiply_adds
from rowwise.data import load


def test_the_products_of_the_course_are_counted():
    # forward and kernel gradients of all three layers, and the gradient towards two hidden ones
    assert multiply_adds([784, 100, 30, 10]) == 2 * 81_700 + 30 * 100 + 10 * 30
    assert multiply_adds([784, 100, 30, 10], 0.5) == 78_400 + 3 * 3_300


def test_skipping_zeros_takes_its_share_of_the_first_layer():
    train, _ = load("digits")
    dense, skipped = bounds(train, [64, 32, 10], 1).values()
    share = np.count_nonzero(train.x) / train.x.size
    assert skipped / dense == pytest.approx(multiply_adds([64, 32, 10], share) / multiply_adds([64, 32, 10]))
