"""The names of data that rowwise knows → the modules that load them."""

from __future__ import annotations

import difflib

from rowwise.errors import DataError, UsageError

MODULES = {"fashion-mnist": "fashion_mnist", "garments": "garments", "digits": "digits"}


def names() -> tuple[str, ...]:
    """What `load` knows."""
    return tuple(MODULES)


def known(name: str) -> str:
    """The name as `names` writes it.

    Raises:
        UsageError: no text at all. DataError: there is no such name.
    """
    if not isinstance(name, str):
        raise UsageError("data.name", found=" ".join(repr(name).split())[:80], known=", ".join(MODULES))
    wanted = name.lower().replace("_", "-")
    if wanted in MODULES:
        return wanted
    near = difflib.get_close_matches(wanted, MODULES, 1, 0.7) or [  # "iris" is no mistyped "digits"
        name for name in MODULES if len(wanted) > 3 and wanted in name
    ]
    if near:
        raise DataError("data.unknown.near", found=name, near=near[0], known=", ".join(MODULES))
    raise DataError("data.unknown", found=name, known=", ".join(MODULES))
