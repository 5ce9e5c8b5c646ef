"""A seed → pictures of ten kinds of clothes, drawn by the functions below: no file, no network, no photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.dataset import Dataset, provenance_fields
from rowwise.data.named.fashion_mnist import CLASSES, CLASSES_KO
from rowwise.data.named.garment_drawing import (
    NOWHERE,
    SIDE,
    Sheet,
    broken_line,
    coverage,
    intersection,
    render,
    soft_line,
    union,
    zigzag,
)
from rowwise.data.named.garment_pieces import collar, front, join, neck, shoe, sole, top
from rowwise.data.picture_records import OBJECT
from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from rowwise.data.named.garment_drawing import Cloth

NAME = "garments"
IMAGE = (SIDE, SIDE)  # pixels
VERSION = 1  # of the drawings: change it when the same seed would give other bytes
BLOCK = 64  # pictures drawn at once: few enough for the processor's cache
STREAM = {"train": 0, "test": 1}  # each part has its own random numbers


def load(seed: int = 0, train: int = 12_000, test: int = 2_000) -> tuple[Dataset, Dataset]:
    """`(train, test)`: grey images of 28x28, uint8, classes as in Fashion-MNIST, each equally often.

    Args:
        seed: not negative; the same seed gives the same bytes.
        train: records of the first part; its drawings do not depend on `test`.
        test: records of the second.

    Raises:
        UsageError: a negative seed, or a part without records.
    """
    for name, number, least in (("seed", seed, 0), ("train", train, 1), ("test", test, 1)):
        if not isinstance(number, (int, np.integer)) or number < least:
            raise UsageError("garments.number", name=name, least=least, found=number)
    parts = []
    for part, records in (("train", train), ("test", test)):
        random = np.random.default_rng([seed, STREAM[part]])
        y = random.permutation(np.arange(records, dtype=np.int32) % len(CLASSES))
        origin = provenance_fields("garments.provenance", seed=seed)
        source = {"seed": int(seed), "version": VERSION, "pictures": OBJECT}
        parts.append(Dataset(NAME, draw(y, random), y, CLASSES, CLASSES_KO, part, source=source, **origin))
    return parts[0], parts[1]


def draw(labels: ArrayLike, random: np.random.Generator) -> NDArray[np.uint8]:
    """`(n, 28, 28)` uint8: one picture a label, black around the garment.

    Args:
        labels: `(n,)` class numbers, 0 to 9.
        random: decides everything that the label does not.

    Raises:
        UsageError: a label that is no class.
    """
    labels = np.asarray(labels)
    outside = labels[(labels < 0) | (labels >= len(GARMENTS))]
    if len(outside):
        raise UsageError("garments.label", found=int(outside[0]), last=len(GARMENTS) - 1)
    images = np.zeros((len(labels), SIDE, SIDE), np.uint8)
    for label, garment in enumerate(GARMENTS):
        rows = np.flatnonzero(labels == label)
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            sheet = Sheet(random, len(block))
            images[block] = render(garment(sheet), sheet)
    return images


def _t_shirt(sheet: Sheet) -> Cloth:
    chest = sheet.between(6.4, 8.2)
    shape, shade = top(
        sheet,
        shoulder=sheet.between(6.6, 8.4),
        chest=chest,
        hem=chest + sheet.between(-0.5, 0.8),
        end=sheet.between(10.5, 13.2),
        sleeve=sheet.either(0.9, (4.5, 8), (11, 18)),
        out=sheet.between(0.4, 1),
        cuff=sheet.between(2.4, 3.3),
    )
    shape = neck(sheet, shape, sheet.between(2.6, 4.4), sheet.between(1.5, 4.5), sheet.chance(0.2))
    size = sheet.between(1.5, 4)
    high = size * sheet.between(0.5, 1.2) - np.abs(sheet.y + sheet.between(0, 4))
    picture = coverage(intersection(size - sheet.off_centre, high))
    shade = shade * (1 + sheet.chance(0.35) * picture * sheet.between(-0.6, 0.35))
    return shape, shade * front(sheet, -10, 0.1, (0.1, 0.5), 0.7)


def _trouser(sheet: Sheet) -> Cloth:
    off_centre, y = sheet.off_centre, sheet.y
    hip, hem = sheet.between(4.4, 6.2), sheet.between(1.5, 2.6)
    fork, end = sheet.between(-6, -2), sheet.between(12, 13.8)
    spread = sheet.between(2.2, 4.4)
    outer = broken_line(y, (-13.0, hip - 0.8), (fork, hip), (end, spread + hem))
    inner = broken_line(y, (fork, np.float32(-0.6)), (end, union(spread - hem, 0.4)))
    short = sheet.chance(0.06) * sheet.between(3, 9)
    shape = intersection(outer - off_centre, off_centre - inner, end - short - y, y + 13.3)
    band = soft_line(y + 11) * sheet.between(0.1, 0.6)
    crease = soft_line(off_centre - (outer + union(inner, 0)) * 0.5) * sheet.between(-0.25, 0.3)
    fly = np.clip(1 - off_centre, 0, 1) * (y < fork) * sheet.between(0.1, 0.5)
    return shape, (1 - band) * (1 - crease) * (1 - fly)


def _pullover(sheet: Sheet) -> Cloth:
    chest, end = sheet.between(6, 7.8), sheet.between(10, 13.2)
    shape, shade = top(
        sheet,
        shoulder=sheet.between(6.4, 7.9),
        chest=chest,
        hem=chest + sheet.between(-0.8, 0.6),
        end=end,
        sleeve=sheet.either(0.94, (17, 22.5), (8, 15)),
        out=sheet.between(0.12, 0.36),
        cuff=sheet.between(1.5, 2.4),
    )
    shape = neck(sheet, shape, sheet.between(2.2, 3.6), sheet.between(0.6, 2.8), sheet.chance(0.15))
    ribs = coverage(sheet.y - end + sheet.between(1.5, 2.8)) * sheet.between(0, 0.35)
    ring = soft_line(sheet.oval(0, -12.6, 4.4, sheet.between(2.6, 4))) * sheet.between(0, 0.5)
    shade = shade * (1 - ribs) * (1 - ring * (sheet.y > -13))
    return shape, shade * collar(sheet, 0.08) * front(sheet, -10, 0.1, (0.1, 0.5), 0.3)


def _dress(sheet: Sheet) -> Cloth:
    off_centre, y = sheet.off_centre, sheet.y
    shoulder, waist, level = sheet.between(3.4, 5.2), sheet.between(2.8, 4.6), sheet.between(-4, 0)
    skirt, end = waist + sheet.between(0.3, 5), sheet.between(11.5, 13.8)
    width = broken_line(y, (-12.0, shoulder), (-8.0, shoulder - 0.2), (level, waist), (end, skirt))
    body = intersection(width - off_centre, end - y, y + 13.4 - 0.25 * off_centre)
    bare, length = sheet.chance(0.45), sheet.either(0.55, (3, 6), (9, 17))
    armhole, out = shoulder - 1, sheet.between(0.2, 0.6)
    down = length / np.sqrt(1 + out * out)
    wrist = armhole + out * down, -10.5 + down
    arms = sheet.strip((armhole, -10.5), wrist, (sheet.between(1.4, 2.1), 1.3), mirrored=True, longer=1)
    shape, shade = join(body, np.where(bare, NOWHERE, arms), sheet.between(0.1, 0.5))
    shape = neck(sheet, shape, sheet.between(1.8, 3.6), sheet.between(1.5, 6), sheet.chance(0.4))
    belt = soft_line(y - level, 1.2) * sheet.chance(0.5) * sheet.between(-0.3, 0.6)
    pleats = (
        sheet.chance(0.5)
        * coverage(y - level)
        * zigzag(sheet.x / width * sheet.between(1, 2.5))
        * sheet.between(0, 0.4)
    )
    return shape, shade * (1 - belt) * (1 - pleats) * front(sheet, -9, 0.1, (0.1, 0.4), 0.8)


def _coat(sheet: Sheet) -> Cloth:
    chest = sheet.between(6.2, 8)
    shape, shade = top(
        sheet,
        shoulder=sheet.between(6.4, 7.8),
        chest=chest,
        hem=chest + sheet.between(-0.3, 1.6),
        end=sheet.between(11.5, 13.8),
        sleeve=sheet.between(18, 23),
        out=sheet.between(0.1, 0.3),
        cuff=sheet.between(1.8, 2.8),
    )
    shape = neck(sheet, shape, sheet.between(1.6, 3.2), sheet.between(0.8, 4), sheet.chance(0.6))
    lapel = soft_line(sheet.off_centre - 0.4 * (sheet.between(-5, -1) - sheet.y)) * (sheet.y < -2)
    shade = shade * (1 - sheet.chance(0.6) * lapel * sheet.between(0.2, 0.6))
    pocket = soft_line(sheet.y - sheet.between(3, 6) - 0.2 * sheet.off_centre) * (np.abs(sheet.off_centre - 4.5) < 1.8)
    shade = shade * (1 - sheet.chance(0.5) * pocket * sheet.between(0.2, 0.6))
    return shape, shade * collar(sheet, 0.35) * front(sheet, -9, 0.85, (0.3, 0.95), 0.4)


def _sandal(sheet: Sheet) -> Cloth:
    x, y = sheet.x, sheet.y
    ground, toe, end = sheet.between(5, 10), sheet.between(-13.6, -11.5), sheet.between(11, 13.4)
    rise = sheet.either(0.45, (3, 8), (0, 1.2))
    thick = sheet.between(1, 2.8)
    shape = sole(sheet, ground, toe, end, thick, rise)
    wedge = intersection(x - 8 - sheet.between(0, 2.5), end - x, ground - y, y - ground + rise + 1)
    wedge = np.where(rise > 2, wedge, NOWHERE)
    floor, width = ground - thick, sheet.between(0.6, 1.4)
    high = floor - rise
    ankle, half = high - sheet.between(4, 9), (width, width)
    straps = [
        sheet.strip(
            (toe + sheet.between(1.5, 3), floor), (sheet.between(-8, -5.5), floor - sheet.between(2.5, 5)), half
        ),
        sheet.strip((sheet.between(-8, -5), floor - sheet.between(2.5, 5)), (sheet.between(-4, -1.5), floor), half),
        sheet.strip((sheet.between(-6, -2), floor - 1.5), (sheet.between(3, 6), ankle), half),
        sheet.strip((sheet.between(3, 5), ankle + 0.5), (end - 1, ankle + sheet.between(-1, 1.5)), half),
        sheet.strip((end - 1.2, high + 1), (end - 1.2, ankle - 0.5), half),
    ]
    for strap, missing in zip(straps, (0.1, 0.2, 0.35, 0.3, 0.2), strict=True):
        shape = union(shape, np.where(sheet.chance(missing), NOWHERE, strap))
    cap = intersection(x - toe - 1, -4 + sheet.between(-2, 3) - x, floor + 0.5 - y, y - floor + 4)
    shape = union(shape, wedge, np.where(sheet.chance(0.75), NOWHERE, cap))
    return shape, 1 + coverage(y - floor + rise * np.clip((x + 2) / 9, 0, 1)) * sheet.between(-0.5, 0.2)


def _shirt(sheet: Sheet) -> Cloth:
    chest, short = sheet.between(6.2, 8), sheet.chance(0.3)
    shape, shade = top(
        sheet,
        shoulder=sheet.between(6.4, 8.1),
        chest=chest,
        hem=chest + sheet.between(-0.6, 1),
        end=sheet.between(10.5, 13.4),
        sleeve=np.where(short, sheet.between(5, 9.5), sheet.between(15, 22)),
        out=np.where(short, sheet.between(0.35, 0.9), sheet.between(0.12, 0.42)),
        cuff=sheet.between(1.5, 2.5),
    )
    shape = neck(sheet, shape, sheet.between(1.8, 3.4), sheet.between(1, 4), sheet.chance(0.65))
    pocket = intersection(1.8 - np.abs(sheet.x - 3.6), 1.8 - np.abs(sheet.y + 4))
    edge = soft_line(pocket) * sheet.between(0.15, 0.4)
    shade = shade * (1 - sheet.chance(0.3) * edge)
    return shape, shade * collar(sheet, 0.88) * front(sheet, -10, 0.88, (0.1, 0.45), 0.85)


def _sneaker(sheet: Sheet) -> Cloth:
    x, y = sheet.x, sheet.y
    ankle = sheet.either(0.93, (7, 10), (10, 14))
    instep, opening = sheet.between(5.5, 7.5), sheet.between(0.5, 4)
    shape, shade = shoe(
        sheet, sheet.between(3.4, 4.8), instep, ankle, ankle + sheet.between(-1, 1.5), opening, np.float32(0)
    )
    laces = zigzag((x - y * 0.5) * sheet.between(0.3, 0.45)) * coverage(3 - np.abs(x - opening + 4.5)) * (y < 3)
    flank = soft_line(x * sheet.between(0.4, 0.9) + y - sheet.between(0, 5), 1.3) * (np.abs(x - 2) < 5)
    stripe = sheet.chance(0.6) * flank * sheet.between(-0.6, 0.4)
    return shape, shade * (1 - sheet.chance(0.8) * laces * sheet.between(0.2, 0.6)) * (1 + stripe)


def _bag(sheet: Sheet) -> Cloth:
    off_centre, y = sheet.off_centre, sheet.y
    wide, upper, end = sheet.between(8, 13), sheet.between(-6, 0), sheet.between(8, 12.5)
    width = wide + (y - end) * sheet.between(-0.12, 0.22)
    corner = sheet.between(0.5, 3)
    box = intersection(
        width - off_centre, end - y, y - upper, (width + end - corner - off_centre - y) * np.float32(0.7)
    )
    reach, rise, thick = wide * sheet.between(0.35, 0.85), sheet.between(4, 10), sheet.between(0.5, 1.1)
    strap = thick - np.abs(sheet.oval(0, upper + 1, reach, intersection(rise, upper + 13.8)))
    strap = np.where(sheet.chance(0.88), intersection(strap, upper + 1 - y), NOWHERE)
    shape = union(box, strap)
    flap = upper + sheet.between(2, 7) - sheet.between(-0.1, 0.2) * off_centre
    fold = soft_line(y - flap) * (box > 0) * sheet.chance(0.75) * sheet.between(0.2, 0.7)
    clasp = (
        soft_line(sheet.oval(0, upper + 4, np.float32(2), np.float32(2)) - 1, 2.2)
        * (off_centre < 2)
        * (np.abs(y - flap) < 1.6)
    )
    return shape, (1 - fold) * (1 + sheet.chance(0.5) * clasp * sheet.between(-0.5, 0.4))


def _ankle_boot(sheet: Sheet) -> Cloth:
    x, y = sheet.x, sheet.y
    ankle, opening = sheet.either(0.93, (14.5, 20), (11, 14)), sheet.between(0, 4.5)
    heel = np.where(sheet.chance(0.5), np.float32(0), sheet.between(1.5, 5))
    shape, shade = shoe(
        sheet, sheet.between(4, 5.8), sheet.between(7, 9.5), ankle, ankle + sheet.between(-1, 1.5), opening, heel
    )
    zipper = soft_line(x - sheet.between(5, 9)) * (y < 4) * sheet.chance(0.4) * sheet.between(0.2, 0.6)
    strap = soft_line(y - sheet.between(-4, 3), 1.3) * (x > opening - 3) * sheet.chance(0.4)
    return shape, shade * (1 - zipper) * (1 - strap * sheet.between(0.2, 0.6))


GARMENTS: tuple[Callable[[Sheet], Cloth], ...] = (
    _t_shirt,
    _trouser,
    _pullover,
    _dress,
    _coat,
    _sandal,
    _shirt,
    _sneaker,
    _bag,
    _ankle_boot,
)  # in the order of CLASSES
