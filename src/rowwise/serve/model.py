"""A run's folder → a model that is ready to answer, and whether the folder was replaced since."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise import environment
from rowwise.cores import usable_cores
from rowwise.data.dataset import PIXEL_MAX
from rowwise.engine.interpretation import Prediction, interpreted
from rowwise.engine.prediction import Predictor
from rowwise.errors import ModelError, warnings_to
from rowwise.runs.model_file import MODEL
from rowwise.runs.record import RECORD
from rowwise.runs.saved import Saved
from rowwise.serve.named_records import NamedRecords, warning
from rowwise.shapes.checks.input_values import RESCALES, UNKNOWN_SCALE, check_pixels, scale_of
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Schema

Signature = tuple[tuple[int, int, int], ...]
QUICK = 2**20  # multiply-adds of a record, which take some ten microseconds
QUICK_TOGETHER, QUICK_RECORDS = 2**25, 256  # of a request, which take less than a millisecond


@dataclass(frozen=True)
class Model:
    """A saved run as it was when it was opened.

    Attributes:
        name: by which requests call it.
        saved: the run.
        signature: of its files, as `signature` gives it.
    """

    name: str
    saved: Saved
    signature: Signature

    @property
    def schema(self) -> Schema | None:
        """Of the table that it was trained on."""
        return self.saved.schema

    @cached_property
    def named(self) -> NamedRecords | None:
        """What reads records by name; None where the model takes no table."""
        return None if self.schema is None else NamedRecords(self.schema)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Of one record of X."""
        return tuple(size for size in self.saved.accepts.shape if size is not None)

    @cached_property
    def takes_bytes(self) -> bool:
        """Whether X are pixels from 0 to 255."""
        return self.schema is None and self.saved.accepts.white == PIXEL_MAX

    @cached_property
    def _predictor(self) -> Predictor:
        """Of a core less than there are: one is left to the requests, which would only be waited for."""
        threads = environment.threads() or max(1, usable_cores() - 1)
        return Predictor(self.saved.network, threads, self.saved.named)

    @cached_property
    def native(self) -> bool:
        """Whether the native engine predicts, which takes any finite numbers."""
        return self._predictor.multiply_adds is not None

    def quick(self, records: int) -> bool:
        """Whether so many are read and predicted at once, so that nobody need be asked to do it meanwhile."""
        return records <= self.quick_records

    @cached_property
    def quick_records(self) -> int:
        """Records that are predicted in less than a millisecond."""
        each = self._predictor.multiply_adds
        return 0 if each is None or each > QUICK else min(QUICK_RECORDS, QUICK_TOGETHER // max(each, 1))

    @cached_property
    def _scale(self) -> tuple[str, str]:
        return scale_of(self.saved.network)

    @cached_property
    def example(self) -> Prediction:
        """What it says of a record of zeros: the form of every answer."""
        return self.predict(np.zeros((1, *self.shape), np.float32))

    def predict(self, x: NDArray[Any]) -> Prediction:
        """What `saved.predict` says of X, to the bit."""
        with warnings_to(lambda message: None):  # `remarks` has said it to whom it concerns
            outputs = self._predictor.outputs(x, checked=self.native)
        prediction = interpreted(self.saved.network, outputs, self.saved.basis)
        return replace(prediction, class_names=self.saved.classes, target_names=self.saved.targets)

    def remarks(self, x: NDArray[Any]) -> list[dict[str, Any]]:
        """Warnings, as an answer has them, of pixels that are not as the model's own scaling expects them."""
        known, _ = self._scale
        if known == UNKNOWN_SCALE or (known == RESCALES and x.dtype.kind != "f"):  # there is nothing to say
            return []
        heard: list[str] = []
        with warnings_to(heard.append):
            check_pixels(self.saved.network, x, self._scale)
        return [warning("", "pixels", range(len(x)), message) for message in heard]


def signature(path: Path) -> Signature:
    """What tells a run's files from those that are put in their place; empty where they are not all there."""
    files = (path / RECORD, path / MODEL) if os.path.isdir(path) else (path,)
    try:
        found = [os.stat(file) for file in files]
    except OSError:
        return ()
    return tuple((one.st_ino, one.st_mtime_ns, one.st_size) for one in found)


def open_model(name: str, path: Path, task: str | None = None) -> Model:
    """The run, opened whole and tried on one record, so that the first request need not wait.

    Raises:
        ModelError: it cannot be used, or its files were exchanged while they were read. UsageError: an invalid task.
    """
    before = signature(path)
    model = Model(name, Saved.open(path, task), before)
    if None in model.saved.accepts.shape:
        raise ModelError("serve.shape", path=path, accepts=str(model.saved.accepts))
    _ = model.example
    if signature(path) != before:
        raise ModelError("run.damaged", path=path, cause=say("serve.changing"))
    return model
