"""Random numbers and signed distances → grey pictures: the pencil, the scissors and the camera of the garments.

A piece of cloth is a field: for each pixel of a block of pictures its signed distance from the cloth's edge,
in pixels, positive inside. Only +, -, *, /, sqrt, floor, min and max of float32 are used, which IEEE 754 fixes to
the bit: the same seed gives the same bytes on every machine.
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
    Cloth: TypeAlias = tuple[Field, Field]  # where (signed distance) and how bright (1 is the plain cloth)

SIDE = 28  # pixels of a picture's height and width
NOWHERE = np.float32(-9)  # a signed distance far outside of everything


class Hand:
    """The chances of one block of pictures, and the sheet they are drawn on.

    Every number is drawn from `random` when it is asked for, so the order of the calls is part of the drawing.

    Args:
        random: decides everything.
        n: pictures in the block.

    Attributes:
        u, v: each pixel's place right of and below the sheet's middle, in pixels, after shift, size and slant.
        a: the distance from the vertical middle line, for what is the same left and right.
    """

    def __init__(self, random: np.random.Generator, n: int) -> None:
        self.random, self.n = random, n
        grid = np.arange(SIDE, dtype=np.float32) - np.float32((SIDE - 1) / 2)
        self.v: Field = (grid[None, :, None] - self.vary(-0.8, 0.8)) / self.vary(0.9, 1.06)
        aside: Field = grid[None, None, :] - self.vary(-1, 1) - self.v * self.vary(-0.05, 0.05)
        self.u: Field = aside / self.vary(0.9, 1.08)
        self.a: Field = np.abs(self.u)

    def vary(self, low: float, high: float) -> Field:
        """`(block, 1, 1)`: one number a picture, evenly between low and high."""
        draws = self.random.random((self.n, 1, 1), dtype=np.float32)
        return np.float32(low) + np.float32(high - low) * draws

    def some(self, share: float) -> NDArray[np.bool_]:
        """`(block, 1, 1)`: true for this share of the pictures."""
        return self.random.random((self.n, 1, 1), dtype=np.float32) < share

    def either(self, share: float, yes: tuple[float, float], no: tuple[float, float]) -> Field:
        """`(block, 1, 1)`: `vary(*yes)` in this share of the pictures, `vary(*no)` in the others."""
        return np.where(self.some(share), self.vary(*yes), self.vary(*no))

    def noise(self) -> Field:
        """`(block, 28, 28)`: grain between -1 and 1."""
        grain = np.frombuffer(self.random.bytes(self.n * SIDE * SIDE), np.uint8).reshape(self.n, SIDE, SIDE)
        return grain.astype(np.float32) * np.float32(2 / PIXEL_MAX) - np.float32(1)

    def strip(
        self,
        start: tuple[Value, Value],
        stop: tuple[Value, Value],
        half: tuple[Value, Value],
        mirrored: bool = False,
        longer: float = 0.0,
    ) -> Field:
        """A strip of cloth from one point to another.

        Args:
            start, stop: `(x, y)` of its ends; at least one of the four is a Field.
            half: half its width at the start and at the end.
            mirrored: the same strip left and right of the middle line.
            longer: how far it reaches out behind its start.
        """
        u = (self.a if mirrored else self.u) - start[0]
        v = self.v - start[1]
        dx, dy = stop[0] - start[0], stop[1] - start[1]
        length: Field = np.sqrt(dx * dx + dy * dy)
        dx, dy = dx / length, dy / length
        along = u * dx + v * dy
        across = np.abs(u * dy - v * dx)
        return common(half[0] + along * ((half[1] - half[0]) / length) - across, along + longer, length - along)

    def oval(self, x: Value, y: Value, rx: Value, ry: Value) -> Field:
        """An ellipse around (x, y) with the half axes rx and ry."""
        across, down = (self.u - x) / rx, (self.v - y) / ry
        return (1 - np.sqrt(across * across + down * down)) * common(rx, ry)


def union(*pieces: Value) -> Field:
    """Where any of the pieces is."""
    return functools.reduce(np.maximum, pieces)


def common(*pieces: Value) -> Field:
    """Where all of the pieces are."""
    return functools.reduce(np.minimum, pieces)


def outline(x: Field, *points: tuple[Value, Value]) -> Field:
    """The height at each x of the broken line through the points (x, height), given from left to right."""
    height = points[0][1]
    for (x0, h0), (x1, h1) in itertools.pairwise(points):
        height = height + (h1 - h0) * np.clip((x - x0) / (x1 - x0), 0, 1)
    return height


def ink(where: Field) -> Field:
    """How much of each pixel lies inside: 0 to 1, with a soft edge."""
    return np.clip(where + np.float32(0.5), 0, 1)


def line(distance: Field, half: float = 1.0) -> Field:
    """1 to 0: a soft line where the distance is 0, which fades out at `half` pixels from it."""
    return np.clip(np.float32(half) - np.abs(distance), 0, 1)


def wave(x: Field) -> Field:
    """0 at whole numbers, 1 halfway between, straight from one to the other."""
    return 1 - np.abs(2 * (x - np.floor(x)) - 1)


def photograph(cloth: Cloth, hand: Hand) -> NDArray[np.uint8]:
    """`(block, 28, 28)`: cloth gets darker toward its edges, has folds, patterns and grain, and light from one side."""
    where, bright = cloth
    rim = np.clip(where * np.float32(0.12) + hand.vary(0.62, 0.9), 0, 1)
    fold = wave(hand.u * hand.vary(0.05, 0.14) + hand.v * hand.vary(-0.09, 0.09) + hand.vary(0, 1))
    printed = hand.some(0.25)
    stripe = wave(np.where(hand.some(0.6), hand.v, hand.u) * hand.vary(0.12, 0.4) + hand.vary(0, 1))
    light = 1 - fold * hand.vary(0.02, 0.22) - printed * stripe * hand.vary(0.05, 0.5)
    light = light + hand.u * hand.vary(-0.008, 0.008) + hand.noise() * hand.vary(0.02, 0.12)
    value = ink(where) * bright * rim * light * hand.either(0.82, (165, 262), (75, 165))
    return np.rint(np.clip(value, 0, PIXEL_MAX)).astype(np.uint8)
