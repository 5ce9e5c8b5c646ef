"""A hand's chances → the pieces that several garments share: sleeved tops, necks, collars, fronts, shoes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.named.garment_drawing import NOWHERE, common, ink, line, outline, union, wave

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.named.garment_drawing import Cloth, Field, Hand, Value


def join(body: Field, sleeve: Field, seam: Field) -> Cloth:
    """Two pieces sewn together, with a darker line of depth `seam` where they meet."""
    meet = line(body - sleeve, 1.2) * ink(common(body, sleeve) + 0.5)
    return union(body, sleeve), 1 - meet * seam


def top(
    hand: Hand, shoulder: Field, chest: Field, hem: Field, end: Field, sleeve: Field, out: Field, cuff: Field
) -> Cloth:
    """What shirts and their like share: a body with slanting shoulders, and two sleeves. All in pixels.

    Args:
        hand: whose chances decide the rest.
        shoulder, chest, hem: half widths of the body.
        end: where it ends below the middle.
        sleeve: length of the sleeves.
        out: how far they go outward for each pixel downward.
        cuff: half their width at their end.
    """
    a, v = hand.a, hand.v
    slope = hand.vary(0.22, 0.4)
    width = outline(v, (-12.0, shoulder), (-5.0, chest), (end, hem))
    body = common(width - a, end - v, v + 12.8 - slope * a)
    x, y, arm = shoulder - 1.6, -11 + slope * shoulder, hand.vary(2.3, 3.1)
    down = sleeve / np.sqrt(1 + out * out)
    arms = hand.strip((x, y), (x + out * down, y + down), (arm, cuff), mirrored=True, longer=1.5)
    arms = common(arms, v + 12.8 - slope * a)
    return join(body, arms, hand.vary(0.15, 0.6))


def neck(hand: Hand, where: Field, wide: Field, deep: Field, pointed: NDArray[np.bool_]) -> Field:
    """Cut the opening for the neck out of a garment: round, or pointed where `pointed`."""
    down = (hand.v + 13) / deep
    across = hand.a / wide
    hole = np.where(pointed, 1 - across - down, 1 - across * across - down * np.abs(down)) * 2
    return common(where, -hole)


def front(hand: Hand, start: float, share: float, depth: tuple[float, float], buttons: float) -> Field:
    """Brightness of a front that closes in the middle, in this share of the pictures.

    Args:
        hand: whose chances decide.
        start: where the line begins, below the middle.
        share: of the pictures that have the line at all.
        depth: least and most darkness of the line.
        buttons: share of those that have buttons on it.
    """
    below = ink(hand.v - start)
    shift = hand.vary(-0.5, 0.5)
    crease = line(hand.u - shift, 1.1) * hand.vary(*depth)
    button = line(hand.u - shift - 0.4, 1.2) * (wave(hand.v * hand.vary(0.24, 0.3)) > 0.62)
    lighter = np.where(hand.some(0.5), np.float32(0.35), np.float32(-0.55))
    return 1 + hand.some(share) * below * (hand.some(buttons) * button * lighter - crease)


def collar(hand: Hand, share: float) -> Field:
    """Brightness of two collar tips beside the neck, in this share of the pictures."""
    tip = hand.strip((1.8, -13.2), (3.4, hand.vary(-10.2, -8.2)), (1.5, 0.5), mirrored=True)
    has = hand.some(share)
    tone: Field = ink(tip) * hand.vary(-0.05, 0.3) - line(tip) * hand.vary(0.2, 0.6)
    return 1 + has * tone


def sole(hand: Hand, ground: Field, toe: Field, heel: Field, thick: Field, rise: Value) -> Field:
    """The sole of a shoe seen from the side, its toe on the left; the heel is `rise` higher than the toe."""
    u, v = hand.u, hand.v
    under = ground - rise * np.clip((u + 2) / 9, 0, 1) - np.clip((-9 - u) / 4, 0, 1)
    return common(u - toe, heel - u, under - v, v - under + thick)


def shoe(hand: Hand, tip: Field, instep: Field, ankle: Field, back: Field, opening: Field, heel: Value) -> Cloth:
    """A closed shoe seen from the side, its toe on the left. All in pixels.

    Args:
        hand: whose chances decide the rest.
        tip, instep, ankle, back: heights above the ground at the toe, the middle, the opening's front and the heel.
        opening: where the opening begins, right of the middle.
        heel: height of the heel.
    """
    u, v = hand.u, hand.v
    ground, toe, end = hand.vary(5.5, 8.5), hand.vary(-13.6, -11.5), hand.vary(11, 13.4)
    ground = ground + union(back - 12, 0) * np.float32(0.42)  # a high shoe stands lower in the picture
    thick = hand.vary(1.4, 3)
    height = outline(u, (toe, tip * 0.5), (toe + 3, tip), (opening - 4, instep), (opening, ankle), (end, back))
    lean = np.clip((ground - v) * hand.vary(-0.02, 0.08), 0, 2)
    upper = common(u - toe, end - lean - u, v - ground + height, ground - v)
    under = sole(hand, ground + 0.6, toe, end + 0.3, thick, 0)
    upper = common(upper, ground + 0.6 - heel * np.clip((u + 3) * 0.4, 0, 1) * (u < end - 6) - v)
    arch = common(u + 2, end - 6 - u, v - ground + heel - 0.4)
    where = common(union(upper, under), -np.where(heel > 0.5, arch, NOWHERE))
    shade = 1 + ink(under) * np.where(hand.some(0.5), hand.vary(0.05, 0.45), hand.vary(-0.6, -0.1))
    return where, shade
