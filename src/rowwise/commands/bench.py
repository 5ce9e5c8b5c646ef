"""`rowwise bench` → the measurements of `rowwise.benchmarks`, which prints them itself."""

from __future__ import annotations

from typing import Any

from rowwise.benchmarks.command import PARTS, Bench, measure
from rowwise.terminal.argument_types import whole
from rowwise.terminal.parsing import Argument, Command, Option, common

USUAL = Bench()


def _bench(**given: Any) -> int:
    """Measure what was asked for; 0."""
    return measure(Bench(**given))


def _option(name: str, key: str, metavar: str, kind: Any = str, **values: str) -> Option:
    default = getattr(USUAL, name.removeprefix("--").replace("-", "_"))
    return Option(name, key, metavar, type=kind, default=default, values=values)


command = Command(
    "bench",
    "cli.help.bench",
    [
        Argument("data", "bench.help.data", "DATA", required=False, default=USUAL.data),
        _option("--parts", "bench.help.parts", "NAMES", known=", ".join(PARTS)),
        _option("--against", "bench.help.against", "NAMES"),
        _option("--repeats", "bench.help.repeats", "N", whole(1)),
        _option("--batch-size", "bench.help.batch_size", "N", whole(1)),
        _option("--hidden", "bench.help.hidden", USUAL.hidden),
        _option("--seeds", "bench.help.seeds", "N", whole(1)),
        _option("--epochs", "bench.help.epochs", "N", whole(1)),
        _option("--records", "bench.help.records", "N", whole(1)),
        _option("--tables", "bench.help.tables", "NAMES"),
        _option("--trainers", "bench.help.trainers", "NAMES"),
        _option("--save", "bench.help.save", "FILE"),
        _option("--results", "bench.help.results", "FILE"),
        _option("--tensorflow-python", "bench.help.tensorflow_python", "PYTHON"),
        Option("--json", "bench.help.json", is_flag=True),
        *common(),
    ],
    _bench,
)
