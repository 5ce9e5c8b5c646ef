"""`rowwise studio` → a page of the browser in which a network is built, trained and looked into."""

from __future__ import annotations

import contextlib
import secrets
import socket
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.commands.options import chosen, reading
from rowwise.errors import UsageError, os_reason
from rowwise.runs.explained_word import model_or_data_named, source_named
from rowwise.runs.plan import READING
from rowwise.terminal.address_space import KERAS, check_addresses
from rowwise.terminal.argument_types import whole
from rowwise.terminal.output import Output
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.terminal.signals import StopSignals
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.text import language, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowwise.studio.session import Studio

HOST, PORT = "127.0.0.1", 8899
MOST_PORT = 65535


def _studio(data: str | None, port: int | None, no_browser: bool, **given: Any) -> int:
    """Serve the page until Ctrl-C; 0.

    Raises:
        RowwiseError: data or a run that cannot be used, a port that is taken, or what serves pages is missing.
    """
    read_by = {READING[name]: value for name, value in chosen(given).items()}
    named = source_named(data, read_by) or model_or_data_named(data)
    uvicorn = _uvicorn()
    check_addresses(KERAS)
    with own_temporary_folder(), Output() as output, _listening(PORT if port is None else port) as listening:
        from rowwise.data.source import Source
        from rowwise.serve.guard import Guard, policy
        from rowwise.studio.routes import app
        from rowwise.studio.session import Studio

        token, place = secrets.token_urlsafe(), f"http://{HOST}:{listening.getsockname()[1]}/"
        studio = Studio()
        if isinstance(named, Path):
            studio.open_run(named, language())
        else:
            studio.open(Source(named) if isinstance(named, str) else named, language())
        output.tell(say("cli.studio.open", address=f"{place}?token={token}&lang={language()}"))
        if not no_browser:
            webbrowser.open(f"{place}?token={token}&lang={language()}")
        _serve(uvicorn, Guard(app(studio), policy(HOST, token)), listening, studio)
        output.tell(say("cli.studio.ended"))
    return 0


def _serve(uvicorn: Any, guarded: Any, listening: socket.socket, studio: Studio) -> None:
    """Until the first signal; a second one ends the process at once."""

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:  # uvicorn's own would end the process by the signal
            yield

        async def on_tick(self, counter: int) -> bool:
            return await super().on_tick(counter) or signals.event.is_set()

    options = {"log_level": "critical", "access_log": False, "lifespan": "off", "timeout_graceful_shutdown": 1}
    with StopSignals(studio.stop) as signals:
        signals.patient = True
        try:
            Server(uvicorn.Config(guarded, server_header=False, **options)).run([listening])
        finally:
            studio.close()


def _uvicorn() -> Any:
    try:
        import starlette  # noqa: F401
        import uvicorn
    except ImportError as cause:
        raise UsageError("cli.studio.missing") from cause
    return uvicorn


def _listening(port: int) -> socket.socket:
    """A socket of this machine alone.

    Raises:
        UsageError: the port is taken, or not allowed.
    """
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()  # a browser that is opened at once waits, and is not turned away
    except OSError as cause:
        listening.close()
        raise UsageError("cli.studio.port", port=port, cause=os_reason(cause)) from cause
    return listening


command = Command(
    "studio",
    "cli.help.studio",
    [
        Argument("data", "cli.help.studio.data", "DATA|RUN", required=False),
        Option("--port", "cli.help.studio.port", "N", type=whole(0, MOST_PORT), values={"default": PORT}),
        Option("--no-browser", "cli.help.studio.no_browser", is_flag=True),
        *reading(),
        *common(),
    ],
    _studio,
)
