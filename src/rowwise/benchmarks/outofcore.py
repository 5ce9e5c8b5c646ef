"""A large CSV file → seconds, memory and accuracy of one epoch over it: rowwise, and pandas with scikit-learn."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.benchmarks.timing import output, peak_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Row = dict[str, Any]

NUMBERS, CATEGORIES = 16, 4  # columns of features
LEVELS = 6  # of each category: level_0, level_1, …
CLASSES = ("buys", "leaves", "waits")
SKLEARN_BATCH = 200  # the default of MLPClassifier
BLOCK = 200_000  # records written, or read by pandas, at once
TEST = 0.2  # share held out by both


def out_of_core(records: int, batch_size: int) -> list[Row]:
    """From a CSV file of `records` rows and 21 columns to a model trained for one epoch: a row a trainer.

    Each runs once, in a separate process whose start counts: reading, preparing, training on four fifths. Accuracy
    is that on held-out records; `ratio` how many times rowwise's seconds the other took. pandas reads in pieces;
    StandardScaler and MLPClassifier learn each by `partial_fit` as it comes, so that it reads the file only once: in
    batches of its default, and of rowwise's.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.csv"
        write(file, records)
        rows = [_run("rowwise", "measure_rowwise", file, records, batch_size)]
        name = "pandas, scikit-learn"
        has_pandas = importlib.util.find_spec("pandas") is not None
        for size in dict.fromkeys((SKLEARN_BATCH, batch_size)) if has_pandas else ():
            rows.append(_run(f"{name}, {size}", "measure_pandas", file, records, size))
    rows = [row | {"ratio": row["seconds"] / rows[0]["seconds"]} for row in rows]
    return rows if has_pandas else [*rows, {"trainer": f"{name} (pandas is not installed)"}]


def write(file: Path, records: int) -> None:
    """A CSV file of numbers and categories with a class that a network of Dense layers can learn, but not wholly."""
    import polars as pl

    random = np.random.default_rng(0)
    weights, effects = random.normal(size=(NUMBERS, len(CLASSES))), random.normal(size=(CATEGORIES, LEVELS, 3))
    with file.open("wb") as out:
        for start in range(0, records, BLOCK):
            size = min(BLOCK, records - start)
            x = random.normal(size=(size, NUMBERS)).astype(np.float32)
            levels = random.integers(LEVELS, size=(size, CATEGORIES))
            scores = x @ weights / 2 + np.abs(x[:, :3]) * 2 + random.gumbel(size=(size, 3))
            for place in range(CATEGORIES):
                scores += effects[place, levels[:, place]]
            named: dict[str, NDArray[Any]] = {f"number_{place}": x[:, place] * 10 + place for place in range(NUMBERS)}
            named |= {
                f"category_{place}": np.char.add("level_", levels[:, place].astype(str)) for place in range(CATEGORIES)
            }
            frame = pl.DataFrame(named | {"class": np.array(CLASSES)[scores.argmax(1)]})
            frame.write_csv(out, include_header=start == 0, float_precision=4)


def measure_rowwise(file: str, batch_size: str) -> None:
    """Load, prepare and train; print what was found as JSON: what the first process does."""
    from rowwise.data import load
    from rowwise.engine import fit, predict_proba
    from rowwise.models.dense import dense

    train, test = load(file, target="class", test=TEST)
    model = dense(train, seed=0)
    fit(model, train, 1, int(batch_size), verbose=0)
    peak = peak_bytes()
    _print(peak, predict_proba(model, test.x).argmax(1) == test.y)


def measure_pandas(file: str, batch_size: str) -> None:
    """The same as its users write it; the records held out are the last of each piece, those of the last are kept."""
    import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    model, scaler = MLPClassifier(batch_size=int(batch_size), random_state=0), StandardScaler()
    levels = [f"level_{number}" for number in range(LEVELS)]
    encoder = OneHotEncoder(categories=[levels] * CATEGORIES, sparse_output=False, dtype=np.float32)
    numbers = [f"number_{place}" for place in range(NUMBERS)]
    categories = [f"category_{place}" for place in range(CATEGORIES)]
    types = dict.fromkeys(numbers, np.float32)
    for piece in pandas.read_csv(file, chunksize=BLOCK, dtype=types):
        learned = int(len(piece) * (1 - TEST))
        values = scaler.partial_fit(piece[numbers][:learned]).transform(piece[numbers])
        x: NDArray[np.float32] = np.hstack([values, encoder.fit_transform(piece[categories])])
        y = piece["class"].to_numpy(str)
        model.partial_fit(x[:learned], y[:learned], classes=CLASSES)
        test = x[learned:], y[learned:]
    peak = peak_bytes()
    _print(peak, model.predict(test[0]) == test[1])


def _print(peak: int, hits: NDArray[np.bool_]) -> None:
    print(json.dumps({"peak": peak, "accuracy": float(hits.mean())}))


def _run(name: str, function: str, file: Path, records: int, batch_size: int) -> Row:
    program = f"import sys; from rowwise.benchmarks.outofcore import {function} as run; run(*sys.argv[1:])"
    start = time.perf_counter()
    measured = json.loads(output([sys.executable, "-c", program, str(file), str(batch_size)]))
    seconds = time.perf_counter() - start
    return {
        "trainer": name,
        "seconds": seconds,
        "per_second": round(records / seconds),
        "peak_mib": measured["peak"] / 1024**2,
        "accuracy": measured["accuracy"],
    }
