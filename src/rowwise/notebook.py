"""The notebook in which the code runs, if any: where its words go, and a place in its output that changes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable


def in_notebook() -> bool:
    """Whether a notebook shows what the code displays: Jupyter, Colab, VS Code, or marimo. Imports nothing."""
    return _jupyter() or _marimo() is not None


def said_to() -> TextIO:
    """Where accompanying words go: standard error, but a terminal's or a notebook's output, where it would be red."""
    return sys.stdout if sys.stdout.isatty() or in_notebook() else sys.stderr


def changing() -> Callable[[str], object]:
    """A place below the cell: called with HTML, it shows that in place of what it showed before."""
    if (marimo := _marimo()) is not None:
        return lambda html: marimo.output.replace(marimo.Html(html))
    from IPython.display import HTML, display

    handle: Any = None

    def show(html: str) -> None:
        nonlocal handle
        if handle is None:
            handle = display(HTML(html), display_id=True)
        else:
            handle.update(HTML(html))

    return show


def _jupyter() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return shell is not None and hasattr(shell, "kernel")


def _marimo() -> Any:
    marimo = sys.modules.get("marimo")
    running = getattr(marimo, "running_in_notebook", None)
    return marimo if running is not None and running() else None
