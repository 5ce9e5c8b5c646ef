"""What `rowwise bench` measures, one function a table: each returns rows that print and serialise alike."""

from __future__ import annotations

import io
import itertools
import sys
import tempfile
import time
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from statistics import mean, median, stdev
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.benchmarks.bound import bounds
from rowwise.benchmarks.contestants import HIDDEN, STEPS_PER_EXECUTION, available, keras_on_tensorflow, rowwise_fit
from rowwise.benchmarks.timing import differences, output, seconds_of, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowwise.data.dataset import Dataset

    Row = dict[str, Any]


def epochs(
    train: Dataset,
    repeats: int,
    batch_size: int,
    against: list[str],
    threads: int,
    hidden: tuple[int, ...] = HIDDEN,
    tensorflow: str = "",
) -> list[Row]:
    """Seconds of an epoch after warm-up, all contestants in turn, `repeats` times.

    They share this process, but for Keras on TensorFlow, which runs where `tensorflow` names a Python that has it.
    PyTorch, scikit-learn and NumPy compute on `threads` threads; XLA takes the cores that the process may run on.

    The ratio is the median of the ratios within each round, so that a machine that slows down slows all.
    A turn is two epochs, of which the second is timed: the first compiles, or finds caches and threads as
    the contestant before has left them.
    """
    contestants, missing = available(against, threads)
    run = {name: make(train, batch_size, hidden) for name, make in contestants.items()}
    with ExitStack() as others:
        for steps in (STEPS_PER_EXECUTION, 1) if tensorflow else ():
            name = "keras on tensorflow" + (f", steps_per_execution={steps}" if steps > 1 else "")
            run[name] = others.enter_context(keras_on_tensorflow(tensorflow, train, batch_size, threads, hidden, steps))
        seconds: dict[str, list[float]] = {name: [] for name in run}
        for turn in range(repeats):
            for name, epoch in run.items():
                epoch(2 * turn)
                seconds[name].append(seconds_of(partial(epoch, 2 * turn + 1)))
    rows = side_by_side(seconds, "rowwise")
    rows += [{"trainer": f"{name} (not installed)"} for name in missing]
    ours = median(seconds["rowwise"])
    for name, least in bounds(train, [int(np.prod(train.shape)), *hidden, len(train.classes)], threads).items():
        rows.append({"trainer": name, "seconds": least, "ratio": least / ours})
    return rows


def accuracy(train: Dataset, test: Dataset, seeds: int, epochs: int, batch_size: int) -> list[Row]:
    """Test accuracy and macro F1 of the course model after `epochs`, a row a seed, then mean and spread."""
    from rowwise.engine import fit
    from rowwise.measure import Report, evaluate
    from rowwise.models.dense import dense

    rows: list[Row] = []
    for seed in range(seeds):
        model = dense(train, HIDDEN, seed=seed)
        fit(model, train, epochs=epochs, batch_size=batch_size, seed=seed, verbose=0)
        report = evaluate(model, test)
        assert isinstance(report, Report)
        rows.append({"seed": seed, "accuracy": report.accuracy, "macro_f1": report.f1})
    for name, of in (("mean", mean), ("standard deviation", stdev if seeds > 1 else lambda values: 0.0)):
        rows.append({"seed": name, **{key: of([row[key] for row in rows[:seeds]]) for key in ("accuracy", "macro_f1")}})
    return rows


def sweep(train: Dataset, repeats: int, batch_size: int, seeds: int, epochs: int) -> list[Row]:
    """All seeds by `rowwise.sweep` and one after another by `fit`, in turn; the ratio is that of a round's two."""
    from rowwise.engine import fit
    from rowwise.engine.sweep import sweep as at_once
    from rowwise.models.dense import dense

    def build(seed: int) -> Any:
        return dense(train, HIDDEN, seed=seed)

    def one_by_one() -> None:
        for seed in range(seeds):
            fit(build(seed), train, epochs, batch_size, seed=seed, verbose=0)

    run: dict[str, Callable[[], object]] = {
        "sweep": lambda: at_once(build, train, range(seeds), epochs, batch_size),
        "fit, one by one": one_by_one,
    }
    fit(build(0), train[:1000], verbose=0)  # what JAX compiles once for all is compiled now
    seconds: dict[str, list[float]] = {name: [] for name in run}
    for name, work in [*run.items()] * repeats:
        seconds[name].append(seconds_of(work))
    return side_by_side(seconds, "sweep")


def scaling(train: Dataset, repeats: int, batch_size: int) -> list[Row]:
    """Seconds an epoch from 6,000 to 600,000 records, and from 50 to 800 units of the first layer."""
    rows: list[Row] = []
    for records in (6_000, 20_000, 60_000, 200_000, 600_000):
        part = train[np.arange(records) % len(train)]
        seconds = _median_epoch(part, repeats, batch_size, HIDDEN)
        rows.append(
            {"records": records, "hidden": "100,30", "seconds": seconds, "us_per_record": 1e6 * seconds / records}
        )
    few = train[: min(len(train), 20_000)]
    for width in (50, 100, 200, 400, 800):
        hidden = (width, 30)
        seconds = _median_epoch(few, repeats, batch_size, hidden)
        sizes = [int(np.prod(train.shape)), *hidden, len(train.classes)]
        weights = sum(a * b for a, b in itertools.pairwise(sizes))
        rows.append(
            {
                "records": len(few),
                "hidden": f"{width},30",
                "seconds": seconds,
                "us_per_record": 1e6 * seconds / len(few),
                "ns_per_1000_weights": 1e12 * seconds / len(few) / weights,
            }
        )
    return rows


def progress(train: Dataset, repeats: int, batch_size: int) -> list[Row]:
    """What showing progress costs: fits of 5 epochs without, with lines and with the bar, in turn.

    The ratio is the median of the ratios within each round; its noise is that of a fit.
    """
    from rowwise.engine import fit
    from rowwise.models.dense import dense

    model = dense(train, HIDDEN, seed=0)
    names = {0: "none", 1: "bar", 2: "lines"}
    seconds: dict[int, list[float]] = {verbose: [] for verbose in names}
    with redirect_stdout(_Screen()), redirect_stderr(_Screen()):
        fit(model, train, epochs=1, batch_size=batch_size, verbose=0)
        for _ in range(repeats):
            for verbose, runs in seconds.items():
                runs.append(
                    seconds_of(partial(fit, model, train, epochs=5, batch_size=batch_size, verbose=verbose)),
                )
    return [
        {
            "progress": names[verbose],
            "seconds": median(runs),
            "ratio": median(shown / silent for shown, silent in zip(runs, seconds[0], strict=True)),
        }
        for verbose, runs in seconds.items()
    ]


class _Screen(io.StringIO):
    """Takes itself for a terminal, so that the bar is really drawn."""

    def isatty(self) -> bool:
        return True


def start(repeats: int, data: str) -> list[Row]:
    """Seconds of the help from the shell, of `import rowwise`, and of reading the data, in turn.

    Python's own start, measured beside it in each round, is subtracted from that of `import rowwise`.
    """
    load = f"import time; import rowwise.data as d; t = time.perf_counter(); d.load({data!r}); "
    rowwise = [sys.executable, "-m", "rowwise"]
    run: dict[str, Callable[[], float]] = {
        "rowwise --help": lambda: seconds_of(partial(output, [*rowwise, "--help"])),
        "rowwise train --help": lambda: seconds_of(partial(output, [*rowwise, "train", "--help"])),
        "import rowwise": lambda: seconds_of(partial(output, [sys.executable, "-c", "import rowwise"])),
        "python": lambda: seconds_of(partial(output, [sys.executable, "-c", "pass"])),
        f"load({data!r})": lambda: float(output([sys.executable, "-c", load + "print(time.perf_counter() - t)"])),
    }
    seconds: dict[str, list[float]] = {name: [] for name in run}
    for name, measured in [*run.items()] * (repeats + 1):
        seconds[name].append(measured())
    pythons = seconds.pop("python")
    seconds["import rowwise"] = differences(seconds["import rowwise"], pythons)
    counted = {name: runs[1:] for name, runs in seconds.items()}  # the first round fills the caches
    return [
        {"what": name, "seconds": median(runs), "least": min(runs), "most": max(runs)} for name, runs in counted.items()
    ]


def shell(repeats: int, epochs: int) -> list[Row]:
    """Seconds from the shell to the saved model, all included: `rowwise train` and a Keras script, in turn.

    rowwise also draws its pictures; the row "without pictures" does what the script does.
    """
    from rowwise.data.named.fashion_mnist import find

    place = find()
    if place is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        places = (f"{folder}/run-{number}" for number in itertools.count())
        train = [sys.executable, "-m", "rowwise", "train", "fashion-mnist", "--quiet", "--epochs", str(epochs), "--out"]
        script = [
            sys.executable,
            str(Path(__file__).with_name("keras_script.py")),
            str(place.folder),
            str(epochs),
            f"{folder}/model.keras",
        ]
        run: dict[str, Callable[[], list[str]]] = {
            "rowwise train --no-pictures": lambda: [*train, next(places), "--no-pictures"],
            "rowwise train": lambda: [*train, next(places)],
            "Keras on JAX, a script": lambda: script,
        }
        seconds: dict[str, list[float]] = {name: [] for name in run}
        for name, command in [*run.items()] * repeats:
            seconds[name].append(seconds_of(partial(output, command())))
    return side_by_side(seconds, "rowwise train --no-pictures")


def memory(data: str) -> list[Row]:
    """Peak resident memory of `rowwise train` with its defaults, in a separate process."""
    program = (
        "import sys; from rowwise.cli import main; from rowwise.benchmarks.timing import peak_bytes\n"
        "code = main(['train', *sys.argv[1:]])\n"
        "print(peak_bytes()) if code == 0 else sys.exit(code)"
    )
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        peak = int(output([sys.executable, "-c", program, data, "--quiet", "--out", f"{folder}/run"]))
        seconds = time.perf_counter() - start
    return [{"what": f"rowwise train {data}", "seconds": seconds, "peak_mib": peak / 1024**2}]


def _median_epoch(train: Dataset, repeats: int, batch_size: int, hidden: tuple[int, ...]) -> float:
    epoch = rowwise_fit(train, batch_size, hidden)
    return median([seconds_of(partial(epoch, number)) for number in range(repeats + 1)][1:])
