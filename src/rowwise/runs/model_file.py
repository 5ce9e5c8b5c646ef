"""A `.keras` file → its model, once it is sure that nothing in the file can run code."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from rowwise.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    import keras

MODEL = "model.keras"  # in a run's folder
CAN_RUN_CODE = {".h5", ".hdf5", ".pkl", ".pickle", ".joblib", ".pt", ".pth"}
ZIP_MAGIC = b"PK"


def open_model(file: Path) -> keras.Model:
    """The model of a `.keras` file. Keras's safe mode stays on: a file that carries Python code is refused.

    Raises:
        ModelError: missing, another format, damaged, or with code in it.
    """
    if file.suffix.lower() in CAN_RUN_CODE:
        raise ModelError("run.can_run_code", path=file, suffix=file.suffix)
    try:
        with file.open("rb") as opened:
            magic = opened.read(len(ZIP_MAGIC))
    except OSError as cause:
        raise ModelError("run.missing", path=file, cause=cause.strerror) from cause
    if file.suffix != ".keras" or magic != ZIP_MAGIC:
        raise ModelError("run.no_keras_file", path=file)
    try:
        with zipfile.ZipFile(file) as archive:
            # Keras reads parts of an archive without comparing checksums: other weights would pass unseen.
            broken = archive.testzip()
    except Exception as cause:  # zlib, struct and zipfile each have errors of their own
        raise ModelError("run.damaged", path=file, cause=cause) from cause
    if broken:
        raise ModelError("run.damaged", path=file, cause=f"checksum of {broken}")

    import keras

    import rowwise.models.preparation  # noqa: F401  # registers the layers that a table's model begins with

    try:
        return keras.models.load_model(file, safe_mode=True)
    except Exception as cause:  # Keras raises ValueError, TypeError, KeyError, OSError and more for bad files
        text = " ".join(str(cause).split())
        if "safe_mode" in text or "lambda" in text.lower():
            raise ModelError("run.unsafe", path=file) from cause
        if "could not be deserialized" in text or "custom" in text:
            raise ModelError("run.custom", path=file) from cause
        raise ModelError("run.damaged", path=file, cause=text[:200].rstrip(".")) from cause
