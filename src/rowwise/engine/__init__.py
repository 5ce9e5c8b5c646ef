"""A compiled Keras model and records → the same model, trained fast; and its predictions."""

from rowwise.engine.order import epoch_order
from rowwise.engine.prediction import Prediction, Predictor, predict_proba
from rowwise.engine.sweep import Fitted, sweep
from rowwise.engine.training import fit

__all__ = ["Fitted", "Prediction", "Predictor", "epoch_order", "fit", "predict_proba", "sweep"]
