"""A saved model and a folder of pictures, however many → a CSV row for each, in order of the paths."""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING

from rowwise.data.tables.formulas import harmless
from rowwise.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rowwise.runs.saved import Saved


def predict_folder(saved: Saved, folder: Path, write: Callable[[bytes], object], skip_bad: bool = False) -> int:
    """Write `path, prediction, probability …` in batches: memory does not grow with the folder; how many pictures.

    Args:
        saved: takes pictures.
        folder: with pictures at any depth; names of sub-folders are no classes.
        write: is given CSV in UTF-8 piece by piece, the header with the first.
        skip_bad: whether pictures that cannot be read are left out, with a warning.

    Raises:
        ModelError: the model takes no pictures. DataError: no pictures, or some that cannot be read; nothing is written
            then. OSError: `write` could not.
    """
    from rowwise.data.pictures.folder import read_batches
    from rowwise.data.pictures.prepare import prepare_for

    if saved.accepts.kind != "pictures":
        raise ModelError("cli.predict.shape", model=saved.path, shape=saved.accepts.shape)
    shape, records = tuple(size for size in saved.accepts.shape if size is not None), 0
    for names, x in read_batches(folder, shape, prepare_for(saved.accepts.pictures), skip_bad):
        prediction = saved.predict(x)
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        if not records:
            rows.writerow(["path", "prediction", *(f"probability {name}" for name in saved.classes)])
        for name, label, probabilities in zip(names, prediction.classes, prediction.probabilities, strict=True):
            path = os.fsencode(folder / name).decode("utf-8", "replace")
            rows.writerow([harmless(path), harmless(saved.classes[label]), *map(str, probabilities)])
        write(text.getvalue().encode())
        records += len(names)
    return records
