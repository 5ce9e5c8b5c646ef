"""The arguments of `fit` or `sweep` → what is asked for, checked and in one value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.data.augmentation import Augmentation
from rowwise.engine.arguments import check_numbers, check_on_divergence
from rowwise.engine.schedule import Schedule
from rowwise.errors import UsageError, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    import threading

USUAL_BATCH = 32  # records a step, as in Keras


@dataclass(frozen=True, eq=False)
class Request:
    """One training as it was asked for: the arguments of `fit`, by their names there."""

    x: Any = None
    y: Any = None
    batch_size: int | None = None
    epochs: int = 1
    verbose: int | str = "auto"
    callbacks: Any = None
    validation_split: float = 0.0
    validation_data: Any = None
    shuffle: bool | str = True
    class_weight: Mapping[int, float] | None = None
    sample_weight: Any = None
    initial_epoch: int = 0
    steps_per_epoch: int | None = None
    validation_steps: int | None = None
    validation_batch_size: int | None = None
    validation_freq: int | Collection[int] = 1
    validation: Any = None
    engine: str = "auto"
    threads: int | None = None
    stop: threading.Event | None = None
    on_divergence: str = "stop"
    augment: str | Augmentation = "none"

    def __post_init__(self) -> None:
        """Raises UsageError for an argument that makes no sense."""
        check_on_divergence(self.on_divergence)
        _ = self.augmentation  # raises
        check_numbers(
            epochs=self.epochs,
            batch_size=self.batch_size,
            initial_epoch=self.initial_epoch,
            threads=self.threads,
            steps_per_epoch=self.steps_per_epoch,
            validation_steps=self.validation_steps,
            validation_batch_size=self.validation_batch_size,
        )
        if self.verbose not in ("auto", 0, 1, 2):
            raise UsageError("fit.verbose", found=repr(self.verbose))
        if self.stop is not None and not hasattr(self.stop, "is_set"):
            raise UsageError("fit.stop", found=type(self.stop).__name__)
        if not isinstance(self.shuffle, bool | np.bool_) and self.shuffle not in (0, 1, "batch", None):
            raise UsageError("fit.shuffle", found=repr(self.shuffle))
        self._limit("epochs", keras.config.max_epochs())
        self._limit("steps_per_epoch", keras.config.max_steps_per_epoch())
        self._limit("validation_steps", keras.config.max_steps_per_epoch())
        if not self.epochs:
            warn_user(say("fit.no_epochs"))
        self._check_validation()

    @property
    def augmentation(self) -> Augmentation | None:
        """What happens to pictures in each epoch; None for nothing.

        Raises:
            UsageError: a name that there is not.
        """
        return self.augment if isinstance(self.augment, Augmentation) else Augmentation.of(self.augment)

    @property
    def share(self) -> float:
        """Of the records, to hold out for validation; 0 for none."""
        return float(self.validation) if _is_share(self.validation) else float(self._split)

    @property
    def last(self) -> bool:
        """Whether it is the last records that are held out, as Keras does."""
        return bool(self._split)

    @property
    def held(self) -> Any:
        """Records of its own to validate with, or None."""
        return self.validation_data if self.validation is None or _is_share(self.validation) else self.validation

    @property
    def _split(self) -> float:
        return self.validation_split if self.held is None else 0.0  # as in Keras

    def schedule(self, seed: int) -> Schedule:
        """The epochs of a training with this seed."""
        freq = self.validation_freq
        return Schedule(
            range(self.initial_epoch, self.epochs),
            seed,
            shuffle=self.shuffle if self.shuffle == "batch" else bool(self.shuffle),
            steps=self.steps_per_epoch,
            validated=int(freq) if isinstance(freq, int | np.integer) else frozenset(map(int, freq)),
        )

    def _limit(self, name: str, most: int | None) -> None:
        """Take no more than a setting of Keras's for trials allows."""
        asked = getattr(self, name)
        if most and (asked is None or asked > most):
            object.__setattr__(self, name, most)
            if name != "validation_steps":
                warn_user(say("fit.limited", name=name, most=most))

    def _check_validation(self) -> None:
        freq = self.validation_freq
        whole = isinstance(freq, int | np.integer) and not isinstance(freq, bool) and freq >= 1
        several = isinstance(freq, Collection) and all(isinstance(epoch, int | np.integer) for epoch in freq)
        if not (whole or several) or isinstance(freq, str | bytes):
            raise UsageError("fit.validation_freq", found=repr(freq))
        if self.validation_split is None:
            object.__setattr__(self, "validation_split", 0.0)  # as in Keras
        if not isinstance(self.validation_split, int | float | np.number) or not 0 <= self.validation_split < 1:
            raise UsageError("fit.validation_split", found=repr(self.validation_split))
        if self.validation is not None and (self.validation_data is not None or self.validation_split):
            other = "validation_data" if self.validation_data is not None else "validation_split"
            raise UsageError("fit.validation.twice", other=other)
        if self.validation_data is not None and self.validation_split:
            warn_user(say("fit.validation_split.unused"))


def _is_share(validation: Any) -> bool:
    return isinstance(validation, int | float | np.number)  # np.float64 is a float, np.float32 is none


def listed(callbacks: Any) -> list[keras.callbacks.Callback]:
    """Keras's callbacks, however they come: one, a list, lists of lists, a `CallbackList`.

    Raises:
        UsageError: something else among them, or a TensorBoard that cannot write.
    """
    if callbacks is None:
        return []
    if type(callbacks) is keras.callbacks.CallbackList:
        return listed(callbacks.callbacks)
    if isinstance(callbacks, keras.callbacks.ProgbarLogger):
        return []  # `verbose` is drawn by rowwise itself
    if isinstance(callbacks, keras.callbacks.TensorBoard) and not find_spec("tensorflow"):
        raise UsageError("fit.tensorboard")
    if isinstance(callbacks, keras.callbacks.Callback | keras.callbacks.CallbackList):
        return [callbacks]
    if isinstance(callbacks, Mapping):
        return listed(list(callbacks.values()))
    if isinstance(callbacks, Collection) and not isinstance(callbacks, str | bytes):
        return [callback for one in callbacks for callback in listed(one)]
    raise UsageError("fit.callback", found=type(callbacks).__name__)
