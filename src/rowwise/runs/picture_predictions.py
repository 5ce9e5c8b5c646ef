"""A saved model and a folder of pictures, however many → a CSV row for each, in order of the paths."""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING

from rowwise.data.tables.formulas import harmless
from rowwise.errors import ModelError
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rowwise.engine.prediction import Prediction
    from rowwise.runs.saved import Saved


SEPARATOR = "; "  # between the labels of a picture that has several


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
            rows.writerow(["path", *map(harmless, _columns(saved, prediction))])
        for name, cells in zip(names, _rows(saved, prediction), strict=True):
            rows.writerow([harmless(os.fsencode(folder / name).decode("utf-8", "replace")), *cells])
        write(text.getvalue().encode())
        records += len(names)
    return records


def _columns(saved: Saved, prediction: Prediction) -> list[str]:
    """What stands in a row beside the path, named in the current language."""
    answer = say("predict.column.prediction")
    if not prediction.probabilities.shape[1]:
        names = [f"{answer} {name}" for name in saved.targets] if len(saved.targets) > 1 else [answer]
        margins = [f"margin {place}" for place in range(prediction.values.shape[1])]
        return names if saved.targets else [answer, *margins]
    return [answer, *(f"{say('predict.column.probability')} {name}" for name in saved.classes)]


def _rows(saved: Saved, prediction: Prediction) -> Iterator[list[str]]:
    numbers = prediction.probabilities if prediction.probabilities.shape[1] else prediction.values
    if saved.targets:
        answers: list[list[str]] = [[]] * len(prediction)
    elif prediction.task == "multilabel":
        answers = [
            [SEPARATOR.join(name for name, present in zip(saved.classes, row, strict=True) if present)]
            for row in prediction.labels
        ]
    else:
        answers = [[saved.classes[label]] for label in prediction.classes]
    for answer, row in zip(answers, numbers, strict=True):
        yield [*map(harmless, answer), *map(str, row)]
