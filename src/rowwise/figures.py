"""A size and words → a matplotlib figure without a screen → PNG bytes: what all of rowwise's plots share.

Pictures are in the current language; Korean needs a font with Hangul, and without one they are in English.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.text import language, use_language
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

DPI = 110
COLUMNS_PER_INCH = 13  # of a terminal, as wide as text of 9 points
LATIN = "DejaVu Sans"  # comes with matplotlib
HANGUL = (  # families with Hangul, as Linux, macOS and Windows name them; the first one installed is taken
    "Noto Sans KR",
    "Noto Sans CJK KR",
    "Noto Sans CJK JP",  # matplotlib may know a collection by its first member only; all members have Hangul
    "Source Han Sans KR",
    "Source Han Sans K",
    "Pretendard",
    "NanumGothic",
    "Nanum Gothic",
    "NanumBarunGothic",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "AppleGothic",
    "UnDotum",
    "Baekmuk Dotum",
    "Dotum",
    "Gulim",
)


@contextmanager
def drawable_language() -> Iterator[None]:
    """Inside, the current language is one that pictures can be written in."""
    with use_language(None if language() == "en" or hangul_family() else "en"):
        yield


def new_figure(width: float, height: float, heading: str = "", caption: str = "") -> Figure:
    """An empty figure, without pyplot: no global state, no screen.

    Args:
        width, height: in inches.
        heading: above everything.
        caption: below everything, smaller: where the data come from, say.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    if heading:
        figure.suptitle(_wrapped(heading, width, 11), fontsize=11)
    if caption:
        figure.supxlabel(_wrapped(caption, width, 8), fontsize=8, color="dimgray")
    return figure


def to_png(figure: Figure) -> bytes:
    """The figure drawn, its words in fonts that have them."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_fontfamily(_families())
        text.set_linespacing(1.35)  # Hangul is taller than the Latin letters that the default is for
        text.set_parse_math(False)  # a dollar sign in a name is a dollar sign
    figure.draw_without_rendering()  # only the second layout knows how large the words are
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def readable(text: str) -> str:
    """`text` in one line, with a question mark for every character that no font at hand can draw."""
    drawable = _characters(tuple(_families()))
    return "".join(c if ord(c) in drawable else "?" for c in " ".join(text.split()))


def short_labels(names: Sequence[str], most: int = 20) -> list[str]:
    """Names of classes for a picture: at most so many columns wide; a name that cannot be drawn is its number."""
    from rich.cells import cell_len, set_cell_size

    labels = []
    for number, name in enumerate(names):
        label = readable(name)
        if not label or ("?" in label and "?" not in name):
            label = str(number)
        labels.append(label if cell_len(label) <= most else set_cell_size(label, most - 1).rstrip() + "…")
    return labels


def is_picture(shape: tuple[int, ...]) -> bool:
    """Whether records of this shape are pictures: `(h, w)`, `(h, w, 1)` or `(h, w, 3)`."""
    return 0 not in shape and (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3)))


def as_rgb(images: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """`(n, h, w)`, `(n, h, w, 1)` or `(n, h, w, 3)` of any type → `(n, h, w, 3)` uint8; low is black, high white."""
    if images.dtype != np.uint8 or (low, high) != (0, 255):
        scaled = (images.astype(np.float64) - low) * (255 / (high - low) if high > low else 0)
        images = np.rint(scaled.clip(0, 255)).astype(np.uint8)
    images = images[..., None] if images.ndim == 3 else images
    return np.broadcast_to(images, (*images.shape[:3], 3))


def value_range(x: NDArray[Any]) -> tuple[float, float]:
    """What is black and what is white in these images: 0 and 255 for uint8, else the least and the largest value."""
    return (0, 255) if x.dtype == np.uint8 or not x.size else (float(x.min()), float(x.max()))


def mosaic(images: Sequence[NDArray[Any]], columns: int, fill: float, gap: int = 1, above: int = 0) -> NDArray[Any]:
    """Images `(h, w)` or `(h, w, channels)` of one shape and type, put together row by row into one.

    Args:
        images: one at least.
        columns: images in a row.
        fill: the value of what lies between them.
        gap: pixels right of and below each image.
        above: more pixels above each image, for its words.
    """
    height, width = images[0].shape[:2]
    down, right = height + above + gap, width + gap
    rows = -(-len(images) // columns)
    sheet = np.full((rows * down, columns * right, *images[0].shape[2:]), fill, images[0].dtype)
    for place, image in enumerate(images):
        top, left = place // columns * down + above, place % columns * right
        sheet[top : top + height, left : left + width] = image
    return sheet


def subsampled(images: NDArray[Any], most: int) -> NDArray[Any]:
    """`(n, h, w, ...)` with every second, third, … row and column where more than `most` would be left."""
    step = max(-(-max(images.shape[1:3]) // most), 1)
    return images[:, ::step, ::step]


def _wrapped(text: str, inches: float, points: int) -> str:
    return "\n".join(readable(line) for line in wrap(text, max(int(inches * COLUMNS_PER_INCH * 9 / points), 10)))


def _families() -> list[str]:
    """For text in the current language, the first choice first."""
    order = (hangul_family(), LATIN) if language() == "ko" else (LATIN, hangul_family())
    return [family for family in order if family]


@cache
def hangul_family() -> str | None:
    """The first of HANGUL that is installed; looked for once, `cache_clear` looks again."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    names = {font.name for font in manager.ttflist}
    if not names.intersection(HANGUL):
        # matplotlib lists the fonts only once, at its first start: one may have been installed since.
        for file in set(font_manager.findSystemFonts()) - {font.fname for font in manager.ttflist}:
            try:
                manager.addfont(file)
            except Exception:  # a broken font, or of a kind that matplotlib cannot read
                continue
        names = {font.name for font in manager.ttflist}
    return next((name for name in HANGUL if name in names), None)


@cache
def _characters(families: tuple[str, ...]) -> frozenset[int]:
    from matplotlib import font_manager

    files = [font_manager.findfont(family, fallback_to_default=False) for family in families]
    return frozenset().union(*(font_manager.get_font(file).get_charmap() for file in files))
