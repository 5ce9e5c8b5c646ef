"""rowwise: build, train, understand and use a classifier made of Dense layers. Rows are records.

The names are found when they are first used: `import rowwise` loads neither Keras nor JAX.
"""

from __future__ import annotations

import os

from rowwise.lazy import late

TYPE_CHECKING = False  # `typing` takes milliseconds, in which Ctrl-C would end `rowwise` with a traceback

__version__ = "0.1.0"

# Keras reads this once, when it is imported. rowwise's engines are written for JAX.
os.environ.setdefault("KERAS_BACKEND", "jax")

if TYPE_CHECKING:
    from rowwise import serve as serve
    from rowwise import shapes as shapes
    from rowwise.data import load as load
    from rowwise.data.dataset import Dataset as Dataset
    from rowwise.engine import fit as fit
    from rowwise.engine.prediction import predict as predict
    from rowwise.engine.sweep import sweep as sweep
    from rowwise.errors import RowwiseError as RowwiseError
    from rowwise.errors import Suspicious as Suspicious
    from rowwise.exports.export import export as export
    from rowwise.language import set_language as set_language
    from rowwise.measure import evaluate as evaluate
    from rowwise.models.dense import dense as dense
    from rowwise.runs.api import cross_validate as cross_validate
    from rowwise.runs.api import open as open
    from rowwise.runs.api import train as train
    from rowwise.runs.api import tune as tune
    from rowwise.shapes import explain as explain
    from rowwise.shapes import explained as explained

_PLACES = {
    "load": "rowwise.data",
    "Dataset": "rowwise.data.dataset",
    "dense": "rowwise.models.dense",
    "fit": "rowwise.engine.training",
    "sweep": "rowwise.engine.sweep",
    "evaluate": "rowwise.measure",
    "predict": "rowwise.engine.prediction",
    "cross_validate": "rowwise.runs.api",
    "open": "rowwise.runs.api",
    "train": "rowwise.runs.api",
    "tune": "rowwise.runs.api",
    "export": "rowwise.exports.export",
    "explain": "rowwise.shapes.ledger.ledger",
    "explained": "rowwise.shapes.checks.explained",
    "set_language": "rowwise.language",
    "RowwiseError": "rowwise.errors",
    "Suspicious": "rowwise.errors",
}

__all__ = [  # without `open`, which `from rowwise import *` must not put in place of Python's
    "Dataset",
    "RowwiseError",
    "Suspicious",
    "__version__",
    "cross_validate",
    "dense",
    "evaluate",
    "explain",
    "explained",
    "export",
    "fit",
    "load",
    "predict",
    "serve",
    "set_language",
    "shapes",
    "sweep",
    "train",
    "tune",
]


__getattr__, __dir__ = late(__name__, _PLACES, modules=("serve", "shapes", "sklearn"))
