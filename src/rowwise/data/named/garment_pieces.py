"""A sheet → the pieces that several garments share: sleeved tops, necks, collars, fronts, shoes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.named.garment_drawing import NOWHERE, broken_line, coverage, intersection, soft_line, union, zigzag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.named.garment_drawing import Cloth, Field, Sheet, Value


def join(body: Field, sleeve: Field, seam: Field) -> Cloth:
    """Two pieces sewn together, with a darker line of depth `seam` where they meet."""
    meet = soft_line(body - sleeve, 1.2) * coverage(intersection(body, sleeve) + 0.5)
    return union(body, sleeve), 1 - meet * seam


def top(
    sheet: Sheet, shoulder: Field, chest: Field, hem: Field, end: Field, sleeve: Field, out: Field, cuff: Field
) -> Cloth:
    """A body with slanting shoulders, and two sleeves. All in pixels.

    Args:
        sheet: what it is drawn on.
        shoulder, chest, hem: half widths of the body.
        end: where the body ends, below the middle.
        sleeve: length of the sleeves.
        out: how far the sleeves go outward for each pixel downward.
        cuff: half the sleeves' width at their end.
    """
    off_centre, y = sheet.off_centre, sheet.y
    slope = sheet.between(0.22, 0.4)
    width = broken_line(y, (-12.0, shoulder), (-5.0, chest), (end, hem))
    body = intersection(width - off_centre, end - y, y + 12.8 - slope * off_centre)
    armhole_x, armhole_y, arm = shoulder - 1.6, -11 + slope * shoulder, sheet.between(2.3, 3.1)
    down = sleeve / np.sqrt(1 + out * out)
    wrist = armhole_x + out * down, armhole_y + down
    arms = sheet.strip((armhole_x, armhole_y), wrist, (arm, cuff), mirrored=True, longer=1.5)
    arms = intersection(arms, y + 12.8 - slope * off_centre)
    return join(body, arms, sheet.between(0.15, 0.6))


def neck(sheet: Sheet, shape: Field, wide: Field, deep: Field, pointed: NDArray[np.bool_]) -> Field:
    """Cut the opening for the neck out of a garment: round, or pointed where `pointed`."""
    down = (sheet.y + 13) / deep
    across = sheet.off_centre / wide
    hole = np.where(pointed, 1 - across - down, 1 - across * across - down * np.abs(down)) * 2
    return intersection(shape, -hole)


def front(sheet: Sheet, start: float, share: float, depth: tuple[float, float], buttons: float) -> Field:
    """The shade of a front that closes in the middle.

    Args:
        sheet: what it is drawn on.
        start: where the line begins, below the middle.
        share: of the pictures that have the line at all.
        depth: least and most darkness of the line.
        buttons: share of those that have buttons on it.
    """
    below = coverage(sheet.y - start)
    shift = sheet.between(-0.5, 0.5)
    crease = soft_line(sheet.x - shift, 1.1) * sheet.between(*depth)
    button = soft_line(sheet.x - shift - 0.4, 1.2) * (zigzag(sheet.y * sheet.between(0.24, 0.3)) > 0.62)
    lighter = np.where(sheet.chance(0.5), np.float32(0.35), np.float32(-0.55))
    return 1 + sheet.chance(share) * below * (sheet.chance(buttons) * button * lighter - crease)


def collar(sheet: Sheet, share: float) -> Field:
    """The shade of two collar tips beside the neck, in this share of the pictures."""
    tip = sheet.strip((1.8, -13.2), (3.4, sheet.between(-10.2, -8.2)), (1.5, 0.5), mirrored=True)
    has_tips = sheet.chance(share)
    tips: Field = coverage(tip) * sheet.between(-0.05, 0.3) - soft_line(tip) * sheet.between(0.2, 0.6)
    return 1 + has_tips * tips


def sole(sheet: Sheet, ground: Field, toe: Field, heel: Field, thick: Field, rise: Value) -> Field:
    """The sole of a shoe seen from the side, its toe on the left; the heel is `rise` higher than the toe."""
    x, y = sheet.x, sheet.y
    under = ground - rise * np.clip((x + 2) / 9, 0, 1) - np.clip((-9 - x) / 4, 0, 1)
    return intersection(x - toe, heel - x, under - y, y - under + thick)


def shoe(sheet: Sheet, tip: Field, instep: Field, ankle: Field, back: Field, opening: Field, heel: Value) -> Cloth:
    """A closed shoe seen from the side, its toe on the left. All in pixels.

    Args:
        sheet: what it is drawn on.
        tip, instep, ankle, back: heights above the ground at the toe, the middle, the opening's front and the heel.
        opening: where the opening begins, right of the middle.
        heel: height of the heel.
    """
    x, y = sheet.x, sheet.y
    ground, toe, end = sheet.between(5.5, 8.5), sheet.between(-13.6, -11.5), sheet.between(11, 13.4)
    ground = ground + union(back - 12, 0) * np.float32(0.42)  # a high shoe stands lower in the picture
    thick = sheet.between(1.4, 3)
    height = broken_line(x, (toe, tip * 0.5), (toe + 3, tip), (opening - 4, instep), (opening, ankle), (end, back))
    lean = np.clip((ground - y) * sheet.between(-0.02, 0.08), 0, 2)
    upper = intersection(x - toe, end - lean - x, y - ground + height, ground - y)
    under = sole(sheet, ground + 0.6, toe, end + 0.3, thick, 0)
    upper = intersection(upper, ground + 0.6 - heel * np.clip((x + 3) * 0.4, 0, 1) * (x < end - 6) - y)
    arch = intersection(x + 2, end - 6 - x, y - ground + heel - 0.4)
    shape = intersection(union(upper, under), -np.where(heel > 0.5, arch, NOWHERE))
    shade = 1 + coverage(under) * np.where(sheet.chance(0.5), sheet.between(0.05, 0.45), sheet.between(-0.6, -0.1))
    return shape, shade
