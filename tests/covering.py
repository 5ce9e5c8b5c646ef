"""Of all combinations of parameters, the suite tries as few as have each value once; the others are thorough."""

import itertools

import pytest


def each_once(*axes):
    """All combinations, for `parametrize`; marked thorough but for those that together have every value."""
    axes = [list(values) for values in axes]
    longest = max(map(len, axes))
    tried = {tuple(values[number % len(values)] for values in axes) for number in range(longest)}
    return [
        pytest.param(*these, marks=[] if these in tried else pytest.mark.thorough) for these in itertools.product(*axes)
    ]
