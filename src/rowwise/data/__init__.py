"""A name → two Datasets, for training and for testing."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING

from rowwise.errors import DataError, DataNotFound, SaveError, UsageError
from rowwise.text import say

if TYPE_CHECKING:
    from pathlib import Path

    from rowwise.data.dataset import Dataset

_MODULES = {"fashion-mnist": "fashion_mnist", "garments": "garments", "digits": "digits"}


def names() -> tuple[str, ...]:
    """What `load` knows."""
    return tuple(_MODULES)


def load(name: str) -> tuple[Dataset, Dataset]:
    """`(train, test)` of the data called `name`, in any case, with `-` or `_`.

    Raises:
        UsageError: no name but something else. DataError: an unknown name (the nearest is suggested), or broken
            files. DataNotFound: nowhere to be had; lists the places looked at. SaveError: what was fetched
            cannot be stored.
    """
    module = importlib.import_module(f"rowwise.data.{_MODULES[known(name)]}")
    train, test = module.load()
    return train, test


def known(name: str) -> str:
    """The name as `names` writes it.

    Raises:
        UsageError: no text at all. DataError: there is no such name.
    """
    if not isinstance(name, str):
        raise UsageError("data.name", found=" ".join(repr(name).split())[:80], known=", ".join(_MODULES))
    wanted = name.lower().replace("_", "-")
    if wanted in _MODULES:
        return wanted
    near = difflib.get_close_matches(wanted, _MODULES, 1, 0.5)
    if near:
        raise DataError("data.unknown.near", found=name, near=near[0], known=", ".join(_MODULES))
    raise DataError("data.unknown", found=name, known=", ".join(_MODULES))


def form(name: str) -> tuple[tuple[int, ...], int]:
    """The shape of one record of the data called `name`, and its number of classes, without loading them.

    Raises:
        DataError: an unknown name.
    """
    module = importlib.import_module(f"rowwise.data.{_MODULES[known(name)]}")
    return module.IMAGE, len(module.CLASSES)


def load_default() -> tuple[Dataset, Dataset, str | None]:
    """Fashion-MNIST where it can be had, else the garments and a sentence that says so."""
    try:
        return *load("fashion-mnist"), None
    except (DataNotFound, SaveError) as missing:  # nowhere, or no room to put it
        return *load("garments"), say("data.default", reason=missing)


def fetch(name: str) -> Path | None:
    """Make sure that the data are on this machine: their folder, or None for data that need no files.

    Raises:
        DataError: an unknown name. DataNotFound: no mirror gave them. SaveError: they cannot be stored.
    """
    if known(name) != "fashion-mnist":
        return None
    from rowwise.data import fashion_mnist

    return (fashion_mnist.find() or fashion_mnist.download()).folder
