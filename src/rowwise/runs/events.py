"""What happens in a training, one value an event: an observer is called with each, on the thread that trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rowwise.text import say

if TYPE_CHECKING:
    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.measure import AnyReport
    from rowwise.runs.saved import Saved
    from rowwise.runs.settings import Settings


@dataclass(frozen=True, eq=False)
class DataLoaded:
    """The records, the complete settings, and the names of those decided by the data.

    `validation` are records of a table of their own; None where a share of `train` is held out, or none.
    """

    train: Dataset
    test: Dataset
    settings: Settings
    suited: frozenset[str] = frozenset()
    validation: Dataset | None = None


@dataclass(frozen=True)
class FoldsBegan:
    """The table of a cross-validation is read, and so many folds of its records are trained: the events of each follow,
    fold by fold."""

    folds: int
    records: int


@dataclass(frozen=True)
class FeaturesMade:
    """A backbone's features of the pictures are there, made in so many seconds; 0 where all had been kept."""

    name: str
    records: int
    features: int
    seconds: float


@dataclass(frozen=True, eq=False)
class ModelBuilt:
    """The model before its training; `resumed` is the run that it is taken from, with `epochs_done` epochs."""

    model: keras.Model
    resumed: Path | None = None
    epochs_done: int = 0


@dataclass(frozen=True)
class TrainingBegan:
    """The engine and, in words, why it; records that are learned from; the first and the last epoch's numbers less 1.

    `fell_back` says that a faster engine cannot run this model. `weights`, which an observer may call while it is told
    of steps or that an epoch ended, gives the values of the model's trainable weights and then of its others; it keeps
    the engine alive, and is to be let go when the training ends.
    """

    engine: str
    reason: str
    fell_back: bool
    records: int
    initial_epoch: int
    epochs: int
    weights: Callable[[], list[Any]] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class StepsDone:
    """Within an epoch, of this number from 1, several times a second: the steps done, of how many, and Keras's figures
    until then. `TrainingBegan.weights` may be called meanwhile. Of a stream of unknown length it is not told."""

    number: int
    done: int
    steps: int
    figures: Mapping[str, float]


@dataclass(frozen=True)
class EpochEnded:
    """An epoch's number, from 1, Keras's figures by name, and its seconds, validation included."""

    number: int
    figures: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class StopRequested:
    """Ctrl-C was pressed for the first time, or `stop` is set: the block under way is finished; all that is saved."""

    training: bool


@dataclass(frozen=True)
class KeptEpoch:
    """The epoch, from 1, whose weights are kept, and its validation loss, the lowest of the `epochs` that were trained.

    `patience` is how many epochs without a lower one ended the training; None where it was not ended by that.
    """

    epoch: int
    loss: float
    epochs: int
    patience: int | None = None


@dataclass(frozen=True)
class RefitBegan:
    """A new model is trained on all training records, `records`, for as many epochs as `kept` says."""

    kept: KeptEpoch
    records: int


@dataclass(frozen=True)
class EnsembleBegan:
    """More networks are trained, `others`, of other seeds, `on_all` of them on all training records; `kept` is the
    first's."""

    kept: KeptEpoch | None
    others: int
    on_all: int = 0


@dataclass(frozen=True)
class TrainingEnded:
    """The last epoch has ended, what was asked to stop has stopped, or the training has diverged.

    `kept` is None where the last epoch's weights are kept whatever its validation loss.
    """

    engine: str
    reason: str
    interrupted: bool
    diverged: bool = False
    kept: KeptEpoch | None = None


@dataclass(frozen=True)
class Decided:
    """A threshold or a temperature that was decided on the records held out, in the current language."""

    message: str


@dataclass(frozen=True, eq=False)
class Measured:
    """The report on the test records; saving comes next. `spread` is that of the run's record."""

    report: AnyReport
    spread: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RunSaved:
    """The run is on the disk."""

    saved: Saved


@dataclass(frozen=True)
class Warned:
    """Something of the data or the run that the user should know, in the current language."""

    message: str


def about_kept(kept: KeptEpoch) -> str:
    """Which epoch's weights are kept, and why, in one line."""
    figures = {"best": kept.epoch, "epochs": kept.epochs, "loss": f"{kept.loss:.4g}"}
    if kept.patience is not None:
        return say("train.kept.stopped", patience=kept.patience, **figures)
    return say("train.kept.last" if kept.epoch == kept.epochs else "train.kept", **figures)


def about_features(event: FeaturesMade) -> str:
    """Whose features are learned from, in one line."""
    key = "features.made" if event.seconds else "features.kept"
    values = {"records": f"{event.records:,}", "features": f"{event.features:,}", "seconds": f"{event.seconds:.1f}"}
    return say(key, name=event.name, **values)


def about_further(event: RefitBegan | EnsembleBegan) -> str:
    """What is trained next, in one line."""
    if isinstance(event, RefitBegan):
        return say("cli.refit", records=f"{event.records:,}", epochs=event.kept.epoch)
    key = "cli.ensemble.on_all" if event.on_all else "cli.ensemble"
    return say(key, others=event.others, on_all=event.on_all, networks=1 + event.others)


Event: TypeAlias = (
    DataLoaded
    | FoldsBegan
    | FeaturesMade
    | ModelBuilt
    | TrainingBegan
    | StepsDone
    | EpochEnded
    | RefitBegan
    | EnsembleBegan
    | StopRequested
    | TrainingEnded
    | Decided
    | Measured
    | RunSaved
    | Warned
)
Observer: TypeAlias = Callable[[Event], object]
