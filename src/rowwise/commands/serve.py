"""`rowwise serve` → trained models that answer over HTTP, until a signal ends them once all is answered."""

from __future__ import annotations

import gc
import math
from typing import Any

from rowwise import environment
from rowwise.commands.options import model_task
from rowwise.serve.guard import policy
from rowwise.serve.limits import MIB, Limits
from rowwise.serve.start import check_installed, guarded
from rowwise.terminal.argument_types import POSITIVE, whole
from rowwise.terminal.http_server import address, listen, serve_until_signal
from rowwise.terminal.output import Output
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.text import say

HOST, PORT = "127.0.0.1", 8000
BACKLOG = 2048  # connections that may wait until they are taken
KEPT = 75  # seconds that a connection is kept for the next request: longer than proxies keep theirs, which are 60
USUAL = Limits()


def _serve(
    runs: tuple[str, ...],
    task: str | None,
    host: str | None,
    port: int | None,
    token: str | None,
    allow_host: tuple[str, ...],
    allow_origin: tuple[str, ...],
    max_body: int | None,
    max_records: int | None,
    max_queue: int | None,
    timeout: float | None,
    quiet: bool,
) -> int:
    """Open the runs, listen, and answer; 0 once a signal has ended it and all that was taken on is answered.

    Raises:
        ModelError: a run that cannot be used. UsageError: no token where one is needed, a port that cannot be had, two
            runs of one name, or the extra is missing.
    """
    host, token = host or HOST, environment.token() if token is None else token
    allowed = policy(host, token, allow_host, allow_origin)
    limits = Limits(
        body=USUAL.body if max_body is None else max_body * MIB,
        records=max_records or USUAL.records,
        queue=max_queue or USUAL.queue,
        seconds=timeout or USUAL.seconds,
    )
    check_installed()
    listening = listen(host, PORT if port is None else port)
    with listening, own_temporary_folder(), Output(quiet=quiet) as output:
        from rowwise.serve.service import Service

        with Service(runs, task, limits, output.warn) as service:
            names = ", ".join(service.workers)
            place = address(host, listening.getsockname()[1])
            key = "serve.started.token" if allowed.token else "serve.started"
            sentence = say(key, place=place, names=names)

            def started() -> None:
                gc.collect()
                gc.freeze()  # else the collector walks through Keras and JAX again and again, and nobody is answered
                output.tell(sentence)

            serve_until_signal(
                guarded(service, allowed),
                listening,
                service.drain,
                started,
                gc.unfreeze,
                loop="asyncio",  # uvloop takes one new connection at a time: the last of a thousand would wait long
                ws="none",
                proxy_headers=False,  # nothing asks who the caller is
                log_config=None,
                backlog=BACKLOG,
                timeout_keep_alive=KEPT,
                timeout_graceful_shutdown=math.ceil(2 * limits.seconds),
            )
            output.tell(say("serve.ended"))
    return 0


def _option(name: str, key: str, metavar: str, kind: Any, default: object) -> Option:
    return Option(name, key, metavar, type=kind, values={"default": default})


command = Command(
    "serve",
    "cli.help.serve",
    [
        Argument("runs", "cli.help.serve.runs", "RUN", nargs=-1, required=True),
        _option("--host", "cli.help.serve.host", "HOST", str, HOST),
        _option("--port", "cli.help.serve.port", "PORT", whole(0, 65535), PORT),
        Option("--token", "cli.help.serve.token", "TOKEN"),
        Option("--allow-host", "cli.help.serve.allow_host", "NAME", multiple=True),
        Option("--allow-origin", "cli.help.serve.allow_origin", "ORIGIN", multiple=True),
        _option("--max-body", "cli.help.serve.max_body", "MIB", whole(1), USUAL.body // MIB),
        _option("--max-records", "cli.help.serve.max_records", "N", whole(1), f"{USUAL.records:,}"),
        _option("--max-queue", "cli.help.serve.max_queue", "N", whole(1), f"{USUAL.queue:,}"),
        _option("--timeout", "cli.help.serve.timeout", "SECONDS", POSITIVE, f"{USUAL.seconds:g}"),
        model_task(),
        *common(quiet=True),
    ],
    _serve,
)
