"""What people train on tables, as it is installed: a frame and a target → predictions for the records held out."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    # (x of training, y, x held out, whether y is of classes, seed, threads) → `(records, classes)` or `(records,)`
    Peer = Callable[[pd.DataFrame, NDArray[Any], pd.DataFrame, bool, int, int], NDArray[np.float64]]


def peers() -> dict[str, Peer]:
    """By name, those that are installed."""
    packages = {"LightGBM": "lightgbm", "CatBoost": "catboost"}
    packages |= dict.fromkeys(("RealMLP-TD-S", "RealMLP-TD", "TabM"), "pytabkit")
    return {name: peer for name, peer in PEERS.items() if find_spec(packages.get(name, "sklearn")) is not None}


def _mlp(x: Any, y: Any, held_out: Any, classes: bool, seed: int, threads: int) -> Any:
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    texts = _texts(x)
    numbers = [name for name in x.columns if name not in texts]
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2, sparse_output=False), texts),
    )
    if classes:
        model = make_pipeline(columns, MLPClassifier(random_state=seed))
    else:
        regressor = TransformedTargetRegressor(MLPRegressor(random_state=seed), transformer=StandardScaler())
        model = make_pipeline(columns, regressor)
    return _outputs(model.fit(_plain(x), y), _plain(held_out), classes)


def _hist(x: Any, y: Any, held_out: Any, classes: bool, seed: int, threads: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    x, held_out = _categories(x, held_out, most=255)  # the most that it takes
    with threadpool_limits(threads):
        return _outputs(kind(random_state=seed, categorical_features="from_dtype").fit(x, y), held_out, classes)


def _lightgbm(x: Any, y: Any, held_out: Any, classes: bool, seed: int, threads: int) -> Any:
    from lightgbm import LGBMClassifier, LGBMRegressor

    x, held_out = (frame.rename(columns=_nameless(frame)) for frame in _categories(x, held_out))
    kind = LGBMClassifier if classes else LGBMRegressor
    return _outputs(kind(random_state=seed, n_jobs=threads, verbose=-1).fit(x, y), held_out, classes)


def _catboost(x: Any, y: Any, held_out: Any, classes: bool, seed: int, threads: int) -> Any:
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if classes else CatBoostRegressor
    options = {"random_seed": seed, "thread_count": threads, "verbose": 0, "allow_writing_files": False}
    model = kind(cat_features=_texts(x), **options)
    return _outputs(model.fit(_plain(x), y), _plain(held_out), classes)


def _pytabkit(name: str) -> Peer:
    def fit(x: Any, y: Any, held_out: Any, classes: bool, seed: int, threads: int) -> Any:
        import pytabkit

        model = getattr(pytabkit, f"{name}_{'Classifier' if classes else 'Regressor'}")
        model = model(random_state=seed, n_threads=threads, device="cpu", verbosity=0)
        texts, (x, held_out) = _texts(x), _filled(_plain(x), _plain(held_out))
        return _outputs(model.fit(x, y, cat_col_names=texts), held_out, classes)

    return fit


PEERS: dict[str, Peer] = {
    "scikit-learn MLP": _mlp,
    "HistGradientBoosting": _hist,
    "LightGBM": _lightgbm,
    "CatBoost": _catboost,
    "RealMLP-TD-S": _pytabkit("RealMLP_TD_S"),
    "RealMLP-TD": _pytabkit("RealMLP_TD"),
    "TabM": _pytabkit("TabM_D"),
}


def _outputs(model: Any, x: pd.DataFrame, classes: bool) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outputs = model.predict_proba(x) if classes else model.predict(x)
    return np.asarray(outputs, np.float64).reshape((len(x), -1) if classes else len(x))


def _texts(x: pd.DataFrame) -> list[str]:
    """The columns that hold no numbers."""
    from pandas.api.types import is_numeric_dtype

    return [name for name in x.columns if not is_numeric_dtype(x[name].dtype)]


def _plain(x: pd.DataFrame) -> pd.DataFrame:
    """Texts as objects, a missing one as `missing`; truths as 0 and 1."""
    texts = set(_texts(x))
    return x.assign(
        **{
            name: x[name].astype(object).where(x[name].notna(), "missing").astype(str)
            if name in texts
            else x[name].astype(float)
            for name in x.columns
        }
    )


def _filled(x: pd.DataFrame, held_out: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Missing numbers as the mean, for networks that take none."""
    numbers = x.drop(columns=_texts(x))
    means = numbers.mean()
    return x.fillna(means), held_out.fillna(means)


def _categories(x: pd.DataFrame, held_out: pd.DataFrame, most: int | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Texts as pandas's categories of the training records, the `most` that are most frequent."""
    import pandas as pd

    x, held_out = x.copy(), held_out.copy()
    for name in _texts(x):
        levels = x[name].dropna().astype(str).value_counts().index[:most]
        kind = pd.CategoricalDtype(sorted(levels))
        for frame in (x, held_out):
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
            frame[name] = frame[name].map(lambda value: value if value is None else str(value)).astype(kind)
    return x, held_out


def _nameless(x: pd.DataFrame) -> dict[str, str]:
    """LightGBM takes no names with signs of JSON in them."""
    return {name: f"column_{number}" for number, name in enumerate(x.columns)}
