"""A share of a class's records → the colour of its cell in the confusion matrix, light and dark."""

from __future__ import annotations

from rowwise.pages.palette import PALETTE

# How much ink a cell of the confusion matrix has, by the share of its true class. Between the light and the deep steps
# is a gap: neither black nor white text could be read there.
LIGHT_STEPS = (0.0, 0.09, 0.17, 0.25, 0.33)
DEEP_STEPS = (0.86, 0.93, 1.0)
STEPS = LIGHT_STEPS + DEEP_STEPS
HALF = 0.5  # from this share on a cell is deep
INKS = {"right": "x-ink", "wrong": "w-ink"}


def step(share: float) -> int:
    """Which of STEPS shows this share."""
    if share >= HALF:
        return len(LIGHT_STEPS) + min(int((share - HALF) / (1 - HALF) * len(DEEP_STEPS)), len(DEEP_STEPS) - 1)
    # The root makes 10 of 1,000 records visible.
    return min(1 + int((share / HALF) ** 0.5 * (len(LIGHT_STEPS) - 1)), len(LIGHT_STEPS) - 1) if share > 0 else 0


def mixed(ground: str, ink: str, part: float) -> str:
    """Two colours "#rrggbb" mixed: `part` of the ink."""
    pairs = zip(bytes.fromhex(ground[1:]), bytes.fromhex(ink[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def shades(theme: int) -> dict[str, str]:
    """`"right-3"` → its colour, for every step of both inks; theme 0 is light, 1 dark."""
    ground = PALETTE["card"][theme]
    return {
        f"{kind}-{n}": mixed(ground, PALETTE[ink][theme], part)
        for kind, ink in INKS.items()
        for n, part in enumerate(STEPS)
    }


# What report.css is given.
COLOURS = {
    "shades": (shades(0), shades(1)),
    "deep_shades": [f"{kind}-{len(LIGHT_STEPS) + n}" for kind in INKS for n in range(len(DEEP_STEPS))],
}
