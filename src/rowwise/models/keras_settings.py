"""Keras's settings of the process, which it reads from a file of its own → what they are, without importing it."""

from __future__ import annotations

import json
import sys
from typing import Any

from rowwise.environment import keras_folder

FLOATX, EPSILON = "float32", 1e-7  # as Keras has them, unless its file or the program says otherwise


def floatx() -> str:
    """Keras's floating type."""
    keras: Any = sys.modules.get("keras")
    return str(keras.config.floatx()) if keras is not None else FLOATX


def epsilon() -> float:
    """What Keras adds or compares with where a division could be by 0."""
    keras: Any = sys.modules.get("keras")
    return float(keras.config.epsilon()) if keras is not None else EPSILON


def are_usual() -> bool:
    """Whether both are what they are in Keras by default; without Keras, whether its file says nothing else."""
    if "keras" in sys.modules:
        return (floatx(), epsilon()) == (FLOATX, EPSILON)
    try:
        settings = json.loads((keras_folder() / "keras.json").read_bytes())
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False  # Keras knows what it makes of it
    if not isinstance(settings, dict):
        return False
    return (settings.get("floatx", FLOATX), settings.get("epsilon", EPSILON)) == (FLOATX, EPSILON)
