"""A word after `rowwise explain` → what it names: a saved model, a table, a folder of pictures, or data by name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.data import canonical_name, form, load, load_default, names
from rowwise.data.databases import is_database
from rowwise.data.loaders import load_source
from rowwise.data.source import TABLES, Source, source_of
from rowwise.errors import DataError, UsageError, warn_user
from rowwise.runs.model_file import MODEL
from rowwise.runs.plan import option_names
from rowwise.runs.record import RECORD
from rowwise.runs.saved import Saved
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.data.dataset import Dataset


def source_named(word: str | None, reading_options: dict[str, Any]) -> Source | None:
    """The table or folder of pictures that was named in place of a model; None for a model or other data.

    Raises:
        UsageError: options of such data without them. DataError: no such file.
    """
    if word is not None and (is_database(word) or Path(word).suffix.lower() in TABLES or _is_pictures(word)):
        return source_of(word, reading_options).checked()
    if reading_options and word is None:
        raise UsageError("cli.source.none", options=option_names(reading_options))
    if reading_options:
        raise UsageError("source.option.data", option=option_names(reading_options), place=word)
    return None


def _is_pictures(place: str) -> bool:
    """Whether it is a folder with sub-folders, and neither a run nor called as data are."""
    path = Path(place)
    if not path.is_dir() or _is_run(path):
        return False
    return Source(place).kind == "folder" and any(entry.is_dir() for entry in path.iterdir())


def _is_run(path: Path) -> bool:
    return (path / MODEL).exists() or (path / RECORD).exists()


def model_or_data_named(word: str | None) -> Path | str | None:
    """The run's folder or model file that was named, else the name of the data; None where nothing was named.

    Raises:
        UsageError, DataError: nothing has that name; the nearest is suggested.
    """
    if word is None:
        return None
    path = Path(word)
    if path.is_file() or _is_run(path) or path.suffix or len(path.parts) > 1:
        return path
    try:
        return canonical_name(word)
    except DataError as error:
        if path.is_dir():
            return path
        if error.key == "data.unknown":  # nothing like it: as likely a mistyped folder
            raise UsageError("explain.unknown", found=word, known=", ".join(names())) from None
        raise


def model_and_records(
    named: Source | Path | str | None,
    records: Source | None,
    hidden: Sequence[int] | None,
    traced: tuple[int, int],
) -> tuple[Saved, Dataset]:
    """A saved model with the data `records` or the run's own; else a fresh model of the data, which is warned of.

    Args:
        named: what is explained, as the functions above give it.
        records: data to be traced through a saved model.
        hidden: units of a fresh model's hidden layers.
        traced: record and unit, for the command that a message suggests.

    Raises:
        UsageError: no data were passed and the run records none. DataError: they are not available, or do not fit.
    """
    if isinstance(named, Path):
        saved = Saved.open(named)
        if records is None and saved.own_source() is None:
            _refuse_without_data(saved, named, *traced)
        return saved, saved.sets(records)[1]

    if records is not None:
        raise UsageError("explain.two_data", first=_shown(named), second=records.place)
    from rowwise.models.dense import dense

    if isinstance(named, Source):
        train, test, warning = *load_source(named), None
    else:
        train, test, warning = load_default() if named is None else (*load(named), None)
    if warning:
        warn_user(warning)
    warn_user(say("explain.untrained"))
    return Saved(Path(), dense(train, hidden, seed=0), None), test


def _shown(named: Source | str | None) -> str | None:
    return named.place if isinstance(named, Source) else named


def _refuse_without_data(saved: Saved, path: Path, record: int, unit: int) -> None:
    if saved.schema is not None:
        raise UsageError("explain.no_data", path=path, record=record, unit=unit)
    if (name := _fitting_data(saved)) is None:
        raise UsageError("explain.data.none", path=path)
    raise UsageError("explain.data", path=path, name=name, record=record, unit=unit)


def _fitting_data(saved: Saved) -> str | None:
    """The first data whose records are as large as those that the model takes."""
    sizes = saved.network.input_shape[1:] if saved.network.built else ()
    if not all(isinstance(size, int) for size in sizes):
        return None
    return next((name for name in names() if math.prod(form(name)[0]) == math.prod(sizes)), None)
