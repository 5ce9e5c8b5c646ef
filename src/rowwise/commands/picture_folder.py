"""A folder of pictures and a trained model → test data as the model takes them, or what the model says of each."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.commands.classifier import classifier_shapes
from rowwise.commands.output import written
from rowwise.commands.sources import told
from rowwise.data.dataset import OBJECT, WHOLE
from rowwise.errors import UsageError
from rowwise.figures import is_picture
from rowwise.runs.folder import SCHEMA
from rowwise.text import say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    import keras

    from rowwise.commands.output import Output
    from rowwise.data import Source
    from rowwise.data.dataset import Dataset
    from rowwise.data.pictures.cache import Prepare


def pictures_of(record: dict[str, Any]) -> str:
    """How the pictures were prepared that the model was trained on; as Fashion-MNIST's where nobody knows."""
    source = record.get("data", {}).get("source")
    return WHOLE if isinstance(source, dict) and source.get("pictures") == WHOLE else OBJECT


def same_folder(asked: Source, own: Source) -> bool:
    """Whether the data asked for are the folder that a run was trained on."""
    return asked.kind == "folder" and Path(asked.place).resolve() == Path(own.place).resolve()


def test_pictures(asked: Source, model: keras.Model, record: dict[str, Any]) -> Dataset | None:
    """The pictures of a folder as records that the model takes; None for other data, or another kind of model.

    Raises:
        DataError: classes that the model does not know, pictures that cannot be read, no pictures.
    """
    sizes, units = classifier_shapes(model)
    shape = tuple(size for size in sizes if size is not None)
    if asked.kind != "folder" or not is_picture(shape):
        return None
    from rowwise.data.pictures.folder import read_as

    names = record.get("data", {}).get("classes")
    known = isinstance(names, list) and len(names) == max(units, 2)
    return read_as(asked, shape, tuple(map(str, names)) if known else (), _prepare(pictures_of(record)))


def _prepare(pictures: str) -> Prepare:
    from rowwise.data.pictures.cache import WHOLLY, Prepare
    from rowwise.data.pictures.prepare import cut_out

    return WHOLLY if pictures == WHOLE else Prepare(OBJECT, cut_out)


def predict_folder(
    options: argparse.Namespace,
    model: keras.Model,
    shape: tuple[int, ...],
    classes: Sequence[str],
    pictures: str,
    out: Output,
) -> int:
    """Write a CSV row for each picture of the folder, sorted by path: `path, prediction, probability …`; 0.

    To `--out`, whole or not at all, else to standard output.

    Raises:
        UsageError: something beside the folder, or `--json` without a file. DataError: no pictures, or some that
            cannot be read. SaveError: it cannot be written.
    """
    if len(options.files) > 1:
        raise UsageError("predict.folder.several", count=len(options.files))
    if options.json and options.out is None:
        raise UsageError("predict.table.json")
    from rowwise.data.pictures.folder import read_batches
    from rowwise.data.pictures.prepare import scale
    from rowwise.engine.prediction import predict
    from rowwise.models.inputs_outputs import brightest_pixel

    folder, white = options.files[0], brightest_pixel(model)

    def make(write: Callable[[bytes], object]) -> int:
        records = 0
        for names, x in read_batches(folder, shape, _prepare(pictures), options.skip_bad):
            found = predict(model, scale(x, white)[0])
            text = io.StringIO()
            rows = csv.writer(text, lineterminator="\n")
            if not records:
                rows.writerow(["path", "prediction", *(f"probability {name}" for name in classes)])
            for name, label, probabilities in zip(names, found.classes, found.probabilities, strict=True):
                path = os.fsencode(folder / name).decode("utf-8", "replace")
                rows.writerow([path, classes[label], *map(str, probabilities)])
            write(text.getvalue().encode())
            records += len(names)
        return records

    with told(out):
        records = written(options.out, make)
    if options.out is not None:
        out.tell(say("predict.folder.written", records=f"{records:,}", path=options.out))
    out.json({"schema": SCHEMA, "model": str(options.model), "records": records, "out": str(options.out)})
    return 0
