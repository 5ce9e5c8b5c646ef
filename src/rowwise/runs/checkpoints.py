"""Epochs as they end → now and then a checkpoint in the run's folder, from which a killed training resumes."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keras

from rowwise.engine.callbacks import assign_state, holding_state
from rowwise.errors import SaveError, warn_user
from rowwise.runs.record import RunRecord, epochs_of

if TYPE_CHECKING:
    from rowwise.engine.best_epoch import BestEpoch
    from rowwise.runs.folder import RunFolder
    from rowwise.runs.record import Epoch

SECONDS = 30.0  # from one to the next, at least
SHARE = 0.01  # of the time, at most: writing a large model to a slow disk takes longer


class Checkpoints(keras.callbacks.Callback):
    """Writes the model and the epochs done into the run's folder when an epoch ends, every `seconds`.

    The state when an epoch begins is kept in memory: a training that is stopped within one resumes from there.

    Args:
        folder: of the run; None where nothing is to be written.
        record: with what is known before the training: data, settings, the epochs of the resumed run.
        seconds: None for `SECONDS`, or more where writing takes more than `SHARE` of the time.
        best: what keeps the best epoch's state, which a checkpoint has beside the last one's; None for nothing.
        refit_of: the model whose best epoch the record names, where the epochs are those of its refit.
    """

    needs_weights = False  # `params["state"]` gives them when it is time

    def __init__(
        self,
        folder: RunFolder | None,
        record: RunRecord,
        seconds: float | None = None,
        best: BestEpoch | None = None,
        refit_of: keras.Model | None = None,
    ) -> None:
        super().__init__()
        self._folder, self._record, self._seconds, self._best = folder, record, seconds, best
        self._refit_of = refit_of
        self._before: list[Any] | None = None  # the state when the epoch under way began
        self._written = time.monotonic()
        self._cost = 0.0
        self._failed = ""

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """All that have ended, those of the resumed run first."""
        return self._record.epochs

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        engine = {"engine": self.params["engine"], "engine_reason": self.params["engine_reason"]}
        self._record = replace(self._record, **engine)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._begun = time.perf_counter()
        self._before = self.params["state"]()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        figures = {name: [float(value)] for name, value in (logs or {}).items()}
        done = epochs_of(figures, [time.perf_counter() - self._begun], epoch + 1)
        record = self._record
        if self._refit_of is None:
            self._record = replace(record, epochs=(*record.epochs, *done))
        else:
            self._record = replace(record, refit=(*record.refit, *done))
        self._before = None
        if self._folder is not None and time.monotonic() - self._written >= self._interval():
            assign_state(self.model, self.params["state"]())
            self.write()

    def write(self) -> RunRecord | None:
        """Keep the state after the last epoch that ended, if it is not kept yet; its record, None where there is none.

        What cannot be written is reported once for each reason: the training continues, and the last checkpoint stays.
        """
        if self._folder is None:
            return None
        epochs = self._record.epochs if self._refit_of is None else self._record.refit
        kept = self._folder.kept
        if kept is not None and kept.epochs_trained == self._record.epochs_trained:
            return kept
        if epochs and not math.isfinite(epochs[-1].figures.get("loss", 0.0)):
            return kept  # nothing to go on from
        begun = time.monotonic()
        try:
            return self._write(self._folder)
        except SaveError as error:
            if str(error) != self._failed:
                warn_user(str(error))
                self._failed = str(error)
            return None
        finally:
            self._written = time.monotonic()
            self._cost = self._written - begun

    def _write(self, folder: RunFolder) -> RunRecord:
        record, best = self._record, self._best
        if best is not None and best.epoch:
            record = replace(record, best_epoch=best.epoch)
            if not best.is_last and best.state is not None:
                with holding_state(self.model, best.state):
                    record = folder.keep_best(self.model, record)
        if self._refit_of is not None and not record.best_checkpoint:
            record = self._record = folder.keep_best(self._refit_of, record)
        with holding_state(self.model, self._before):
            return folder.checkpoint(self.model, record)

    def _interval(self) -> float:
        return self._seconds if self._seconds is not None else max(SECONDS, self._cost / SHARE)
