"""Runs by name → models that answer, each with its worker; a run's folder that was replaced is opened anew."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path, PureWindowsPath  # which knows the separators of both systems
from typing import TYPE_CHECKING, Self

from rowwise.errors import RowwiseError, UsageError, warnings_to
from rowwise.serve import metrics
from rowwise.serve.limits import Limits
from rowwise.serve.model import open_model, signature
from rowwise.serve.problems import MISSING, Refused
from rowwise.serve.work import Room, Worker
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rowwise.serve.model import Model, Signature

LOOK = 1.0  # seconds; a folder that has changed must have been still for as long


class Service:
    """The models of a server.

    Args:
        runs: paths of runs, each maybe after a name: `houses=runs/2026-11-28-houses`. Without one, the folder's.
        task: as `Saved.open` has it.
        limits: of what is taken on.
        look: seconds between two looks at the runs' files.
        tell: is called with a sentence where a run was opened anew, or could not be; by another thread.

    Raises:
        ModelError: a run cannot be used. UsageError: no run, or two of one name.
    """

    def __init__(
        self,
        runs: Sequence[str | Path],
        task: str | None = None,
        limits: Limits | None = None,
        tell: Callable[[str], object] | None = None,
        look: float = LOOK,
    ) -> None:
        self.limits = limits or Limits()
        self.reloads, self.failed_reloads = 0, 0
        self._task, self._tell = task, tell or (lambda sentence: None)
        self._paths = _named(runs)
        room = Room(self.limits)
        with ExitStack() as opened:
            self.workers: dict[str, Worker] = {}
            for name, path in self._paths.items():
                worker = Worker(open_model(name, path, task), self.limits, room)
                self.workers[name] = worker
                opened.callback(worker.close)
            opened.pop_all()
        self._ending = threading.Event()
        self._watcher = threading.Thread(target=self._watch, args=(look,), name="rowwise-serve-watch", daemon=True)
        self._watcher.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def models(self) -> list[Model]:
        """As they answer now."""
        return [worker.model for worker in self.workers.values()]

    def worker(self, name: str) -> Worker:
        """Raises Refused where there is no model of that name."""
        try:
            return self.workers[name]
        except KeyError:
            known = ", ".join(self.workers)
            raise Refused(MISSING, say("serve.no_model", found=name, known=known)) from None

    @property
    def ready(self) -> bool:
        """Whether requests are taken on."""
        return not self._ending.is_set()

    def drain(self) -> None:
        """From now on nobody is told that the server is ready."""
        self._ending.set()

    def close(self) -> None:
        """Answer what waits; then end all threads."""
        self._ending.set()
        self._watcher.join()
        for worker in self.workers.values():
            worker.close()

    def metrics(self) -> Iterator[str]:
        """Lines about the models, in Prometheus's format."""
        families: list[tuple[str, str, str, Callable[[Worker], int]]] = [
            ("records_total", "counter", "Records that were predicted.", lambda worker: worker.counts.records),
            ("batches_total", "counter", "Batches that were computed.", lambda worker: worker.counts.batches),
            ("largest_batch_records", "gauge", "Records of the largest batch.", lambda worker: worker.counts.largest),
            ("waiting_requests", "gauge", "Requests without an answer yet.", lambda worker: worker.waiting),
        ]
        for name, kind, meaning, of in families:
            values: dict[metrics.Labels, float] = {(("model", n),): of(w) for n, w in self.workers.items()}
            yield from metrics.family(f"rowwise_{name}", kind, meaning, values)
        reloads: dict[metrics.Labels, float] = {
            (("result", "opened"),): self.reloads,
            (("result", "refused"),): self.failed_reloads,
        }
        yield from metrics.family("rowwise_reloads_total", "counter", "Runs that were replaced.", reloads)

    def _watch(self, look: float) -> None:
        seen = {name: worker.model.signature for name, worker in self.workers.items()}
        tried = dict(seen)
        while not self._ending.wait(look):
            for name, path in self._paths.items():
                now = signature(path)
                still, seen[name] = now == seen[name], now
                if now and still and now != tried[name]:
                    tried[name] = now
                    self._reload(name, path, now)

    def _reload(self, name: str, path: Path, now: Signature) -> None:
        try:
            with warnings_to(self._tell):
                model = open_model(name, path, self._task)
        except (RowwiseError, OSError, MemoryError) as error:  # half a run is no run: the one before goes on
            self.failed_reloads += 1
            self._tell(say("serve.reload.failed", name=name, cause=str(error)))
            return
        self.workers[name].replace(model)
        self.reloads += 1
        self._tell(say("serve.reload.done", name=name))


def _named(runs: Sequence[str | Path]) -> dict[str, Path]:
    """The paths by the names of their models."""
    named: dict[str, Path] = {}
    for run in runs:
        name, sign, place = str(run).partition("=")
        if not sign or not name or PureWindowsPath(name).name != name or Path(run).exists():
            path = Path(run)
            name = path.stem if path.suffix == ".keras" else path.resolve().name
        else:
            path = Path(place)
        if name in named:
            raise UsageError("serve.twice", name=name, one=named[name], other=path)
        named[name] = path
    if not named:
        raise UsageError("serve.none")
    return named
