"""An ASGI app and a socket → requests answered until a signal comes; what the commands that serve pages share."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

from rowwise.errors import UsageError, os_reason
from rowwise.terminal.signals import StopSignals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def listen(host: str, port: int) -> socket.socket:
    """The socket, before anything takes time: a port that is taken is said at once.

    Raises:
        UsageError: the address cannot be had.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = found[0]
        # asyncio sends at once, by TCP_NODELAY, only where the protocol is named: else an answer waits 40 ms for the
        # caller to acknowledge its first packet.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(place)
        except BaseException:
            listening.close()
            raise
    except (OSError, OverflowError, UnicodeError) as cause:
        raise UsageError("cli.port", place=address(host, port), cause=os_reason(cause)) from cause
    return listening


def address(host: str, port: int) -> str:
    """Of the page that is served there."""
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve_until_signal(
    app: Any,
    listening: socket.socket,
    stop: Callable[[], object],
    started: Callable[[], object] = lambda: None,
    ended: Callable[[], object] = lambda: None,
    **options: Any,
) -> None:
    """Answer until the first signal, which calls `stop`; then finish what was taken on. A second one ends the process.

    Args:
        app: an ASGI app.
        started: called once requests are answered.
        ended: called when none are any more, whatever the reason.
        **options: of uvicorn's Config.
    """
    import uvicorn

    from rowwise.terminal.joined_writes import JoinedWrites

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started()

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:  # uvicorn's own would end the process by the signal
            yield

        async def on_tick(self, counter: int) -> bool:
            return await super().on_tick(counter) or signals.event.is_set()

    config = uvicorn.Config(app, lifespan="off", access_log=False, server_header=False, http=JoinedWrites, **options)
    with StopSignals(stop) as signals:
        signals.patient = True
        try:
            Server(config).run(sockets=[listening])
        finally:
            ended()
