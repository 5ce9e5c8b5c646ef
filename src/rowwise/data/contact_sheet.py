"""A Dataset of pictures → a contact sheet: samples of each class in a row, and where they come from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.augmented_pictures import changed, mixed
from rowwise.errors import DataError
from rowwise.figures import (
    COLUMNS_PER_INCH,
    as_rgb,
    drawable_language,
    is_picture,
    mosaic,
    new_figure,
    short_labels,
    subsampled,
    to_png,
    value_range,
)
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.augmentation import Augmentation
    from rowwise.data.dataset import Dataset

SAMPLES = 12  # of each class
MOST_CLASSES = 40  # rows of a sheet
VERSIONS = 4  # of an augmented picture: as it is, and as three epochs see it
LARGEST_SIDE = 96  # pixels: of larger pictures every second, third, … pixel is shown
CELL = 0.6  # inches: the longer side of a sample
WHITE = 255


def contact_sheet(dataset: Dataset, samples: int = SAMPLES, augmentation: Augmentation | None = None) -> bytes:
    """A PNG: a row of samples for each class, or one of records whose targets are numbers, its name and number of
    records beside it, the provenance below.

    Args:
        dataset: records `(h, w)`, `(h, w, 1)` or `(h, w, 3)`, of any type; values that are not uint8 are shown
            from their least (black) to their largest (white).
        samples: of each class, spread evenly over its records.
        augmentation: each picture is followed by what the first epochs of a training with seed 0 make of it.

    Raises:
        DataError: the records are no pictures.
    """
    from rich.cells import cell_len

    check_pictures(dataset)
    if augmentation is not None and dataset.x.dtype != np.uint8:
        raise DataError("show.augment", name=dataset.name, found=dataset.x.dtype)
    with drawable_language():
        groups = _groups(dataset)
        samples = min(samples, (1 if augmentation is None else VERSIONS) * max(1, *map(len, groups)))
        images = _rows(dataset, groups, samples, augmentation)
        gap = max(1, min(images[0].shape[:2]) // 14)
        sheet = mosaic(images, samples, WHITE, gap)
        step = images[0].shape[0] + gap
        inches = CELL / (max(images[0].shape[:2]) + gap)
        heading, caption = heading_of(dataset), caption_of(dataset)
        if augmentation is not None:
            heading += "; " + say("show.heading.augmented", epochs=VERSIONS - 1)
        names = short_labels(dataset.class_names[: len(groups)] if dataset.classes else dataset.targets[:1])
        rows = [f"{name}  ({len(group):,})" for name, group in zip(names, groups, strict=True)]
        beside = max(cell_len(row) for row in rows) / COLUMNS_PER_INCH + 0.2
        figure = new_figure(max(sheet.shape[1] * inches + beside, 5), sheet.shape[0] * inches + 0.7, heading, caption)
        axes = figure.add_subplot()
        axes.imshow(sheet, interpolation="nearest")
        axes.set_yticks((np.arange(len(groups)) + 0.5) * step - gap / 2 - 0.5, rows, fontsize=9)
        axes.set_xticks([])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        return to_png(figure)


def heading_of(dataset: Dataset) -> str:
    """What is shown: the data's name, shape, type and number of records, and how many classes if not all of them."""
    heading = say(
        "show.heading",
        data=" ".join(word for word in (dataset.name, dataset.part) if word),
        records=f"{len(dataset):,}",
        shape=" x ".join(map(str, dataset.shape)),
        dtype=dataset.x.dtype,
    )
    if len(dataset.classes) > MOST_CLASSES:
        heading += " " + say("show.heading.classes", shown=MOST_CLASSES, classes=len(dataset.classes))
    return heading


def caption_of(dataset: Dataset) -> str:
    """Where the pictures come from, and the beginning of their checksum."""
    return say("show.caption", provenance=dataset.origin or say("show.unknown"), checksum=dataset.checksum[:12])


def check_pictures(dataset: Dataset) -> None:
    """Raises DataError where the records are no pictures, with the line that would turn them into pictures, if any."""
    shape = dataset.shape
    if is_picture(shape):
        return
    side = math.isqrt(math.prod(shape))
    if len(shape) == 1 and side > 1 and side**2 == shape[0]:
        raise DataError("show.flat", name=dataset.name, found=dataset.x.shape, side=side)
    if len(shape) == 3 and shape[0] in (1, 3):
        raise DataError("show.channels_first", name=dataset.name, found=dataset.x.shape)
    raise DataError("show.no_pictures", name=dataset.name, found=dataset.x.shape)


def _groups(dataset: Dataset) -> list[NDArray[np.intp]]:
    """The records of each class that has a row; of targets that are numbers all, from the least to the largest."""
    if dataset.classes:
        return [np.flatnonzero(dataset.y == label) for label in range(min(len(dataset.classes), MOST_CLASSES))]
    return [np.argsort(dataset.y.reshape(len(dataset), -1)[:, 0], kind="stable")]


def _rows(
    dataset: Dataset, groups: list[NDArray[np.intp]], samples: int, augmentation: Augmentation | None
) -> list[NDArray[np.uint8]]:
    """`samples` images `(h, w, 3)` of each group of records, one after the other; white where it has no more."""
    low, high = value_range(dataset.x)
    images: list[NDArray[np.uint8]] = []
    for records in groups:
        versions = 1 if augmentation is None else VERSIONS
        spread = np.linspace(0, len(records) - 1, min(max(samples // versions, 1), len(records))).astype(int)
        shown = _versions(dataset, records[spread], augmentation)[:samples]
        images += list(as_rgb(subsampled(shown, LARGEST_SIDE), low, high))
        if missing := samples - len(shown):
            blank = np.full((missing, *dataset.shape[:2], 3), WHITE, np.uint8)
            images += list(subsampled(blank, LARGEST_SIDE))
    return images


def _versions(dataset: Dataset, records: NDArray[np.intp], augmentation: Augmentation | None) -> NDArray[Any]:
    """These records, each followed by what is made of it."""
    x = dataset.x[records]
    if augmentation is None:
        return x
    made = [x]
    for epoch in range(VERSIONS - 1):
        how = augmentation.drawn(0, epoch, len(dataset), dataset.shape)
        changed(x, how[records], out := np.empty_like(x))
        if augmentation.mixup:
            partner, weight = augmentation.mixed(0, epoch, len(dataset))
            others = np.ascontiguousarray(dataset.x[partner[records]])
            changed(others, how[partner[records]], other := np.empty_like(x))
            flat = out.reshape(len(x), -1), other.reshape(len(x), -1)
            mixed(*flat, np.arange(len(x), dtype=np.int32), weight[records], flat[0])
        made.append(out)
    return np.stack(made, axis=1).reshape(-1, *dataset.shape)
