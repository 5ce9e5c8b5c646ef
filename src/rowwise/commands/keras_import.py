"""Importing Keras and JAX takes seconds → done meanwhile, and quietly."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowwise.runs.clock import Clock


@contextmanager
def importing_keras(clock: Clock) -> Iterator[None]:
    """Import Keras and JAX in a thread while the block runs; the end of the block waits for them, an error does not.

    Two threads that begin to import the same package can meet it half made: what the block needs of
    NumPy or SciPy must be imported before.

    The lap `import` is the thread's own time. It overlaps the block's, so the laps can exceed the total.

    Raises:
        Exception: what importing them raised.
    """
    hush()
    failed: list[Exception] = []

    def work() -> None:
        try:
            with clock.lap("import"):
                import rowwise.engine  # noqa: F401
        except Exception as cause:
            failed.append(cause)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    thread.join()
    if failed:
        raise failed[0]


def hush() -> None:
    """Keras, JAX and TensorFlow speak of devices and log levels at their start: no news to our user."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "jax")
