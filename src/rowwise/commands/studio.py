"""`rowwise studio` → a page of the browser in which a network is built, trained and looked into."""

from __future__ import annotations

import secrets
import webbrowser
from pathlib import Path
from typing import Any

from rowwise.commands.options import chosen, reading
from rowwise.errors import UsageError
from rowwise.runs.explained_word import model_or_data_named, source_named
from rowwise.runs.plan import READING
from rowwise.terminal.argument_types import whole
from rowwise.terminal.http_server import address, listen, serve_until_signal
from rowwise.terminal.output import Output
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.text import language, say

HOST, PORT = "127.0.0.1", 8899
MOST_PORT = 65535


def _studio(data: str | None, port: int | None, no_browser: bool, **given: Any) -> int:
    """Serve the page until Ctrl-C; 0.

    Raises:
        RowwiseError: data or a run that cannot be used, a port that is taken, or what serves pages is missing.
    """
    read_by = {READING[name]: value for name, value in chosen(given).items()}
    named = source_named(data, read_by) or model_or_data_named(data)
    _check_installed()
    with own_temporary_folder(), Output() as output, listen(HOST, PORT if port is None else port) as listening:
        listening.listen()  # a browser that is opened at once waits, and is not turned away
        from rowwise.data.source import Source
        from rowwise.serve.guard import Guard, policy
        from rowwise.studio.routes import app
        from rowwise.studio.session import Studio

        token, place = secrets.token_urlsafe(), address(HOST, listening.getsockname()[1])
        studio = Studio()
        if isinstance(named, Path):
            studio.open_run(named, language())
        else:
            studio.open(Source(named) if isinstance(named, str) else named, language())
        output.tell(say("cli.studio.open", address=f"{place}?token={token}&lang={language()}"))
        guarded = Guard(app(studio), policy(HOST, token))
        if not no_browser:
            webbrowser.open(f"{place}?token={guarded.ticket()}&lang={language()}")
        how: dict[str, Any] = {"log_level": "critical", "timeout_graceful_shutdown": 1}
        serve_until_signal(guarded, listening, studio.stop, ended=studio.close, **how)
        output.tell(say("cli.studio.ended"))
    return 0


def _check_installed() -> None:
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as cause:
        raise UsageError("cli.studio.missing") from cause


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
