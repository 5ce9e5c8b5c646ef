"""A Dataset of pictures → a contact sheet: samples of each class in a row, and where they come from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from rowwise.errors import DataError
from rowwise.figures import CELLS, brightness, colours, figure, is_picture, labels, mosaic, png, speaking, thinned
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

SAMPLES = 12  # of each class
MOST_CLASSES = 40  # rows of a sheet
LARGEST_SIDE = 96  # pixels: of larger pictures every second, third, … pixel is shown
CELL = 0.6  # inches: the longer side of a sample
WHITE = 255


def contact_sheet(dataset: Dataset, samples: int = SAMPLES) -> bytes:
    """A PNG: a row of samples for each class, its name and number of records beside it, the provenance below.

    Args:
        dataset: records `(h, w)`, `(h, w, 1)` or `(h, w, 3)`, of any type; values that are not uint8 are shown
            from their least (black) to their largest (white).
        samples: of each class, spread evenly over its records.

    Raises:
        DataError: the records are no pictures.
    """
    from rich.cells import cell_len

    check_pictures(dataset)
    with speaking():
        counts = dataset.counts[:MOST_CLASSES]
        samples = min(samples, max(int(counts.max()), 1))
        images = _rows(dataset, len(counts), samples)
        gap = max(1, min(images[0].shape[:2]) // 14)
        sheet = mosaic(images, samples, WHITE, gap)
        step = images[0].shape[0] + gap
        inches = CELL / (max(images[0].shape[:2]) + gap)
        heading = say(
            "show.heading",
            data=" ".join(word for word in (dataset.name, dataset.part) if word),
            records=f"{len(dataset):,}",
            shape=" x ".join(map(str, dataset.shape)),
            dtype=dataset.x.dtype,
        )
        if len(counts) < len(dataset.classes):
            heading += " " + say("show.heading.classes", shown=len(counts), classes=len(dataset.classes))
        caption = say("show.caption", provenance=dataset.origin or say("show.unknown"), checksum=dataset.checksum[:12])
        names = labels(dataset.class_names[: len(counts)])
        rows = [f"{name}  ({count:,})" for name, count in zip(names, counts, strict=True)]
        beside = max(cell_len(row) for row in rows) / CELLS + 0.2
        made = figure(max(sheet.shape[1] * inches + beside, 5), sheet.shape[0] * inches + 0.7, heading, caption)
        axes = made.add_subplot()
        axes.imshow(sheet, interpolation="nearest")
        axes.set_yticks((np.arange(len(counts)) + 0.5) * step - gap / 2 - 0.5, rows, fontsize=9)
        axes.set_xticks([])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        return png(made)


def check_pictures(dataset: Dataset) -> None:
    """Raises DataError where the records are no pictures, with the line that would make them some if there is one."""
    shape = dataset.shape
    if is_picture(shape):
        return
    side = math.isqrt(math.prod(shape))
    if len(shape) == 1 and side > 1 and side**2 == shape[0]:
        raise DataError("show.flat", name=dataset.name, found=dataset.x.shape, side=side)
    if len(shape) == 3 and shape[0] in (1, 3):
        raise DataError("show.channels_first", name=dataset.name, found=dataset.x.shape)
    raise DataError("show.no_pictures", name=dataset.name, found=dataset.x.shape)


def _rows(dataset: Dataset, classes: int, samples: int) -> list[NDArray[np.uint8]]:
    """`samples` images `(h, w, 3)` of each class, class after class; white where it has no more records."""
    low, high = brightness(dataset.x)
    images: list[NDArray[np.uint8]] = []
    for label in range(classes):
        records = np.flatnonzero(dataset.y == label)
        spread = np.linspace(0, len(records) - 1, min(samples, len(records))).astype(int)
        images += list(colours(thinned(dataset.x[records[spread]], LARGEST_SIDE), low, high))
        if missing := samples - len(spread):
            blank = np.full((missing, *dataset.shape[:2], 3), WHITE, np.uint8)
            images += list(thinned(blank, LARGEST_SIDE))
    return images
