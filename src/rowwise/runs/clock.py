"""What is done under a name → the seconds it took."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """Seconds by name, from the moment it is made. Laps may overlap: one thread imports while another loads."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Adds the seconds of its block; one that fails is not noted."""
        begun = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun

    def total(self) -> float:
        """Seconds since the clock was made."""
        return time.perf_counter() - self._begun
