"""What a classifier and a regressor share: settings by name, fitting, saving as a run."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, validate_data

from rowwise.errors import EstimatorError, RowwiseError
from rowwise.sklearn.fitted import FittedNetwork
from rowwise.sklearn.rows import rows_of
from rowwise.sklearn.weights import distinct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import keras
    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.engine.prediction import Prediction
    from rowwise.runs.record import RunRecord
    from rowwise.runs.saved import Saved
    from rowwise.runs.settings import Choices, Settings

# The settings of a training; None leaves one to the preset.
SETTINGS = (
    *("preset", "hidden", "activation", "dropout", "learning_rate", "weight_decay", "batch_size", "epochs"),
    *("validation", "patience", "refit", "pieces", "seeds"),
)
WEIGHT = "sample_weight"


class DenseEstimator(BaseEstimator):
    """The base of `DenseClassifier` and `DenseRegressor`."""

    # Set by the constructors, which scikit-learn asks to name each setting, and to keep it as it was given.
    preset: str
    hidden: Sequence[int] | None
    activation: str | None
    dropout: float | None
    learning_rate: float | None
    weight_decay: float | None
    batch_size: int | None
    epochs: int | None
    validation: float | None
    patience: int | None
    refit: bool | None
    pieces: int | None
    seeds: int | None
    random_state: int | np.random.RandomState | None
    categorical: Sequence[str]
    numeric: Sequence[str]
    engine: str
    threads: int | None

    def _keep(self, given: Mapping[str, Any]) -> None:
        """Set what a constructor was given, of which `given` is `locals()`."""
        for name in self._get_param_names():
            setattr(self, name, given[name])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        return tags

    def save(self, path: str | Path) -> Saved:
        """Save it as the folder of a run, which `rowwise.open` and every command of rowwise take.

        Unlike a pickle, whose opening runs whatever code it holds, such a folder can be opened safely, whoever made it.

        Raises:
            NotFittedError: it was not fitted. UsageError: the folder exists and is not empty. SaveError: it cannot be
                written.
        """
        from rowwise.runs.folder import RunFolder
        from rowwise.runs.saved import Saved

        check_is_fitted(self)
        network = self.network_
        with RunFolder(Path(path)) as folder:
            place, record = folder.save(network.model, network.record, {})
        return Saved(place, network.model, record)

    @property
    def model_(self) -> keras.Model:
        """The Keras model."""
        check_is_fitted(self)
        return self.network_.model

    @property
    def record_(self) -> RunRecord:
        """What is known of the training: settings, engine, epochs, seconds."""
        check_is_fitted(self)
        return self.network_.record

    @property
    def history_(self) -> dict[str, list[float]]:
        """The figures of each epoch by their names, as Keras's `History.history` has them."""
        epochs = self.record_.epochs
        return {name: [epoch.figures[name] for epoch in epochs] for name in (epochs[0].figures if epochs else ())}

    @property
    def n_iter_(self) -> int:
        """Epochs trained, of an ensemble those of its first network."""
        return len(self.record_.epochs)

    def _more_settings(self) -> dict[str, Any]:
        """Settings that not both kinds of estimators have."""
        return {}

    def _fit(
        self,
        rows: pl.DataFrame,
        targets: pl.DataFrame,
        weights: NDArray[np.float64] | None,
        reading: dict[str, Any],
        classes: tuple[str, ...] = (),
    ) -> Self:
        """Train on rows and their targets.

        Args:
            targets: named unlike the columns of `rows`.
            weights: `(records,)`; records that weigh nothing are left out.
            reading: options of a Source.
            classes: what the classes are called, in the order of their names in `targets`; none for numbers and labels.
        """
        import polars as pl

        from rowwise.data.loaders import load_whole
        from rowwise.data.source import source_of
        from rowwise.runs.in_memory import train_in_memory
        from rowwise.runs.settings import Settings

        table = rows.hstack(targets)
        (weight,) = free_names([WEIGHT], table.columns)
        if weights is not None:
            table = table.with_columns(pl.Series(weight, weights)).filter(pl.col(weight) > 0)
        table = distinct(table, weight)
        options = {"target": targets.columns, "categorical": [*self.categorical], "numeric": [*self.numeric], **reading}
        if weight in table.columns:
            options["weight"] = weight
        chosen = self._settings()
        with as_value_errors():
            data = load_whole(source_of(table, options))
            if classes:
                assert data.schema is not None
                schema = replace(data.schema, classes=classes)
                data = replace(data, classes=classes, classes_ko=(), schema=schema)
            settings = Settings.of(chosen)
            if "validation" not in chosen and not _can_hold_out(data, settings, chosen):
                chosen["validation"] = 0.0
                settings = Settings.of(chosen)
            trained = train_in_memory(data, settings, frozenset(chosen), self.engine, self.threads)
        self._columns = rows.columns
        self.network_ = FittedNetwork(trained.model, trained.record, self.threads)
        return self

    def _settings(self) -> Choices:
        """Those that were chosen, by the names of `Settings`."""
        chosen = {name: value for name in SETTINGS if (value := getattr(self, name)) is not None}
        chosen |= {name: value for name, value in self._more_settings().items() if value is not None}
        if "seeds" in chosen:
            chosen["ensemble"] = chosen.pop("seeds")
        chosen = {name: plain(value) for name, value in chosen.items()}
        return cast("Choices", {**chosen, "seed": self._seed()})

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31))

    def _predicted(self, X: Any) -> Prediction:
        check_is_fitted(self)
        rows = rows_of(self, X, fitting=False).clone()
        rows.columns = self._columns  # an array's, or a DataFrame's where one was fitted without names, by their places
        with as_value_errors():
            return self.network_.predict(rows)


def _can_hold_out(data: Dataset, settings: Settings, chosen: Collection[str]) -> bool:
    """Whether there are records enough for the share that the preset holds out of a table."""
    from rowwise.data.splits import held_out

    share = settings.suited(data, chosen).validation
    if not share:
        return True
    held = held_out(len(data), share, settings.seed, data.y if data.classes else None, None, "")
    return bool(held.any() and not held.all())


def plain(value: Any) -> Any:
    """NumPy's scalars and arrays, which a grid of parameters is often made of, as Python's."""
    if isinstance(value, np.ndarray):
        return tuple(value.tolist())
    return value.item() if isinstance(value, np.generic) else value


def checked_target(estimator: BaseEstimator, X: Any, y: Any, numbers: bool) -> NDArray[Any]:
    """`(records,)` or `(records, targets)`, without missing values.

    Raises:
        ValueError: scikit-learn's own where there is none, values are missing, or their number is not that of X's rows.
    """
    if y is None:
        validate_data(estimator, X, y, skip_check_array=True)
    kind = "numeric" if numbers else None
    array = check_array(y, ensure_2d=False, dtype=kind, input_name="y", estimator=estimator, ensure_min_samples=0)
    check_consistent_length(X, array)
    return array


def names_of_targets(y: Any, count: int, taken: Sequence[str]) -> list[str]:
    """Those that a Series or DataFrame gives them; else y, or y0, y1 and so on."""
    names: list[Any] = [getattr(y, "name", None)] if count == 1 else [*getattr(y, "columns", ())]
    if len(names) != count or not all(isinstance(name, str) and name for name in names):
        names = ["y"] if count == 1 else [f"y{place}" for place in range(count)]
    return free_names(names, taken)


def free_names(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """The names, with lines below them where columns have those already."""
    free: list[str] = []
    for name in names:
        while name in taken or name in free:
            name += "_"
        free.append(name)
    return free


@contextmanager
def as_value_errors() -> Iterator[None]:
    """rowwise's errors in the block are ValueErrors too, as scikit-learn's users expect them."""
    try:
        yield
    except RowwiseError as error:
        raise EstimatorError.of(error) from error
