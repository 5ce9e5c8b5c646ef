"""A folder of pictures and a trained model → test data as the model takes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.commands.classifier import classifier_shapes
from rowwise.data.dataset import OBJECT, WHOLE
from rowwise.figures import is_picture

if TYPE_CHECKING:
    import keras

    from rowwise.data import Source
    from rowwise.data.dataset import Dataset


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
    from rowwise.data.folder import read_as
    from rowwise.data.picture_cache import WHOLLY, Prepare
    from rowwise.reading import cut_out

    names = record.get("data", {}).get("classes")
    known = isinstance(names, list) and len(names) == max(units, 2)
    prepare = WHOLLY if pictures_of(record) == WHOLE else Prepare(OBJECT, cut_out)
    return read_as(asked, shape, tuple(map(str, names)) if known else (), prepare)
