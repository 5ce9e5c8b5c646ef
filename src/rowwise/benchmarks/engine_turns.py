"""The native engine, shape by shape → seconds of an epoch; beside an earlier version of it, built for that and run in
turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.benchmarks.versions import build_version, revision_of
from rowwise.cores import usable_cores
from rowwise.engine import native
from rowwise.engine.native.remembered_plans import processor
from rowwise.errors import UsageError
from rowwise.files import atomic_write, read_small

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.data.dataset import Dataset

    Row = dict[str, Any]

# Hidden layers, records a step, and records of an epoch.
SHAPES = tuple(
    (hidden, size, count) for hidden, count in (((100, 30), 16384), ((512, 512), 4096)) for size in (32, 128, 1024)
)
BASELINE = "x86-64"  # which hardly any machine has to run
SCRIPT = Path(__file__).with_name("engine_script.py")
SCHEMA = 1
MOST_BYTES = 1 << 20


def engine(
    train: Dataset, repeats: int, against: str = "", shapes: Sequence[tuple[tuple[int, ...], int, int]] = SHAPES
) -> list[Row]:
    """A row for each instruction set, shape, and one thread or as many as the plan takes.

    Args:
        train: pictures.
        repeats: rounds after the first, which plans.
        against: a file of `save`, or a revision: an earlier version, which takes turns; empty for none.
        shapes: hidden layers, records a step and records of an epoch.

    Raises:
        UsageError: no native engine here, or no such version.
    """
    sets = [name for name, runs in native.instruction_sets() if runs]
    if not sets:
        raise UsageError("bench.engine.missing", cause=native.why_missing)
    sets = [name for name in sets if name != BASELINE] or sets
    earlier = build_version(_revision(against)) if against else None
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records.npz"
        np.savez(records, x=train.x, y=train.y)
        for isa in sets:
            with ExitStack() as kept:
                versions = {"now": kept.enter_context(_Version(None, records, isa))}
                if earlier is not None:
                    versions["then"] = kept.enter_context(_Version(earlier, records, isa))
                for (hidden, batch_size, count), threads in (
                    (shape, threads) for shape in shapes for threads in (1, None)
                ):
                    asked = {"hidden": list(hidden), "batch_size": batch_size, "threads": threads}
                    asked["records"] = min(count, len(train))
                    units = [int(np.prod(train.shape)), *hidden, len(train.classes)]
                    rows.append({"isa": isa, **_row(asked, units, versions, repeats)})
    return rows


def _row(asked: Row, units: Sequence[int], versions: dict[str, _Version], repeats: int) -> Row:
    seconds: dict[str, list[float]] = {name: [] for name in versions}
    plan: Any = None
    for turn in range(repeats + 1):
        for name in versions if turn % 2 else reversed(versions):
            answer = versions[name].epoch(asked)
            plan = answer["plan"] if name == "now" else plan
            if turn:
                seconds[name].append(answer["seconds"])
    row: Row = {
        "model": "-".join(map(str, units)),
        "batch_size": asked["batch_size"],
        "threads": asked["threads"] or (plan["threads"] if plan else None),
        "asked_threads": asked["threads"],
        "seconds": median(seconds["now"]),
        "least": min(seconds["now"]),
        "plan": plan,
    }
    if "then" in versions:
        row["then"] = median(seconds["then"])
        row["ratio"] = row["seconds"] / row["then"]
    return row


class _Version:
    """A process that trains with one version of rowwise: that of this environment, or the one in a folder."""

    def __init__(self, folder: Path | None, records: Path, isa: str) -> None:
        command = [sys.executable, str(SCRIPT), str(records)]
        environment = {**os.environ, "KERAS_BACKEND": "jax", "ROWWISE_ISA": isa}
        if folder is not None:
            # Without `site` an editable installation in this environment does not come before the folder.
            command.insert(1, "-S")
            environment["PYTHONPATH"] = os.pathsep.join([str(folder), *_packages()])
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def __enter__(self) -> _Version:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def epoch(self, asked: Row) -> Any:
        """Train one; what the script answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _packages() -> list[str]:
    """Where this environment's packages lie."""
    paths = sysconfig.get_paths()
    return [*dict.fromkeys((paths["purelib"], paths["platlib"]))]


def save(path: Path, rows: Sequence[Row]) -> None:
    """Write what was measured, where and with which version.

    Raises:
        SaveError: the file cannot be written.
    """
    machine = {"processor": processor(), "cores": usable_cores()}
    content = {"schema": SCHEMA, "revision": revision_of(), "machine": machine, "rows": rows}
    atomic_write(path, (json.dumps(content, indent=1) + "\n").encode())


def _revision(against: str) -> str:
    """Of a saved file, or what was named itself."""
    path = Path(against)
    if not path.is_file():
        return against
    try:
        found = json.loads(read_small(path, MOST_BYTES))["revision"]
    except (OSError, ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, str) or not found:
        raise UsageError("bench.engine.file", path=path)
    return found


def shown(rows: Sequence[Row]) -> list[Row]:
    """For a table of 80 columns."""
    hidden = ("plan", "asked_threads", "least")
    return [
        {**{name: value for name, value in row.items() if name not in hidden}, "plan": _short(row["plan"])}
        for row in rows
    ]


def _short(plan: Any) -> str:
    """`r16/256/4`: records of a task, or `c` for columns; block; sharing."""
    if plan is None:
        return ""
    return f"{'r' + str(plan['task']) if plan['by_records'] else 'c'}/{plan['block']}/{plan['sharing']:g}"
