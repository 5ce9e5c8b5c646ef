"""A key and values → the sentence in Korean or English, from one catalogue.

The catalogue is the `*.toml` files beside this module, one a subject: each message is a table
`["area.name"]` with the strings `en` and `ko`, and `en_one` where the English for one differs. Nobody assembles
user-facing text elsewhere.
"""

from __future__ import annotations

import locale
import os
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path  # importlib.resources takes 5 ms, which --help would wait for
from typing import TYPE_CHECKING

from rowwise.text.options import as_called
from rowwise.text.visible import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

LANGUAGES = ("en", "ko")

_chosen: ContextVar[str | None] = ContextVar("rowwise_language", default=None)
_spoken: list[str] = []  # what `speak` has chosen for the whole process: a cell of a notebook has a context of its own


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All messages: key → {"en": …, "ko": …}, some with "en_one".

    Raises:
        ValueError: two files define the same key.
    """
    import tomllib

    messages: dict[str, dict[str, str]] = {}
    for text in _files():
        if twice := messages.keys() & (part := tomllib.loads(text)).keys():
            raise ValueError(f"defined twice: {sorted(twice)}")
        messages |= part
    return messages


@cache
def _files() -> tuple[str, ...]:
    return tuple("\n" + file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("*.toml"))


@cache
def _message(key: str) -> dict[str, str]:
    import tomllib  # 3 ms, which a ledger that is not printed need not wait for

    # Its table alone: a whole file takes 3 ms, all of them 20.
    head = f'\n["{key}"]\n'
    for text in _files():
        if (start := text.find(head)) >= 0:
            end = text.find('\n["', start + len(head))
            return tomllib.loads(text[start : end if end >= 0 else None])[key]
    raise KeyError(key)


def language() -> str:
    """The current language: `use_language`, else `speak`, else `ROWWISE_LANG`, else the locale; `en` or `ko`."""
    if chosen := _chosen.get():
        return chosen
    if _spoken:
        return _spoken[0]
    for wish in (os.environ.get("ROWWISE_LANG"), *_locale_names()):
        if wish:
            return "ko" if wish.lower().startswith("ko") else "en"
    return "en"


def _locale_names() -> Iterator[str | None]:
    # The order in which POSIX looks; Windows sets none of them and has getlocale.
    yield from (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    yield locale.getlocale()[0]


def speak(lang: str | None) -> None:
    """Speak "en" or "ko" from now on; None: as the environment says."""
    _spoken[:] = [lang] if lang else []


@contextmanager
def use_language(lang: str | None) -> Iterator[None]:
    """Speak `lang` ("en" or "ko") inside the block; None leaves the language as it is."""
    token = _chosen.set(lang or _chosen.get())
    try:
        yield
    finally:
        _chosen.reset(token)


def say(key: str, /, **values: object) -> str:
    """The message `key` in the current language, filled with `values`, of which nothing acts on a terminal.

    Options that it names are written as the caller does: see `rowwise.text.options`.

    `count`, or else `records`, is what decides between singular and plural.

    Raises:
        KeyError: no such key, or a value that the message needs is missing.
    """
    message, form = _message(key), language()
    if form == "en" and "en_one" in message and str(values.get("count", values.get("records"))) == "1":
        form = "en_one"
    return as_called(message[form]).format(**{name: quoted(value) for name, value in values.items()})


def percent(share: float, digits: int = 1) -> str:
    """A share of 1 as the current language writes it: `13.6 %`, in Korean `13.6%`."""
    return f"{100 * share:.{digits}f}{'' if language() == 'ko' else ' '}%"


def is_key(key: str) -> bool:
    """Whether the catalogue has it: a saved file may name any."""
    try:
        return bool(_message(key))
    except KeyError:
        return False
