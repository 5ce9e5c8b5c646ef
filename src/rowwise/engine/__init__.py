"""A compiled Keras model and records → the same model, trained fast; and its predictions.

The names are found when they are first used: predicting with a saved model needs neither Keras nor JAX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.lazy import late

if TYPE_CHECKING:
    from rowwise.engine.interpretation import Prediction as Prediction
    from rowwise.engine.order import epoch_order as epoch_order
    from rowwise.engine.prediction import Predictor as Predictor
    from rowwise.engine.prediction import predict_proba as predict_proba
    from rowwise.engine.training import fit as fit

__all__ = ["Prediction", "Predictor", "epoch_order", "fit", "predict_proba"]

__getattr__, __dir__ = late(
    __name__,
    {
        "Prediction": "rowwise.engine.interpretation",
        "Predictor": "rowwise.engine.prediction",
        "epoch_order": "rowwise.engine.order",
        "fit": "rowwise.engine.training",
        "predict_proba": "rowwise.engine.prediction",
    },
)
