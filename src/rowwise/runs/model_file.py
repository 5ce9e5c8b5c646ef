"""A `.keras` file, which a stranger may have made → its model, once nothing in the file can do harm.

Keras opens the file only after rowwise has: the archive unpacks to what such a file may hold, the weights are plain
arrays within it, the configuration names parts of models alone, and each weight that it announces is there.
"""

from __future__ import annotations

import io
import tempfile
from typing import IO, TYPE_CHECKING, Any

from rowwise.archive import Archive, open_archive
from rowwise.errors import ModelError, os_reason
from rowwise.files import open_regular
from rowwise.text import say

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    import keras

MODEL = "model.keras"  # in a run's folder
CAN_RUN_CODE = {".h5", ".hdf5", ".pkl", ".pickle", ".joblib", ".pt", ".pth"}
ZIP_MAGIC = b"PK"
CONFIG, METADATA, WEIGHTS = MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
MOST_OUTPUTS = 1 << 26  # numbers that a layer may make of one record: 256 MB


def open_model(file: Path) -> keras.Model:
    """The model of a `.keras` file. Keras's safe mode stays on: a file that carries Python code is refused.

    Raises:
        ModelError: missing, another format, damaged, with code in it, or made to do harm.
    """
    if file.suffix.lower() in CAN_RUN_CODE:
        raise ModelError("run.can_run_code", path=file, suffix=file.suffix)
    try:
        with open_regular(file) as opened:
            magic = opened.read(len(ZIP_MAGIC))
    except OSError as cause:
        raise ModelError("run.missing", path=file, cause=os_reason(cause)) from cause
    if file.suffix != ".keras" or magic != ZIP_MAGIC:
        raise ModelError("run.no_keras_file", path=file)

    import keras

    import rowwise.preparation  # noqa: F401  # registers the layers that a table's model begins with
    from rowwise.models.keras_view import check_not_forked

    check_not_forked()

    try:
        _check(file)
        return keras.models.load_model(file, safe_mode=True)
    except ModelError:
        raise
    except Exception as cause:  # zlib, struct, zipfile, h5py and Keras each have their own errors for bad files
        text = " ".join(str(cause).split())
        if "safe_mode" in text or "lambda" in text.lower():
            raise ModelError("run.unsafe", path=file) from cause
        if "could not be deserialized" in text or "custom" in text:
            raise ModelError("run.custom", path=file) from cause
        raise ModelError("run.damaged", path=file, cause=text[:200].rstrip(".") or type(cause).__name__) from cause


def _check(path: Path) -> None:
    """Raises where Keras should not see the file."""
    from rowwise.models.model_config import LONGEST, read_config

    with open_archive(path) as archive:
        for name in archive.members:
            if name not in MEMBERS:
                raise ValueError(say("model_file.member", name=name, known=", ".join(MEMBERS)))
        for name in MEMBERS:
            if name not in archive.members:
                raise ValueError(say("model_file.lacking", name=name))
        archive.read(METADATA, LONGEST)
        config = read_config(path, archive.read(CONFIG, LONGEST))
        _compare(config, _weights(path, archive))


def _weights(path: Path, archive: Archive) -> Counter[tuple[int, ...]]:
    """The shapes that the file holds. Keras does not compare checksums: other weights would pass unseen."""
    from rowwise.models.weights_file import weight_shapes

    size, start = archive.members[WEIGHTS].file_size, archive.stored_at(WEIGHTS)
    if start is not None:
        archive.copy(WEIGHTS)
        with open_regular(path) as whole:
            return weight_shapes(io.BufferedReader(_Part(whole, start, size)), size)
    with tempfile.TemporaryFile() as unpacked:
        archive.copy(WEIGHTS, unpacked)
        return weight_shapes(unpacked, size)


def _compare(config: dict[str, Any], available: Counter[tuple[int, ...]]) -> None:
    """Raises ValueError where the model would have weights that the file does not hold, or excessive outputs."""
    from rowwise.models.keras_view import shapes_of_config

    model = shapes_of_config(config)
    for path, shape in model.weights:
        if not available[shape]:
            raise ValueError(say("model_file.shape", path=path, shape=shape))
        available[shape] -= 1
    if model.largest[1] > MOST_OUTPUTS:
        raise ValueError(say("model_file.output", layer=model.largest[0], found=f"{model.largest[1]:,}"))


class _Part(io.RawIOBase):
    """`size` bytes of a file from `start` on, as a file."""

    def __init__(self, file: IO[bytes] | io.RawIOBase, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        content = self._file.read(max(min(len(buffer), self._size - self._at), 0))
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)
