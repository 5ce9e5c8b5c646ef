"""Events of a training → its story so far, as the page draws it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rowwise.runs import events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowwise.runs.events import Event
    from rowwise.runs.record import RunRecord
    from rowwise.runs.saved import Saved

# What a training can be at: nothing, reading and building, learning, held still, measuring and saving, done, failed.
PHASES = ("idle", "beginning", "training", "paused", "measuring", "trained", "failed")


@dataclass(frozen=True)
class Story:
    """A training under way, or the last one; a value that is replaced, never changed.

    Attributes:
        phase: one of `PHASES`.
        number: of the training, from 1: another one is another story.
        settings: its settings by name.
        engine: which one trains.
        records: that are learned from.
        epochs: that it may have.
        curve: of each epoch its figures by Keras's names, and its seconds.
        within: points of a curve within the epochs, as `within.Within` has them.
        looks: how often the model was looked into since its training began.
        parameters: of the model.
        confusion: rows of counts, true class by predicted class, and the epoch that it is of; of `sampled` test records
            while it learns, in the end of all.
        best: the epoch whose weights are kept, from 1; 0 while it is not known.
        interrupted: whether it was stopped.
        diverged: the epoch in which it went wrong, from 1, and its loss; empty where it did not.
        test: the report's figures on the test records.
        seconds: from its start to the saved run.
        message: why it failed, in words.
        warnings: what else the user should know.
    """

    phase: str = "idle"
    number: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    engine: str = ""
    records: int = 0
    epochs: int = 0
    curve: tuple[Mapping[str, float], ...] = ()
    within: tuple[tuple[float, float, float | None], ...] = ()
    looks: int = 0
    parameters: int = 0
    confusion: tuple[tuple[int, ...], ...] = ()
    sampled: int = 0
    best: int = 0
    interrupted: bool = False
    diverged: tuple[float, ...] = ()
    test: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    message: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def busy(self) -> bool:
        """Whether it is under way, so that no other may begin."""
        return self.phase in ("beginning", "training", "paused", "measuring")

    def beside(self) -> dict[str, Any]:
        """What is drawn of it beside another one, as JSON takes it."""
        return {name: getattr(self, name) for name in ("number", "settings", "curve", "best", "test", "diverged")}

    @classmethod
    def of_run(cls, saved: Saved, number: int) -> Story:
        """That of a run which was trained before."""
        record = saved.record
        assert record is not None
        curve = tuple({**epoch.figures, "seconds": epoch.seconds} for epoch in record.epochs)
        return cls(
            "trained",
            number,
            record.settings.to_dict(),
            record.engine,
            record.data.records,
            record.settings.epochs,
            curve,
            parameters=int(saved.network.count_params()),
            best=record.best_epoch or len(curve),
            interrupted=record.interrupted,
            diverged=went_wrong(record),
            test=figures(record.test),
            seconds=float(record.seconds.get("total", 0.0)),
        )

    def after(self, event: Event) -> Story:
        """The story once this has happened too."""
        match event:
            case events.DataLoaded():
                return replace(self, settings=event.settings.to_dict(), epochs=event.settings.epochs)
            case events.ModelBuilt():
                return replace(self, parameters=int(event.model.count_params()))
            case events.TrainingBegan():
                began = {"engine": event.engine, "records": event.records}
                return replace(self, phase="training", epochs=event.epochs, **began)  # type: ignore[arg-type]
            case events.EpochEnded():
                ended = {**event.figures, "seconds": event.seconds}
                return replace(self, curve=(*self.curve, ended))
            case events.TrainingEnded():
                best = event.kept.epoch if event.kept is not None else len(self.curve)
                return replace(self, phase="measuring", engine=event.engine, best=best, interrupted=event.interrupted)
            case events.Warned():
                return replace(self, warnings=(*self.warnings, event.message))
        return self


def went_wrong(record: RunRecord) -> tuple[float, ...]:
    """The epoch in which a training diverged, and its loss; empty where it did not."""
    return () if record.diverged is None else (record.diverged.epoch, record.diverged.loss)


def figures(test: Mapping[str, Any]) -> dict[str, float]:
    """The single numbers of a report."""
    return {name: float(value) for name, value in test.items() if isinstance(value, int | float)}
