"""Figures of an epoch until now, told again and again → those of the records in between, for a curve within it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 360  # points of a curve; where there are more, two become one
ACCURACIES = ("accuracy", "binary_accuracy", "mean_absolute_error")  # of which a model of ours has one, or none

Point = tuple[float, float, float | None]
"""Epochs done, the loss, and the accuracy or error, of the records since the point before."""


class Within:
    """The curve of one training; a mean until now, times the steps until now, less what was there before."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._share = 1  # of the steps told that become a point
        self._held: list[Point] = []
        self._epoch, self._done = 0, 0
        self._sums: tuple[float, float | None] = (0.0, 0.0)

    def add(self, epoch: int, done: int, steps: int, figures: Mapping[str, float]) -> bool:
        """After `done` of the steps of an epoch, from 1; whether there is a new point."""
        if epoch != self._epoch:
            self._epoch, self._done, self._sums = epoch, 0, (0.0, 0.0)
        new = done - self._done
        if new <= 0 or "loss" not in figures:
            return False
        judged = next((float(figures[name]) for name in ACCURACIES if name in figures), None)
        sums = float(figures["loss"]) * done, None if judged is None else judged * done
        before, self._sums, self._done = self._sums, sums, done
        second = None if sums[1] is None else (sums[1] - (before[1] or 0.0)) / new
        self._held.append((epoch - 1 + done / steps, (sums[0] - before[0]) / new, second))
        if len(self._held) < self._share:
            return False
        self.points.append(_mean(self._held))
        self._held = []
        if len(self.points) >= MOST:
            self.points = [_mean(self.points[place : place + 2]) for place in range(0, len(self.points), 2)]
            self._share *= 2
        return True


def _mean(points: list[Point]) -> Point:
    """Of neighbours, at the place of the last."""
    judged = [point[2] for point in points if point[2] is not None]
    loss = sum(point[1] for point in points) / len(points)
    return _short(points[-1][0]), _short(loss), _short(sum(judged) / len(judged)) if judged else None


def _short(value: float) -> float:
    """As many digits as a drawing shows: they are sent again and again."""
    return float(f"{value:.6g}")
