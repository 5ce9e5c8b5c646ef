"""The studio that a page shows: its data, its training, and the model that it looks into."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import traceback
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.environment import debug
from rowwise.errors import RowwiseError, UsageError, warnings_to
from rowwise.runs.plan import TrainingPlan
from rowwise.studio.choices import settings_of
from rowwise.studio.held import Held
from rowwise.studio.keeping import keep
from rowwise.studio.newest import Newest
from rowwise.studio.offered import Offered
from rowwise.studio.pace import Pace
from rowwise.studio.received import Received
from rowwise.studio.shelf import Shelf, tidy
from rowwise.studio.story import Story, figures, went_wrong
from rowwise.studio.warming import Warming
from rowwise.text import say, use_language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rowwise.data.source import Source
    from rowwise.runs.events import Event
    from rowwise.runs.saved import Saved
    from rowwise.studio.mirror import Mirror
    from rowwise.studio.stepper import Stepper


class Studio:
    """What one page, or several, look at. Every method may be called by any thread.

    Attributes:
        newest: the state that the page draws, as JSON takes it.
        held: the records; None while they are being read.
        mirror: the model of the last training; None before the first.
        saved: the run of the last training that ended.
        received: pictures that the page is sending; None where it sends none.
        pace: how often the page is told of a training.
    """

    def __init__(self) -> None:
        self.held: Held | None = None
        self.mirror: Mirror | None = None
        self.saved: Saved | None = None
        self.received: Received | None = None
        self._offered: Offered | None = None  # a table whose target nobody has chosen yet
        self._answers: NDArray[np.int64] | None = None  # of all test records, once a training has ended
        self._story, self._loading, self._failed, self._kept = Story(), True, "", ""
        self._stepper: Stepper | None = None  # a network that is trained by hand, batch by batch
        self._before: Story | None = None  # of the training before, which the page draws beside this one
        self._notes: tuple[str, ...] = ()  # what the user should know of the data
        self._guard = threading.RLock()
        self._stop, self._go = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._warming, self._shelf, self.pace = Warming(), Shelf(), Pace()
        tidy()
        self._folder = Path(tempfile.mkdtemp(prefix="rowwise-studio-"))
        self.newest: Newest[dict[str, Any]] = Newest(self._state())

    # ---- data

    def open(self, source: Source | None, lang: str) -> None:
        """Read these records in the background; None for the default. What was trained before is forgotten.

        Raises:
            UsageError: a training is under way.
        """
        with self._guard:
            self._check_idle()
            self._loading, self._failed, self._notes = True, "", ()
            self._start(self._load, lang, source)
        self._tell()

    def _load(self, source: Source | None) -> None:
        try:
            self._warming.begin(source)
            held = Held.of(source)
        except Exception as error:  # whatever it is, the page must not wait for ever
            self._fail(error)
        else:
            self._show(held)
        self._warming.go_on(self.held)
        self._tell()

    def _fail(self, error: Exception) -> None:
        self._loading, self._failed = False, str(error) or type(error).__name__

    def _show(self, held: Held) -> None:
        with self._guard:
            self.held, self.mirror, self.saved, self._answers, self._offered = held, None, None, None, None
            self._loading, self._story, self._kept = False, Story(number=self._story.number), ""
            self._before = None

    def offer(self, name: str, content: bytes) -> None:
        """Look at the columns of a table that was dropped.

        Raises:
            RowwiseError: as `Offered.of`.
        """
        self._warming.wait()
        notes: list[str] = []
        with warnings_to(notes.append):
            offered = Offered.of(name, content, self._shelf)
        with self._guard:
            self._offered, self._notes = offered, tuple(notes)
        self._tell()

    def open_table(self, choices: Mapping[str, Any], lang: str) -> None:
        """Learn from the table that was dropped.

        Raises:
            UsageError: there is none, or a choice names no column of it.
        """
        with self._guard:
            if self._offered is None:
                raise UsageError("studio.table.none")
            self.open(self._offered.source(choices), lang)

    def open_run(self, path: Path, lang: str) -> None:
        """Show a run that is saved, with its data, in the background."""
        with self._guard:
            self._start(self._load_run, lang, path)

    def _load_run(self, path: Path) -> None:
        self._warming.wait()
        from rowwise.runs.saved import Saved
        from rowwise.studio.mirror import Mirror

        try:
            saved = Saved.open(path)
            source = saved.own_source()
            if source is None or saved.record is None:
                raise UsageError("studio.run.data", path=path)
            held = Held.of_run(saved, source)
            self._show(held)
            with self._guard:
                self.saved, self.mirror, self._kept = saved, Mirror(saved.model), str(path)
                self._story = Story.of_run(saved, self._story.number + 1)
            self._measure_all()
        except Exception as error:  # whatever it is, the page must not wait for ever
            self._fail(error)
        self._tell()

    # ---- training

    def train(self, choices: Mapping[str, Any], lang: str) -> None:
        """Begin a training with these settings.

        Raises:
            UsageError: another is under way, there are no data yet, or a setting is invalid.
        """
        settings, chosen = settings_of(choices, self.held)
        with self._guard:
            self._check_idle()
            if self.held is None:
                raise UsageError("studio.no_data")
            held = self.held
            plan = TrainingPlan(held.source, settings, chosen)
            if self._story.phase == "trained":
                self._before = self._story
            self._story = Story("beginning", self._story.number + 1, asdict(settings))
            self._answers, self._kept = None, ""
            self._stop.clear()
            self._go.set()
            self._start(self._train, lang, plan, held)
        self._tell()

    def step(self, choices: Mapping[str, Any]) -> dict[str, Any]:
        """Train a network of its own on one more batch; other settings begin with another network.

        Raises:
            UsageError: as `train`, or the data have no classes.
        """
        self._warming.wait()
        from rowwise.studio.stepper import Stepper

        settings, _ = settings_of(choices, self.held)
        with self._guard:
            if self.held is None:
                raise UsageError("studio.no_data")
            stepper = self._stepper
            if stepper is None or stepper.settings != settings or stepper.held is not self.held:
                stepper = self._stepper = Stepper(self.held, settings)
        return stepper.step()

    def pause(self) -> None:
        """Hold the training still as soon as the steps under way are done."""
        self._go.clear()

    def resume(self) -> None:
        self._go.set()

    def stop(self) -> None:
        """End the training: what was trained is measured and kept."""
        self._stop.set()
        self._go.set()

    def close(self) -> None:
        """End what is under way, and remove what was not saved."""
        self.stop()
        if self._thread is not None:
            self._thread.join(30)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._shelf.clear()

    def _train(self, plan: TrainingPlan, held: Held) -> None:
        self._warming.wait()
        from rowwise.runs.training import train
        from rowwise.studio.watching import Watch

        begun, watch = time.perf_counter(), Watch(self, held.test, self.pace)
        out = self._folder / f"run-{self._story.number}"
        try:
            saved = train(
                plan,
                out=out,
                pictures=False,
                observer=watch.observe,
                stop=self._stop,
                loaded=lambda: (held.train, held.test),
            )
        except KeyboardInterrupt:  # stopped before there was anything to save
            self._change(phase="idle")
        except RowwiseError as error:
            self._change(phase="failed", message=str(error))
        except Exception as error:
            if debug():
                traceback.print_exc()
            self._change(phase="failed", message=say("studio.failed", cause=f"{type(error).__name__}: {error}"))
        else:
            self._end(saved, time.perf_counter() - begun)

    def _end(self, saved: Saved, seconds: float) -> None:
        from rowwise.studio.mirror import Mirror

        assert saved.record is not None
        before = self.saved
        with self._guard:
            self.saved, self.mirror = saved, Mirror(saved.model)
        self._measure_all()
        how = {"test": figures(saved.record.test), "diverged": went_wrong(saved.record)}
        self._change(phase="trained", seconds=seconds, **how)
        if before is not None and before.path.parent == self._folder:
            shutil.rmtree(before.path, ignore_errors=True)

    def _measure_all(self) -> None:
        """The confusion matrix of all test records."""
        held, mirror = self.held, self.mirror
        if held is None or mirror is None or not held.test.classes:
            return
        from rowwise.studio.watching import confusion

        self._answers = mirror.classes(held.test.x)
        self._change(confusion=confusion(held.test, self._answers), sampled=len(held.test))

    # ---- what the page asks for

    def mistaken(self, true: int, predicted: int, most: int) -> list[int]:
        """Test records of one class that were taken for another, the first ones; none before a training has ended."""
        if self.held is None or self._answers is None:
            return []
        found = (self.held.test.y == true) & (self._answers == predicted)
        return np.flatnonzero(found)[:most].tolist()

    def learned(self) -> tuple[Saved, Held]:
        """The run of the last training, and its records; raises UsageError where there is none."""
        if self.saved is None or self.held is None:
            raise UsageError("studio.no_model")
        return self.saved, self.held

    def look_at(self, name: str, content: bytes) -> tuple[NDArray[Any], list[str]]:
        """A picture that is dropped, as a record; raises as `Held.look_at`, and UsageError where there are no data."""
        self._warming.wait()
        if self.held is None:
            raise UsageError("studio.look.pictures")
        return self.held.look_at(name, content)

    def receive(self, name: str) -> None:
        """A folder of pictures begins to come; one that came before and was not learned from is removed."""
        with self._guard:
            before, self.received = self.received, Received(name, self._shelf)
        if before is not None:
            before.remove()

    def learn_from_received(self, lang: str) -> None:
        """Read the folder of pictures that has come; UsageError where none has, or a training is under way."""
        with self._guard:
            if self.received is None:
                raise UsageError("studio.pictures.none")
            self.open(self.received.source(), lang)
            self.received = None  # from now on it stays until the studio ends, and where a run of it is kept

    def program(self) -> str:
        """The last training as a program of Keras; raises UsageError where there is none."""
        from rowwise.studio.code import program

        return program(*self.learned())

    def save(self) -> Path:
        """Keep the run of the last training among the others, where `rowwise open`, `evaluate` and `predict` find it.

        Raises:
            UsageError: there is none. SaveError: the file system refuses.
        """
        with self._guard:
            if self.saved is None or self.held is None:
                raise UsageError("studio.nothing")
            if self._kept:
                return Path(self._kept)
            free = keep(self.saved.path, self.held.test.name)
            self._shelf.keep(Path(self.held.source.place))
            self._kept = str(free)
        self._tell()
        return free

    # ---- what a training tells

    def mirrored(self, mirror: Mirror) -> None:
        """The model that can be looked into from now on."""
        with self._guard:
            self.mirror = mirror

    def happened(self, event: Event, changes: dict[str, Any]) -> None:
        """An event, and what else the story has new."""
        with self._guard:
            self._story = replace(self._story.after(event), **changes)
        self._tell()

    def hold(self) -> float:
        """Wait while the training is paused; the seconds that took."""
        if self._go.is_set():
            return 0.0
        begun = time.perf_counter()
        self._change(phase="paused")
        self._go.wait()
        self._change(phase="training")
        return time.perf_counter() - begun

    # ---- within

    def _check_idle(self) -> None:
        if self._story.busy or (self._loading and self._thread is not None and self._thread.is_alive()):
            raise UsageError("studio.busy")

    def _start(self, work: Any, lang: str, *arguments: Any) -> None:
        def run() -> None:
            with use_language(lang), warnings_to(self._note):
                work(*arguments)

        self._thread = threading.Thread(target=run, name="rowwise-studio", daemon=True)
        self._thread.start()

    def _note(self, message: str) -> None:
        """What the user should know of the data."""
        with self._guard:
            self._notes = (*self._notes, message)

    def _change(self, **values: Any) -> None:
        with self._guard:
            self._story = replace(self._story, **values)
        self._tell()

    def _tell(self) -> None:
        self.newest.publish(self._state())

    def _state(self) -> dict[str, Any]:
        with self._guard:
            return {
                "data": None if self.held is None else self.held.about,
                "loading": self._loading,
                "failed": self._failed,
                "story": {one.name: getattr(self._story, one.name) for one in fields(self._story)},
                "before": None if self._before is None else self._before.beside(),
                "layers": [] if self.mirror is None else self.mirror.layers,
                "kept": self._kept,
                "notes": self._notes,
                "offered": None if self._offered is None else self._offered.about(),
            }
