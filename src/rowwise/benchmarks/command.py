"""What `rowwise bench` was asked to measure → tables, or one JSON object."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rowwise.cores import usable_cores
from rowwise.errors import UsageError
from rowwise.terminal.columns import in_columns
from rowwise.text import say

PARTS = (
    "epochs",
    "engine",
    "bfloat16",
    "models",
    "first",
    "accuracy",
    "sweep",
    "scaling",
    "progress",
    "start",
    "shell",
    "memory",
    "tables",
    "outofcore",
    "serve",
)
WITHOUT_DATA = ("models", "first", "tables", "outofcore")  # they bring their own records
FEWEST = 1000  # records of a file that is worth reading in pieces
PEERS = ("keras", "torch", "sklearn")


@dataclass(frozen=True)
class Bench:
    """What is measured.

    Attributes:
        data: a name, for the parts that train on given records.
        parts: of `PARTS`, or "all", separated by commas.
        against: of `PEERS`, separated by commas; of the part engine, a file that it saved, or a revision.
        repeats: rounds after the warm-up.
        batch_size, hidden: of the models; the part models has its own.
        seeds: of the parts accuracy, bfloat16, sweep and tables.
        epochs: of the parts accuracy, bfloat16, sweep and shell.
        records: of the part outofcore.
        tables, trainers: of the part tables, separated by commas; empty for all.
        results: the file that the part tables keeps its rows in, to go on from; empty for none.
        save: the file that the part engine writes; empty for none.
        tensorflow_python: a Python that has Keras on TensorFlow; empty for none.
        json: whether one object is printed in place of tables.
    """

    data: str = "fashion-mnist"
    parts: str = "epochs"
    against: str = ",".join(PEERS)
    repeats: int = 5
    batch_size: int = 32
    hidden: str = "100,30"
    seeds: int = 5
    epochs: int = 20
    records: int = 1_000_000
    tables: str = ""
    trainers: str = ""
    results: str = ""
    save: str = ""
    tensorflow_python: str = ""
    json: bool = False


def measure(settings: Bench) -> int:
    """Measure and print; 0.

    Raises:
        UsageError: an unknown part or peer. DataError: the data are not available.
    """
    chosen = _names(settings.parts, (*PARTS, "all"), "parts")
    chosen = list(PARTS) if "all" in chosen else chosen
    version = ""
    if chosen == ["engine"] and settings.against != Bench.against:
        version, settings = settings.against, replace(settings, against=Bench.against)
    if settings.save and "engine" not in chosen:
        raise UsageError("bench.engine.save", found=settings.save)
    against = _names(settings.against, PEERS, "against")
    hidden = _widths(settings.hidden)
    if min(settings.repeats, settings.seeds, settings.epochs, settings.batch_size) < 1 or settings.records < FEWEST:
        raise UsageError("bench.positive", fewest=f"{FEWEST:,}")

    return _measured(settings, chosen, against, hidden, usable_cores(), version)


def _measured(
    settings: Bench, chosen: list[str], against: list[str], hidden: tuple[int, ...], threads: int, version: str
) -> int:
    from rich.console import Console

    from rowwise.benchmarks import bfloat16_turns, parts
    from rowwise.benchmarks.engine_turns import engine, save, shown
    from rowwise.benchmarks.models import first, models
    from rowwise.benchmarks.outofcore import out_of_core
    from rowwise.benchmarks.real_tables import TABLES
    from rowwise.benchmarks.serving import serving
    from rowwise.benchmarks.tables import tables, trainer_names, views
    from rowwise.data import load

    of_tables = _names(settings.tables, tuple(table.name for table in TABLES), "tables")
    trainers = _names(settings.trainers, trainer_names(), "trainers")
    results_file = Path(settings.results) if settings.results else None

    if chosen == list(PARTS) and bfloat16_turns.missing():
        chosen.remove("bfloat16")  # all means all that there is to measure
    train: Any = None
    test: Any = None
    if set(chosen) - set(WITHOUT_DATA):
        train, test = load(settings.data)
    run: dict[str, Any] = {
        "epochs": lambda: parts.epochs(
            train, settings.repeats, settings.batch_size, against, threads, hidden, settings.tensorflow_python
        ),
        "engine": lambda: engine(train, settings.repeats, version),
        "bfloat16": lambda: {
            "speed": bfloat16_turns.speed(train, settings.repeats),
            "learned": bfloat16_turns.learned(train, test, settings.seeds, settings.epochs, settings.batch_size),
        },
        "models": lambda: models(settings.repeats, against),
        "first": lambda: first(settings.repeats),
        "accuracy": lambda: parts.accuracy(train, test, settings.seeds, settings.epochs, settings.batch_size),
        "sweep": lambda: parts.sweep(train, settings.repeats, settings.batch_size, settings.seeds, settings.epochs),
        "scaling": lambda: parts.scaling(train, settings.repeats, settings.batch_size),
        "progress": lambda: parts.progress(train, settings.repeats, settings.batch_size),
        "start": lambda: parts.start(settings.repeats, settings.data),
        "shell": lambda: parts.shell(settings.repeats, settings.epochs),
        "memory": lambda: parts.memory(settings.data),
        "tables": lambda: tables(settings.seeds, of_tables, trainers, results_file),
        "outofcore": lambda: out_of_core(settings.records, settings.batch_size),
        "serve": lambda: serving(train, settings.repeats),
    }
    machine = _machine()
    results: dict[str, Any] = {
        "machine": machine,
        "threads": threads,
        "data": train.provenance if train else None,
        "records": len(train) if train else settings.records,
        "batch_size": settings.batch_size,
        "hidden": list(hidden),
        "repeats": settings.repeats,
    }
    out = sys.stderr if settings.json else sys.stdout
    setting = say("bench.setting", machine=machine, threads=threads, batch_size=settings.batch_size)
    for text in ([f"{train.origin}: {len(train):,}"] if train else []) + [setting]:
        Console(file=out, width=80).print(text, highlight=False, markup=False)
    for part in PARTS:
        if part in chosen:
            rows = results[part] = run[part]()
            if part == "engine" and settings.save:
                save(Path(settings.save), rows)
            tables_of = {part: shown(rows) if part == "engine" else rows}
            if part == "bfloat16":
                tables_of = {f"{part}.{name}": of for name, of in rows.items()}
            if part == "tables":
                tables_of = {f"{part}.{name}": of for name, of in views(rows).items()}
            for name, lines in tables_of.items():
                if not lines:
                    continue
                head = say(f"bench.part.{name}", records=f"{settings.records:,}")
                print(file=out)
                Console(file=out, width=80).print(head, highlight=False, markup=False)
                print(_table(lines), file=out, flush=True)
    if settings.json:
        print(json.dumps(results))
    return 0


def _widths(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise UsageError("bench.positive", fewest=f"{FEWEST:,}")
    return tuple(map(int, parts))


def _names(text: str, known: tuple[str, ...], option: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in known:
            raise UsageError("bench.unknown", option=option, found=name, known=", ".join(known))
    return names


def _machine() -> str:
    """Processor and versions: a figure without them means little."""
    versions = []
    for name in ("keras", "jax", "torch", "scikit-learn", "numpy"):
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return f"{platform.machine()}, Python {platform.python_version()}, {', '.join(versions)}"


def _table(rows: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    head = [say(f"bench.column.{column}") for column in columns]
    cells = [head, *([_cell(row.get(column)) for column in columns] for row in rows)]
    return in_columns(cells)


# What stands in rows for people to read, as JSON has it → the end of its key in the catalogue.
WORDS = {
    "mean": "mean",
    "standard deviation": "deviation",
    "none": "none",
    "bar": "bar",
    "lines": "lines",
    "fit, one by one": "one_by_one",
    "planned": "planned",
    "Keras on JAX, a script": "script",
    "batch normalization": "normalized",
    "residual": "residual",
    "convolution": "convolution",
    "embedding, table": "table",
    "embedding, tokens": "tokens",
}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if value in WORDS:
        return say(f"bench.cell.{WORDS[str(value)]}")
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
