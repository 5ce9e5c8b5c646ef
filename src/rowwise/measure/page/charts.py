"""Numbers → charts as inline SVG, 360 units wide, in the colours of the page.

A chart has a description, for those who cannot see it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from rowwise.measure.as_text import significant
from rowwise.pages.svg import Drawing, element, inline, points, short, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rowwise.measure.calibration import Calibration

WIDTH, HEIGHT = 360.0, 240.0
TOP, RIGHT, BOTTOM = 10.0, 12.0, 40.0
MOST_DOTS = 40  # points of a curve up to which each has a dot
RADIUS = 2.5  # of a dot


class Labels(NamedTuple):
    """What a chart says in words: its title, what it shows, and what its axis across is."""

    title: str
    description: str
    axis: str


@dataclass(frozen=True)
class Frame:
    """From numbers to places: the low end of `x` is at the left, that of `y` at the bottom."""

    x: tuple[float, float]
    y: tuple[float, float]
    left: float

    def across(self, value: float) -> float:
        """Units from the left edge."""
        return self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - RIGHT - self.left)

    def down(self, value: float) -> float:
        """Units from the upper edge."""
        return HEIGHT - BOTTOM - (value - self.y[0]) / (self.y[1] - self.y[0]) * (HEIGHT - BOTTOM - TOP)


def curves(series: Sequence[tuple[str, Sequence[float]]], labels: Labels, first: int = 1, kept: int = 0) -> Markup:
    """Lines by epoch; empty where no value is finite.

    Args:
        series: for each line its class in report.css ("first" or "second") and a value an epoch; values that are not
            finite are left out.
        first: the number of the first epoch.
        kept: the number of an epoch that is marked; 0 for none.
    """
    finite = [value for _, values in series for value in values if math.isfinite(value)]
    if not finite:
        return Markup()
    last = first + max(len(values) for _, values in series) - 1
    low, high = _apart(min(finite), max(finite))
    ticks = nice(low, high)
    frame = _frame((first - 0.5, last + 0.5), (min(low, ticks[0]), max(high, ticks[-1])), ticks)
    epochs = [tick for tick in nice(first, last, 6) if tick == int(tick)] or [first]
    parts = _axes(frame, epochs, ticks, labels.axis)
    if kept:
        x = short(frame.across(kept))
        parts.append(element("path", class_="kept", d=f"M{x} {short(TOP)}V{short(HEIGHT - BOTTOM)}"))
    for kind, values in series:
        places = [
            (frame.across(first + epoch), frame.down(value))
            for epoch, value in enumerate(values)
            if math.isfinite(value)
        ]
        parts.append(element("polyline", class_=f"curve {kind}", points=points(places)))
        if len(places) <= MOST_DOTS:
            parts += [_dot(f"dot {kind}", x, y) for x, y in places]
    return _chart(parts, labels)


def lines(
    x: Sequence[float], series: Sequence[tuple[str, Sequence[float]]], labels: Labels, ends: tuple[float, float]
) -> Markup:
    """Lines over numbers in ascending order.

    Args:
        series: for each line its class in report.css ("first" to "fourth") and a value for each of `x`.
        ends: the lowest and the highest value that the chart has room for.
    """
    low, high = _apart(*ends)
    ticks = nice(low, high)
    frame = _frame((x[0], x[-1]), (min(low, ticks[0]), max(high, ticks[-1])), ticks)
    parts = _axes(frame, nice(x[0], x[-1], 5), ticks, labels.axis)
    for kind, values in series:
        places = [(frame.across(at), frame.down(value)) for at, value in zip(x, values, strict=True)]
        parts.append(element("polyline", class_=f"curve {kind}", points=points(places)))
        parts += [_dot(f"dot {kind}", across, down) for across, down in places]
    return _chart(parts, labels)


def reliability(calibration: Calibration, labels: Labels) -> Markup:
    """A bar a bin: the share that was right; the gap to its confidence has another colour."""
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    frame = _frame((0, 1), (0, 1), ticks)
    parts = _axes(frame, ticks, ticks, labels.axis)
    for each in calibration.bins:
        left, wide = frame.across(each.low) + 0.5, frame.across(each.high) - frame.across(each.low) - 1
        top = frame.down(each.accuracy)
        parts.append(_bar("bar", left, top, wide, frame.down(0) - top))
        upper, lower = sorted((top, frame.down(each.confidence)))
        parts.append(_bar("gap", left, upper, wide, lower - upper))
    parts.append(_diagonal(frame, 0, 1))
    return _chart(parts, labels)


def histogram(counts: Sequence[int], edges: Sequence[float], labels: Labels) -> Markup:
    """A bar a bin, as high as its count."""
    ticks = nice(0, max(counts), 4)
    frame = _frame((edges[0], edges[-1]), (0, max(max(counts), ticks[-1])), ticks)
    parts = _axes(frame, nice(edges[0], edges[-1], 5), ticks, labels.axis)
    for count, low, high in zip(counts, edges, edges[1:], strict=False):
        left, top = frame.across(low) + 0.5, frame.down(count)
        parts.append(_bar("bar", left, top, frame.across(high) - left - 0.5, frame.down(0) - top))
    return _chart(parts, labels)


def scatter(pairs: Iterable[tuple[float, float]], labels: Labels) -> Markup:
    """A point a pair on one scale for both axes, and the line on which both numbers are equal."""
    pairs = list(pairs)
    low, high = _apart(min(map(min, pairs)), max(map(max, pairs)))
    ticks = nice(low, high)
    ends = min(low, ticks[0]), max(high, ticks[-1])
    frame = _frame(ends, ends, ticks)
    parts = [*_axes(frame, nice(*ends, 5), ticks, labels.axis), _diagonal(frame, *ends)]
    parts += [_dot("point", frame.across(x), frame.down(y)) for x, y in pairs]
    return _chart(parts, labels)


def nice(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, at most so many steps of 1, 2 or 5 times a power of ten."""
    if high <= low:
        return [low]
    rough = (high - low) / most
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    begin = math.ceil(low / step - 1e-9)
    return [n * step for n in range(begin, math.floor(high / step + 1e-9) + 1)] or [low]


def _apart(low: float, high: float) -> tuple[float, float]:
    """Both ends, moved apart where they are equal."""
    return (low, high) if high > low else (low - (abs(low) or 1) / 10, high + (abs(high) or 1) / 10)


def _frame(x: tuple[float, float], y: tuple[float, float], ticks: Sequence[float]) -> Frame:
    return Frame(x, y, 14 + max(text_width(_tick_text(tick, ticks), "small") for tick in ticks))


def _tick_text(tick: float, ticks: Sequence[float]) -> str:
    """A tick as short as all of them allow."""
    if not tick:
        return "0"
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else abs(tick)
    if step >= 1e-4 and max(map(abs, ticks)) < 1e7:
        return f"{tick:,.{max(-math.floor(math.log10(step) + 1e-9), 0)}f}"
    return significant(tick, 2)


def _axes(frame: Frame, across: Sequence[float], up: Sequence[float], axis: str) -> list[Markup]:
    """Lines and numbers at the ticks of both axes, and what the one across is."""
    right, floor = WIDTH - RIGHT, frame.down(frame.y[0])
    parts = []
    for tick in up:
        y = frame.down(tick)
        parts.append(element("path", class_="tick", d=f"M{short(frame.left)} {short(y)}H{short(right)}"))
        parts.append(element("text", _tick_text(tick, up), x=frame.left - 6, y=y + 4, text_anchor="end"))
    for tick in across:
        x = frame.across(tick)
        parts.append(element("path", class_="tick", d=f"M{short(x)} {short(floor)}v5"))
        parts.append(element("text", _tick_text(tick, across), x=x, y=floor + 18, text_anchor="middle"))
    parts.append(element("text", axis, x=right, y=HEIGHT - 5, text_anchor="end"))
    return parts


def _bar(kind: str, x: float, y: float, width: float, height: float) -> Markup:
    return element("rect", class_=kind, x=x, y=y, width=max(width, 0.5), height=max(height, 0))


def _dot(kind: str, x: float, y: float) -> Markup:
    return element("circle", class_=kind, cx=x, cy=y, r=RADIUS)


def _diagonal(frame: Frame, low: float, high: float) -> Markup:
    begin, end = (f"{short(frame.across(value))} {short(frame.down(value))}" for value in (low, high))
    return element("path", class_="diagonal", d=f"M{begin}L{end}")


def _chart(parts: Iterable[Markup], labels: Labels) -> Markup:
    return inline(Drawing(Markup().join(parts), WIDTH, HEIGHT), labels.title, labels.description)
