"""Runs → the whole app: the models, what answers for them, the guard, and the caller's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.errors import UsageError
from rowwise.serve.guard import Guard, policy
from rowwise.serve.languages import Speaking

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rowwise.serve.guard import App, Policy
    from rowwise.serve.limits import Limits
    from rowwise.serve.service import Service


def app(
    *runs: str | Path,
    host: str = "127.0.0.1",
    token: str | None = None,
    allow_host: Sequence[str] = (),
    allow_origin: Sequence[str] = (),
    task: str | None = None,
    limits: Limits | None = None,
) -> App:
    """An ASGI app that answers for trained runs, for a server such as uvicorn, or to be mounted in another app.

    Args:
        *runs: paths of runs, each maybe after a name: `"houses=runs/2026-11-28-houses"`.
        host: where it will listen. What is no name of this machine's own needs a token.
        token: that requests must send as `Authorization: Bearer …`.
        allow_host: further names that it is addressed by, such as a proxy's; they need a token as well.
        allow_origin: of pages elsewhere that may call it.
        task: as for `rowwise.open`.
        limits: of what it takes on.

    Raises:
        ModelError: a run cannot be used. UsageError: no run, two of one name, a token is missing, or Starlette is.
    """
    allowed = policy(host, token, allow_host, allow_origin)
    check_installed()
    from rowwise.serve.service import Service

    return guarded(Service(runs, task, limits), allowed)


def guarded(service: Service, allowed: Policy) -> App:
    """The app of a service, behind a policy's guard."""
    from rowwise.serve.application import Served

    return Speaking(Guard(Served(service, token=bool(allowed.token)), allowed))


def check_installed() -> None:
    """Raises UsageError where the libraries of the extra are missing."""
    try:
        import httptools  # noqa: F401
        import msgspec  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as cause:
        raise UsageError("serve.extra", name=cause.name) from cause
