"""The events of a training → the story and the mirror that the page shows, and the confusion matrix of a sample."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rowwise.errors import ModelError
from rowwise.runs import events
from rowwise.studio.mirror import Mirror
from rowwise.studio.within import Within

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.runs.events import Event
    from rowwise.studio.pace import Pace

SHARE = 0.01  # of the time of a training, at most, that looking into it takes
TOLD = 0.12  # seconds between two points of the curve that the page is told, at least: as many as an eye can follow
SAMPLE = 2000  # test records that the confusion matrix of a training under way is counted on


class Shows(Protocol):
    """What is told of a training."""

    def mirrored(self, mirror: Mirror) -> None:
        """The model that can be looked into from now on."""

    def happened(self, event: Event, changes: dict[str, Any]) -> None:
        """An event, and what else the story has new."""

    def hold(self) -> float:
        """Wait while the training is paused; the seconds that took."""


class Watch:
    """The observer of one training; looking into it takes `SHARE` of its time at most."""

    def __init__(self, shows: Shows, test: Dataset, pace: Pace) -> None:
        self._shows, self._pace = shows, pace
        self._sample, self._classes = test[:SAMPLE], len(test.classes)
        self._mirror: Mirror | None = None
        self._weights: Callable[[], list[Any]] | None = None
        self._next = 0.0
        self._within = Within()
        self._looks = 0
        self._told = 0.0
        self._held = 0.0  # seconds of the epoch under way that it was paused

    def observe(self, event: Event) -> None:
        """What a training calls, on the thread that trains."""
        changes: dict[str, Any] = {}
        match event:
            case events.ModelBuilt():
                self._mirror = Mirror.of(event.model)
                self._shows.mirrored(self._mirror)
            case events.TrainingBegan():
                self._weights = event.weights
                self._pace.begin()
            case events.StepsDone(number, done, steps, told):
                new, now = self._within.add(number, done, steps, told), time.perf_counter()
                self._pace.steps(now, number, done)
                if new and (now - self._told >= TOLD or done == steps):
                    self._told = now
                    changes = {"within": tuple(self._within.points)}
                changes |= self._look()
            case events.EpochEnded():
                event, self._held = replace(event, seconds=max(0.0, event.seconds - self._held)), 0.0
                changes = self._look()
            case events.TrainingEnded():
                self._weights = None
        if changes or not isinstance(event, events.StepsDone):
            self._shows.happened(event, changes)
        if isinstance(event, events.StepsDone):
            self._held += self._shows.hold()
        elif isinstance(event, events.EpochEnded):
            self._shows.hold()

    def _look(self) -> dict[str, Any]:
        """Take the weights over and count the confusion matrix, unless the last time is too short ago."""
        begun = time.perf_counter()
        if begun < self._next or self._weights is None or self._mirror is None:
            return {}
        self._mirror.take(self._weights())
        self._looks += 1
        changes: dict[str, Any] = {"looks": self._looks}
        if self._classes:
            with suppress(ModelError):  # its outputs are no numbers: it diverges, which the training says by itself
                matrix = confusion(self._sample, self._mirror.classes(self._sample.x))
                changes |= {"confusion": matrix, "sampled": len(self._sample)}
        now = time.perf_counter()
        self._next = now + (now - begun) / SHARE
        return changes


def confusion(data: Dataset, answers: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """Rows of counts: true class by the class answered."""
    classes = len(data.classes)
    counts = np.bincount(data.y * classes + answers, minlength=classes * classes)
    return tuple(tuple(row) for row in counts.reshape(classes, classes).tolist())
