"""Data that are about to be read → Keras imported and JAX warm by the time that somebody trains on them."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from rowwise.runs.keras_import import import_loaders
from rowwise.runs.settings import Settings

if TYPE_CHECKING:
    from rowwise.data.source import Source
    from rowwise.studio.held import Held


class Warming:
    """A thread that imports what a training needs while the first records are read and looked at.

    Two threads that import Keras at the same time could wait for one another for ever: whoever needs it calls `wait`.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._read = threading.Event()  # the first records are there, or cannot be read
        self._held: Held | None = None
        self._awaited = False

    def begin(self, source: Source | None) -> None:
        """The first time start the thread, once all is imported that reads `source`; another time wait for its end."""
        if self._thread is not None:
            self.wait()
            return
        import_loaders(source)
        thread = threading.Thread(target=self._warm, name="rowwise-studio-warming", daemon=True)
        thread.start()
        self._thread = thread

    def go_on(self, held: Held | None) -> None:
        """The records are read; None where they could not be."""
        if not self._read.is_set():
            self._held = held
            self._read.set()

    def wait(self) -> None:
        """Until all is imported, and what has begun to be compiled is."""
        self._awaited = True
        if self._thread is not None:
            self._thread.join()

    def _warm(self) -> None:
        """Import, and let JAX compile what the page asks for: the first training need not wait for that."""
        import rowwise.engine
        import rowwise.measure
        import rowwise.runs.training  # noqa: F401
        from rowwise.studio.mirror import Mirror

        self._read.wait()
        held, self._held = self._held, None
        with contextlib.suppress(Exception):  # what is wrong with these data is said where they are trained on
            if held is not None:
                mirror = Mirror.of(Settings().new_model(held.train))
                mirror.flow(held.test.x[:1])
                if not self._awaited:  # a training would wait for what only a click on a unit needs
                    mirror.trace(held.test.x[:1], 0, 0)
