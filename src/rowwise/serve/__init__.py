"""Trained models → answers over HTTP: an ASGI app that `rowwise serve` runs and that others can mount.

Starlette and msgspec come with the extra `rowwise[serve]`.
"""

from __future__ import annotations

from rowwise.lazy import late

TYPE_CHECKING = False  # see rowwise/__init__

if TYPE_CHECKING:
    from rowwise.serve.limits import Limits as Limits
    from rowwise.serve.start import app as app

__all__ = ["Limits", "app"]

__getattr__, __dir__ = late(__name__, {"app": "rowwise.serve.start", "Limits": "rowwise.serve.limits"})
