"""`rowwise predict` → the most probable classes of pictures, or a table with its predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.commands.classifier import classifier_shapes
from rowwise.commands.keras_import import hush
from rowwise.commands.output import Output
from rowwise.commands.picture_folder import pictures_of, predict_folder
from rowwise.commands.tables import predict_tables
from rowwise.errors import DataError, ModelError, UsageError
from rowwise.runs.folder import SCHEMA, open_run
from rowwise.text import language, say

if TYPE_CHECKING:
    import argparse

    import keras

TOP = 3  # classes shown for each picture


def predict(options: argparse.Namespace) -> int:
    """Classify every file that can be read; 0, or 2 where one could not (the others are answered all the same).

    A model that was trained on a table takes one table, and writes it with its predictions; of one folder of pictures
    a CSV file is made, too.

    Raises:
        ModelError: a model that cannot be used, or does not take pictures. UsageError, DataError, SaveError: of tables.
    """
    hush()
    with Output(options) as out:
        model, record = open_run(options.model)

        from rowwise.models.preparation import preparation_of

        if (preparation := preparation_of(model)) is not None:
            if options.skip_bad:
                raise UsageError("source.option", option="--skip-bad", place=options.files[0])
            return predict_tables(options, model, preparation.schema, out)
        folder = next((path for path in options.files if path.is_dir()), None)
        if folder is None and options.out is not None:
            raise UsageError("predict.out.pictures")
        if folder is None and options.skip_bad:
            raise UsageError("source.option", option="--skip-bad", place=options.files[0])
        shape, units = _picture_shape(model, options)

        from rowwise.data.pictures.prepare import read_pictures
        from rowwise.engine.prediction import predict as classify
        from rowwise.models.inputs_outputs import brightest_pixel

        white = brightest_pixel(model)
        classes, shown = _names(record, units)
        if folder is not None:
            return predict_folder(options, model, shape, classes, pictures_of(record), out)
        pictures = pictures_of(record)
        results, code = [], 0
        for file in options.files:
            try:
                x, notes = read_pictures(file, shape, white, pictures)
            except DataError as error:
                out.warn(str(error))
                code = error.exit_code
                continue
            for number, top in enumerate(classify(model, x).top(TOP)):
                name = f"{file}[{number}]" if len(x) > 1 else str(file)
                out.result(f"{name}  ({'; '.join(notes) or say('picture.as_it_is')})")
                for label, probability in top:
                    out.result(f"  {100 * probability:5.1f} %  {shown[label]}")
                found = [{"class": classes[label], "label": label, "probability": p} for label, p in top]
                results.append({"file": str(file), "record": number, "conversion": notes, "top": found})
        out.json({"schema": SCHEMA, "model": str(options.model), "predictions": results})
    return code


def _picture_shape(model: keras.Model, options: argparse.Namespace) -> tuple[tuple[int, ...], int]:
    """The shape of one picture, and the number of classes."""
    shape, outputs = classifier_shapes(model)
    picture = tuple(size for size in shape if size is not None)
    if picture != shape or len(picture) not in (2, 3) or (len(picture) == 3 and picture[2] not in (1, 3)):
        raise ModelError("cli.predict.shape", model=options.model, shape=shape)
    return picture, max(outputs, 2)  # one unit tells two classes apart


def _names(record: dict[str, Any], units: int) -> tuple[list[str], list[str]]:
    """The classes' names for JSON and for people; numbers where the run does not know them."""
    data = record.get("data", {})
    classes = data.get("classes")
    if not isinstance(classes, list) or len(classes) != units:
        classes = [str(number) for number in range(units)]
        return classes, classes
    korean = data.get("classes_ko") if language() == "ko" else None
    return classes, korean if isinstance(korean, list) and len(korean) == units else classes
