"""A run's record, and what was asked for now → the commands that do both again."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rowwise.commands.output import called
from rowwise.commands.sources import OPTIONS
from rowwise.runs.settings import Settings
from rowwise.text import language

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from rowwise.data.source import Source

ALWAYS = ("epochs", "seed")  # what these are unless told otherwise may depend on the data


def training_command(record: Mapping[str, Any], source: Source | None) -> str:
    """`rowwise train …` with the settings of a run; a resumed run is the same run as if it had never stopped.

    Empty where nobody knows: beside a bare model, or where the data were a DataFrame.
    """
    settings = record.get("settings")
    if not isinstance(settings, dict) or source is None:
        return ""
    words = [called(), "train"]
    given = source.to_dict()
    words.append(str(given.pop("place")))
    for name, value in given.items():
        words += _option(OPTIONS.get(name, name), value)
    usual = {name: _plain(value) for name, value in asdict(Settings()).items()}
    for name, value in settings.items():
        if name in usual and (name in ALWAYS or value != usual[name]):
            words += _option(name, value)
    return shlex.join(words)


def evaluation_command(options: argparse.Namespace) -> str:
    """`rowwise evaluate … --html …` as it was asked for."""
    words = [called(), "evaluate", str(options.model)]
    words += [] if options.data is None else [str(options.data)]
    words += [] if options.html is None else ["--html", str(options.html)]
    return shlex.join([*words, "--lang", language()])


def _option(name: str, value: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [option] if value else []
    sign = "x" if name == "size" else ","
    return [option, sign.join(map(str, value)) if isinstance(value, list | tuple) else str(value)]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
