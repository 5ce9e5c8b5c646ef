"""The options that several commands share: the settings of a model, and how data are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rowwise.data.option_files import read_options, read_settings
from rowwise.data.picture_records import FITS
from rowwise.data.source import DATE_ORDERS, SCALES, TASKS, Source
from rowwise.environment import ENGINES
from rowwise.errors import UsageError
from rowwise.models.presets import PATIENCE, PRESETS
from rowwise.runs.plan import READING
from rowwise.runs.setting_values import CLASS_WEIGHTS, LARGEST_SEED, SCHEDULES
from rowwise.runs.settings import Settings
from rowwise.terminal.argument_types import NAMES, POSITIVE, SHARE, SHARES, WIDTHS, given_names, one_of, whole
from rowwise.terminal.parsing import Option

# rowwise.models.task has them; asking it would import Keras
MODEL_TASKS = ("regression", "classification", "binary", "multiclass", "multilabel")
SIGNS = (".", ",")  # rowwise.data.tables.number_text has them; asking it would import NumPy


def settings(of_epochs: str = "cli.help.epochs") -> list[Option]:
    """The settings of a training. What was not given is None: `Settings`, the data or the resumed run decide.

    Args:
        of_epochs: the key of what the help says of `--epochs`.
    """
    usual = Settings()

    def option(name: str, key: str, metavar: str, kind: Any, default: object) -> Option:
        return Option(name, key, metavar, type=kind, values={"default": default})

    hidden = ",".join(map(str, usual.hidden))
    return [
        option("--preset", "cli.help.preset", "NAME", one_of(*PRESETS), usual.preset),
        option("--hidden", "cli.help.hidden", hidden, WIDTHS, hidden),
        option("--activation", "cli.help.activation", "NAME", NAMES, usual.activation),
        option("--dropout", "cli.help.dropout", "SHARE", SHARES, usual.dropout),
        option("--epochs", of_epochs, "N", whole(1), usual.epochs),
        option("--batch-size", "cli.help.batch_size", "N", whole(1), usual.batch_size),
        option("--learning-rate", "cli.help.learning_rate", "RATE", POSITIVE, usual.learning_rate),
        option("--weight-decay", "cli.help.weight_decay", "SHARE", SHARE, usual.weight_decay),
        option("--validation", "cli.help.validation", "SHARE", SHARE, usual.validation),
        option("--seed", "cli.help.seed", "N", whole(0, LARGEST_SEED), usual.seed),
        option("--class-weight", "cli.help.class_weight", "KIND", one_of(*CLASS_WEIGHTS), usual.class_weight),
        option("--patience", "cli.help.patience", "N", whole(1), PATIENCE),
        Option("--no-early-stopping", "cli.help.no_early_stopping", is_flag=True),
        option("--pieces", "cli.help.pieces", "N", whole(0), usual.pieces),
        option("--seeds/--ensemble/ensemble", "cli.help.ensemble", "N", whole(1), usual.ensemble),
        option("--on-all", "cli.help.on_all", "N", whole(0), usual.on_all),
        augmenting(),
        option("--views", "cli.help.views", "N", whole(1), usual.views),
        Option("--features", "cli.help.features", "NAME"),
        Option("--features-weights", "cli.help.features_weights", "FILE"),
        option("--schedule", "cli.help.schedule", "KIND", one_of(*SCHEDULES), usual.schedule),
        Option("--refit", "cli.help.refit", is_flag=True, default=None),
        Option("--threshold", "cli.help.threshold", "AIM"),
        Option("--calibrate", "cli.help.calibrate", is_flag=True, default=None),
        option("--engine", "cli.help.engine", "ENGINE", one_of(*ENGINES), ENGINES[0]),
    ]


def augmenting() -> Option:
    """What an epoch does to pictures."""
    return Option("--augment", "cli.help.augment", "KIND", type=str, values={"default": Settings.augment})


def _of_source(name: str, key: str, metavar: str, kind: Any = str, default: object = None, **more: Any) -> Option:
    return Option(name, key, metavar, type=kind, values={"default": default}, heading="cli.source", **more)


def table_format() -> list[Option]:
    """How a table's file writes what it holds, for every command that reads one: `rowwise.data.source.WRITTEN`."""
    option = _of_source
    return [
        option("--separator", "cli.help.separator", "SIGN"),
        option("--encoding", "cli.help.encoding", "NAME"),
        option("--header", "cli.help.header", "LINE", whole(0)),
        option("--decimal", "cli.help.decimal", "SIGN", one_of(*SIGNS)),
        option("--date-order", "cli.help.date_order", "ORDER", one_of(*DATE_ORDERS)),
        option("--missing", "cli.help.missing", "TEXTS", multiple=True, callback=given_names),
    ]


def reading() -> list[Option]:
    """How data are read: the attributes of a Source. What was not given is None."""
    option, several = _of_source, {"multiple": True, "callback": given_names}
    return [
        option("--target", "cli.help.target", "NAMES", **several),
        option("--categorical", "cli.help.categorical", "NAMES", **several),
        option("--numeric", "cli.help.numeric", "NAMES", **several),
        option("--drop", "cli.help.drop", "NAMES", **several),
        option("--task", "cli.help.task", "TASK", one_of(*TASKS)),
        option("--quantiles", "cli.help.quantiles", "LEVELS"),
        option("--ordered", "cli.help.ordered", "CLASSES"),
        option("--target-scale", "cli.help.target_scale", "SCALE", one_of(*SCALES)),
        option("--weight", "cli.help.weight", "NAME"),
        option("--group", "cli.help.group", "NAME"),
        option("--time", "cli.help.time", "NAME"),
        option("--test", "cli.help.test", "SHARE", SHARE, Source.test),
        option("--test-file", "cli.help.test_file", "FILE"),
        option("--validation-file", "cli.help.validation_file", "FILE"),
        option("--split-seed", "cli.help.split_seed", "N", whole(0, LARGEST_SEED), Source.seed),
        *table_format(),
        option("--size", "cli.help.size", "N|HxW"),
        option("--colour", "cli.help.colour", "KIND", one_of("grey", "colour")),
        option("--fit", "cli.help.fit", "HOW", one_of(*FITS)),
        Option("--skip-bad", "cli.help.skip_bad", is_flag=True, default=None, heading="cli.source"),
        option("--options", "cli.help.options", "FILE", Path),
    ]


def model_task() -> Option:
    """What a saved model's outputs mean, where the model itself does not say it."""
    return Option("--task", "cli.help.model.task", "TASK", type=one_of(*MODEL_TASKS))


def chosen(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, those of the TOML file that `--options` names among them: the line goes first.

    Raises:
        UsageError: the file cannot be used.
    """
    options = {name: value for name, value in given.items() if value is not None and name != "options"}
    if (file := given.get("options")) is None:
        return options
    names = {attribute: option for option, attribute in READING.items()}
    return {names[attribute]: value for attribute, value in read_options(file).items()} | options


def with_settings(given: dict[str, Any]) -> dict[str, Any]:
    """The same, and the settings of a training that the TOML file has; raises as `chosen`."""
    file = given.get("options")
    if given.pop("no_early_stopping"):
        if given["patience"] is not None:
            raise UsageError("cli.patience.both")
        given["patience"] = 0
    return chosen(given) if file is None else read_settings(file) | chosen(given)
