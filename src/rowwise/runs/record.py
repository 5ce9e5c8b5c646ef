"""What is known of a training → `run.json`, and back: read, checked and written here alone."""

from __future__ import annotations

import csv
import io
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise import __version__
from rowwise.errors import ModelError, os_reason
from rowwise.files import LOCK, PARTIAL, read_small
from rowwise.json_text import from_json, to_json
from rowwise.locks import held, owner
from rowwise.runs.data_record import DataRecord
from rowwise.runs.decision_record import Decisions
from rowwise.runs.json_fields import Fields, is_number
from rowwise.runs.settings import Settings

if TYPE_CHECKING:
    pass

SCHEMA = 1  # of run.json and of every `--json`: a change that breaks readers adds one
RECORD, HISTORY = "run.json", "history.csv"
UNFINISHED = "unfinished.json"  # the record of a run under way, as its last checkpoint has it
LONGEST = 16 << 20  # bytes of a record: a schema of 10,000 columns has one or two million
CHECKPOINT = "checkpoint-"  # how the name of the model beside it begins
# The figures that stand first in a row of an epoch.
FIRST = (
    *("loss", "accuracy", "mean_absolute_error"),
    *("val_loss", "val_accuracy", "val_mean_absolute_error"),
)


@dataclass(frozen=True)
class Epoch:
    """One epoch: its number, from 1; Keras's figures by their names, NaN for none; its seconds, validation included."""

    number: int
    figures: Mapping[str, float]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """A row of `run.json` and of `history.csv`."""
        return {"epoch": self.number, **self.figures, "seconds": self.seconds}


@dataclass(frozen=True)
class Unfinished:
    """The epoch that a training was stopped in, and how many steps of it are in the weights."""

    epoch: int
    steps: int


@dataclass(frozen=True)
class Diverged:
    """The epoch, from 1, after which a training was stopped because it had diverged, and its loss, NaN for none.

    The epoch is none of the run's, and its weights are those of the epoch before.
    """

    epoch: int
    loss: float = math.nan


@dataclass(frozen=True)
class Member:
    """A network of an ensemble beside the first: its seed, the epochs trained, the one kept, its validation loss.

    The epoch is 0 where the last one is kept, the loss None where no records were held out.
    """

    seed: int
    epochs: int
    best_epoch: int
    validation_loss: float | None = None


@dataclass(frozen=True)
class RunRecord:
    """All that is known of a run besides its model.

    Attributes:
        data: what was trained and tested on.
        settings: what it was trained with.
        engine, engine_reason: which engine trained, and why that one, in words.
        epochs: all that were completed, those of the resumed run first.
        test: the report on the test records, as JSON.
        seconds: of the training that made this run, by what they were spent on; `import` and `load` overlap.
        versions: of rowwise, Python and the libraries that the figures depend on.
        resumed_from: the folder of the run that it continues.
        interrupted: whether it was stopped before its last epoch.
        diverged: where the training was stopped because it had diverged.
        unfinished: where an epoch was cut short: its steps are in the weights, but no epoch counts them.
        checkpoint: the file, beside the record, of the model as it was after the last of `epochs`, or of `refit`; empty
            where that is the saved model itself. Of an ensemble it is the first network.
        best_epoch: the number of the epoch whose weights the model has, that with the lowest validation loss; 0 where
            it has the last one's.
        best_checkpoint: of a run that is not finished, or is an ensemble's: the file of the model as it was after that
            epoch; empty where that is `checkpoint` itself.
        refit: the epochs of the model that was then trained on all training records, which is the one that is saved.
        members: the other networks of an ensemble: the saved model is the mean of them and of that of `epochs`.
        spread: each measure on the test records of every network of an ensemble by itself, that of `epochs` first.
        views: of each picture that the saved model averages.
        decisions: thresholds and temperatures of the saved model; None where none were asked for.
        model: the path of the saved model; empty as long as the run is not finished.
    """

    data: DataRecord
    settings: Settings
    engine: str
    engine_reason: str
    epochs: tuple[Epoch, ...]
    test: Mapping[str, Any]
    seconds: Mapping[str, float]
    versions: Mapping[str, str]
    resumed_from: str | None = None
    interrupted: bool = False
    diverged: Diverged | None = None
    unfinished: Unfinished | None = None
    checkpoint: str = ""
    best_epoch: int = 0
    best_checkpoint: str = ""
    refit: tuple[Epoch, ...] = ()
    members: tuple[Member, ...] = ()
    spread: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    decisions: Decisions | None = None
    views: int = 1
    model: str = ""

    @property
    def epochs_trained(self) -> int:
        """In all, those of the refit among them."""
        return len(self.epochs) + len(self.refit)

    @property
    def stopped_early(self) -> bool:
        """Whether the validation loss had not fallen for as many epochs as the settings wait."""
        waited = len(self.epochs) - self.best_epoch
        return bool(self.best_epoch and self.settings.patience) and waited >= self.settings.patience

    @property
    def lacks_members(self) -> bool:
        """Whether the other networks of an ensemble are still to be trained, or its views to be averaged."""
        several = self.settings.ensemble > 1 or self.settings.views > 1
        return several and not (self.is_mean or self.diverged)

    @property
    def is_mean(self) -> bool:
        """Whether the saved model is the mean of several networks, or views."""
        return bool(self.members) or self.views > 1

    @property
    def lacks_refit(self) -> bool:
        """Whether the model on all training records is still to be trained."""
        return self.settings.refit and self.best_epoch > len(self.refit) and not self.diverged

    def to_dict(self) -> dict[str, Any]:
        """As `run.json` and `rowwise train --json` have it."""
        return {
            "schema": SCHEMA,
            "data": self.data.to_dict(),
            "settings": self.settings.to_dict(),
            "seed": self.settings.seed,
            "engine": self.engine,
            "engine_reason": self.engine_reason,
            "resumed_from": self.resumed_from,
            "interrupted": self.interrupted,
            "diverged": asdict(self.diverged) if self.diverged else None,
            "unfinished": asdict(self.unfinished) if self.unfinished else None,
            "epochs": [epoch.to_dict() for epoch in self.epochs],
            "test": dict(self.test),
            "seconds": dict(self.seconds),
            "versions": dict(self.versions),
            "checkpoint": self.checkpoint or None,
            "best_epoch": self.best_epoch or None,
            "best_checkpoint": self.best_checkpoint or None,
            "refit": [epoch.to_dict() for epoch in self.refit],
            "members": [asdict(member) for member in self.members],
            "spread": {name: list(values) for name, values in self.spread.items()},
            "views": self.views,
            "decisions": self.decisions.to_dict() if self.decisions else None,
            "model": self.model,
        }

    def to_json(self) -> bytes:
        """The content of `run.json`."""
        return to_json(self.to_dict(), indent=2) + b"\n"

    def history_csv(self) -> bytes:
        """The content of `history.csv`: a row an epoch."""
        rows = [epoch.to_dict() for epoch in self.epochs]
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]) if rows else ["epoch"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode()

    @classmethod
    def read(cls, folder: Path, name: str = RECORD) -> RunRecord:
        """The record of a run's folder; with the name `UNFINISHED` that of the last checkpoint.

        Raises:
            ModelError: no run's folder, one that was never finished, or a damaged record.
        """
        file = folder / name
        if folder.name.endswith(PARTIAL):
            raise ModelError("run.partial", path=folder)
        if name == RECORD:
            refuse_unfinished(folder)
        try:
            content = read_small(file, LONGEST)
        except OSError as cause:
            raise ModelError("run.no_run", path=folder, cause=os_reason(cause)) from cause
        try:
            values = from_json(content)
            if not isinstance(values, dict):
                raise TypeError(type(values).__name__)
            if values.get("schema") != SCHEMA:
                raise ModelError("run.schema", path=file, found=values.get("schema"), expected=SCHEMA)
            return cls._from_dict(values)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as cause:
            raise ModelError("run.damaged", path=file, cause=str(cause) or type(cause).__name__) from cause

    @classmethod
    def _from_dict(cls, values: Mapping[str, Any]) -> RunRecord:
        """Raises ValueError where a value is missing or of another type."""
        read = Fields(values)
        cut = Fields(read.mapping("unfinished"), "unfinished.")
        epochs, best = _epochs(values.get("epochs"), "epochs"), read.whole("best_epoch")
        if best > len(epochs):
            raise ValueError(f"best_epoch: {best}, epochs: {len(epochs)}")
        return cls(
            data=DataRecord.from_dict(read.mapping("data", required=True)),
            settings=Settings.from_dict(read.mapping("settings", required=True)),
            engine=read.text("engine"),
            engine_reason=read.text("engine_reason"),
            epochs=epochs,
            test=read.mapping("test", required=True),
            seconds=read.numbers_by_name("seconds"),
            versions=read.texts_by_name("versions"),
            resumed_from=read.text("resumed_from") or None,
            interrupted=read.flag("interrupted"),
            diverged=_diverged(read.mapping("diverged")),
            unfinished=Unfinished(cut.whole("epoch", 1, required=True), cut.whole("steps", required=True))
            if read.mapping("unfinished")
            else None,
            checkpoint=_checkpoint(read.text("checkpoint")),
            best_epoch=best,
            best_checkpoint=_checkpoint(read.text("best_checkpoint")),
            refit=_epochs(values.get("refit", []), "refit"),
            members=_members(values.get("members", [])),
            views=read.whole("views") or 1,
            spread=_spread(read.mapping("spread")),
            decisions=Decisions.from_dict(read.mapping("decisions")) if read.mapping("decisions") else None,
            model=read.text("model"),
        )


def refuse_unfinished(folder: Path) -> None:
    """Raises ModelError where a run is under way in a folder, or was killed there, and says what can be done."""
    if os.path.exists(folder / RECORD):  # which asks without raising anything
        return
    if held(folder / LOCK):
        raise ModelError("run.busy", path=folder, process=owner(folder / LOCK))
    if os.path.exists(folder / UNFINISHED):
        record = RunRecord.read(folder, UNFINISHED)
        raise ModelError("run.unfinished", path=folder, done=len(record.epochs), epochs=record.settings.epochs)
    if os.path.exists(folder / LOCK):
        raise ModelError("run.begun", path=folder)


def _diverged(values: Mapping[str, Any]) -> Diverged | None:
    if not values:
        return None
    loss = values.get("loss")
    known = float(loss) if isinstance(loss, int | float) else math.nan  # JSON has no NaN
    return Diverged(Fields(values, "diverged.").whole("epoch"), known)


def epochs_of(history: Mapping[str, Sequence[float]], seconds: Sequence[float], first: int) -> tuple[Epoch, ...]:
    """Keras's `History.history` and the epochs' seconds → the epochs, numbered from `first`."""
    names = [name for name in FIRST if name in history]
    names += [name for name in history if name not in names]
    return tuple(
        Epoch(first + place, {name: float(history[name][place]) for name in names}, spent)
        for place, spent in enumerate(seconds)
    )


def versions() -> dict[str, str]:
    """Of rowwise, Python and the libraries that the figures depend on."""
    from importlib.metadata import version  # costs milliseconds

    libraries = {name: version(name) for name in ("keras", "jax", "numpy", "polars")}
    return {"rowwise": __version__, "python": platform.python_version(), **libraries}


def _epochs(rows: Any, name: str) -> tuple[Epoch, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "epoch" in row for row in rows):
        raise ValueError(f"{name}: {rows!r:.60}")
    if any(row.keys() != rows[0].keys() for row in rows):
        raise ValueError(f"{name}: rows of different columns")
    epochs = []
    for row in rows:
        # JSON has no NaN: a figure that was none comes back as null.
        numbers = {name: math.nan if value is None else value for name, value in row.items()}
        number, seconds = numbers.pop("epoch"), numbers.pop("seconds", math.nan)
        if not isinstance(number, int) or number < 1 or not all(map(is_number, (number, seconds, *numbers.values()))):
            raise ValueError(f"{name}: {row!r:.60}")
        epochs.append(Epoch(number, numbers, float(seconds)))
    return tuple(epochs)


def _members(rows: Any) -> tuple[Member, ...]:
    if not isinstance(rows, list):
        raise ValueError(f"members: {rows!r:.60}")
    members = []
    for row in rows:
        read, loss = Fields(row if isinstance(row, dict) else {}, "members."), None
        if isinstance(row, dict) and row.get("validation_loss") is not None:
            loss = float(row["validation_loss"])
        seed, epochs, best = (read.whole(name, required=True) for name in ("seed", "epochs", "best_epoch"))
        if best > epochs:
            raise ValueError(f"members.best_epoch: {best}, epochs: {epochs}")
        members.append(Member(seed, epochs, best, loss))
    return tuple(members)


def _spread(values: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    for name, one in values.items():
        if not isinstance(one, list) or not all(value is None or is_number(value) for value in one):
            raise ValueError(f"spread.{name}: {one!r:.60}")
    known = {name: one for name, one in values.items() if None not in one}  # null stands for NaN, which tells nothing
    return {name: tuple(map(float, one)) for name, one in known.items()}


def _checkpoint(name: str) -> str:
    """The name of a file beside the record, and of none elsewhere."""
    if name and (not name.startswith(CHECKPOINT) or Path(name).name != name or "\\" in name):
        raise ValueError(f"checkpoint: {name!r:.60}")
    return name
