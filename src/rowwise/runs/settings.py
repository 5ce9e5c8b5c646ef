"""The options of `rowwise train`, and the run that is resumed → the settings of one training."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from rowwise.commands.sources import differences
from rowwise.errors import ModelError, UsageError
from rowwise.runs.folder import RECORD

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from rowwise.data.dataset import Dataset
    from rowwise.data.source import Source


# A table of fewer records than MANY is trained for FEWEST_EPOCHS or STEPS, whichever is more, up to MOST_EPOCHS:
# measured on the tables that scikit-learn ships (`rowwise bench --parts tables`).
MANY, FEWEST_EPOCHS, MOST_EPOCHS, STEPS = 10_000, 60, 200, 500


@dataclass(frozen=True)
class Settings:
    """What, with the data, fixes a training: the same settings give the same run on the same machine."""

    hidden: tuple[int, ...] = (100, 30)
    activation: str = "relu"
    dropout: float = 0.0
    learning_rate: float = 0.001
    batch_size: int = 32
    validation: float = 0.1
    seed: int = 0
    class_weight: str = "none"
    epochs: int = 20  # in all, those of the resumed run among them


def for_table(settings: Settings, table: Dataset, chosen: Collection[str]) -> Settings:
    """What suits a table of few or many records, but for the settings that somebody has chosen.

    One hidden layer, smaller batches where there are few records, and more epochs: 20 would be a hundred steps or two.
    """
    from rowwise.models.dense import usual_hidden

    records = len(table)
    if "hidden" not in chosen:
        settings = replace(settings, hidden=usual_hidden(table))
    if "batch_size" not in chosen:
        learned_from = int(records * (1 - settings.validation))
        settings = replace(settings, batch_size=max(min(settings.batch_size, learned_from // 2), 1))
    if "epochs" not in chosen and records < MANY:
        steps = -(-records // settings.batch_size)
        epochs = min(max(FEWEST_EPOCHS, -(-STEPS // steps)), MOST_EPOCHS)
        settings = replace(settings, epochs=epochs)
    return settings


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that stand on the command line."""
    found = {field.name: getattr(options, field.name) for field in fields(Settings)}
    return {name: value for name, value in found.items() if value is not None}


def resumed(options: argparse.Namespace, folder: Path, record: Mapping[str, Any], source: Source | None) -> Settings:
    """The settings of the run in `folder`, trained on `source`, with the epochs that were asked for now.

    Raises:
        UsageError: an option contradicts the run, the run stopped amid an epoch, or has all its epochs.
        ModelError: the record's settings are damaged.
    """
    kept = _kept(folder, record)
    now = given(options)
    epochs = now.pop("epochs", kept.epochs)
    contradictions = [
        f"--{option.replace('_', '-')} {_shown(value)} ≠ {_shown(getattr(kept, option))}"
        for option, value in now.items()
        if value != getattr(kept, option)
    ]
    contradictions += differences(options, source) if source is not None else []
    if contradictions:
        raise UsageError("cli.resume.contradicts", path=folder, options=", ".join(contradictions))
    done = len(record["epochs"])
    if record.get("unfinished"):
        raise UsageError("cli.resume.amid", path=folder, epoch=done + 1)
    if done >= epochs:
        raise UsageError("cli.resume.done", path=folder, done=done, asked=epochs, more=2 * done)
    return Settings(**{**asdict(kept), "epochs": epochs})


def _kept(folder: Path, record: Mapping[str, Any]) -> Settings:
    values: dict[str, Any] = {}
    for name, usual in asdict(Settings()).items():
        # A run of before there were class weights had none.
        found = record["settings"].get(name, usual if name == "class_weight" else None)
        kinds = {tuple: (list,), float: (float, int)}.get(type(usual), (type(usual),))  # JSON's names for them
        if not isinstance(found, kinds) or isinstance(found, bool):
            raise ModelError("run.damaged", path=folder / RECORD, cause=f"settings.{name}: {found!r}")
        values[name] = tuple(found) if isinstance(found, list) else found
    return Settings(**values)


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
