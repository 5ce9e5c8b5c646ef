"""A language that the user names → that of all of rowwise's words from then on."""

from __future__ import annotations

from rowwise.errors import UsageError
from rowwise.text import LANGUAGES, speak


def set_language(lang: str | None) -> None:
    """Speak Korean ("ko") or English ("en") from now on, in all threads; None: as the system and `ROWWISE_LANG` say.

    Raises:
        UsageError: another language.
    """
    if lang is not None and lang not in LANGUAGES:
        raise UsageError("language.unknown", found=repr(lang))
    speak(lang)
