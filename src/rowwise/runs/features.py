"""Pictures and a backbone → their features, made once and kept beside the decoded pictures."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rowwise.data.pictures.bars import bars
from rowwise.data.pictures.listing import cache_written
from rowwise.environment import cache_folder
from rowwise.files import atomic_write, remove_unused

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

FORM = 1  # of what lies in the cache; a change of how features are made adds one
STEP = 32  # pictures at a time
UNUSED = 30 * 24 * 3600  # seconds after which they are deleted


class Features(NamedTuple):
    """Datasets of features `(records, features)` float32, in the order of the pictures.

    Attributes:
        seconds: that they took; 0 where all of them were kept.
    """

    sets: tuple[Dataset, Dataset]
    seconds: float


def features_of(backbone: keras.Model, sets: tuple[Dataset, Dataset]) -> Features:
    """What a backbone makes of pictures.

    Raises:
        SaveError: the cache cannot be written.
    """
    begun, kept = time.perf_counter(), True
    weights = hashlib.sha256(f"{FORM} {backbone.input_shape}".encode())
    for values in backbone.get_weights():
        weights.update(np.ascontiguousarray(values).data)
    folder = cache_folder() / "pictures" / "features"
    made = []
    for data in sets:
        key = weights.copy()
        key.update(np.ascontiguousarray(data.x).data)
        file = folder / f"{key.hexdigest()}.npy"
        width = backbone.output_shape[-1]
        x = _read(file, (len(data), width))
        if x is None:
            kept, x = False, _made(backbone, data.x)
            with cache_written(folder):
                folder.mkdir(parents=True, exist_ok=True)
                remove_unused(folder.iterdir(), UNUSED)
                atomic_write(file, _as_npy(x))
        made.append(replace(data, x=x))
    return Features((made[0], made[1]), 0.0 if kept else time.perf_counter() - begun)


def _made(backbone: keras.Model, x: NDArray[np.uint8]) -> NDArray[np.float32]:
    from rowwise.engine.prediction import filled, predict_proba

    features = np.empty((len(x), backbone.output_shape[-1]), np.float32)
    with bars() as start_bar:
        done = start_bar("features.bar", len(x))
        for start in range(0, len(x), STEP):
            part = x[start : start + STEP]
            features[start : start + STEP] = predict_proba(backbone, filled(part, STEP), STEP)[: len(part)]
            done(len(part))
    return features


def _as_npy(x: NDArray[np.float32]) -> bytes:
    import io

    np.save(content := io.BytesIO(), x, allow_pickle=False)
    return content.getvalue()


def _read(file: Path, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
    try:
        x = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if x.shape != shape or x.dtype != np.float32 or not np.isfinite(x).all():
        return None
    with suppress(OSError):
        file.touch()  # used now
    return x
