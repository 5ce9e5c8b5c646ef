"""A saved run → a file that other programs predict with, kept only once it has proved to answer as the run does."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import UsageError
from rowwise.exports.derive import derived
from rowwise.exports.formats import FORMATS
from rowwise.exports.kinds import COLUMNS, FLOATS, INPUTS, MATRIX
from rowwise.exports.proof import Proof, expected, prove
from rowwise.exports.records import Tried, tried_records
from rowwise.files import atomic_write, check_place
from rowwise.runs.model_file import MODEL
from rowwise.runs.saved import Saved
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: the file.
        beside: other files that it needs.
        format: one of FORMATS.
        bytes: of all files.
        weights: bytes of the model's own weights.
        proof: what was compared, and what came of it.
        note: in words, what could not be run here; empty where the file itself was.
    """

    path: Path
    beside: tuple[Path, ...]
    format: str
    bytes: int
    weights: int
    proof: Proof
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As `rowwise export --json` has it."""
        files = {"path": str(self.path), "beside": [str(path) for path in self.beside], "format": self.format}
        return {**files, "bytes": self.bytes, "weights": self.weights, "proof": self.proof.to_dict(), "note": self.note}


def export(run: Saved | str | Path, to: str, out: str | Path | None = None, inputs: str = MATRIX) -> Exported:
    """Write a trained model in a form that needs no rowwise, once it has proved to answer as the model does.

    Args:
        run: a run's folder, a `.keras` file, or what `rowwise.open` gave.
        to: "onnx", "keras", "torch", "c" or "html".
        out: the file; None for one beside the model.
        inputs: of a table, "matrix": all columns in one array, categories as the numbers of their levels; or
            "columns", for ONNX: each column is an input of its own, categories as texts.

    Raises:
        UsageError: an unknown format, or a package that it needs is missing. ModelError: a layer that cannot be
            exported, by its name; or the export answered otherwise than the model: then no file is left.
        SaveError: the file system refused.
    """
    if to not in FORMATS:
        raise UsageError("export.to", found=to, known=", ".join(FORMATS))
    if inputs not in INPUTS:
        raise UsageError("export.inputs", found=inputs, known=", ".join(INPUTS))
    form = FORMATS[to]()
    if out is not None:  # before the model is opened, which takes seconds
        _check_name(Path(out), form.suffix)
    saved = run if isinstance(run, Saved) else Saved.open(run)
    if inputs == COLUMNS and (to != "onnx" or saved.schema is None):
        raise UsageError("export.columns", to=to, path=saved.path)
    path = default_place(saved, form.suffix) if out is None else Path(out)
    if path.exists() and path.samefile(model_file(saved)):
        raise UsageError("export.same", path=path)
    tried = tried_records(saved)
    outputs = saved.predictor.outputs(tried.x)
    tried, outputs = _answerable(tried, outputs)
    program = derived(saved, outputs, FLOATS if form.floats else inputs)
    wanted = expected(saved, program, tried, outputs)
    made = form.make(saved, program, wanted, path)
    proof = prove(wanted, made.runners)
    files = made.files(proof)
    for place, content in files.items():
        atomic_write(place, content)
    weights = sum(math.prod(weight.shape) * 4 for weight in saved.model.weights)
    note = say(made.note) if made.note else ""
    return Exported(path, tuple(files)[:-1], to, sum(map(len, files.values())), weights, proof, note)


def _check_name(path: Path, suffix: str) -> None:
    """Raises where nothing can be written there, or the name ends otherwise."""
    check_place(path)
    if path.suffix.lower() != suffix:
        raise UsageError("export.suffix", path=path, expected=suffix)


def model_file(saved: Saved) -> Path:
    """The `.keras` file that was opened."""
    return saved.path / MODEL if saved.path.is_dir() else saved.path


def default_place(saved: Saved, suffix: str) -> Path:
    """A file beside the model, of another ending; a Keras file is told apart from the model by its name."""
    model = model_file(saved)
    return model.with_name(f"{model.stem}-plain{suffix}") if suffix == model.suffix else model.with_suffix(suffix)


def _answerable(tried: Tried, outputs: NDArray[np.float32]) -> tuple[Tried, NDArray[np.float32]]:
    """Without the extremes that the model itself has no answer for."""
    kept = (np.arange(len(outputs)) < tried.odd) | ~np.isnan(outputs).any(axis=1)
    return replace(tried, x=tried.x[kept]), outputs[kept]
