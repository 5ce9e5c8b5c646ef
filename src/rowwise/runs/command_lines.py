"""A run's record, and what was asked for now → the commands that do both again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from rowwise.runs.plan import READING
from rowwise.runs.settings import Settings
from rowwise.text import language

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rowwise.runs.record import RunRecord

ALWAYS = ("epochs", "seed")  # the defaults of these may depend on the data


def training_command(called: str, record: RunRecord | None) -> str:
    """`rowwise train …` with the settings of a run; a resumed run is the same run as if it had never stopped.

    `called` is how the program is started: `rowwise`, `python -m rowwise`.

    Empty where it is unknown: beside a bare model, or where the data were a DataFrame.
    """
    source = record.data.loader() if record is not None else None
    if record is None or source is None:
        return ""
    reading = source.to_dict()
    words = [called, "train", str(reading.pop("place"))]
    names = {attribute: option for option, attribute in READING.items()}
    for attribute, value in reading.items():
        words += _option(names[attribute], value)
    usual = Settings().to_dict()
    for name, value in record.settings.to_dict().items():
        if name == "validation" and source.validation_file:
            continue
        if name == "patience" and not value:
            words += [] if record.data.schema is None else ["--no-early-stopping"]  # a table's default
        elif name in ALWAYS or value != usual[name]:
            words += _option(name, value)
    return shlex.join(words)


def evaluation_command(called: str, model: Path, data: str | None, html: Path, options: Mapping[str, Any]) -> str:
    """`rowwise evaluate … --html …` as it was asked for, with the other options that were given; `called` as above."""
    words = [called, "evaluate", str(model), *([data] if data is not None else [])]
    for name, value in options.items():
        words += _option(name, value) if value is not None else []
    words += ["--html", str(html)]
    return shlex.join([*words, "--lang", language()])


def _option(name: str, value: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [option] if value else []
    sign = "x" if name == "size" else ","
    return [option, sign.join(map(str, value)) if isinstance(value, list | tuple) else str(value)]
