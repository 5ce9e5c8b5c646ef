"""Real tables → rowwise with its presets beside what people train on tables, on the same records, by seeds.

The raw columns go in, as a practitioner has them; each trainer does with them what it does as it is installed. A fifth
of the records is held out for the measuring. What is measured is the share of wrong classes, or the root mean squared
error in standard deviations of the target: both are 0 at best, and about 1 or less where nothing is learned.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.benchmarks.real_tables import TABLES, read
from rowwise.benchmarks.table_peers import peers
from rowwise.cores import usable_cores
from rowwise.errors import UsageError
from rowwise.models.presets import PRESETS
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from rowwise.benchmarks.real_tables import RealTable
    from rowwise.benchmarks.table_peers import Peer
    from rowwise.data.dataset import Dataset

    Row = dict[str, Any]
    # (train, test, table, seed) → what it gives for the records of test
    Trainer = Callable[[pd.DataFrame, pd.DataFrame, RealTable, int], NDArray[Any]]

HELD_OUT = 0.2
LEAST_PROBABILITY = 1e-7
SHIFT = 0.01  # of the geometric mean of errors: a table that everybody solves must not decide it
BASELINE = "baseline"  # always answers the shares of the classes, or the mean


def tables(
    seeds: int, names: Sequence[str] = (), trainers: Sequence[str] = (), results: Path | None = None
) -> list[Row]:
    """A row a table, trainer and seed: `error`, `log_loss` of classes, and the `seconds` of fitting and predicting.

    Where a trainer fails, its row has `failed`, what it said, in their place.

    Args:
        names: of the tables; none for all that are installed.
        trainers: of `trainer_names()`; none for all. The baseline is always there.
        results: a file of JSON lines. A row is added as soon as it is measured; what it has is not measured again.

    Raises:
        UsageError: no package with tables is installed, or the file is none of such rows.
        KeyboardInterrupt: says what the file has, where there is one.
    """
    rows, measured = read_rows(results), _trainers()
    done = {(row["table"], row["seed"], row["trainer"]) for row in rows}
    asked = {_name(name) for name in trainers or trainer_names()} | {BASELINE}
    wanted = [table for table in TABLES if not names or table.name in names]
    some = False
    for table in wanted:
        if (frame := read(table)) is None:
            continue
        some = True
        for seed in range(seeds):
            for name in measured:
                if name in asked and (table.name, seed, name) not in done:
                    try:
                        rows.append(_measured(table, frame, seed, name, measured[name]))
                    except KeyboardInterrupt:
                        if results is None:
                            raise
                        said = say("bench.tables.stays", path=results, rows=f"{len(rows):,}")
                        raise KeyboardInterrupt(said) from None
                    _keep(rows[-1], results)
    if not some:
        raise UsageError("bench.tables.none")
    within = {table.name for table in wanted}
    return [row for row in rows if row["trainer"] in asked and row["table"] in within and row["seed"] < seeds]


def trainer_names() -> tuple[str, ...]:
    """The presets, and the peers that are installed."""
    return (*PRESETS, *peers())


def read_rows(results: Path | None) -> list[Row]:
    """What an earlier measurement has written; a last line that was cut off with it is left out.

    Raises:
        UsageError: the file has other lines, or cannot be read.
    """
    if results is None or not results.exists():
        return []
    try:
        *lines, last = results.read_text("utf-8").split("\n")
        rows: list[Row] = [json.loads(line) for line in lines]
        if not all({"table", "seed", "trainer"} <= row.keys() for row in rows):
            raise ValueError
        if last:  # killed while it was written
            results.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    except (OSError, ValueError, AttributeError) as cause:
        raise UsageError("bench.tables.results", path=results) from cause
    return rows


def _keep(row: Row, results: Path | None) -> None:
    shown = f"{row['failed']:.60}" if "failed" in row else f"{row['error']:.4f}  {row['seconds']:.1f} s"
    print(f"{row['table']}  {row['seed']}  {row['trainer']}  {shown}", file=sys.stderr, flush=True)
    if results is None:
        return
    try:
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    except OSError as cause:
        raise UsageError("bench.tables.results", path=results) from cause


def views(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows for people to read: each trainer over all tables, and those on which rowwise's default is not the best.

    A mean rank of 1 is that of a trainer that is the best on every table; the means of errors and of log losses are
    geometric, over the tables that all trainers have. `lost` counts tables on which a trainer's error or log loss is
    above the baseline's.
    """
    found: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        if "failed" in row:
            continue
        found.setdefault(row["trainer"], {}).setdefault(row["table"], []).append(row)
    errors = {name: {table: _mean(of, "error") for table, of in by.items()} for name, by in found.items()}
    errors.pop(BASELINE, None)
    names = sorted({table for by in errors.values() for table in by})
    shared = [table for table in names if all(table in by for by in errors.values())]
    summary = []
    for name, by in errors.items():
        summary.append(
            {
                "trainer": name,
                "tables": len(shared),
                "rank": mean(_rank(errors, name, table) for table in shared) if shared else None,
                "error": _geometric([by[table] for table in shared], SHIFT),
                "log_loss": _geometric([_mean(found[name][t], "log_loss") for t in shared if _classes(found[name][t])]),
                "seconds": _geometric([_mean(found[name][table], "seconds") for table in shared]),
                "lost": sum(_is_worse(found[name][table], found.get(BASELINE, {}).get(table, ())) for table in by),
            }
        )
    ours = errors.get(_name("default"), {})
    lost = []
    for table in names:
        best = min((by[table], name) for name, by in errors.items() if table in by)
        if table in ours and best[0] < ours[table]:
            about = {"table": table, "records": found[_name("default")][table][0]["records"]}
            lost.append(about | {"error": ours[table], "least": best[0], "trainer": best[1]})
    return {"summary": sorted(summary, key=lambda row: row["rank"] or 0), "lost": lost}


def _trainers() -> dict[str, Trainer]:
    """By name: what gives the outputs for a table's records held out."""

    def baseline(train: pd.DataFrame, test: pd.DataFrame, table: RealTable, seed: int) -> NDArray[Any]:
        return _constant(train[table.target].to_numpy(), len(test), table.classes)

    def of_peer(peer: Peer) -> Trainer:
        def outputs(train: pd.DataFrame, test: pd.DataFrame, table: RealTable, seed: int) -> NDArray[Any]:
            x, y = train.drop(columns=table.target), train[table.target].to_numpy()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return peer(x, y, test.drop(columns=table.target), table.classes, seed, usable_cores())

        return outputs

    def of_preset(preset: str) -> Trainer:
        return lambda train, test, table, seed: rowwise_outputs(train, test, table, preset, seed)

    ours = {_name(preset): of_preset(preset) for preset in PRESETS}
    return {BASELINE: baseline} | ours | {name: of_peer(peer) for name, peer in peers().items()}


def _measured(table: RealTable, frame: pd.DataFrame, seed: int, name: str, outputs_of: Trainer) -> Row:
    parts = split(frame, table, seed)
    train, test = (frame.iloc[rows].reset_index(drop=True) for rows in parts)
    row = {"table": table.name, "records": len(frame), "seed": seed, "tuned_on": table.tuned_on, "trainer": name}
    start = time.perf_counter()
    try:
        outputs = outputs_of(train, test, table, seed)
    except Exception as cause:  # of one trainer: the others are measured
        return row | {"failed": f"{type(cause).__name__}: {cause}"}
    seconds = time.perf_counter() - start
    y, truth = train[table.target].to_numpy(), test[table.target].to_numpy()
    return row | {"seconds": seconds} | measures(y, truth, outputs, table.classes)


def _name(trainer: str) -> str:
    """As rows have it: presets are rowwise's."""
    return f"rowwise, {trainer}" if trainer in PRESETS else trainer


def split(frame: pd.DataFrame, table: RealTable, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows to train on and those held out; of each class the same share."""
    random, held_out = np.random.default_rng(seed), np.zeros(len(frame), bool)
    labels = frame[table.target].to_numpy() if table.classes else np.zeros(len(frame))
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        held_out[rows[: round(len(rows) * HELD_OUT)]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def rowwise_outputs(
    train: pd.DataFrame, test: pd.DataFrame, table: RealTable, preset: str, seed: int, threads: int | None = None
) -> NDArray[Any]:
    """What rowwise gives for the records held out: `(records, classes)`, or `(records,)` numbers."""
    from rowwise.engine import predict_proba
    from rowwise.runs.clock import Clock
    from rowwise.runs.folder import RunFolder
    from rowwise.runs.model_training import Job, train_model
    from rowwise.runs.plan import TrainingPlan
    from rowwise.runs.settings import Settings

    learned, held_out = _datasets(train, test, table)
    settings = Settings.of({"preset": preset, "seed": seed}).suited(learned, ("preset", "seed"))
    with tempfile.TemporaryDirectory() as place, RunFolder(Path(place) / "run", None) as folder:
        plan = TrainingPlan(None, settings)
        job = Job(plan, settings, learned, held_out, Clock(), lambda event: None, folder, threads=threads)
        folder.reserve(learned.name)
        outputs = predict_proba(train_model(job, job.settings.new_model(job.train)).model, held_out.x, threads=threads)
    return outputs if table.classes else outputs[:, 0]


def _datasets(train: pd.DataFrame, test: pd.DataFrame, table: RealTable) -> tuple[Dataset, Dataset]:
    """The records as a user would load them; a column of times, not learned from, says which are held out."""
    from dataclasses import replace

    import pandas as pd
    import polars as pl

    from rowwise.data import load

    both = pd.concat([train, test], ignore_index=True)
    columns: dict[str, Any] = {}
    for name in both.columns:
        values = both[name]
        if values.dtype.kind in "ifb":
            columns[str(name)] = pl.Series(values.to_numpy()).fill_nan(None) if values.dtype.kind == "f" else values
        else:
            columns[str(name)] = [None if pd.isna(value) else str(value) for value in values]
    later = np.repeat([0, 1], [len(train), len(test)])
    frame = pl.DataFrame(columns | {"later": later})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # records that occur twice are the table's own
        parts = load(frame, target=table.target, time="later", drop=("later",), test=len(test) / len(both))
    return replace(parts[0], split_by="", keys=None), parts[1]


def measures(y: NDArray[Any], truth: NDArray[Any], outputs: NDArray[Any], classes: bool) -> dict[str, float]:
    """`error`, and `log_loss` of classes; y are the labels of training, whose sorted classes the outputs are of."""
    if not classes:
        numbers = truth.astype(np.float64)
        return {"error": float(np.sqrt(np.mean((numbers - outputs) ** 2) / numbers.var()))}
    labels = np.searchsorted(np.unique(y), truth)
    shares = outputs / outputs.sum(axis=1, keepdims=True)
    of_truth = np.maximum(shares[np.arange(len(labels)), labels], LEAST_PROBABILITY)
    return {"error": float((shares.argmax(axis=1) != labels).mean()), "log_loss": float(-np.log(of_truth).mean())}


def _constant(y: NDArray[Any], records: int, classes: bool) -> NDArray[np.float64]:
    if not classes:
        return np.full(records, y.astype(np.float64).mean())
    counts = np.unique(y, return_counts=True)[1]
    return np.tile(counts / counts.sum(), (records, 1))


def _mean(rows: Sequence[Row], measure: str) -> float:
    return mean(row[measure] for row in rows)


def _is_worse(rows: Sequence[Row], than: Sequence[Row]) -> bool:
    measured = [measure for measure in ("error", "log_loss") if than and measure in rows[0]]
    return any(_mean(rows, measure) > _mean(than, measure) for measure in measured)


def _classes(rows: Sequence[Row]) -> bool:
    return "log_loss" in rows[0]


def _rank(errors: dict[str, dict[str, float]], name: str, table: str) -> float:
    """1 for the least error; equal ones share their ranks."""
    own, others = errors[name][table], [by[table] for by in errors.values()]
    return 1 + sum(other < own for other in others) + (others.count(own) - 1) / 2


def _geometric(values: Sequence[float], shift: float = 0.0) -> float | None:
    return float(np.exp(np.mean(np.log(np.array(values) + shift))) - shift) if values else None
