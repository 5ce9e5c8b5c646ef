"""The arguments of `rowwise bench` → tables, or one JSON object with `--json`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rowwise.cores import usable_cores
from rowwise.errors import UsageError
from rowwise.text import say

PARTS = ("epochs", "accuracy", "sweep", "scaling", "progress", "start", "shell", "memory", "tables", "outofcore")
WITHOUT_DATA = ("tables", "outofcore")  # they have records of their own
FEWEST = 1000  # records of a file that is worth reading in pieces
PEERS = ("keras", "torch", "sklearn")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rowwise bench`."""
    parser.add_argument("data", nargs="?", default="fashion-mnist", help=say("bench.help.data"))
    parser.add_argument("--parts", default="epochs", help=say("bench.help.parts", known=",".join(PARTS)))
    parser.add_argument("--against", default=",".join(PEERS), help=say("bench.help.against"))
    parser.add_argument("--repeats", type=int, default=5, help=say("bench.help.repeats"))
    parser.add_argument("--batch-size", type=int, default=32, help=say("bench.help.batch_size"))
    parser.add_argument("--hidden", default="100,30", help=say("bench.help.hidden"))
    parser.add_argument("--seeds", type=int, default=5, help=say("bench.help.seeds"))
    parser.add_argument("--epochs", type=int, default=20, help=say("bench.help.epochs"))
    parser.add_argument("--records", type=int, default=1_000_000, help=say("bench.help.records"))
    parser.add_argument("--tensorflow-python", default="", metavar="PYTHON", help=say("bench.help.tensorflow_python"))
    parser.add_argument("--json", action="store_true", help=say("bench.help.json"))


def main(arguments: argparse.Namespace | list[str] | None = None) -> int:
    """Measure and print; 0.

    Raises:
        UsageError: an unknown part or peer. DataError: the data are not to be had.
    """
    if not isinstance(arguments, argparse.Namespace):
        parser = argparse.ArgumentParser(prog="rowwise bench", description=say("bench.help"))
        add_arguments(parser)
        arguments = parser.parse_args(arguments)
    parts = _names(arguments.parts, (*PARTS, "all"), "parts")
    parts = list(PARTS) if "all" in parts else parts
    against = _names(arguments.against, PEERS, "against")
    hidden = _widths(arguments.hidden)
    numbers = (arguments.repeats, arguments.seeds, arguments.epochs, arguments.batch_size)
    if min(numbers) < 1 or arguments.records < FEWEST:
        raise UsageError("bench.positive", fewest=f"{FEWEST:,}")

    # Read by OpenMP when PyTorch and scikit-learn start; XLA takes the cores the process may run on by itself.
    threads = usable_cores()
    os.environ["OMP_NUM_THREADS"] = str(threads)

    from rich.console import Console

    from rowwise.benchmarks import parts as measure
    from rowwise.benchmarks.outofcore import out_of_core
    from rowwise.benchmarks.tables import tables
    from rowwise.data import load

    train: Any = None
    test: Any = None
    if set(parts) - set(WITHOUT_DATA):
        train, test = load(arguments.data)
    run: dict[str, Any] = {
        "epochs": lambda: measure.epochs(
            train, arguments.repeats, arguments.batch_size, against, hidden, arguments.tensorflow_python
        ),
        "accuracy": lambda: measure.accuracy(train, test, arguments.seeds, arguments.epochs, arguments.batch_size),
        "sweep": lambda: measure.sweep(
            train, arguments.repeats, arguments.batch_size, arguments.seeds, arguments.epochs
        ),
        "scaling": lambda: measure.scaling(train, arguments.repeats, arguments.batch_size),
        "progress": lambda: measure.progress(train, arguments.repeats, arguments.batch_size),
        "start": lambda: measure.start(arguments.repeats, arguments.data),
        "shell": lambda: measure.shell(arguments.repeats, arguments.epochs),
        "memory": lambda: measure.memory(arguments.data),
        "tables": lambda: tables(arguments.seeds),
        "outofcore": lambda: out_of_core(arguments.records, arguments.batch_size),
    }
    machine = _machine()
    found: dict[str, Any] = {
        "machine": machine,
        "threads": threads,
        "data": train.provenance if train else None,
        "records": len(train) if train else arguments.records,
        "batch_size": arguments.batch_size,
        "hidden": list(hidden),
        "repeats": arguments.repeats,
    }
    out = sys.stderr if arguments.json else sys.stdout
    setting = say("bench.setting", machine=machine, threads=threads, batch_size=arguments.batch_size)
    for text in ([f"{train.provenance}: {len(train):,}"] if train else []) + [setting]:
        Console(file=out, width=80).print(text, highlight=False, markup=False)
    for part in PARTS:
        if part in parts:
            found[part] = run[part]()
            print(
                f"\n{say(f'bench.part.{part}', records=f'{arguments.records:,}')}\n{_table(found[part])}",
                file=out,
                flush=True,
            )
    if arguments.json:
        print(json.dumps(found))
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
    from rich.cells import cell_len

    columns = list(dict.fromkeys(key for row in rows for key in row))
    head = [say(f"bench.column.{column}") for column in columns]
    cells = [head, *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(cell_len(line[i]) for line in cells) for i in range(len(columns))]

    def line(words: list[str]) -> str:
        gaps = [" " * (width - cell_len(word)) for word, width in zip(words, widths, strict=True)]
        first, *others = zip(words, gaps, strict=True)
        return "  ".join(["".join(first), *(gap + word for word, gap in others)]).rstrip()

    return "\n".join(map(line, cells))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
