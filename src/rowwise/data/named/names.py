"""The names of data that rowwise itself can load → the modules that do."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING

from rowwise.errors import DataError, UsageError

if TYPE_CHECKING:
    from types import ModuleType

# Each has `load() -> (train, test)`, and what is known without loading: IMAGE, the shape of a record, and CLASSES.
MODULES = {
    "fashion-mnist": "rowwise.data.named.fashion_mnist",
    "garments": "rowwise.data.named.garments",
    "digits": "rowwise.data.named.digits",
}


def names() -> tuple[str, ...]:
    """What `load` takes."""
    return tuple(MODULES)


def is_name(text: str) -> bool:
    """Whether it is one of the names, in any case, with `-` or `_`."""
    return _normalised(text) in MODULES


def canonical_name(name: str) -> str:
    """The name as `names` writes it.

    Raises:
        UsageError: no text at all. DataError: there is no such name; the nearest is suggested.
    """
    if not isinstance(name, str):
        raise UsageError("data.name", found=" ".join(repr(name).split())[:80], known=", ".join(MODULES))
    normalised = _normalised(name)
    if normalised in MODULES:
        return normalised
    near = difflib.get_close_matches(normalised, MODULES, 1, 0.7) or [  # "iris" is no mistyped "digits"
        name for name in MODULES if len(normalised) > 3 and normalised in name
    ]
    if near:
        raise DataError("data.unknown.near", found=name, near=near[0], known=", ".join(MODULES))
    raise DataError("data.unknown", found=name, known=", ".join(MODULES))


def module(name: str) -> ModuleType:
    """The module that loads these data.

    Raises:
        UsageError, DataError: as `canonical_name`.
    """
    return importlib.import_module(MODULES[canonical_name(name)])


def _normalised(text: str) -> str:
    return text.lower().replace("_", "-")
