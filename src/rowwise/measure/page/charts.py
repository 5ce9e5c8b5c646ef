"""Numbers → charts as inline SVG, 360 units wide, in the colours of the page.

A chart is told twice: as a picture, and in its description for who cannot see it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rowwise.measure.as_text import significant
from rowwise.shapes.ledger.drawing import Drawing, inline, safe, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rowwise.measure.calibration import Calibration

WIDTH, HEIGHT = 360.0, 240.0
TOP, RIGHT, BOTTOM = 10.0, 12.0, 40.0


@dataclass(frozen=True)
class Frame:
    """From numbers to places: `low` at the left or bottom end, `high` at the other."""

    x: tuple[float, float]
    y: tuple[float, float]
    left: float

    def across(self, value: float) -> float:
        """Units from the left edge."""
        return self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - RIGHT - self.left)

    def down(self, value: float) -> float:
        """Units from the upper edge."""
        return HEIGHT - BOTTOM - (value - self.y[0]) / (self.y[1] - self.y[0]) * (HEIGHT - BOTTOM - TOP)


def curves(
    series: Sequence[tuple[str, Sequence[float]]], title: str, description: str, across: str, first: int = 1
) -> str:
    """Lines by epoch.

    Args:
        series: for each line its class in the page's rules ("one" or "two-line") and a value an epoch; values that
            are not finite are left out.
        across: says what goes to the right.
        first: the number of the first epoch.
    """
    known = [value for _, values in series for value in values if math.isfinite(value)]
    if not known:
        return ""
    longest = max(len(values) for _, values in series)
    low, high = _apart(min(known), max(known))
    ticks = nice(low, high)
    frame = _frame((first - 0.5, first + longest - 0.5), (min(low, ticks[0]), max(high, ticks[-1])), ticks)
    whole = [tick for tick in nice(first, first + longest - 1, 6) if tick == int(tick)] or [first]
    parts = [_axes(frame, whole, ticks, across)]
    for kind, values in series:
        points = [
            (frame.across(first + epoch), frame.down(value))
            for epoch, value in enumerate(values)
            if math.isfinite(value)
        ]
        parts.append(f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>')
        dot = "dot-one" if kind == "one" else "dot-two"
        if len(points) <= 40:
            parts += [f'<circle class="{dot}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in points]
    return _svg(parts, title, description)


def reliability(found: Calibration, title: str, description: str, across: str) -> str:
    """A bar a bin: how much of it was right; the gap to its confidence is hatched by colour."""
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    frame = _frame((0, 1), (0, 1), ticks)
    parts = [_axes(frame, ticks, ticks, across)]
    for each in found.bins:
        left, wide = frame.across(each.low) + 0.5, frame.across(each.high) - frame.across(each.low) - 1
        top = frame.down(each.accuracy)
        parts.append(_box("box", left, top, wide, frame.down(0) - top))
        ends = sorted((top, frame.down(each.confidence)))
        parts.append(_box("gap", left, ends[0], wide, ends[1] - ends[0]))
    parts.append(_line(frame, "base", (0, 0), (1, 1)))
    return _svg(parts, title, description)


def histogram(counts: Sequence[int], edges: Sequence[float], title: str, description: str, across: str) -> str:
    """A bar a bin, as high as its count."""
    ticks = nice(0, max(counts), 4)
    frame = _frame((edges[0], edges[-1]), (0, max(max(counts), ticks[-1])), ticks)
    parts = [_axes(frame, nice(edges[0], edges[-1], 5), ticks, across)]
    for count, low, high in zip(counts, edges, edges[1:], strict=False):
        left, top = frame.across(low) + 0.5, frame.down(count)
        parts.append(_box("box", left, top, frame.across(high) - left - 0.5, frame.down(0) - top))
    return _svg(parts, title, description)


def scatter(points: Iterable[tuple[float, float]], title: str, description: str, across: str) -> str:
    """A point a record on one scale for both axes, and the line on which both numbers are equal."""
    points = list(points)
    low, high = _apart(min(map(min, points)), max(map(max, points)))
    ticks = nice(low, high)
    ends = min(low, ticks[0]), max(high, ticks[-1])
    frame = _frame(ends, ends, ticks)
    parts = [_axes(frame, nice(*ends, 5), ticks, across), _line(frame, "base", (ends[0], ends[0]), (ends[1], ends[1]))]
    parts += [f'<circle class="point" cx="{frame.across(x):.1f}" cy="{frame.down(y):.1f}" r="2.5"/>' for x, y in points]
    return _svg(parts, title, description)


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
    return (low, high) if high > low else (low - (abs(low) or 1) / 10, high + (abs(high) or 1) / 10)


def _frame(x: tuple[float, float], y: tuple[float, float], ticks: Sequence[float]) -> Frame:
    return Frame(x, y, 14 + max(text_width(_told(tick, ticks), "s") for tick in ticks))


def _told(tick: float, ticks: Sequence[float]) -> str:
    """A tick as short as all of them allow."""
    if not tick:
        return "0"
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else abs(tick)
    if step >= 1e-4 and max(map(abs, ticks)) < 1e7:
        return f"{tick:,.{max(-math.floor(math.log10(step) + 1e-9), 0)}f}"
    return significant(tick, 2)


def _axes(frame: Frame, across: Sequence[float], ticks: Sequence[float], words: str) -> str:
    right, floor = WIDTH - RIGHT, frame.down(frame.y[0])
    parts = []
    for tick in ticks:
        y = frame.down(tick)
        parts.append(f'<path class="ax" d="M{frame.left:.1f} {y:.1f}H{right:.1f}"/>')
        parts.append(f'<text x="{frame.left - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{_told(tick, ticks)}</text>')
    for tick in across:
        x = frame.across(tick)
        parts.append(f'<path class="ax" d="M{x:.1f} {floor:.1f}v5"/>')
        parts.append(f'<text x="{x:.1f}" y="{floor + 18:.1f}" text-anchor="middle">{_told(tick, across)}</text>')
    parts.append(f'<text x="{right:.1f}" y="{HEIGHT - 5:.1f}" text-anchor="end">{safe(words)}</text>')
    return "".join(parts)


def _box(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{max(height, 0):.1f}"/>'


def _line(frame: Frame, kind: str, start: tuple[float, float], end: tuple[float, float]) -> str:
    begin, finish = (f"{frame.across(x):.1f} {frame.down(y):.1f}" for x, y in (start, end))
    return f'<path class="{kind}" d="M{begin}L{finish}"/>'


def _svg(parts: Sequence[str], title: str, description: str) -> str:
    return inline(Drawing("".join(parts), WIDTH, HEIGHT), title, description)
