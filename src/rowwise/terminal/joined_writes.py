"""uvicorn's protocol, which writes the head and the body of an answer apart → the same, with both in one packet.

Two packets cost two calls of the system here and two at the caller, who reads the first before the second has come. Who
closes his side once he has asked, as TCP lets him, is answered, but not computed for once he has gone altogether. And a
request that was on its way when the server began to end is answered.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from collections.abc import Callable


GRACE = 0.5  # seconds
# Whoever has closed his side may still read, or may be gone: TCP tells once something was sent to him. HTTP 1.1 lets a
# server send this before any answer, and callers pass over it.
STILL_THERE = b"HTTP/1.1 100 Continue\r\n\r\n"
LOOK = 0.05  # seconds between two looks at what TCP has heard


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
            if self.scope["http_version"] == "1.1":
                self.loop.call_later(LOOK, self._ask_whether_there, True)
        return waits

    def _ask_whether_there(self, first: bool) -> None:
        """Close the connection of one who waits for an answer no more, which ends what is done for him."""
        if self.cycle.response_complete or self.transport.is_closing():
            return
        if self._joining.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._joining.abort()
            return
        if first:
            self._joining.write(STILL_THERE)
        self.loop.call_later(LOOK, self._ask_whether_there, False)

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
