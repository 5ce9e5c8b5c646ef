"""Pictures as records → X by name: which pixel of which picture a number of it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rowwise.text import say
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANNELS = ("red", "green", "blue")
COLUMN = 5  # of the first example; the second is the middle pixel's


def pixels_of(shape: tuple[int, ...], files: Sequence[str], records: int) -> list[dict[str, Any]]:
    """Two columns of the last record of a batch, as JSON takes them.

    Args:
        shape: of a record: `(height, width)` or `(height, width, 3)`.
        files: `(training records,)`: the picture of each.
        records: of the batch.

    Returns:
        `row` and `column` of X, `file`, and what it is there: `pixel_row`, `pixel_column`, `channel` (0 to 2; None in
        grey), counted from 0.
    """
    height, width = shape[:2]
    channels, last = math.prod(shape[2:]), min(records, len(files)) - 1
    columns = {min(COLUMN, math.prod(shape) - 1), ((height // 2) * width + width // 2) * channels}
    pixels = []
    for column in sorted(columns):
        pixel, channel = divmod(column, channels)
        pixels.append(
            {
                "row": last,
                "column": column,
                "file": files[last],
                "pixel_row": pixel // width,
                "pixel_column": pixel % width,
                "channel": channel if len(shape) == 3 else None,
            }
        )
    return pixels


def pixels_text(shape: tuple[int, ...], pixels: list[dict[str, Any]], records: int) -> str:
    """The same for people: the shape of X, then each number by name."""
    kind = "colour" if len(shape) == 3 else "grey"
    sizes = {"height": shape[0], "width": shape[1], "features": math.prod(shape)}
    lines = [*wrap(say(f"pixels.x.{kind}", records=records, **sizes)), ""]
    for one in pixels:
        channel = "" if one["channel"] is None else say(f"pixels.{CHANNELS[one['channel']]}")
        lines += wrap(say(f"pixels.one.{kind}", **(one | {"channel": channel, "file": _shown(one["file"])})))
    return "\n".join(lines)


def _shown(file: str) -> str:
    return "".join(letter if letter.isprintable() else "·" for letter in file)
