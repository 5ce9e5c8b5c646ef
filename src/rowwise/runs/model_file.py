"""A `.keras` file, which a stranger may have made → its model, once nothing in the file can do harm.

Keras opens the file only after rowwise has: the archive unpacks to what such a file may hold, the weights are plain
arrays within it, the configuration names parts of models alone, and each weight that it announces is there.
"""

from __future__ import annotations

import io
import math
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from rowwise.archive import Archive, open_archive
from rowwise.errors import ModelError, os_reason
from rowwise.files import open_regular
from rowwise.json_text import from_json
from rowwise.text import say

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    import keras

    from rowwise.models.plain import PlainModel

MODEL = "model.keras"  # in a run's folder
CAN_RUN_CODE = {".h5", ".hdf5", ".pkl", ".pickle", ".joblib", ".pt", ".pth"}
ZIP_MAGIC = b"PK"
CONFIG, METADATA, WEIGHTS = MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
LARGEST_PLAIN = 256 << 20  # bytes of a file that is read without Keras, and kept: what takes longer can wait for Keras


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


class PlainFile(NamedTuple):
    """A model that was read without Keras, and the bytes of its file, of which Keras can make it at any time: the file
    may be gone by then."""

    model: PlainModel
    content: bytes


def open_file(file: Path) -> keras.Model | PlainFile:
    """The model of a file, read without Keras where the native engine runs it so. Raises as `open_model`."""
    plain = read_plain(file)
    if plain is not None:
        from rowwise.engine.native.inference import networks_for

        if networks_for(plain.model) is not None:
            return plain
    return open_model(file)


def read_plain(file: Path) -> PlainFile | None:
    """The model of a `.keras` file without Keras.

    The file is as harmless as for `open_model`, and the same is in it; None where any of that is not known for sure:
    then `open_model` says what is wrong, or Keras knows more.
    """
    from rowwise.models.keras_settings import are_usual
    from rowwise.models.model_config import LONGEST, MOST_LAYERS, MOST_OUTPUTS, MOST_VALUES
    from rowwise.models.reading.arrays import Stored
    from rowwise.models.reading.model import read_model

    if file.suffix != ".keras" or not are_usual():
        return None
    try:
        with open_regular(file) as opened:
            size = os.fstat(opened.fileno()).st_size  # as much as is asked for is allocated
            content = opened.read(min(size, LARGEST_PLAIN) + 1)
        if len(content) > LARGEST_PLAIN or not content.startswith(ZIP_MAGIC):
            return None
        with open_archive(content) as archive, _plain_weights(content, archive) as (root, arrays):
            config = from_json(archive.read(CONFIG, LONGEST), MOST_VALUES)
            stored = Stored(root)
            model = read_model(config, stored)
            outputs = [math.prod(size or 1 for size in layer.output_shape) for layer, _ in model.steps]
            known = stored.asked == arrays and len(outputs) < MOST_LAYERS and max(outputs) <= MOST_OUTPUTS
            return PlainFile(model, content) if known else None
    except Exception:  # as in `open_model`, which will have it again
        return None


@contextmanager
def _plain_weights(content: bytes, archive: Archive) -> Iterator[tuple[Any, int]]:
    """The weights' file, open, and how many arrays are in it."""
    import h5py

    from rowwise.models.model_config import LONGEST
    from rowwise.models.weights_file import weight_shapes

    if set(archive.members) != set(MEMBERS) or (start := archive.stored_at(WEIGHTS)) is None:
        raise ValueError(WEIGHTS)
    archive.read(METADATA, LONGEST)
    archive.copy(WEIGHTS)
    size = archive.members[WEIGHTS].file_size
    part = io.BufferedReader(_Part(io.BytesIO(content), start, size))
    arrays = sum(weight_shapes(part, size).values())
    with h5py.File(part, "r") as root:
        yield root, arrays


def open_content(content: bytes, name: Path) -> keras.Model:
    """The Keras model of a `.keras` file's bytes; `name` is what errors call it. Raises as `open_model`."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, MODEL)
        place.write_bytes(content)
        try:
            return open_model(place)
        except ModelError as error:
            raise ModelError(error.key, **{**error.values, "path": name}) from error.__cause__


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
    from rowwise.models.model_config import MOST_OUTPUTS

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
