"""A Dataset of pictures and a model that is to learn from them → the lines that are said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.figures import is_picture
from rowwise.text import say

if TYPE_CHECKING:
    import keras

    from rowwise.data.dataset import Dataset

MANY = 200  # parameters for each picture, from which on a network rather learns the pictures than what they show


def about_parameters(data: Dataset, model: keras.Model) -> list[str]:
    """One line where the parameters dwarf the pictures, and what to do about it; else none."""
    parameters, records = model.count_params(), len(data)
    if not is_picture(data.shape) or parameters < MANY * records:
        return []
    counts = {"parameters": f"{parameters:,}", "records": f"{records:,}", "each": f"{parameters // records:,}"}
    return [say("cli.pictures.many", side=max(max(data.shape[:2]) // 2, 1), **counts)]
