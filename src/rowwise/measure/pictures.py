"""History, Report, probabilities, kernel → PNG pictures."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.measure.report import Report

DOTS = 110  # an inch


def learning_curves(history: Mapping[str, list[float]], title: str = "") -> bytes:
    """Loss and accuracy by epoch, training and validation, side by side."""
    from matplotlib.ticker import MaxNLocator

    names = [name for name in ("loss", "accuracy") if name in history]
    figure = _figure(5 * len(names), 3.8, title)
    for place, name in enumerate(names, 1):
        axes = figure.add_subplot(1, len(names), place)
        for key, label, style in ((name, "training", "-"), (f"val_{name}", "validation", "--")):
            if values := history.get(key):
                axes.plot(range(1, len(values) + 1), values, style, marker=".", label=label)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    return _png(figure)


def confusion_picture(report: Report, title: str = "") -> bytes:
    """Counts; the colour is the share of the row, that is of the true class."""
    names, counts = report.classes, report.confusion
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = 2.5 + 0.55 * len(names)
    figure = _figure(side + 0.6, side, title)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour, fontsize=8)
    return _png(figure)


def wrong_gallery(data: Dataset, probabilities: NDArray[Any], most: int = 25, title: str = "") -> bytes:
    """The images that the model got wrong with the highest probability: true → predicted, probability."""
    predicted, sure = probabilities.argmax(1), probabilities.max(1)
    wrong = np.flatnonzero(predicted != data.y)
    chosen = wrong[np.argsort(-sure[wrong], kind="stable")[:most]]
    columns = 5
    rows = max(1, -(-len(chosen) // columns))
    figure = _figure(1.75 * columns, 1.9 * rows + 0.5, title)
    if not len(chosen):
        figure.text(0.5, 0.5, "Nothing was wrong.", ha="center", va="center")
    for place, record in enumerate(chosen, 1):
        axes = figure.add_subplot(rows, columns, place)
        axes.imshow(data.x[record], cmap="gray")
        axes.set_axis_off()
        names = data.classes[data.y[record]], data.classes[predicted[record]]
        axes.set_title(f"{names[0]}\n→ {names[1]} {100 * sure[record]:.1f} %", fontsize=8)
    return _png(figure)


def kernel_images(kernel: NDArray[Any], shape: tuple[int, ...], most: int = 100, title: str = "") -> bytes:
    """The columns of a kernel `(features, units)` as images: one unit's weights, blue negative, red positive."""
    units = min(kernel.shape[1], most)
    columns = min(10, units)
    rows = -(-units // columns)
    height, width = shape[:2]
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for unit in range(units):
        top, left = unit // columns * (height + 1), unit % columns * (width + 1)
        image = kernel[:, unit].reshape(height, width, -1).mean(2)
        sheet[top : top + height, left : left + width] = image
    # 99.5 %: one huge weight would make all others look like nothing.
    limit = max(float(np.nanquantile(np.abs(sheet), 0.995)), 1e-12)
    figure = _figure(0.9 * columns, 0.9 * rows + 0.6, title)
    axes = figure.add_subplot()
    axes.imshow(sheet, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set_axis_off()
    return _png(figure)


def _figure(width: float, height: float, title: str) -> Figure:
    # Figure, not pyplot: no global state, no screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    if title:
        figure.suptitle(title, fontsize=9, color="dimgray")
    return figure


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
