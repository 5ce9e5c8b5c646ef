"""A user's TOML file of options → how data are read, and the settings of a training."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rowwise.data.source import Source
from rowwise.errors import UsageError, os_reason
from rowwise.files import read_small
from rowwise.text import say

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = "settings"  # the table that has the settings of a training
LONGEST_OPTIONS = 1 << 20  # bytes
DEEPEST = 100
CHAIN = re.compile(r"(?:(?:[\w-]{1,99}|\"[^\"\n]{0,99}\"|'[^'\n]{0,99}')[ \t]*\.[ \t]*){50}")  # parsed in squares


def read_options(file: Path) -> dict[str, Any]:
    """The options in a TOML file, such as `target = "price"`, by the names of a Source's attributes.

    What stands there below `[settings]` is for a training, and `read_settings` gives it.

    Raises:
        UsageError: it cannot be read, is no TOML, or has an option that does not exist.
    """
    options = _read_toml(file)
    options.pop(SETTINGS, None)
    Source.from_dict({"place": "", **options})
    return options


def read_settings(file: Path) -> dict[str, Any]:
    """The settings of a training in a TOML file, below `[settings]`: `hidden = [256, 256]`; none where there are none.

    Raises:
        UsageError: it cannot be read, or is no TOML.
    """
    settings = _read_toml(file).get(SETTINGS, {})
    if not isinstance(settings, dict):
        raise UsageError("source.toml.settings", path=file)
    return settings


def _read_toml(file: Path) -> dict[str, Any]:
    import tomllib  # costs milliseconds, and few have such a file

    try:
        text = read_small(file, LONGEST_OPTIONS).decode("utf-8")
        if CHAIN.search(text):
            raise ValueError(say("source.toml.chain"))
        options = tomllib.loads(text)
    except RecursionError as cause:
        raise UsageError("source.toml", path=file, cause=say("config.deep", most=DEEPEST)) from cause
    except OSError as cause:
        raise UsageError("source.toml", path=file, cause=os_reason(cause)) from cause
    except ValueError as cause:  # no UTF-8, no TOML
        raise UsageError("source.toml", path=file, cause=cause) from cause
    return options
