"""Random numbers and signed distances → grey pictures: what garments are drawn with.

A shape is a field: for each pixel of a block of pictures its signed distance from the shape's edge, in pixels, positive
inside. Only +, -, *, /, sqrt, floor, min and max of float32 are used, which IEEE 754 fixes to the bit: the same seed
gives the same bytes on every machine.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from rowwise.data.dataset import PIXEL_MAX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Field: TypeAlias = NDArray[np.float32]  # anything that broadcasts to (block, 28, 28)
    Value: TypeAlias = Any  # a Field, or a Python number: that does not widen float32, as NumPy's float64 would
    Cloth: TypeAlias = tuple[Field, Field]  # its shape, and its shade: 1 is the plain cloth, 0 is black

SIDE = 28  # pixels of a picture's height and width
NOWHERE = np.float32(-9)  # a signed distance far outside of everything


class Sheet:
    """One block of pictures: the coordinates of their pixels, and the random numbers that tell them apart.

    A number is taken from `random` when it is asked for, so the order of the calls is part of the drawing.

    Args:
        random: decides everything.
        count: pictures in the block.

    Attributes:
        x, y: each pixel's place right of and below the middle, in pixels, after shift, size and slant.
        off_centre: its distance from the vertical middle line, for what is the same left and right.
    """

    def __init__(self, random: np.random.Generator, count: int) -> None:
        self.random, self.count = random, count
        grid = np.arange(SIDE, dtype=np.float32) - np.float32((SIDE - 1) / 2)
        self.y: Field = (grid[None, :, None] - self.between(-0.8, 0.8)) / self.between(0.9, 1.06)
        slanted: Field = grid[None, None, :] - self.between(-1, 1) - self.y * self.between(-0.05, 0.05)
        self.x: Field = slanted / self.between(0.9, 1.08)
        self.off_centre: Field = np.abs(self.x)

    def between(self, low: float, high: float) -> Field:
        """`(block, 1, 1)`: one number a picture, uniformly distributed."""
        draws = self.random.random((self.count, 1, 1), dtype=np.float32)
        return np.float32(low) + np.float32(high - low) * draws

    def chance(self, share: float) -> NDArray[np.bool_]:
        """`(block, 1, 1)`: true for about this share of the pictures."""
        return self.random.random((self.count, 1, 1), dtype=np.float32) < share

    def either(self, share: float, yes: tuple[float, float], no: tuple[float, float]) -> Field:
        """`(block, 1, 1)`: `between(*yes)` in about this share of the pictures, `between(*no)` in the others."""
        return np.where(self.chance(share), self.between(*yes), self.between(*no))

    def noise(self) -> Field:
        """`(block, 28, 28)`: grain between -1 and 1."""
        grain = np.frombuffer(self.random.bytes(self.count * SIDE * SIDE), np.uint8).reshape(self.count, SIDE, SIDE)
        return grain.astype(np.float32) * np.float32(2 / PIXEL_MAX) - np.float32(1)

    def strip(
        self,
        start: tuple[Value, Value],
        stop: tuple[Value, Value],
        half: tuple[Value, Value],
        mirrored: bool = False,
        longer: float = 0.0,
    ) -> Field:
        """The shape of a strip from one point to another.

        Args:
            start, stop: `(x, y)` of its ends; at least one of the four is a Field.
            half: half its width at the start and at the end.
            mirrored: the same strip left and right of the middle line.
            longer: how far it reaches out behind its start.
        """
        x = (self.off_centre if mirrored else self.x) - start[0]
        y = self.y - start[1]
        dx, dy = stop[0] - start[0], stop[1] - start[1]
        length: Field = np.sqrt(dx * dx + dy * dy)
        dx, dy = dx / length, dy / length
        along = x * dx + y * dy
        across = np.abs(x * dy - y * dx)
        return intersection(half[0] + along * ((half[1] - half[0]) / length) - across, along + longer, length - along)

    def oval(self, centre_x: Value, centre_y: Value, half_width: Value, half_height: Value) -> Field:
        """The shape of an ellipse."""
        across, down = (self.x - centre_x) / half_width, (self.y - centre_y) / half_height
        return (1 - np.sqrt(across * across + down * down)) * intersection(half_width, half_height)


def union(*pieces: Value) -> Field:
    """The shape that is inside where any of the pieces is; of numbers, the largest."""
    return functools.reduce(np.maximum, pieces)


def intersection(*pieces: Value) -> Field:
    """The shape that is inside where all of the pieces are; of numbers, the smallest."""
    return functools.reduce(np.minimum, pieces)


def broken_line(place: Field, *points: tuple[Value, Value]) -> Field:
    """The value at each place of the broken line through the points `(place, value)`, given in order."""
    value = points[0][1]
    for (start, low), (stop, high) in itertools.pairwise(points):
        value = value + (high - low) * np.clip((place - start) / (stop - start), 0, 1)
    return value


def coverage(shape: Field) -> Field:
    """How much of each pixel lies inside: 0 to 1, with a soft edge."""
    return np.clip(shape + np.float32(0.5), 0, 1)


def soft_line(distance: Field, half: float = 1.0) -> Field:
    """1 to 0: a soft line where the distance is 0, which fades out at `half` pixels from it."""
    return np.clip(np.float32(half) - np.abs(distance), 0, 1)


def zigzag(phase: Field) -> Field:
    """0 at whole numbers, 1 halfway between, straight from one to the other."""
    return 1 - np.abs(2 * (phase - np.floor(phase)) - 1)


def render(cloth: Cloth, sheet: Sheet) -> NDArray[np.uint8]:
    """`(block, 28, 28)`: cloth gets darker toward its edges, has folds, patterns and grain, and light from one side."""
    shape, shade = cloth
    rim = np.clip(shape * np.float32(0.12) + sheet.between(0.62, 0.9), 0, 1)
    fold = zigzag(sheet.x * sheet.between(0.05, 0.14) + sheet.y * sheet.between(-0.09, 0.09) + sheet.between(0, 1))
    printed = sheet.chance(0.25)
    stripe = zigzag(np.where(sheet.chance(0.6), sheet.y, sheet.x) * sheet.between(0.12, 0.4) + sheet.between(0, 1))
    light = 1 - fold * sheet.between(0.02, 0.22) - printed * stripe * sheet.between(0.05, 0.5)
    light = light + sheet.x * sheet.between(-0.008, 0.008) + sheet.noise() * sheet.between(0.02, 0.12)
    value = coverage(shape) * shade * rim * light * sheet.either(0.82, (165, 262), (75, 165))
    return np.rint(np.clip(value, 0, PIXEL_MAX)).astype(np.uint8)
