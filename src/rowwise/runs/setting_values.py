"""A setting's name and a value → whether it may have it."""

from __future__ import annotations

import math
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.data.augmentation import Augmentation
from rowwise.errors import UsageError
from rowwise.models.backbones import BACKBONES, check_name
from rowwise.models.presets import PRESETS
from rowwise.models.threshold_aim import aim_of
from rowwise.text.options import as_given

if TYPE_CHECKING:
    from collections.abc import Sequence

CLASS_WEIGHTS = ("none", "balanced")
SCHEDULES = ("constant", "cosine")
LARGEST_SEED = 2**32 - 1  # Keras's and NumPy's


def check(name: str, value: Any) -> None:
    """Raises UsageError where a setting's value is invalid; the rest is known once there is a model."""
    if name == "augment":
        Augmentation.of(value)
    if name == "features" and isinstance(value, str) and value:
        check_name(value)
    if not fits(name, value):
        raise UsageError(f"settings.{name}", found=as_given(value))


def fits(name: str, value: Any) -> bool:
    """Whether a setting may have this value."""
    number, count = _number(value), _count(value)
    valid = {
        "hidden": all(_count(unit) > 0 for unit in (value if isinstance(value, list | tuple) else (0,))),
        "activation": all(isinstance(one, str) for one in _of_layers(value)),
        "dropout": all(0 <= _number(share) < 1 for share in _of_layers(value)),
        "learning_rate": 0 < number < math.inf,
        "weight_decay": 0 <= number < 1,
        "batch_size": count >= 1,
        "validation": 0 <= number < 1,
        "seed": 0 <= count <= LARGEST_SEED,
        "class_weight": isinstance(value, str) and value in CLASS_WEIGHTS,
        "epochs": count >= 1,
        "patience": count >= 0,
        "refit": isinstance(value, bool),
        "preset": isinstance(value, str) and value in PRESETS,
        "pieces": count >= 0,
        "ensemble": count >= 1,
        "threshold": value == "" or aim_of(str(value)) is not None,
        "calibrate": isinstance(value, bool),
        "on_all": count >= 0,
        "augment": isinstance(value, str) and _is_augmentation(value),
        "views": count >= 1,
        "schedule": isinstance(value, str) and value in SCHEDULES,
        "features": isinstance(value, str) and (not value or value in BACKBONES),
        "features_weights": isinstance(value, str | Path),
    }
    return valid[name]


def _is_augmentation(value: str) -> bool:
    try:
        Augmentation.of(value)
    except UsageError:
        return False
    return True


def _of_layers(value: Any) -> Sequence[Any]:
    """Of each hidden layer, or the one of all."""
    return value if isinstance(value, list | tuple) else (value,)


def _number(value: object) -> float:
    """A number, NaN where it is none, or none that a float holds."""
    try:
        return float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:
        return math.nan


def _count(value: object) -> int:
    """A whole number, -1 where it is none, or beyond what a machine counts with."""
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) and value < 2**63 else -1
