"""A seed → pictures of ten kinds of clothes, drawn here: no file, no network, no photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.dataset import OBJECT, Dataset, provenance_fields
from rowwise.data.named.fashion_mnist import CLASSES, CLASSES_KO
from rowwise.data.named.garment_drawing import NOWHERE, SIDE, Hand, common, ink, line, outline, photograph, union, wave
from rowwise.data.named.garment_pieces import collar, front, join, neck, shoe, sole, top
from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from rowwise.data.named.garment_drawing import Cloth

NAME = "garments"
IMAGE = (SIDE, SIDE)  # pixels
VERSION = 1  # of the drawings: change it when the same seed would give other bytes
_BLOCK = 64  # pictures drawn at once: few enough for the processor's cache
_STREAM = {"train": 0, "test": 1}  # each part has random numbers of its own


def load(seed: int = 0, train: int = 12_000, test: int = 2_000) -> tuple[Dataset, Dataset]:
    """`(train, test)`: grey images of 28x28, uint8, classes as in Fashion-MNIST, each equally often.

    Args:
        seed: same seed, same bytes. Not negative.
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
        random = np.random.default_rng([seed, _STREAM[part]])
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
    wrong = labels[(labels < 0) | (labels >= len(_GARMENTS))]
    if len(wrong):
        raise UsageError("garments.label", found=int(wrong[0]), last=len(_GARMENTS) - 1)
    images = np.zeros((len(labels), SIDE, SIDE), np.uint8)
    for label, garment in enumerate(_GARMENTS):
        rows = np.flatnonzero(labels == label)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            hand = Hand(random, len(block))
            images[block] = photograph(garment(hand), hand)
    return images


def _t_shirt(hand: Hand) -> Cloth:
    chest = hand.vary(6.4, 8.2)
    where, bright = top(
        hand,
        hand.vary(6.6, 8.4),
        chest,
        chest + hand.vary(-0.5, 0.8),
        hand.vary(10.5, 13.2),
        hand.either(0.9, (4.5, 8), (11, 18)),
        hand.vary(0.4, 1),
        hand.vary(2.4, 3.3),
    )
    where = neck(hand, where, hand.vary(2.6, 4.4), hand.vary(1.5, 4.5), hand.some(0.2))
    size = hand.vary(1.5, 4)
    picture = ink(common(size - hand.a, size * hand.vary(0.5, 1.2) - np.abs(hand.v + hand.vary(0, 4))))
    bright = bright * (1 + hand.some(0.35) * picture * hand.vary(-0.6, 0.35))
    return where, bright * front(hand, -10, 0.1, (0.1, 0.5), 0.7)


def _trouser(hand: Hand) -> Cloth:
    a, v = hand.a, hand.v
    hip, hem, fork, end = hand.vary(4.4, 6.2), hand.vary(1.5, 2.6), hand.vary(-6, -2), hand.vary(12, 13.8)
    spread = hand.vary(2.2, 4.4)
    outer = outline(v, (-13.0, hip - 0.8), (fork, hip), (end, spread + hem))
    inner = outline(v, (fork, np.float32(-0.6)), (end, union(spread - hem, 0.4)))
    short = hand.some(0.06) * hand.vary(3, 9)
    where = common(outer - a, a - inner, end - short - v, v + 13.3)
    band = line(v + 11) * hand.vary(0.1, 0.6)
    crease = line(a - (outer + union(inner, 0)) * 0.5) * hand.vary(-0.25, 0.3)
    fly = np.clip(1 - a, 0, 1) * (v < fork) * hand.vary(0.1, 0.5)
    return where, (1 - band) * (1 - crease) * (1 - fly)


def _pullover(hand: Hand) -> Cloth:
    chest, end = hand.vary(6, 7.8), hand.vary(10, 13.2)
    where, bright = top(
        hand,
        hand.vary(6.4, 7.9),
        chest,
        chest + hand.vary(-0.8, 0.6),
        end,
        hand.either(0.94, (17, 22.5), (8, 15)),
        hand.vary(0.12, 0.36),
        hand.vary(1.5, 2.4),
    )
    where = neck(hand, where, hand.vary(2.2, 3.6), hand.vary(0.6, 2.8), hand.some(0.15))
    ribs = ink(hand.v - end + hand.vary(1.5, 2.8)) * hand.vary(0, 0.35)
    ring = line(hand.oval(0, -12.6, 4.4, hand.vary(2.6, 4))) * hand.vary(0, 0.5)
    bright = bright * (1 - ribs) * (1 - ring * (hand.v > -13))
    return where, bright * collar(hand, 0.08) * front(hand, -10, 0.1, (0.1, 0.5), 0.3)


def _dress(hand: Hand) -> Cloth:
    a, v = hand.a, hand.v
    shoulder, waist, level = hand.vary(3.4, 5.2), hand.vary(2.8, 4.6), hand.vary(-4, 0)
    skirt, end = waist + hand.vary(0.3, 5), hand.vary(11.5, 13.8)
    width = outline(v, (-12.0, shoulder), (-8.0, shoulder - 0.2), (level, waist), (end, skirt))
    body = common(width - a, end - v, v + 13.4 - 0.25 * a)
    bare, length = hand.some(0.45), hand.either(0.55, (3, 6), (9, 17))
    x, out = shoulder - 1, hand.vary(0.2, 0.6)
    down = length / np.sqrt(1 + out * out)
    arms = hand.strip((x, -10.5), (x + out * down, -10.5 + down), (hand.vary(1.4, 2.1), 1.3), mirrored=True, longer=1)
    where, bright = join(body, np.where(bare, NOWHERE, arms), hand.vary(0.1, 0.5))
    where = neck(hand, where, hand.vary(1.8, 3.6), hand.vary(1.5, 6), hand.some(0.4))
    belt = line(v - level, 1.2) * hand.some(0.5) * hand.vary(-0.3, 0.6)
    pleats = hand.some(0.5) * ink(v - level) * wave(hand.u / width * hand.vary(1, 2.5)) * hand.vary(0, 0.4)
    return where, bright * (1 - belt) * (1 - pleats) * front(hand, -9, 0.1, (0.1, 0.4), 0.8)


def _coat(hand: Hand) -> Cloth:
    chest = hand.vary(6.2, 8)
    where, bright = top(
        hand,
        hand.vary(6.4, 7.8),
        chest,
        chest + hand.vary(-0.3, 1.6),
        hand.vary(11.5, 13.8),
        hand.vary(18, 23),
        hand.vary(0.1, 0.3),
        hand.vary(1.8, 2.8),
    )
    where = neck(hand, where, hand.vary(1.6, 3.2), hand.vary(0.8, 4), hand.some(0.6))
    lapel = line(hand.a - 0.4 * (hand.vary(-5, -1) - hand.v)) * (hand.v < -2)
    bright = bright * (1 - hand.some(0.6) * lapel * hand.vary(0.2, 0.6))
    pocket = line(hand.v - hand.vary(3, 6) - 0.2 * hand.a) * (np.abs(hand.a - 4.5) < 1.8)
    bright = bright * (1 - hand.some(0.5) * pocket * hand.vary(0.2, 0.6))
    return where, bright * collar(hand, 0.35) * front(hand, -9, 0.85, (0.3, 0.95), 0.4)


def _sandal(hand: Hand) -> Cloth:
    u, v = hand.u, hand.v
    ground, toe, end = hand.vary(5, 10), hand.vary(-13.6, -11.5), hand.vary(11, 13.4)
    rise = hand.either(0.45, (3, 8), (0, 1.2))
    thick = hand.vary(1, 2.8)
    where = sole(hand, ground, toe, end, thick, rise)
    wedge = common(u - 8 - hand.vary(0, 2.5), end - u, ground - v, v - ground + rise + 1)
    wedge = np.where(rise > 2, wedge, NOWHERE)
    floor, width = ground - thick, hand.vary(0.6, 1.4)
    high = floor - rise
    ankle, half = high - hand.vary(4, 9), (width, width)
    straps = [
        hand.strip((toe + hand.vary(1.5, 3), floor), (hand.vary(-8, -5.5), floor - hand.vary(2.5, 5)), half),
        hand.strip((hand.vary(-8, -5), floor - hand.vary(2.5, 5)), (hand.vary(-4, -1.5), floor), half),
        hand.strip((hand.vary(-6, -2), floor - 1.5), (hand.vary(3, 6), ankle), half),
        hand.strip((hand.vary(3, 5), ankle + 0.5), (end - 1, ankle + hand.vary(-1, 1.5)), half),
        hand.strip((end - 1.2, high + 1), (end - 1.2, ankle - 0.5), half),
    ]
    for strap, missing in zip(straps, (0.1, 0.2, 0.35, 0.3, 0.2), strict=True):
        where = union(where, np.where(hand.some(missing), NOWHERE, strap))
    cap = common(u - toe - 1, -4 + hand.vary(-2, 3) - u, floor + 0.5 - v, v - floor + 4)
    where = union(where, wedge, np.where(hand.some(0.75), NOWHERE, cap))
    return where, 1 + ink(v - floor + rise * np.clip((u + 2) / 9, 0, 1)) * hand.vary(-0.5, 0.2)


def _shirt(hand: Hand) -> Cloth:
    chest, short = hand.vary(6.2, 8), hand.some(0.3)
    where, bright = top(
        hand,
        hand.vary(6.4, 8.1),
        chest,
        chest + hand.vary(-0.6, 1),
        hand.vary(10.5, 13.4),
        np.where(short, hand.vary(5, 9.5), hand.vary(15, 22)),
        np.where(short, hand.vary(0.35, 0.9), hand.vary(0.12, 0.42)),
        hand.vary(1.5, 2.5),
    )
    where = neck(hand, where, hand.vary(1.8, 3.4), hand.vary(1, 4), hand.some(0.65))
    pocket = common(1.8 - np.abs(hand.u - 3.6), 1.8 - np.abs(hand.v + 4))
    edge = line(pocket) * hand.vary(0.15, 0.4)
    bright = bright * (1 - hand.some(0.3) * edge)
    return where, bright * collar(hand, 0.88) * front(hand, -10, 0.88, (0.1, 0.45), 0.85)


def _sneaker(hand: Hand) -> Cloth:
    u, v = hand.u, hand.v
    ankle = hand.either(0.93, (7, 10), (10, 14))
    instep, opening = hand.vary(5.5, 7.5), hand.vary(0.5, 4)
    where, bright = shoe(hand, hand.vary(3.4, 4.8), instep, ankle, ankle + hand.vary(-1, 1.5), opening, np.float32(0))
    laces = wave((u - v * 0.5) * hand.vary(0.3, 0.45)) * ink(3 - np.abs(u - opening + 4.5)) * (v < 3)
    flank = line(u * hand.vary(0.4, 0.9) + v - hand.vary(0, 5), 1.3) * (np.abs(u - 2) < 5)
    stripe = hand.some(0.6) * flank * hand.vary(-0.6, 0.4)
    return where, bright * (1 - hand.some(0.8) * laces * hand.vary(0.2, 0.6)) * (1 + stripe)


def _bag(hand: Hand) -> Cloth:
    a, v = hand.a, hand.v
    wide, upper, end = hand.vary(8, 13), hand.vary(-6, 0), hand.vary(8, 12.5)
    width = wide + (v - end) * hand.vary(-0.12, 0.22)
    corner = hand.vary(0.5, 3)
    box = common(width - a, end - v, v - upper, (width + end - corner - a - v) * np.float32(0.7))
    reach, rise, thick = wide * hand.vary(0.35, 0.85), hand.vary(4, 10), hand.vary(0.5, 1.1)
    strap = thick - np.abs(hand.oval(0, upper + 1, reach, common(rise, upper + 13.8)))
    strap = np.where(hand.some(0.88), common(strap, upper + 1 - v), NOWHERE)
    where = union(box, strap)
    flap = upper + hand.vary(2, 7) - hand.vary(-0.1, 0.2) * a
    fold = line(v - flap) * (box > 0) * hand.some(0.75) * hand.vary(0.2, 0.7)
    clasp = line(hand.oval(0, upper + 4, np.float32(2), np.float32(2)) - 1, 2.2) * (a < 2) * (np.abs(v - flap) < 1.6)
    return where, (1 - fold) * (1 + hand.some(0.5) * clasp * hand.vary(-0.5, 0.4))


def _ankle_boot(hand: Hand) -> Cloth:
    u, v = hand.u, hand.v
    ankle, opening = hand.either(0.93, (14.5, 20), (11, 14)), hand.vary(0, 4.5)
    heel = np.where(hand.some(0.5), np.float32(0), hand.vary(1.5, 5))
    where, bright = shoe(hand, hand.vary(4, 5.8), hand.vary(7, 9.5), ankle, ankle + hand.vary(-1, 1.5), opening, heel)
    zipper = line(u - hand.vary(5, 9)) * (v < 4) * hand.some(0.4) * hand.vary(0.2, 0.6)
    strap = line(v - hand.vary(-4, 3), 1.3) * (u > opening - 3) * hand.some(0.4)
    return where, bright * (1 - zipper) * (1 - strap * hand.vary(0.2, 0.6))


_GARMENTS: tuple[Callable[[Hand], Cloth], ...] = (
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
