"""What a user asks for → the plan of a training: which data, which settings, which run it continues."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from rowwise.data.column_names import SEVERAL, cut, listed, names_in
from rowwise.data.databases import absolute, is_database, split_password, without_password
from rowwise.data.source import UNWRITTEN, Source, is_frame, source_of
from rowwise.errors import DataError, UsageError
from rowwise.files import LOCK
from rowwise.locks import held, owner
from rowwise.models.backbones import SIDE
from rowwise.runs.record import RECORD, UNFINISHED, RunRecord
from rowwise.runs.settings import READ, Settings
from rowwise.text.options import as_argument, option

# The attributes of a Source that say how data are read, by the names of the options that set them: `seed` is the
# training's own, so that of the split has another name.
READING = {
    READ.get(field.name, field.name): field.name for field in fields(Source) if field.name not in ("place", *UNWRITTEN)
}
OPTIONS = {attribute: name for name, attribute in READING.items()}


@dataclass(frozen=True)
class TrainingPlan:
    """What is to be trained.

    Attributes:
        source: of the data; None for Fashion-MNIST where it is available, else the garments.
        settings: complete; those not chosen may still be suited to the data.
        chosen: the names of the settings that were chosen.
        resume: the folder of the run that it continues.
        before: the record of that run.
        killed: whether that run was never finished, and `before` is the record of its last checkpoint.
    """

    source: Source | None
    settings: Settings
    chosen: frozenset[str] = frozenset()
    resume: Path | None = None
    before: RunRecord | None = None
    killed: bool = False


def plan_training(
    data: Any = None, options: Mapping[str, Any] | None = None, resume: Path | None = None
) -> TrainingPlan:
    """Check what was asked for, as far as that needs no reading of data and no Keras.

    Args:
        data: a name, the path of a file or folder, a DataFrame; None for the default, or the resumed run's.
        options: the settings (`hidden`, `epochs`, …) and how the data are read (`target`, `drop`, `split_seed`, …).
        resume: the folder of a run to go on from.

    Raises:
        UsageError: an unknown or invalid option, one that contradicts the resumed run, or a run
            that has all its epochs or stopped within one. DataError: no such data. ModelError: no such run.
    """
    options = dict(options or {})
    if "seeds" in options:
        if options.get("ensemble", options["seeds"]) != options["seeds"]:
            raise UsageError("settings.seeds", seeds=options["seeds"], ensemble=options["ensemble"])
        options["ensemble"] = options.pop("seeds")
    reading = {READING[name]: options.pop(name) for name in list(options) if name in READING}
    settings = Settings.of(options)  # type: ignore[arg-type]
    chosen = frozenset(options)
    if resume is not None:
        return _resumed(resume, options, data, reading)
    if data is None:
        if reading:
            raise UsageError("cli.source.none", options=option_names(reading))
        return TrainingPlan(None, settings, chosen)
    source = source_of(data, reading).checked()
    if settings.features and source.kind == "folder":
        source = _in_colour(source)
    if source.validation_file and "validation" in chosen:
        raise UsageError("settings.validation.both")
    if settings.threshold and source.task_of_target == "regression":
        raise UsageError("settings.threshold.numbers", name=", ".join(source.target))
    return TrainingPlan(source, settings, chosen)


def _in_colour(folder: Source) -> Source:
    """The pictures as a backbone takes them, where nobody chose how they are read.

    Raises:
        UsageError: grey ones were asked for.
    """
    if folder.colour == "grey":
        raise UsageError("features.grey")
    return replace(folder, colour="colour", size=folder.size or (SIDE, SIDE))


def option_names(attributes: Iterable[str]) -> str:
    """`--target, --split-seed`, or `target=, split_seed=`: attributes of a Source as the caller writes them."""
    return ", ".join(option(OPTIONS[attribute]) for attribute in attributes)


def _resumed(folder: Path, choices: Mapping[str, Any], data: Any, reading: Mapping[str, Any]) -> TrainingPlan:
    killed = os.path.exists(folder / UNFINISHED) and not os.path.exists(folder / RECORD)  # no error where none is seen
    if killed and held(folder / LOCK):
        raise UsageError("run.busy", path=folder, process=owner(folder / LOCK))
    record = RunRecord.read(folder, UNFINISHED if killed else RECORD)
    source, kept = record.data.loader(), record.settings
    if is_frame(data):
        source = record.data.source_at(data)
    if source is None:
        raise UsageError("cli.resume.frame", path=folder)
    if record.data.has_outdated_groups:
        raise DataError("cli.resume.groups", path=folder, group=source.group)
    contradictions = [*kept.contradictions(choices), *_other_data(source, data, reading)]  # type: ignore[arg-type]
    if contradictions:
        raise UsageError("cli.resume.contradicts", path=folder, options=", ".join(contradictions))
    done, epochs = len(record.epochs), choices.get("epochs", kept.epochs)
    if record.unfinished and not record.checkpoint:
        raise UsageError("cli.resume.amid", path=folder, epoch=done + 1)
    if record.diverged:
        raise UsageError("cli.resume.diverged", path=folder, epoch=record.diverged.epoch, rate=kept.learning_rate)
    if record.refit and (epochs != kept.epochs or not (killed or record.lacks_refit)):
        raise UsageError("cli.resume.refit", path=folder, best=record.best_epoch)
    ended = done >= epochs or record.stopped_early
    if (
        ended and not (record.lacks_refit or record.lacks_members) and not (killed and epochs == kept.epochs)
    ):  # which has only to be saved
        if record.stopped_early:
            waited = kept.patience
            raise UsageError("cli.resume.stopped", path=folder, done=done, patience=waited, best=record.best_epoch)
        raise UsageError("cli.resume.done", path=folder, done=done, asked=epochs, more=2 * done)
    if kept.schedule != "constant" and epochs != kept.epochs:
        raise UsageError("cli.resume.schedule", path=folder, epochs=kept.epochs)
    if record.is_mean and not record.checkpoint:
        raise UsageError("cli.resume.ensemble", path=folder, networks=(1 + len(record.members)) * record.views)
    if record.decisions and record.decisions.temperatures and not record.checkpoint:
        raise UsageError("cli.resume.calibrated", path=folder)
    if not killed and not ended and record.best_epoch not in (0, done) and not record.checkpoint:
        raise UsageError("cli.resume.best", path=folder, done=done, best=record.best_epoch)
    return TrainingPlan(source.checked(), replace(kept, epochs=epochs), frozenset(choices), folder, record, killed)


def _other_data(kept: Source, data: Any, reading: Mapping[str, Any]) -> list[str]:
    """What was asked for of the data and is not so in those of the resumed run: `--target rent ≠ price`."""
    differences = []
    if data is not None and kept.frame is None and not _same_place(str(data), kept.place):
        differences.append(f"{without_password(str(data))} ≠ {kept.place}")
    asked = Source.from_dict({"place": kept.place, **reading})
    names: dict[str, Any] = {name: names_in(getattr(asked, name), getattr(kept, name)) for name in SEVERAL}
    asked = replace(asked, **names)
    for name in reading:
        if getattr(asked, name) != getattr(kept, name):
            argument = option(OPTIONS[name], _shown(getattr(asked, name)))
            differences.append(f"{argument} ≠ {as_argument(_shown(getattr(kept, name)))}")
    return differences


def _same_place(place: str, kept: str) -> bool:
    names = {text.lower().replace("_", "-") for text in (place, kept)}
    if is_database(place) or is_database(kept):
        return is_database(place) and is_database(kept) and _as_kept(place) == _as_kept(kept)
    return len(names) == 1 or Path(place).resolve() == Path(kept).resolve()


def _as_kept(place: str) -> str:
    return absolute(split_password(place).text)


def _shown(value: object) -> object:
    """As a message has it: a name, or several, in one text."""
    if isinstance(value, tuple):
        return listed(map(str, value))
    return cut(value) or '""' if isinstance(value, str) else value
