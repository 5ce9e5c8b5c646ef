"""History, Report, probabilities, kernel → PNG pictures, in the current language where there is a font for it.

`title` stands below each picture: where the data come from, say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.contact_sheet import check_pictures
from rowwise.data.dataset import PIXEL_MAX
from rowwise.errors import ShapeError
from rowwise.figures import (
    as_rgb,
    drawable_language,
    mosaic,
    new_figure,
    readable,
    short_labels,
    subsampled,
    to_png,
    value_range,
)
from rowwise.text import language, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.measure.regression import RegressionReport
    from rowwise.measure.report import Report

NAMED = ("loss", "accuracy")  # columns of a history that the catalogue has words for
MOST_CURVES = 4  # panels side by side
MOST_COUNTED = 25  # classes of a confusion picture that has room for its counts
MOST_POINTS = 2000  # of a scatter: more would merge
MOST_UNITS = 100  # images of a kernel
GALLERY_WIDTH = 9.2  # inches
GALLERY_COLUMNS = 5
GALLERY_WORDS = 0.62  # inches above each image: three lines of 9 points
GALLERY_SIDE = 200  # pixels: as many as an image of the gallery has on the paper


def learning_curves(history: Mapping[str, list[float]], title: str = "", kept: int = 0) -> bytes:
    """Loss and each metric by epoch, training and validation, side by side.

    Args:
        history: one value an epoch for each column, `val_…` for validation, as Keras's `History.history`.
        title: stands below.
        kept: the epoch whose weights are kept, from 1, if that is not simply the last one; 0 for none.
    """
    from matplotlib.ticker import MaxNLocator

    metrics = [name for name in history if not name.startswith("val_") and "learning_rate" not in name]
    names = sorted(metrics, key=lambda name: name != "loss")[:MOST_CURVES]
    with drawable_language():
        figure = new_figure(max(5 * len(names), 5), 4, say("pictures.curves"), title)
        for place, name in enumerate(names, 1):
            axes = figure.add_subplot(1, len(names), place)
            for key, kind, style in ((name, "training", "o-"), (f"val_{name}", "validation", "s--")):
                if values := history.get(key):
                    heights = np.array(values, np.float64)  # None, as run.json has what is not finite, becomes NaN
                    axes.plot(
                        np.arange(1, len(heights) + 1), heights, style, markersize=3, label=say(f"pictures.{kind}")
                    )
            if kept:
                axes.axvline(kept, color="gray", linestyle=":", label=say("pictures.kept", epoch=kept))
            axes.set_title(say(f"pictures.{name}") if name in NAMED else readable(name), fontsize=10)
            axes.set_xlabel(say("pictures.epoch"))
            axes.set_xlim(0.5, len(history[name]) + 0.5)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            axes.grid(alpha=0.3)
            axes.legend()
        return to_png(figure)


def confusion_picture(report: Report, title: str = "") -> bytes:
    """Counts; the colour is the share of the row, that is of the true class."""
    counts = report.confusion
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    classes = len(counts)
    with drawable_language():
        names = short_labels(report.classes_ko if report.classes_ko and language() == "ko" else report.classes)
        # Counts of six figures are as wide as this; without counts a class needs little.
        side = 2.6 + (0.56 if classes <= MOST_COUNTED else 0.16) * min(classes, 100)
        figure = new_figure(side + 0.6, side, say("pictures.confusion"), title)
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        size = 9 if classes <= MOST_COUNTED else 7
        shown = range(0, classes, -(-classes // 100))
        ticks = [names[c] for c in shown]
        axes.set_xticks(shown, ticks, rotation=45, ha="right", rotation_mode="anchor", fontsize=size)
        axes.set_yticks(shown, ticks, fontsize=size)
        axes.set_xlabel(say("pictures.predicted"))
        axes.set_ylabel(say("pictures.true"))
        if classes <= MOST_COUNTED:
            for (row, column), count in np.ndenumerate(counts):
                if count:
                    colour = "white" if shares[row, column] > 0.5 else "black"
                    axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour, fontsize=8)
        return to_png(figure)


def true_and_predicted(report: RegressionReport, title: str = "") -> bytes:
    """A point a record for each target: its true number to the right, the predicted one upwards."""
    names = report.counted[:MOST_CURVES]
    chosen = np.random.default_rng(0).permutation(report.records)[:MOST_POINTS]
    with drawable_language():
        figure = new_figure(max(4.6 * len(names), 5), 4.4, say("pictures.numbers"), title)
        for place, name in enumerate(names):
            axes = figure.add_subplot(1, len(names), place + 1)
            true, predicted = report.true[chosen, place], report.predicted[chosen, place]
            axes.scatter(true, predicted, s=8, alpha=0.5, linewidths=0)
            ends = [min(true.min(), predicted.min()), max(true.max(), predicted.max())]
            axes.plot(ends, ends, color="gray", linewidth=1)
            axes.set_title(readable(name), fontsize=10)
            axes.set_xlabel(say("pictures.true.number"))
            axes.set_ylabel(say("pictures.predicted.number"))
            axes.grid(alpha=0.3)
        return to_png(figure)


def wrong_gallery(data: Dataset, probabilities: NDArray[Any], most: int = 25, title: str = "") -> bytes:
    """The images that the model got wrong with the highest confidence.

    Args:
        data: pictures, with their true classes.
        probabilities: `(records, classes)`.
        most: images shown; the most confident mistake comes first.
        title: stands below.

    Raises:
        DataError: the records are no pictures.
    """
    check_pictures(data)
    predicted, confidence = probabilities.argmax(1), probabilities.max(1)
    wrong = np.flatnonzero(predicted != data.y)
    chosen = wrong[np.argsort(-confidence[wrong], kind="stable")[:most]]
    low, high = value_range(data.x)
    with drawable_language():
        if not len(chosen):
            figure = new_figure(GALLERY_WIDTH, 1.5, say("pictures.none_wrong", records=f"{len(data):,}"), title)
            return to_png(figure)
        names = short_labels(data.class_names, 16)
        images = as_rgb(subsampled(data.x[chosen], GALLERY_SIDE), low, high)
        height, width = images.shape[1:3]
        inches = GALLERY_WIDTH / GALLERY_COLUMNS / (width * 1.12)  # a pixel's side
        above, gap = round(GALLERY_WORDS / inches), round(0.12 * width)
        sheet = mosaic(list(images), GALLERY_COLUMNS, PIXEL_MAX, gap, above)
        heading = say("pictures.wrong", shown=len(chosen), wrong=f"{len(wrong):,}", records=f"{len(data):,}")
        figure = new_figure(GALLERY_WIDTH, sheet.shape[0] * inches + 0.6, heading, title)
        axes = figure.add_subplot()
        axes.imshow(sheet, interpolation="nearest")
        axes.set_axis_off()
        for place, record in enumerate(chosen):
            words = say(
                "pictures.wrong.one",
                true=names[data.y[record]],
                predicted=names[predicted[record]],
                percent=f"{100 * confidence[record]:.1f}",
            )
            row, column = divmod(place, GALLERY_COLUMNS)
            left, top = column * (width + gap), row * (height + above + gap) + above
            axes.text(left - 0.5, top - 0.5 - 0.04 / inches, words, ha="left", va="bottom", fontsize=9)
        return to_png(figure)


def kernel_images(kernel: NDArray[Any], shape: tuple[int, ...], most: int = MOST_UNITS, title: str = "") -> bytes:
    """The columns of a kernel as images: one unit's weights, blue negative, red positive.

    Args:
        kernel: `(features, units)`.
        shape: of a record, `(h, w)` or `(h, w, channels)`, whose features those are; channels are averaged.
        most: units shown.
        title: stands below.

    Raises:
        ShapeError: the shape has not as many values as the kernel has features.
    """
    if kernel.shape[0] != np.prod(shape) or len(shape) not in (2, 3):
        raise ShapeError("pictures.kernel.shape", kernel=kernel.shape, shape=shape)
    units = min(kernel.shape[1], most)
    columns = min(10, units)
    height, width = shape[:2]
    images = kernel[:, :units].T.reshape(units, height, width, -1).mean(3)
    sheet = mosaic(list(images), columns, np.nan)
    # 99.5 %: one huge weight would make all others look like nothing.
    limit = max(float(np.nanquantile(np.abs(sheet), 0.995)), 1e-12)
    with drawable_language():
        heading = say("pictures.kernel", units=units)
        figure = new_figure(0.9 * max(columns, 5) + 1, 0.9 * -(-units // columns) + 0.9, heading, title)
        axes = figure.add_subplot()
        image = axes.imshow(sheet, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
        axes.set_axis_off()
        figure.colorbar(image, ax=axes, label=say("pictures.weight"), fraction=0.02, pad=0.01)
        return to_png(figure)
