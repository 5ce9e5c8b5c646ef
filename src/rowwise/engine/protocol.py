"""What an engine is: what the loop asks of it, and nothing else.

A new engine is a class with the members of `Engine`; `loop.EpochLoop` makes a `Trainer` of it, with everything that
surrounds an epoch: callbacks, History, validation, interruption. An engine that has its own loop, as Keras does,
is a `Trainer` itself. `trainer.py` makes the one that is planned, or the next slower: a class that cannot run a model
raises `Unsupported` when it is made. Its name goes into `environment.ENGINES`, which the commands and their help read;
when it is chosen, and why, into `plan.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    import keras
    import numpy as np
    from numpy.typing import NDArray

    from rowwise.engine.divergence import Watch
    from rowwise.engine.schedule import Schedule


class Unsupported(Exception):
    """This engine cannot run the model: the message names a part, or JAX's error is the cause."""


class Engine(Protocol):
    """Trains one compiled, built model in place on one set of records, an epoch when it is asked.

    Attributes:
        model: what is trained.
        records: how many it is trained on.
        batch_size: records a step; the last step of an epoch takes what is left.
        validates: whether there are records to validate on.
        compile_seconds: what it took to be made ready for the first step.
        steps_done: of the epoch under way, or of the last one where none is.
    """

    @property
    def model(self) -> keras.Model: ...
    @property
    def records(self) -> int: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def validates(self) -> bool: ...
    @property
    def compile_seconds(self) -> float: ...
    @property
    def steps_done(self) -> int: ...

    def blocks(self, order: NDArray[np.int32]) -> Generator[int]:
        """Train one epoch; yields the steps done, several times a second, so that the loop can end it there.

        When the generator ends or is closed, the model's metrics and the optimizer's count of steps are those of
        the records seen since `model.reset_metrics`; weights and the optimizer's other state may be the engine's
        own until `settle`. It starts from what the model holds where that was changed since.

        Args:
            order: `(records of the epoch,)`: which record comes at which place. Batch b is
                `order[b * batch_size : (b + 1) * batch_size]`.
        """

    def renew(self) -> None:
        """Between two epochs: the training records have other values in the same arrays."""

    def settle(self) -> None:
        """Give the model the weights and the optimizer's state, where they are not yet in it."""

    def state(self) -> list[Any]:
        """The values of `callbacks.state_variables(model)` as they are now, in the model or not: they never change."""

    def so_far(self) -> dict[str, Any]:
        """Between two blocks: loss and metrics of the epoch until then, by name; those that are told only when it ends
        are missing."""

    def validate(self) -> dict[str, float]:
        """Loss and metrics over the validation records, by name without `val_`; the model's metrics hold them then."""


class Trainer(Protocol):
    """All epochs of one training.

    Attributes:
        compile_seconds: of the engine; None where that is not known.
        steps_done: of the epoch under way; 0 between epochs.
        watch: ends it where it diverges; None where nobody asked for that.
    """

    @property
    def watch(self) -> Watch | None: ...
    @property
    def compile_seconds(self) -> float | None: ...
    @property
    def steps_done(self) -> int: ...

    def train(
        self,
        schedule: Schedule,
        callbacks: Sequence[keras.callbacks.Callback],
        stopped: Callable[[], bool],
        params: Mapping[str, Any],
    ) -> None:
        """Train the model; Keras's History, `model.history`, holds each epoch that was completed.

        Args:
            schedule: the epochs, which records each takes in which order, and after which the model is validated.
            callbacks: called as `model.fit` calls them. Those that say `needs_weights = False` do not look at the
                model's weights.
            stopped: once it says True, no further block of steps begins.
            params: what the callbacks find as their `params`.

        Raises:
            KeyboardInterrupt: `stopped` ended it within an epoch.
        """
