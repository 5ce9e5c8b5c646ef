"""What a request's `Accept-Language` says → the language of its answer's sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.text import LANGUAGES, use_language

if TYPE_CHECKING:
    from rowwise.serve.guard import App, Receive, Scope, Send


class Speaking:
    """An ASGI app around another, whose sentences come in the caller's language; the server's where none is asked."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (language := language_of(scope)) is None:
            await self.app(scope, receive, send)
            return
        with use_language(language):
            await self.app(scope, receive, send)


def language_of(scope: Scope) -> str | None:
    """The first of our languages that the caller names, by its weight; None without one."""
    for name, value in scope.get("headers", ()):
        if name == b"accept-language":
            asked = sorted(map(_weighted, value.decode("latin-1").split(",")), reverse=True, key=lambda one: one[0])
            return next((tag for weight, tag in asked if weight > 0 and tag in LANGUAGES), None)
    return None


def _weighted(part: str) -> tuple[float, str]:
    """`(0.8, "en")` of `en-GB;q=0.8`."""
    tag, _, weight = part.partition(";q=")
    try:
        return float(weight or 1), tag.strip().lower().partition("-")[0]
    except ValueError:
        return 0.0, ""
