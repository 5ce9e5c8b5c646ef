"""A training and its measures → what `run.json` and `--json` hold."""

from __future__ import annotations

import math
import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from rowwise import __version__
from rowwise.runs.folder import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rowwise.data.dataset import Dataset
    from rowwise.measure import RegressionReport, Report
    from rowwise.runs.settings import Settings

# What stands first in a row of an epoch.
FIRST = (
    *("loss", "accuracy", "mean_absolute_error"),
    *("val_loss", "val_accuracy", "val_mean_absolute_error"),
)
Row = dict[str, Any]  # one epoch: epoch (from 1), its figures by Keras's names, seconds


def run_record(
    train: Dataset,
    test: Dataset,
    settings: Settings,
    fit: Mapping[str, Any],
    epochs: Sequence[Row],
    report: Report | RegressionReport,
    seconds: Mapping[str, float],
    *,
    resumed_from: str | None = None,
    interrupted: bool = False,
) -> dict[str, Any]:
    """The record of one run, but for `model`, which saving adds.

    Args:
        fit: what `rowwise.fit` left in `History.rowwise`.
        epochs: all of them, those of the resumed run first.
        report: of the test data.
        seconds: of this command alone; an epoch's own are in `epochs`. `import` and `load` overlap.
    """
    cut = fit.get("interrupted") if interrupted else None
    return {
        "schema": SCHEMA,
        "data": {
            **data_record(train),
            "test_records": len(test),
            "test_checksum": test.checksum,
            "shape": train.shape,
            "classes": train.classes,
            "classes_ko": train.classes_ko,
            "task": train.task,
            "targets": train.targets,
            "schema": train.schema.to_dict() if train.schema is not None else None,
            "source": dict(train.source),
        },
        "settings": asdict(settings),
        "seed": settings.seed,
        "engine": fit["engine"],
        "engine_reason": fit["reason"],
        "resumed_from": resumed_from,
        "interrupted": interrupted,
        # The steps of an epoch that Ctrl-C cut short: they are in the weights, but no epoch counts them.
        "unfinished": {"epoch": len(epochs) + 1, "steps": cut["steps"]} if cut else None,
        "epochs": list(epochs),
        "test": report.to_dict(),
        "seconds": dict(seconds),
        "versions": versions(),
    }


def data_record(data: Dataset) -> dict[str, Any]:
    """What identifies data in every record."""
    return {
        "name": data.name,
        "provenance": data.provenance,
        "checksum": data.checksum,
        "records": len(data),
    }


def epoch_rows(figures: Mapping[str, Sequence[float]], seconds: Sequence[float], first: int) -> list[Row]:
    """Keras's `History.history` and the epochs' seconds → a row an epoch, numbered from `first`."""
    names = [name for name in FIRST if name in figures]
    names += [name for name in figures if name not in names]
    return [
        {"epoch": first + place, **{name: float(figures[name][place]) for name in names}, "seconds": spent}
        for place, spent in enumerate(seconds)
    ]


def columns(rows: Sequence[Row]) -> dict[str, list[float]]:
    """The reverse of `epoch_rows`, without numbers and seconds: what the learning curves are drawn from."""
    names = [name for name in (rows[0] if rows else ()) if name not in ("epoch", "seconds")]
    # JSON has no NaN: a figure that was none came back as None.
    return {name: [math.nan if row[name] is None else row[name] for row in rows] for name in names}


def versions() -> dict[str, str]:
    """Of rowwise, Python and the libraries that the figures depend on."""
    libraries = {name: version(name) for name in ("keras", "jax", "numpy", "polars")}
    return {"rowwise": __version__, "python": platform.python_version(), **libraries}
