"""uvicorn's protocol, which writes the head and the body of an answer apart → the same, with both in one packet.

Two packets cost two calls of the system here and two at the caller, who reads the first before the second has come. And
who closes his side once he has asked, as TCP lets him, is answered; so is a request that was on its way when the server
began to end.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from collections.abc import Callable


GRACE = 0.5  # seconds


class _Joining:
    """A transport that writes at the end of the loop's turn what it was given during it."""

    def __init__(self, transport: Any, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self._transport, self._call_soon = transport, call_soon
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._call_soon(self.flush)
        self._parts.append(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        if self._parts:
            data = b"".join(self._parts)
            self._parts.clear()
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class JoinedWrites(HttpToolsProtocol):
    """What `uvicorn.Config` takes as `http`."""

    _ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._joining = _Joining(transport, self.loop.call_soon)
        super().connection_made(self._joining)  # type: ignore[arg-type]

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether the connection stays open for an answer, and only for it."""
        self._joining.flush()  # asyncio closes its own transport
        waits = self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete
        if waits:
            self.cycle.keep_alive = False
        return waits

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._ending:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """End the connection with the answer to what it asks within `GRACE`, or then."""
        self._ending = True
        if self._is_idle():
            self.loop.call_later(GRACE, self._close_idle)
        else:
            super().shutdown()

    def _close_idle(self) -> None:
        if self._is_idle():
            self.transport.close()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete
