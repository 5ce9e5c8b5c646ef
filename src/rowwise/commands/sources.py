"""The options that say what data to load and how, or a run's record → a Source."""

from __future__ import annotations

import warnings
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.commands.polars_stderr import panics_hidden
from rowwise.data.source import Source, read_options
from rowwise.errors import ModelError, RowwiseError, Suspicious, UsageError
from rowwise.runs.folder import RECORD
from rowwise.text import say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping

    from rowwise.commands.output import Output
    from rowwise.data.dataset import Dataset

# The attributes of a Source that are options, each by the name that argparse has for it.
OPTIONS = {
    **{name: name for name in ("target", "task", "categorical", "numeric", "drop", "group", "time", "test")},
    **{name: name for name in ("separator", "encoding", "size", "colour", "skip_bad")},
    "seed": "split_seed",
}


def given(options: argparse.Namespace) -> dict[str, Any]:
    """What the command line, and the TOML file that it names, say about the data: the command line goes first.

    Raises:
        UsageError: the file cannot be used.
    """
    found = {name: value for name, option in OPTIONS.items() if (value := getattr(options, option, None)) is not None}
    file = getattr(options, "options", None)
    return found if file is None else read_options(file) | found


def source_of(options: argparse.Namespace) -> Source | None:
    """The data that the command line names, checked as far as that needs no reading; None where it names none.

    Raises:
        UsageError: options that make no sense, or without data. DataError: no such name or file.
    """
    found = given(options)
    if options.data is None:
        if found:
            raise UsageError("cli.source.none", options=option_names(found))
        return None
    return Source.from_dict({"place": options.data, **found}).checked()


def source_of_run(record: Mapping[str, Any], folder: Path) -> Source | None:
    """The data that a run was trained on; None where its record does not say.

    Raises:
        ModelError: the record is damaged. DataError: a name that there is not.
    """
    data = record.get("data", {})
    name, source = data.get("name"), data.get("source")
    kept = source.get("load") if isinstance(source, dict) else None
    if kept is None:
        return None if name is None else Source(str(name)).checked()
    try:
        return Source.from_dict(kept)
    except (RowwiseError, TypeError, AttributeError) as cause:
        raise ModelError("run.damaged", path=folder / RECORD, cause=f"data.source.load: {cause}") from cause


def differences(options: argparse.Namespace, kept: Source) -> list[str]:
    """What the command line says about the data that is not so in `kept`: `--target rent ≠ price`."""
    found = []
    if options.data is not None and not _same(options.data, kept.place):
        found.append(f"{options.data} ≠ {kept.place}")
    now = given(options)
    asked = Source.from_dict({"place": kept.place, **now})
    for name in now:
        if getattr(asked, name) != getattr(kept, name):
            found.append(f"{option_names([name])} {_shown(getattr(asked, name))} ≠ {_shown(getattr(kept, name))}")
    return found


def _same(place: str, kept: str) -> bool:
    names = {text.lower().replace("_", "-") for text in (place, kept)}
    return len(names) == 1 or Path(place).resolve() == Path(kept).resolve()


def option_names(names: Iterable[str]) -> str:
    """`--target, --drop`: the attributes of a Source as the command line calls them."""
    return ", ".join(f"--{OPTIONS[name].replace('_', '-')}" for name in names)


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value) or '""'


def warn_of_other_data(record: Mapping[str, Any], test: Dataset, out: Output) -> None:
    """Say so where the run's own test data are no longer what they were."""
    from rowwise.data.tables.split_keys import has_outdated_keys

    data = record.get("data", {})
    if data.get("test_checksum") != test.checksum:
        regrouped = has_outdated_keys(data.get("source"))
        out.warn(say("cli.other_groups" if regrouped else "cli.other_data", name=test.name))


@contextmanager
def told(out: Output, source: Source | None = None) -> Iterator[None]:
    """What the block warns of with `Suspicious` is one of the command's own warnings, without file and line.

    Args:
        source: what the block reads. Of a table, nothing is printed but that and the error.
    """
    quiet = panics_hidden() if source is not None and source.kind == "table" else nullcontext()
    with quiet, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Suspicious)
        yield
    for warning in caught:
        if issubclass(warning.category, Suspicious):
            out.warn(str(warning.message))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
