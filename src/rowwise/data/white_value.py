"""The values of pictures → what is white among them."""

from __future__ import annotations

from rowwise.data.dataset import PIXEL_MAX

WHITE_LEVELS = (1, PIXEL_MAX, 2**10 - 1, 2**12 - 1, 2**14 - 1, 2**16 - 1)  # what cameras and scanners have for white


def white_level(brightest: float) -> float:
    """The value of white in pictures whose largest value is `brightest`: of 8, 10, 12, 14 or 16 bits, or that value.

    Formats of 16 bits hold what a camera or scanner of fewer bits gave, and say nothing of it.
    """
    return next((float(level) for level in WHITE_LEVELS if brightest <= level), brightest)
