"""A run's folder or a `.keras` file → a trained model that is used: it predicts, is measured, explains itself."""

from __future__ import annotations

import math
import os
import threading
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.data.loaders import load_source
from rowwise.data.picture_records import OBJECT
from rowwise.data.source import WRITTEN, Source, check_written
from rowwise.errors import DataError, ModelError, UsageError, warn_user
from rowwise.runs.accepts import Accepts
from rowwise.runs.model_file import MODEL, PlainFile, open_content, open_file
from rowwise.runs.read_as_own import read_as_own
from rowwise.runs.record import RECORD, RunRecord
from rowwise.text import language, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.data.tables.schema import Schema
    from rowwise.engine.prediction import Prediction, Predictor
    from rowwise.measure import AnyReport
    from rowwise.measure.dependence import Dependence
    from rowwise.measure.importance import Importance
    from rowwise.measure.record_explanation import RecordExplanation
    from rowwise.models.plain import PlainModel
    from rowwise.models.task import Task
    from rowwise.shapes import Ledger, Trace


class Saved:
    """A trained model and what is known of its training.

    Attributes:
        path: of the run's folder, or of a `.keras` file.
        record: what the run knows of its data and training; None beside a bare model file.
        named: the task named by the caller; None to infer it.
    """

    def __init__(
        self, path: Path, model: keras.Model | PlainFile, record: RunRecord | None, task: str | None = None
    ) -> None:
        self.path, self.record, self.named = path, record, task
        self._opened = model

    @classmethod
    def open(cls, path: str | Path, task: str | None = None) -> Saved:
        """The run in a folder, or the model in a `.keras` file, in Keras's safe mode: no code in it is run.

        Args:
            path: of the folder or the file.
            task: "regression", "binary", "multiclass", "multilabel", or "classification" for what the outputs allow;
                None: what the model's loss and last layer say.

        Raises:
            ModelError: missing, another format, damaged, or with code in it.
            UsageError: no path, an unknown task, or one that the model's outputs cannot mean.
        """
        try:
            path = Path(path)
        except TypeError as cause:
            raise UsageError("run.path", found=type(path).__name__) from cause
        if os.path.isdir(path):  # no error where a folder above it cannot be looked into: opening it has one in words
            record: RunRecord | None = RunRecord.read(path)
            model = open_file(path / MODEL)
        else:
            model = open_file(path)
            beside = path.name == MODEL and (path.parent / RECORD).is_file()
            record = RunRecord.read(path.parent) if beside else None
        saved = cls(path, model, record, task)
        if task is not None:
            _ = saved.basis  # raises where the task is invalid
        return saved

    @property
    def network(self) -> keras.Model | PlainModel:
        """What predicts: as the file has it, without Keras, where the native engine runs that; else the Keras model."""
        return self._opened.model if isinstance(self._opened, PlainFile) else self._opened

    @property
    def model(self) -> keras.Model:
        """A Keras model, as `keras.models.load_model` gives it: made when it is first asked for, where nothing else
        needs Keras. From then on it is what predicts, so that a training of it counts."""
        with _making:
            if isinstance(self._opened, PlainFile):
                self._opened = open_content(self._opened.content, self.path)
                vars(self).pop("predictor", None)
            return self._opened

    def __repr__(self) -> str:
        return f"<Saved {self.path}: {self.accepts} {self.basis}>"

    def _repr_html_(self) -> str:
        from rowwise.runs.saved_card import saved_card

        return saved_card(self)

    @cached_property
    def accepts(self) -> Accepts:
        """What the model takes.

        Raises:
            ModelError: it has not one input, or not one output of the form `(records, outputs)`.
        """
        from rowwise.figures import is_picture
        from rowwise.models.inputs_outputs import brightest_pixel

        shape, _ = self._shapes
        if self.schema is not None:
            return Accepts("table", shape, self.schema.used)
        pictures = self.record.data.pictures if self.record else OBJECT
        kind = (
            "pictures"
            if None not in shape and is_picture(tuple(size for size in shape if size is not None))
            else "arrays"
        )
        return Accepts(kind, shape, white=brightest_pixel(self.network), pictures=pictures)

    @cached_property
    def schema(self) -> Schema | None:
        """The columns of the table that the model was trained on; None for other data."""
        from rowwise.models.table_features import preparation_of

        if (preparation := preparation_of(self.network)) is None:
            return None
        schema, (record_shape, units) = preparation.schema, self._shapes
        outputs = len(schema.classes or schema.outputs)
        if record_shape != (len(schema.inputs),) or (units != outputs and (units, outputs) != (1, 2)):
            cause = say("saved.schema", inputs=len(schema.inputs), outputs=outputs, given=record_shape, units=units)
            raise ModelError("run.damaged", path=self.path, cause=cause)
        return schema

    @property
    def task(self) -> str:
        """ "regression", "binary", "multiclass" or "multilabel"; empty where it is not known."""
        return self.basis.name

    @cached_property
    def basis(self) -> Task:
        """The task, and how it is known: as text one line, in the current language.

        Raises:
            ModelError: not one input, or not one output. UsageError: the named task is invalid for this model.
        """
        from rowwise.models.task import task_of

        return task_of(self.network, self._shapes[1], self.named)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, or of the labels, by number; numbers where the run does not know them.

        Empty for regression, and where the task is not known.
        """
        return self._class_names("en")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes' names in the current language."""
        return self._class_names(language())

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The names of the numbers that are predicted; empty for classification."""
        if self.task not in ("regression", ""):
            return ()
        units = self._shapes[1]
        names = self.schema.outputs if self.schema is not None else self.record.data.targets if self.record else ()
        return names if len(names) == units else ("y",) if units == 1 else tuple(f"y{unit}" for unit in range(units))

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The report on the run's test records, as `run.json` has it; empty beside a bare model file."""
        return self.record.test if self.record else {}

    def predict(self, data: Any, batch_size: int | None = None, **written: Any) -> Prediction:
        """Classes and probabilities, or numbers, with their names.

        Args:
            data: a model of a table takes a DataFrame, a list of dicts (one dict for one row), the path of a CSV or
                Parquet file, or X `(records, columns)`. A model of pictures takes the path or the bytes of a picture or
                `.npy` file, a list of them, a folder, or pixels `(records, *shape)`. Any other takes arrays
                `(records, ...)`, a `.npy` file, or a Dataset.
            batch_size: records a step, where Keras predicts; None for steps that are always full: then what is said of
                a record does not depend, to the bit, on how many others are predicted with it.
            **written: how a table is written where it does not show it: `separator`, `encoding`, `header`, `decimal`,
                `date_order`, `missing`, as `rowwise.data.Source` has them.

        Raises:
            DataError: data that cannot be read, lack columns or are not finite. ShapeError: arrays that do not fit.
            ModelError: a model without one input and one output.
        """
        from rowwise.runs.prediction_inputs import records_of

        records = records_of(self, data, written)
        prediction = self.predictor.predict(records.x, batch_size)
        return replace(prediction, class_names=self.class_names, target_names=self.targets, notes=tuple(records.notes))

    @cached_property
    def predictor(self) -> Predictor:
        """What predicts, built once; several threads may use it at a time."""
        from rowwise.engine.prediction import Predictor

        return Predictor(self.network, task=self.named)

    def evaluate(self, data: Any = None, batch_size: int = 1024, **written: Any) -> AnyReport:
        """The report on the run's own test records, or on `data`.

        Args:
            data: None; a name, a file, a folder, a DataFrame with the target; a Dataset; or `(x, y)`.
            batch_size: records a step; the result does not depend on it.
            **written: as of `predict`.

        Raises:
            UsageError: no data were passed and the run records none. DataError, ShapeError, ModelError: data that
                cannot be read, or do not fit the model.
        """
        from rowwise.data.dataset import Dataset
        from rowwise.measure import evaluate

        if written and (data is None or isinstance(data, Dataset | tuple)):
            check_written(written)
            raise UsageError("saved.no_file", options=", ".join(written))
        if isinstance(data, Dataset | tuple):
            return evaluate(self.network, data, batch_size, task=self.named)
        train, test = self.sets(data if data is None else Source.used_on(data, written))
        return evaluate(self.network, self.as_taken(test)[0], batch_size, train=train, task=self.named)

    def importance(self, data: Dataset) -> Importance:
        """How much the model needs each column of a table's Dataset; raises as `rowwise.measure.importance`."""
        from rowwise.measure.importance import importance

        return importance(self.network, data, task=self.named)

    def partial_dependence(
        self, columns: str | Sequence[str] | None = None, data: Dataset | None = None, points: int = 12, seed: int = 0
    ) -> tuple[Dependence, ...]:
        """What the model says on average by the value of a column; see `runs.explaining.dependence`."""
        from rowwise.runs.explaining import dependence

        return dependence(self, (columns,) if isinstance(columns, str) else columns, data, points, seed)

    def explain_row(self, row: int, data: Any = None, **more: Any) -> RecordExplanation:
        """Why it says what it says of a table's row, and what would change that; see `runs.explaining.explain_row`."""
        from rowwise.runs.explaining import explain_row

        return explain_row(self, row, data, **more)

    def explain(self, batch_size: Any = 32, convention: str = "keras") -> Ledger:
        """The ledger of the model's shapes; arguments and errors as of `rowwise.explain`."""
        from rowwise.shapes import explain

        return explain(self.network, batch_size=batch_size, convention=convention)

    def trace(self, record: int, unit: int, layer: str | None = None, data: Dataset | None = None) -> Trace:
        """One number of the model followed through its dot product, on a record of `data` or of the test records.

        Raises as `rowwise.shapes.trace` and `evaluate`.
        """
        from rowwise.engine.native.inference import dense_values
        from rowwise.shapes import trace

        x = self.as_taken(data or self.sets()[1])[0].x
        return trace(self.network, x, record, unit, layer, partial(dense_values, self.network))

    def sets(self, source: Source | None = None) -> tuple[Dataset | None, Dataset]:
        """The training records, where `source` has the run's own, and the records to measure on.

        Of the run itself, or of another source: of a table or a folder of pictures all records, read as the model's
        own were.

        Raises:
            UsageError: no data were passed and the run records none. DataError: they are not available, cannot be read,
                or do not fit.
        """
        _ = self.accepts  # raises where no data could fit
        own = self.own_source()
        folders = source is not None and own is not None and source.kind == "folder"
        if folders and Path(source.place).resolve() == Path(own.place).resolve():  # type: ignore[union-attr]
            source = None  # its own pictures, split as they were
        if source is None and own is None:
            framed = self.record is not None
            raise UsageError("saved.evaluate.frame" if framed else "cli.evaluate.data", model=self.path)
        if source is not None and (test := read_as_own(self, source)) is not None:
            if self._learned_from(source, len(test)):
                warn_user(say("saved.evaluate.trained", count=f"{self.record.data.records:,}", total=f"{len(test):,}"))  # type: ignore[union-attr]
            return None, test
        chosen: Source = source or own  # type: ignore[assignment]
        arrays = source is not None and chosen.kind == "arrays"
        train, test = self._arrays(chosen) if arrays else load_source(chosen, self.schema)
        data = self.record.data if self.record else None
        if data is None:
            return None, test
        if (source is None or test.name == data.name) and data.test_checksum != test.checksum:
            warn_user(say("cli.other_groups" if data.has_outdated_groups else "cli.other_data", name=test.name))
        return train if data.checksum == train.checksum else None, test

    def _learned_from(self, source: Source, records: int) -> bool:
        """Whether a table is the one that the model was trained on, its training records among the others."""
        data = self.record.data if self.record else None
        if source.kind != "table" or data is None or records != data.records + data.test_records:
            return False
        written = {name: value for name, value in source.to_dict().items() if name in WRITTEN}
        return load_source(data.source_at(source, **written))[0].checksum == data.checksum

    def _arrays(self, source: Source) -> tuple[Dataset, Dataset]:
        """Whole numbers in a file of arrays are classes, unless the model cannot mean classes."""
        numbers = replace(source, task="regression")
        if self.task in ("regression", "multilabel"):
            return load_source(numbers)
        one_number = not self.task and self._shapes[1] == 1
        try:
            parts = load_source(source)
        except DataError:  # more distinct numbers than there can be classes
            if one_number:
                return load_source(numbers)
            raise
        return load_source(numbers) if one_number and len(parts[1].classes) > 2 else parts

    def own_source(self) -> Source | None:
        """What loads the data that the model was trained on; None where it is unknown.

        Raises:
            DataError: rowwise knows no data of that name any more.
        """
        return self.record.data.loader() if self.record else None

    def as_taken(self, data: Dataset) -> tuple[Dataset, list[str]]:
        """The records as the model takes them, and what was done to them, in words.

        Pixels are brought to the model's scale; pictures for a model without Flatten are written in one row.
        """
        from rowwise.data.pictures.prepare import scale

        if data.schema is not None:
            return data, []
        x, notes = scale(data.x, self.accepts.white)
        flat = math.prod(x.shape[1:])
        if self._shapes[0] == (flat,):
            x = x.reshape(len(x), flat)
        return replace(data, x=x), notes

    @cached_property
    def _shapes(self) -> tuple[tuple[int | None, ...], int]:
        """The shape of one record, and the number of outputs.

        Raises:
            ModelError: not one input, or not one output of the form `(records, outputs)`.
        """
        # Keras knows no shapes before a model's first call.
        input_shape, output_shape = (getattr(self.network, name, "?") if self.network.built else "?" for name in _SIDES)
        if not (isinstance(input_shape, tuple) and all(isinstance(size, int | None) for size in input_shape)):
            raise ModelError("predict.inputs", found=input_shape)
        if not (isinstance(output_shape, tuple) and len(output_shape) == 2 and isinstance(output_shape[1], int)):
            raise ModelError("predict.outputs", found=output_shape)
        return input_shape[1:], output_shape[1]

    def _class_names(self, lang: str) -> tuple[str, ...]:
        if self.targets:
            return ()
        units = self._shapes[1]
        data = self.record.data if self.record else None
        if self.task == "multilabel":
            names = self.schema.targets if self.schema is not None else data.targets if data else ()
            return names if len(names) == units else tuple(map(str, range(units)))
        units = max(units, 2)  # one unit tells two classes apart
        if data is None or len(data.classes) != units:
            return tuple(map(str, range(units)))
        return data.classes_ko if lang == "ko" and len(data.classes_ko) == units else data.classes


_making = threading.Lock()  # a Keras model, which two threads may ask for at once


_SIDES = ("input_shape", "output_shape")
