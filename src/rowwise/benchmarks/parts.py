"""What `rowwise bench` measures, one function a table: each returns rows that print and serialise alike."""

from __future__ import annotations

import itertools
import os
import resource
import subprocess
import sys
import time
from functools import partial
from statistics import mean, median, stdev
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.benchmarks.contestants import HIDDEN, available, rowwise_fit

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowwise.data.dataset import Dataset

    Row = dict[str, Any]


def epochs(train: Dataset, repeats: int, batch_size: int, against: list[str]) -> list[Row]:
    """Seconds of an epoch after warm-up, all contestants in turn in one process, `repeats` times.

    The ratio is the median of the ratios within each round, so that a machine that slows down slows all.
    """
    contestants, missing = available(against)
    run = {name: make(train, batch_size) for name, make in contestants.items()}
    seconds: dict[str, list[float]] = {name: [] for name in run}
    for round_ in range(repeats + 1):
        for name, epoch in run.items():
            taken = _seconds(partial(epoch, round_))
            if round_:  # the first compiles
                seconds[name].append(taken)
    rows: list[Row] = []
    for name, runs in seconds.items():
        ratios = [theirs / ours for theirs, ours in zip(runs, seconds["rowwise"], strict=True)]
        rows.append(
            {
                "trainer": name,
                "seconds": median(runs),
                "least": min(runs),
                "most": max(runs),
                "ratio": median(ratios),
            }
        )
    rows += [{"trainer": f"{name} (not installed)"} for name in missing]
    return rows


def accuracy(train: Dataset, test: Dataset, seeds: int, epochs: int, batch_size: int) -> list[Row]:
    """Test accuracy and macro F1 of the course model after `epochs`, a row a seed, then mean and spread."""
    from rowwise.engine import fit
    from rowwise.measure import evaluate
    from rowwise.models import dense

    rows: list[Row] = []
    for seed in range(seeds):
        model = dense(train, HIDDEN, seed=seed)
        fit(model, train, epochs=epochs, batch_size=batch_size, seed=seed, verbose=0)
        report = evaluate(model, test)
        rows.append({"seed": seed, "accuracy": report.accuracy, "macro F1": report.f1})
    for name, of in (("mean", mean), ("standard deviation", stdev if seeds > 1 else lambda values: 0.0)):
        rows.append({"seed": name, **{key: of([row[key] for row in rows[:seeds]]) for key in ("accuracy", "macro F1")}})
    return rows


def scaling(train: Dataset, repeats: int, batch_size: int) -> list[Row]:
    """Seconds an epoch from 6,000 to 600,000 records, and from 50 to 800 units of the first layer."""
    rows: list[Row] = []
    for records in (6_000, 20_000, 60_000, 200_000, 600_000):
        part = train[np.arange(records) % len(train)]
        taken = _median_epoch(part, repeats, batch_size, HIDDEN)
        rows.append({"records": records, "hidden": "100,30", "seconds": taken, "µs a record": 1e6 * taken / records})
    few = train[: min(len(train), 20_000)]
    for width in (50, 100, 200, 400, 800):
        hidden = (width, 30)
        taken = _median_epoch(few, repeats, batch_size, hidden)
        sizes = [int(np.prod(train.shape)), *hidden, len(train.classes)]
        weights = sum(a * b for a, b in itertools.pairwise(sizes))
        rows.append(
            {
                "records": len(few),
                "hidden": f"{width},30",
                "seconds": taken,
                "µs a record": 1e6 * taken / len(few),
                "ns a 1,000 weights": 1e12 * taken / len(few) / weights,
            }
        )
    return rows


def progress(train: Dataset, repeats: int, batch_size: int) -> list[Row]:
    """What the progress lines cost: fits of 5 epochs with and without, in turn; ratio of the medians."""
    from rowwise.engine import fit
    from rowwise.models import dense

    model = dense(train, HIDDEN, seed=0)
    stderr = sys.stderr
    taken: dict[int, list[float]] = {0: [], 1: [], 2: []}
    with open(os.devnull, "w") as nowhere:
        sys.stderr = nowhere
        try:
            for round_ in range(repeats + 1):
                for verbose in taken:
                    run = _seconds(partial(fit, model, train, epochs=5, batch_size=batch_size, verbose=verbose))
                    if round_:
                        taken[verbose].append(run)
        finally:
            sys.stderr = stderr
    silent = median(taken[0])
    return [
        {
            "progress": {0: "none", 1: "bar", 2: "lines"}[verbose],
            "seconds": median(runs),
            "ratio": median(runs) / silent,
        }
        for verbose, runs in taken.items()
    ]


def start(repeats: int) -> list[Row]:
    """Seconds from the shell: `rowwise --help`, `import rowwise`, reading Fashion-MNIST; peak memory of a full run."""
    load = "import time; import rowwise.data as d; t = time.perf_counter(); d.load('fashion-mnist'); "
    commands = {
        "rowwise --help": [sys.executable, "-m", "rowwise", "--help"],
        "import rowwise (less Python's own start)": [sys.executable, "-c", "import rowwise"],
        'load("fashion-mnist")': [sys.executable, "-c", load + "print(time.perf_counter() - t)"],
    }
    own = median(_seconds(lambda: _quiet([sys.executable, "-c", "pass"])) for _ in range(repeats + 1))
    rows: list[Row] = []
    for name, command in commands.items():
        runs = []
        for round_ in range(repeats + 1):
            begun = time.perf_counter()
            said = _quiet(command)
            taken = time.perf_counter() - begun
            if name.startswith("load"):
                taken = float(said)
            elif name.startswith("import"):
                taken -= own
            if round_:
                runs.append(taken)
        rows.append({"what": name, "seconds": median(runs), "least": min(runs), "most": max(runs)})
    return rows


def memory(data: str) -> list[Row]:
    """Peak resident memory of `rowwise train` with its defaults, in a process of its own."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "rowwise", "train", data, "--quiet", "--out", f"{folder}/run"]
        begun = time.perf_counter()
        _quiet(command)
        taken = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # bytes on macOS, KiB elsewhere
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return [{"what": f"rowwise train {data}", "seconds": taken, "peak MiB": peak / unit}]


def _median_epoch(train: Dataset, repeats: int, batch_size: int, hidden: tuple[int, ...]) -> float:
    epoch = rowwise_fit(train, batch_size, hidden)
    return median([_seconds(partial(epoch, number)) for number in range(repeats + 1)][1:])


def _seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def _quiet(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
