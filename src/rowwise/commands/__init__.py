"""The commands of `rowwise`: each module parses its options, calls, and prints."""

from __future__ import annotations

from rowwise import __version__
from rowwise.terminal.parsing import Group, common, showing

PLACES = {
    "train": ("train:command", "cli.help.train"),
    "evaluate": ("evaluate:command", "cli.help.evaluate"),
    "predict": ("predict:command", "cli.help.predict"),
    "explain": ("explain:command", "cli.help.explain"),
    "data": ("data:command", "cli.help.data"),
    "engines": ("engines:command", "cli.help.engines"),
    "bench": ("bench:command", "cli.help.bench"),
}


def rowwise() -> Group:
    """`rowwise`, with all its commands."""
    version = showing("--version", "cli.help.version", lambda ctx: f"rowwise {__version__}\n")
    return Group("rowwise", "cli.help", PLACES, [version, *common()])
