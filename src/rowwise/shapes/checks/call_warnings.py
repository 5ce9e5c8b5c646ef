"""A Keras call of the user's that would pass with a mistake in it → a warning before it.

Which mistakes those are follows from the keys of our messages: Keras raises for the others, and `explained` explains.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from rowwise.errors import RowwiseError, warn_user, warnings_to
from rowwise.models.keras_view import Call, intercepted
from rowwise.shapes.checks.as_array import array_or_zeros
from rowwise.shapes.checks.check import check_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras

WITH_LABELS = ("fit", "evaluate", "train_on_batch", "test_on_batch")
WATCHED = (*WITH_LABELS, "predict", "predict_on_batch")
# What `check` refuses and Keras on JAX takes; `mistake.unequal` only where Keras stretches one side.
SILENT = {
    *("data.not_finite", "mistake.labels_not_finite", "mistake.embedding"),
    *("mistake.logits", "mistake.twice", "mistake.squashed", "mistake.one_unit", "mistake.one_softmax"),
    *("mistake.classes", "mistake.from_one", "mistake.negative", "mistake.fractions", "mistake.no_classes"),
    *("mistake.binary_labels", "mistake.binary_range"),
}

# The warnings that were shown in the block under way in this thread; None outside of a block.
_shown: ContextVar[set[str] | None] = ContextVar("rowwise_shown", default=None)


@contextmanager
def warned() -> Iterator[None]:
    """Within the block, the calls of `WATCHED` in this thread are looked at before they start."""
    token = _shown.set(set() if (shown := _shown.get()) is None else shown)
    try:
        with intercepted(WATCHED, _warn_of):
            yield
    finally:
        _shown.reset(token)


def _warn_of(call: Call) -> None:
    shown = _shown.get()
    if shown is None or call.caller in ("keras", "rowwise"):  # Keras calls evaluate within fit; rowwise has checked
        return
    for message in _messages(call):
        if message not in shown:
            shown.add(message)
            warn_user(message)


def _messages(call: Call) -> list[str]:
    """What there is to say of a call; nothing of one so odd that our checks fail."""
    messages: list[str] = []
    try:
        for x, y, _ in pairs_of(call.arguments(), call.method):
            messages += _of_pair(call.model, x, y if call.method in WITH_LABELS else None)
    except Exception:
        pass
    return messages


def _of_pair(model: keras.Model, x: Any, y: Any) -> Iterator[str]:
    x, y = (array_or_zeros(part[0] if isinstance(part, list) and len(part) == 1 else part) for part in (x, y))
    if x is None:
        return
    if y is not None and model.compiled:
        yield from _of_records(model, (x, y), finite=False, pixels=False)
    yield from _of_records(model, x)


def _of_records(model: keras.Model, data: Any, **options: bool) -> list[str]:
    messages: list[str] = []
    with warnings_to(messages.append):
        try:
            check_records(model, data, **options)
        except RowwiseError as error:
            if error.key in SILENT or error.values.get("stretched"):
                messages.append(str(error))
    return messages


def pairs_of(arguments: dict[str, Any], name: str) -> list[tuple[Any, Any, str]]:
    """(x, y, how they are passed, as code): of a call's arguments, those of validation too."""
    pairs = [(arguments.get("x"), arguments.get("y"), f"model.{name}(x, y)")]
    validation = arguments.get("validation_data")
    if isinstance(validation, tuple | list) and len(validation) in (1, 2, 3):
        pairs.append((validation[0], validation[1] if len(validation) > 1 else None, "validation_data=(x, y)"))
    elif array_or_zeros(validation) is not None:
        pairs.append((validation, None, "validation_data=(x, y)"))
    return pairs
