"""A Dataset of pictures and a model that is to learn from them → the lines that are said of them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from rowwise.figures import is_picture
from rowwise.text import say

if TYPE_CHECKING:
    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.runs.settings import Settings

RATE = 6e10  # multiply-adds and their like a second, of one core of a recent processor
LONG = 60  # seconds from which on a training's time is worth a line
MANY = 200  # parameters for each picture, from which on a network rather learns the pictures than what they show


def about_parameters(data: Dataset, model: keras.Model) -> list[str]:
    """One line where the parameters dwarf the pictures, and what to do about it; else none."""
    parameters, records = model.count_params(), len(data)
    if not is_picture(data.shape) or model.input_shape[1:] != data.shape or parameters < MANY * records:
        return []  # or it learns from features
    counts = {"parameters": f"{parameters:,}", "records": f"{records:,}", "each": f"{parameters // records:,}"}
    return [say("cli.pictures.many", side=max(max(data.shape[:2]) // 2, 1), **counts)]


def about_time(data: Dataset, settings: Settings) -> list[str]:
    """One line where training on pictures takes minutes: how many of one core, about."""
    if not is_picture(data.shape) or settings.features:
        return []
    widths = [math.prod(data.shape), *settings.hidden, len(data.classes)]
    products = sum(inputs * units for inputs, units in pairwise(widths))
    records = len(data) * (1 - settings.validation) * settings.epochs * settings.ensemble
    seconds = 6 * products * records / RATE  # forward, and two gradients; a multiplication and an addition each
    return [say("cli.pictures.time", minutes=f"{round(seconds / 60):,}")] if seconds >= LONG else []
