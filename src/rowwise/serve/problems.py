"""What went wrong with a request → a status, and one sentence in the language that it asked for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rowwise.errors import ModelError, RowwiseError
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

WRONG, MISSING, WRONG_METHOD, SLOW_BODY, CONTRADICTORY = 400, 404, 405, 408, 409
TOO_LARGE, WRONG_KIND, TOO_MANY = 413, 415, 429
FAILED, NOT_NOW, TOO_LATE = 500, 503, 504


class Refused(Exception):
    """A request that is not answered.

    Attributes:
        status: of HTTP.
        sentence: what is wrong, what was expected, and what to do.
        headers: that go with it.
    """

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.headers = status, sentence, dict(headers or {})


def refusal(error: Exception) -> Refused:
    """The same as an answer: what a caller sent wrongly is 400, what failed here 500 and says no more than that."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, RowwiseError):
        if error.key == "measure.nan":  # of a model that answers others: these records are beyond it
            return Refused(WRONG, say("serve.nan"))
        return Refused(FAILED if isinstance(error, ModelError) else WRONG, str(error))
    if isinstance(error, MemoryError):
        return Refused(NOT_NOW, say("cli.memory"))
    logger.error("a request failed", exc_info=error)
    return Refused(FAILED, say("serve.failed", cause=type(error).__name__))
