"""A compiled Keras model and records → the same model, trained fast."""

from rowwise.engine.loop import fit, predict_proba
from rowwise.engine.order import epoch_order
from rowwise.engine.sweep import Fitted, sweep

__all__ = ["Fitted", "epoch_order", "fit", "predict_proba", "sweep"]
