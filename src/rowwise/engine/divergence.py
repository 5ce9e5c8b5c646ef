"""The loss of each epoch → whether the training has diverged; the weights of the last good epoch are then put back.

A training has diverged after an epoch whose loss, or whose weights, are no finite numbers, or whose loss has exploded.
Exploded is a loss far above what a model gets that knows nothing:

- A cross-entropy of probabilities cannot exceed -ln(1e-7) = 16.1, where Keras clips it. It has exploded above four
  times the loss of always answering the shares of the classes (their entropy), or halfway from there to the ceiling
  where that is less: the outputs have saturated, most of them at the wrong end, where a clipped loss has no gradient.
- Any other loss has exploded above 1,000 times that of the best constant answer (the variance, of squared errors).
  Learning rates on the edge of stability raise it 10 to 100 times for some steps before it falls again (the
  "catapult" of Lewkowycz et al. 2020, arXiv 2003.02218); nothing comes back from 1,000 times for a whole epoch.
- A loss without a known constant answer, such as a user's own, has exploded above 1.8e19, whose square is the largest
  float32: Adam's second moment overflows.

So that no healthy run is stopped, a high mean over an epoch only raises suspicion. Some of the records are measured
with the weights as they are now: a spike that passed is no divergence. In the first epoch they are measured with the
weights from before it, too: where those were as bad (targets far from 0, pixels that nothing scales, a large penalty),
the training has just begun, and their loss takes the place of the constant answer's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.engine.callbacks import assign_state, holding_state
from rowwise.models.keras_view import SPARSE, Loss, has_own_loss, learning_rate_of, loss_of
from rowwise.models.preparation import ScaledSquaredError
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import keras
    from numpy.typing import NDArray

    from rowwise.engine.arrays import Arrays

CEILING = -math.log(1e-7)  # of Keras's cross-entropies of probabilities
SATURATED = 4
EXPLODED = 1000
LARGEST = math.sqrt(float(np.finfo(np.float32).max))
ROUNDING = 1e-9  # of the size of targets, below which their spread is none
SAMPLE = 1024  # records that are measured on suspicion
MOST_LABELS = 1_000_000  # numbers of y that the constant answer is found from
CLIPPED = (SPARSE, "categorical_crossentropy", "binary_crossentropy")


@dataclass(frozen=True)
class Divergence:
    """The epoch that went wrong, from 1, its loss, and the learning rate, where it is a number."""

    epoch: int
    loss: float
    learning_rate: float | None = None

    def __str__(self) -> str:
        """What happened, which weights are kept, and what to do, in the current language."""
        kept = say("fit.diverged.kept", epoch=self.epoch - 1) if self.epoch > 1 else say("fit.diverged.untrained")
        rate, lower = (f"{self.learning_rate:g}", f"{self.learning_rate / 10:g}") if self.learning_rate else ("–", "–")
        return say("fit.diverged", epoch=self.epoch, loss=f"{self.loss:.4g}", kept=kept, rate=rate, lower=lower)


class Watch:
    """Judges each epoch of one training, and keeps the state of the last good one.

    Args:
        model: what is trained.
        train: what is learned from; None where it comes in batches that are seen but once. A loss that the model
            computes in a way of its own is taken from the epoch alone: to ask for it may change what it keeps.
    """

    def __init__(self, model: keras.Model, train: Arrays | None) -> None:
        train = None if has_own_loss(model) else train
        self._model, self._train = model, train
        bare = None if train is None else train.bare
        known = bare if bare is not None and bare.single and np.ndim(bare.weights) <= 1 else None
        self._loss = loss_of(model) if known is not None else None
        self._weight = float(known.weights.mean()) if known is not None and known.weights is not None else 1.0
        # Of targets that do not vary, no loss is far above the best answer's, 0: none is known to explode.
        self._reference = (constant_loss(model, self._loss, known) if known is not None else None) or None
        self._first = True
        self._last_good: Sequence[Any] = ()
        self.found: Divergence | None = None

    def begin(self, state: Callable[[], Sequence[Any]]) -> None:
        """The training begins; `state` gives the values of `callbacks.state_variables` whenever it is asked."""
        self._state = state
        self._last_good = state()

    def stops(self, epoch: int, loss: float | None, settle: Callable[[], None]) -> bool:
        """Whether the training has diverged in this epoch, from 0; the model then holds the last good state again.

        Args:
            loss: of the epoch; None where the model does not say it.
            settle: gives the model the engine's state, where that is not yet in it.
        """
        first, self._first = self._first, False
        now = self._state()
        suspected = loss is not None and not loss <= self._limit
        finite = _all_finite(now[: len(self._model.trainable_variables)])
        if finite and not (suspected and self._has_exploded(first, settle)):
            self._last_good = now
            return False
        settle()
        assign_state(self._model, self._last_good)
        rate = getattr(learning_rate_of(self._model.optimizer), "value", None)
        self.found = Divergence(epoch + 1, math.nan if loss is None else loss, None if rate is None else float(rate))
        return True

    @property
    def _limit(self) -> float:
        """The highest loss that raises no suspicion."""
        loss, reference, ceiling = self._loss, self._reference, CEILING * self._weight
        if loss is None or reference is None:
            return LARGEST
        if loss.name in CLIPPED and not loss.from_logits and reference < ceiling:
            return min(SATURATED * reference, (reference + ceiling) / 2)
        return EXPLODED * reference

    def _has_exploded(self, first: bool, settle: Callable[[], None]) -> bool:
        """Measures some records: with the weights of now, and in the first epoch with those of before, too."""
        if self._train is None:
            return True
        settle()
        with holding_state(self._model):  # a layer may count its calls
            now = self._measured()
            if first:
                assign_state(self._model, self._last_good)
                before = self._measured()
                if math.isfinite(before) and self._reference is not None:
                    self._reference = max(self._reference, before)
        return not now <= self._limit

    def _measured(self) -> float:
        """The loss of some records, as the model computes it without training."""
        assert self._train is not None
        some = self._train.take(_some_rows(self._train.records, SAMPLE))
        outputs = self._model(some.x, training=False)
        return float(self._model.compute_loss(some.x, some.y, outputs, some.weights, training=False))


def _all_finite(weights: Sequence[Any]) -> bool:
    """A finite sum has finite terms only; where the sum merely overflowed, the terms are looked at."""
    with np.errstate(all="ignore"):
        for array in map(np.asarray, weights):
            if not np.isfinite(array.sum()) and not np.isfinite(array).all():
                return False
    return True


def _some_rows(records: int, most: int) -> NDArray[np.int32]:
    """Evenly spread."""
    return np.linspace(0, records - 1, min(records, most)).astype(np.int32)


def constant_loss(model: keras.Model, loss: Loss | None, train: Arrays) -> float | None:
    """The loss of the best constant answer, weights counted; None for a loss of which it is not known.

    0 where the targets do not vary but by rounding.
    """
    if loss is None or not train.y.size or (train.weights is not None and not (train.weights >= 0).all()):
        return None
    rows = _some_rows(len(train.y), max(MOST_LABELS * len(train.y) // train.y.size, SAMPLE))
    y, weights = train.y[rows], None if train.weights is None else train.weights[rows]
    mean_weight = 1.0 if weights is None else float(weights.mean())
    if not mean_weight:
        return None  # nothing counts
    if not np.isfinite(y).all():
        return None
    if loss.name == SPARSE and y.dtype.kind in "iu" and loss.ignored is None and y.size == len(y):
        classes = y.reshape(-1)
        if classes.min() < 0 or classes.max() > MOST_LABELS:  # no numbers of classes: those that occur are counted
            classes = np.unique(classes, return_inverse=True)[1]
        return mean_weight * _entropy(np.bincount(classes, weights))
    y = y.reshape(len(y), -1).astype(np.float64)
    mean = np.average(y, 0, weights)
    if loss.name == "categorical_crossentropy":
        return mean_weight * _entropy(mean)
    if loss.name == "binary_crossentropy":
        return mean_weight * float(np.mean([_entropy(np.array([share, 1 - share])) for share in mean]))
    if loss.name == "mean_squared_error":
        scale = np.array(model.loss.scale) if isinstance(model.loss, ScaledSquaredError) else 1.0
        spread, size = ((np.average(part**2, 0, weights) / scale**2).mean() for part in (y - mean, y))
    elif loss.name == "mean_absolute_error":
        spread, size = (np.average(np.abs(part), 0, weights).mean() for part in (y - mean, y))
    else:
        return None
    return mean_weight * float(spread) if spread > ROUNDING * size else 0.0


def _entropy(counts: NDArray[Any]) -> float:
    """Of shares, in nats."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())
