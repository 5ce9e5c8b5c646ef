"""scikit-learn's own tables → rowwise with its defaults beside scikit-learn's MLP with a StandardScaler, by folds."""

from __future__ import annotations

import time
import warnings
from statistics import mean, median
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

    Row = dict[str, Any]
    Fold = tuple[NDArray[np.int64], NDArray[np.int64]]

TABLES = ("iris", "wine", "breast_cancer", "digits", "diabetes")
LARGE = (10_000, 50_000)  # records of the drawn tables that time alone is measured on
FOLDS = 5


def tables(seeds: int) -> list[Row]:
    """Accuracy, or R² for `diabetes`, of five folds for each seed: a row a table.

    `difference` is rowwise's less the other's, with the standard error of its mean over the folds; `seconds` are those
    of fitting. A ratio above 1 says how many times faster rowwise was. Drawn tables of more records are fitted once a
    seed.
    """
    from sklearn import datasets

    rows = []
    for name in TABLES:
        bunch = getattr(datasets, f"load_{name}")()
        rows.append(_compared(name, bunch.data, bunch.target, name == "diabetes", seeds, FOLDS))
    for records in LARGE:
        x, y = datasets.make_classification(records, 20, n_informative=10, n_classes=3, random_state=0)
        rows.append(_compared("drawn", x, y, False, seeds, 1))
    return rows


def _compared(name: str, x: NDArray[Any], y: NDArray[Any], regression: bool, seeds: int, folds: int) -> Row:
    ours, theirs = [], []
    for seed in range(seeds):
        for train_rows, test_rows in _folds(x, y, regression, seed, folds):
            ours.append(_rowwise(_dataset(x, y, train_rows, test_rows, regression), seed))
            theirs.append(_sklearn(x, y, train_rows, test_rows, regression, seed))
    differences = np.array([a[0] - b[0] for a, b in zip(ours, theirs, strict=True)])
    error = float(differences.std(ddof=1) / np.sqrt(len(differences))) if len(differences) > 1 else None
    return {
        "table": name,
        "records": len(y),
        "rowwise": mean(score for score, _ in ours),
        "scikit-learn": mean(score for score, _ in theirs),
        "difference": float(differences.mean()),
        "error": error,
        "seconds": median(seconds for _, seconds in ours),
        "ratio": median(b[1] / a[1] for a, b in zip(ours, theirs, strict=True)),
    }


def _folds(x: NDArray[Any], y: NDArray[Any], regression: bool, seed: int, folds: int) -> Iterator[Fold]:
    from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold

    if folds == 1:
        yield from ShuffleSplit(1, test_size=0.2, random_state=seed).split(x)
    else:
        yield from (KFold if regression else StratifiedKFold)(folds, shuffle=True, random_state=seed).split(x, y)


def _dataset(
    x: NDArray[Any], y: NDArray[Any], train_rows: NDArray[Any], test_rows: NDArray[Any], regression: bool
) -> tuple[Dataset, Dataset]:
    """The fold as a user would load it; a column of times, not learned from, says which are held out."""
    from dataclasses import replace

    import polars as pl

    from rowwise.data import load

    later = np.zeros(len(y), np.int64)
    later[test_rows] = 1
    target = y if regression else np.char.add("class ", y.astype(str))
    frame = pl.DataFrame({f"feature {i}": x[:, i] for i in range(x.shape[1])} | {"target": target, "later": later})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # records that occur twice are the table's own
        train, test = load(frame, target="target", time="later", drop=("later",), test=len(test_rows) / len(y))
    return replace(train, split_by="", keys=None), test


def _rowwise(parts: tuple[Dataset, Dataset], seed: int) -> tuple[float, float]:
    """Score and seconds, with the settings of `rowwise train` but for validation, which scikit-learn has none of."""
    from sklearn.metrics import r2_score

    from rowwise.engine import fit, predict_proba
    from rowwise.models.dense import dense
    from rowwise.runs.settings import Settings

    train, test = parts
    settings = Settings(validation=0).suited(train, ())
    model = dense(train, settings.hidden, seed=seed)
    start = time.perf_counter()
    fit(model, train, settings.epochs, settings.batch_size, seed=seed, verbose=0)
    seconds = time.perf_counter() - start
    outputs = predict_proba(model, test.x)
    if train.targets:
        return float(r2_score(test.y, outputs[:, 0])), seconds
    return float((outputs.argmax(1) == test.y).mean()), seconds


def _sklearn(
    x: NDArray[Any], y: NDArray[Any], train_rows: NDArray[Any], test_rows: NDArray[Any], regression: bool, seed: int
) -> tuple[float, float]:
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), (MLPRegressor if regression else MLPClassifier)(random_state=seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 200 iterations are not always enough for it
        start = time.perf_counter()
        model.fit(x[train_rows], y[train_rows])
        seconds = time.perf_counter() - start
    return float(model.score(x[test_rows], y[test_rows])), seconds
