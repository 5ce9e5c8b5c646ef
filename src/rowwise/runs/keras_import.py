"""Importing Keras and JAX takes seconds → done in a thread while the data are loaded."""

from __future__ import annotations

import importlib
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rowwise.data.named.names import MODULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowwise.data.source import Source
    from rowwise.runs.clock import Clock


@contextmanager
def importing_keras(clock: Clock) -> Iterator[None]:
    """Import Keras and JAX in a thread while the block runs; the end of the block waits for them, an error does not.

    The lap `import` is the thread's own time. It overlaps the block's, so the laps can exceed the total.

    Raises:
        Exception: what importing them raised.
    """
    errors: list[Exception] = []

    def work() -> None:
        try:
            with clock.lap("import"):
                import rowwise.engine.training  # noqa: F401
        except Exception as cause:
            errors.append(cause)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    thread.join()
    if errors:
        raise errors[0]


def import_loaders(source: Source | None) -> None:
    """Import what loading `source` imports, before the thread starts.

    Two threads that begin to import one package can meet it half initialised, and Keras imports NumPy and SciPy too.
    """
    modules = ["numpy.random"]
    if source is None or source.kind == "named":
        names = ("fashion-mnist", "garments") if source is None else (source.place,)
        modules += [MODULES[name] for name in names]
        modules += ["sklearn.datasets"] if "digits" in names else []
    elif source.kind == "table":
        modules += ["polars", "polars.selectors", "rowwise.data.tables.load"]
    elif source.kind == "folder":
        modules += ["rowwise.data.pictures.folder", "concurrent.futures.thread", "rich.progress"]
    else:
        modules += ["rowwise.data.arrays.file"]
    for module in modules:
        importlib.import_module(module)
