"""States published by any thread → the newest one, awaited by many readers; those that came between are dropped."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

State = TypeVar("State")


class Newest(Generic[State]):
    """The last state that was published, and its number, counted from 0."""

    def __init__(self, first: State) -> None:
        self._guard = threading.Lock()
        self._state, self._number = first, 0
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def state(self) -> State:
        return self._state

    def publish(self, state: State) -> None:
        """Any thread may; whoever waits is woken."""
        with self._guard:
            self._state, self._number = state, self._number + 1
            waiting, self._waiting = self._waiting, set()
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def after(self, number: int) -> tuple[int, State]:
        """The newest state, as soon as it has another number, and that."""
        while True:
            waits = asyncio.get_running_loop(), asyncio.Event()
            with self._guard:
                if self._number != number:
                    return self._number, self._state
                self._waiting.add(waits)
            try:
                await waits[1].wait()
            finally:
                with self._guard:
                    self._waiting.discard(waits)


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What is another in `now`; of a training, `story`, the parts of it that are, and of lists that grew what came."""
    new = {name: value for name, value in now.items() if name not in before or value != before[name]}
    if "story" in new and "story" in before:
        old = before["story"]
        new["story"] = {name: _grown(old[name], value) for name, value in changes(old, now["story"]).items()}
    return new


def _grown(before: Any, now: Any) -> Any:
    """`{"after": how many stay, "more": those that came}` of a tuple that goes on; else `now`."""
    places = len(before) if isinstance(before, tuple) and isinstance(now, tuple) else 0
    return {"after": places, "more": now[places:]} if places and now[:places] == before else now
