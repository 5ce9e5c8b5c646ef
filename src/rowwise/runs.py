"""A trained model and what is known of it → a run's folder, whole or not at all; and back.

A run holds `model.keras`, `run.json`, `history.csv` and the pictures. It is made in a hidden folder
beside its place and renamed once all of it is on the disk.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tempfile
import zipfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.errors import ModelError, SaveError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras

MODEL, RECORD, HISTORY = "model.keras", "run.json", "history.csv"
CAN_RUN_CODE = {".h5", ".hdf5", ".pkl", ".pickle", ".joblib", ".pt", ".pth"}


class Run:
    """A place for a run that is not finished: `save` makes it real, `discard` leaves nothing.

    Args:
        out: the folder to be; None for `runs/<date>-<name>`, numbered where that is taken.
        name: of the data.

    Raises:
        UsageError: the folder exists and is not empty. SaveError: it cannot be written.
    """

    def __init__(self, out: Path | None, name: str) -> None:
        self.folder = _free(Path("runs") / f"{date.today()}-{name}") if out is None else out
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise UsageError("run.exists", path=self.folder)
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            # Made before the training, so that a place that cannot be written is known before, not after.
            self._partial = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix=f".{self.folder.name}."))
        except OSError as cause:
            raise SaveError("run.unwritable", path=self.folder, cause=cause.strerror or cause) from cause

    def save(
        self,
        model: keras.Model,
        record: Mapping[str, Any],
        history: Mapping[str, list[float]],
        pictures: Mapping[str, bytes],
    ) -> Path:
        """Write everything, then rename; the folder.

        Args:
            history: columns by name, a value an epoch, as Keras's `History.history`.
            pictures: PNG bytes by file name.

        Raises:
            SaveError: the file system refused. No half of a run is left, and the model itself is kept in
                the system's temporary folder if it fits there: the message says where.
        """
        try:
            model.save(self._partial / MODEL)
            (self._partial / RECORD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
            (self._partial / HISTORY).write_text(_csv(history), "utf-8")
            for name, content in pictures.items():
                (self._partial / name).write_bytes(content)
            self._partial.chmod(0o755)  # mkdtemp makes it private
            if self.folder.exists():
                self.folder.rmdir()
            os.replace(self._partial, self.folder)
        except OSError as cause:
            self.discard()
            kept = _rescue(model)
            key = "run.save.kept" if kept else "run.save"
            raise SaveError(key, path=self.folder, cause=cause.strerror or cause, kept=kept) from cause
        return self.folder

    def discard(self) -> None:
        """Remove what was begun."""
        shutil.rmtree(self._partial, ignore_errors=True)


def open_run(path: Path) -> tuple[keras.Model, dict[str, Any]]:
    """The model and the record (`run.json`; empty beside a bare `.keras` file) of a run's folder or a model file.

    Keras's safe mode stays on: a file that carries Python code is refused.

    Raises:
        ModelError: missing, another format, damaged, or with code in it.
    """
    file = path / MODEL if path.is_dir() else path
    if file.suffix.lower() in CAN_RUN_CODE:
        raise ModelError("run.can_run_code", path=file, suffix=file.suffix)
    if not file.is_file():
        raise ModelError("run.missing", path=file)
    if file.suffix != ".keras" or not zipfile.is_zipfile(file):
        raise ModelError("run.no_keras_file", path=file)
    record_file = file.parent / RECORD
    try:
        record = json.loads(record_file.read_text("utf-8")) if record_file.is_file() else {}
    except ValueError as cause:
        raise ModelError("run.damaged", path=record_file, cause=cause) from cause

    import keras

    try:
        return keras.models.load_model(file, safe_mode=True), record
    except Exception as cause:  # Keras raises ValueError, TypeError, KeyError, OSError and more for bad files
        text = " ".join(str(cause).split())
        key = "run.unsafe" if "safe_mode" in text or "lambda" in text.lower() else "run.damaged"
        raise ModelError(key, path=file, cause=text[:200]) from cause


def _free(wanted: Path) -> Path:
    number, path = 1, wanted
    while path.exists():
        number += 1
        path = wanted.with_name(f"{wanted.name}-{number}")
    return path


def _csv(history: Mapping[str, list[float]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", *history])
    for number, row in enumerate(zip(*history.values(), strict=True), 1):
        writer.writerow([number, *row])
    return text.getvalue()


def _rescue(model: keras.Model) -> Path | None:
    """A trained model is worth more than the rest: keep it where there may be room."""
    file = Path(tempfile.mkdtemp(prefix="rowwise-")) / MODEL
    try:
        model.save(file)
    except OSError:
        shutil.rmtree(file.parent, ignore_errors=True)
        return None
    return file
