"""What a server has done → text in Prometheus's format.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
Labels = tuple[tuple[str, str], ...]


class Requests:
    """How many requests each route had, by status, and how long they took."""

    def __init__(self) -> None:
        self.answered: Counter[tuple[str, str, int]] = Counter()
        self._slower: dict[str, list[int]] = {}  # a route's requests by the first of SECONDS that holds them
        self._sums: dict[str, float] = {}

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        self.answered[route, method, status] += 1
        places = self._slower.get(route)
        if places is None:
            places = self._slower[route] = [0] * (len(SECONDS) + 1)
        places[bisect_left(SECONDS, seconds)] += 1
        self._sums[route] = self._sums.get(route, 0.0) + seconds

    def lines(self) -> Iterator[str]:
        name = "rowwise_requests_total"
        yield from _head(name, "counter", "Requests that were answered.")
        for (route, method, status), count in sorted(self.answered.items()):
            yield _line(name, (("route", route), ("method", method), ("status", str(status))), count)
        name = "rowwise_request_seconds"
        yield from _head(name, "histogram", "From a request's first byte to its answer.")
        for route, places in sorted(self._slower.items()):
            held = 0
            for bound, count in zip((*map(str, SECONDS), "+Inf"), places, strict=True):
                held += count
                yield _line(f"{name}_bucket", (("route", route), ("le", bound)), held)
            yield _line(f"{name}_sum", (("route", route),), round(self._sums[route], 6))
            yield _line(f"{name}_count", (("route", route),), held)


def family(name: str, kind: str, about: str, values: Mapping[Labels, float]) -> Iterator[str]:
    """The lines of one metric."""
    yield from _head(name, kind, about)
    for labels, value in values.items():
        yield _line(name, labels, value)


def text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _head(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"


def _line(name: str, labels: Labels, value: float) -> str:
    written = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{written}}} {value}" if written else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
