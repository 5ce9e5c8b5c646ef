"""How much a server takes on: settings, checked."""

from __future__ import annotations

from dataclasses import dataclass, fields

from rowwise.errors import UsageError

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What is more is refused at once, in words, before it costs memory or time.

    Attributes:
        body: bytes of a request.
        records: of a request.
        queue: requests of a model that may wait.
        queued_bytes: of the bodies that wait, of all models.
        seconds: that a request may take, its body's way here not counted; and that the body may take.
    """

    body: int = 64 * MIB
    records: int = 100_000
    queue: int = 4096
    queued_bytes: int = 256 * MIB
    seconds: float = 30.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
                raise UsageError("serve.limit", name=field.name, found=repr(value))
