"""What is done with many pictures, and how many are done → bars, where standard error is a terminal."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

    from rowwise.data.pictures.listing import StartBar


@contextmanager
def bars() -> Iterator[StartBar]:
    """Gives what starts a bar: rich's on a terminal, where rich is imported with the first of them; else nothing."""
    if not sys.stderr.isatty():
        yield lambda key, total: lambda count: None
        return
    with ExitStack() as stack:
        started: list[Progress] = []

        def start(key: str, total: int) -> Callable[[int], None]:
            if not started:
                started.append(stack.enter_context(_progress()))
            task = started[0].add_task(say(key), total=total)
            return lambda count: started[0].update(task, advance=count)

        yield start


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), expand=True, transient=True)
