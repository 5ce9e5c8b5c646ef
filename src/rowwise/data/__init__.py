"""A name → two Datasets, for training and for testing."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING

from rowwise.errors import DataError, DataNotFound
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
        DataError: an unknown name (the nearest is suggested), or broken files.
        DataNotFound: nowhere to be had; lists the places looked at.
    """
    module = importlib.import_module(f"rowwise.data.{_MODULES[known(name)]}")
    train, test = module.load()
    return train, test


def known(name: str) -> str:
    """The name as `names` writes it.

    Raises:
        DataError: there is none like it.
    """
    wanted = name.lower().replace("_", "-")
    if wanted in _MODULES:
        return wanted
    near = difflib.get_close_matches(wanted, _MODULES, 1, 0.5)
    key = "data.unknown.near" if near else "data.unknown"
    raise DataError(key, found=name, near=near[0] if near else "", known=", ".join(_MODULES))


def load_default() -> tuple[Dataset, Dataset, str | None]:
    """Fashion-MNIST where it can be had, else the garments and a sentence that says so."""
    try:
        return *load("fashion-mnist"), None
    except DataNotFound as missing:
        return *load("garments"), say("data.default", reason=missing)


def fetch(name: str) -> Path | None:
    """Make sure that the data are on this machine: their folder, or None for data that need no files.

    Raises:
        DataError: an unknown name. DataNotFound: no mirror gave them.
    """
    if known(name) != "fashion-mnist":
        return None
    from rowwise.data import fashion_mnist

    return (fashion_mnist.find() or fashion_mnist.download()).folder
