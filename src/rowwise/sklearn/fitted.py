"""A trained model within an estimator → bytes that can be pickled, and back as safely as a file is opened."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.runs.model_file import MODEL, open_model

if TYPE_CHECKING:
    import keras
    import polars as pl

    from rowwise.engine.prediction import Prediction, Predictor
    from rowwise.runs.record import RunRecord


class FittedNetwork:
    """A model and the record of its training; pickled as the bytes of a `.keras` file.

    Attributes:
        model: of Keras.
        record: what is known of its training.
        threads: of the native engine when it predicts.
    """

    def __init__(self, model: keras.Model, record: RunRecord, threads: int | None = None) -> None:
        self.model, self.record, self.threads = model, record, threads

    @cached_property
    def _predictor(self) -> Predictor:
        from rowwise.engine.prediction import Predictor

        return Predictor(self.model, self.threads)

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """Of rows that have the columns of the schema; warns and raises as `Saved.predict`."""
        return self._predictor.predict(rows)

    def __reduce__(self) -> tuple[Any, ...]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / MODEL
            self.model.save(file)
            return _opened, (file.read_bytes(), self.record, self.threads)


def _opened(content: bytes, record: RunRecord, threads: int | None) -> FittedNetwork:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / MODEL
        file.write_bytes(content)
        return FittedNetwork(open_model(file), record, threads)
