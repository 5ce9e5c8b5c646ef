"""The commands of `rowwise`: each module parses its options, calls, and prints."""

from __future__ import annotations

from rowwise import __version__
from rowwise.terminal.parsing import Group, common, showing

PLACES = {
    "train": ("rowwise.commands.train:command", "cli.help.train"),
    "tune": ("rowwise.commands.tune:command", "cli.help.tune"),
    "evaluate": ("rowwise.commands.evaluate:command", "cli.help.evaluate"),
    "predict": ("rowwise.commands.predict:command", "cli.help.predict"),
    "explain": ("rowwise.commands.explain:command", "cli.help.explain"),
    "questions": ("rowwise.commands.questions:command", "cli.help.questions"),
    "export": ("rowwise.commands.export:command", "cli.help.export"),
    "serve": ("rowwise.commands.serve:command", "cli.help.serve"),
    "studio": ("rowwise.commands.studio:command", "cli.help.studio"),
    "data": ("rowwise.commands.data:command", "cli.help.data"),
    "engines": ("rowwise.commands.engines:command", "cli.help.engines"),
    "bench": ("rowwise.commands.bench:command", "cli.help.bench"),
}


def rowwise() -> Group:
    """`rowwise`, with all its commands."""
    version = showing("--version", "cli.help.version", lambda ctx: f"rowwise {__version__}\n")
    return Group("rowwise", "cli.help", PLACES, [version, *common()])
