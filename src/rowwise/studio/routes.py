"""How the page asks: each route of the studio, as data → its Starlette app.

JSON goes up, and the newest state comes down as server-sent events; arrays go both ways as they lie in memory, uint8 or
float32. The page names nothing of the file system: neither a path nor a file.
"""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from rowwise.data import names
from rowwise.data.source import Source
from rowwise.environment import debug
from rowwise.errors import RowwiseError, UsageError
from rowwise.json_text import from_json, to_json
from rowwise.pages.palette import DARK, LIGHT
from rowwise.studio.held import number_of
from rowwise.studio.newest import changes
from rowwise.studio.offered import MOST_BYTES
from rowwise.studio.reporting import importance_of, page_of
from rowwise.text import LANGUAGES, catalogue, language, say, use_language

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request

    from rowwise.studio.mirror import Mirror
    from rowwise.studio.session import Studio

MOST_BODY = 1 << 24  # bytes of a request
MOST_MISTAKES = 48  # records behind one cell of the confusion matrix
PACE = 1 / 30  # seconds between two states, at least
PULSE = 15.0  # seconds after which a silent stream says that it is alive
KINDS = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
"""The page's own files and nothing else; pictures may come from its own canvases too."""


def app(studio: Studio) -> Starlette:
    """The studio over HTTP, to be put behind a guard."""

    async def refused(request: Request, error: Exception) -> Response:
        with use_language(_language(request)):
            return JSONResponse({"error": str(error)}, 400)

    async def failed(request: Request, error: Exception) -> Response:
        """A mistake of ours, told to the page, which would else wait for an answer."""
        if debug():
            traceback.print_exception(error)
        with use_language(_language(request)):
            return JSONResponse({"error": say("studio.unexpected", cause=f"{type(error).__name__}: {error}")}, 500)

    def route(path: str, answer: Callable[[Studio, Request], Awaitable[Response]], method: str = "GET") -> Route:
        async def answered(request: Request) -> Response:
            with use_language(_language(request)):
                return await answer(studio, request)

        return Route(path, answered, methods=[method], name=path)

    table = [route(path, answer, method) for method, path, answer in ROUTES]
    return Starlette(routes=table, exception_handlers={RowwiseError: refused, Exception: failed})


def _language(request: Request) -> str | None:
    wish = request.headers.get("x-language") or request.query_params.get("lang")
    return wish if wish in LANGUAGES else None


# ---- the page


async def page(studio: Studio, request: Request) -> Response:
    """The page, and the files that it is made of."""
    name = request.path_params.get("name", "index.html")
    content = PAGE.get(name)
    if content is None:
        return JSONResponse({"error": name}, 404)
    headers = {"content-security-policy": POLICY, "cache-control": "no-cache"}
    kind = KINDS[name.rpartition(".")[2]]
    return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)


def _palette() -> bytes:
    """The colours of all our pages, light and dark: as the system has it, or as the page was told."""
    light, dark = ("".join(f"--rowwise-{name}:{value};" for name, value in theme.items()) for theme in (LIGHT, DARK))
    return (
        f":root{{{light}color-scheme:light}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}color-scheme:dark}}}}"
        f":root[data-theme=dark]{{{dark}color-scheme:dark}}"
    ).encode()


# Read once: nothing that a request says becomes part of a path.
PAGE = {file.name: file.read_bytes() for file in (files("rowwise.studio") / "page").iterdir() if file.is_file()}
PAGE["palette.css"] = _palette()


async def words(studio: Studio, request: Request) -> Response:
    """All that the page says, in each language, and the language of the server."""
    said = {key: message for key, message in catalogue().items() if key.startswith("studio.")}
    return _json({"words": said, "lang": language(), "sets": list(names())})


async def events(studio: Studio, request: Request) -> Response:
    """The newest state first, and then whatever is another in a newer one."""

    async def stream() -> AsyncIterator[bytes]:
        number, sent = -1, dict[str, Any]()
        while True:
            try:
                number, state = await asyncio.wait_for(studio.newest.after(number), PULSE)
            except TimeoutError:
                yield b": alive\n\n"
                continue
            yield b"data: " + to_json(changes(sent, state)) + b"\n\n"
            sent = state
            studio.pace.told(time.perf_counter())
            await asyncio.sleep(PACE)
            await _while_it_trains(studio, state["story"])

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"cache-control": "no-store"})


async def _while_it_trains(studio: Studio, told: dict[str, Any]) -> None:
    """Until the next state of a training may be told; what is no more of the same is told at once."""
    end = time.perf_counter() + studio.pace.seconds - PACE

    def same(story: dict[str, Any]) -> bool:
        return all(story[name] == told[name] for name in ("phase", "number", "message"))

    while told["phase"] == "training" and same(studio.newest.state["story"]):
        left = end - time.perf_counter()
        if left <= 0:
            return
        await asyncio.sleep(min(left, PACE))


# ---- data


async def data(studio: Studio, request: Request) -> Response:
    """Read the records of a data set that has a name."""
    name = (await _object(request)).get("name")
    if name not in names():
        raise UsageError("studio.set", found=str(name)[:40], known=", ".join(names()))
    studio.open(Source(name), language())
    return _json({})


async def table(studio: Studio, request: Request) -> Response:
    """A table that was dropped: its columns are told by the next state."""
    content = await _body(request, MOST_BYTES)
    name = unquote(request.headers.get("x-name", ""))
    await run_in_threadpool(in_language(studio.offer), name, content)
    return _json({})


async def target(studio: Studio, request: Request) -> Response:
    """What is to be predicted of the table that was dropped, and what its columns are."""
    studio.open_table(await _object(request, most=20_000), language())
    return _json({})


async def pictures(studio: Studio, request: Request) -> Response:
    """A folder of pictures begins to come, by its name; without one it is complete, and read."""
    name = (await _object(request)).get("name")
    if isinstance(name, str):
        await run_in_threadpool(studio.receive, name)
    else:
        studio.learn_from_received(language())
    return _json({})


async def picture(studio: Studio, request: Request) -> Response:
    """One picture of that folder, its class before its name."""
    content, name = await _body(request), unquote(request.headers.get("x-name", ""))
    if studio.received is None:
        raise UsageError("studio.pictures.none")
    await run_in_threadpool(in_language(studio.received.add), name, content)
    return _json({})


async def look(studio: Studio, request: Request) -> Response:
    """One picture that is only looked at, as the records under study are, and what was done to it."""
    content, name = await _body(request), unquote(request.headers.get("x-name", ""))
    x, notes = await run_in_threadpool(in_language(studio.look_at), name, content)
    answer = _array(x if x.dtype == np.uint8 else x.astype(np.float32))
    answer.headers["x-notes"] = quote(" ".join(notes))
    return answer


async def records(studio: Studio, request: Request) -> Response:
    """Test records, by number."""
    numbers = [number_of(part, "record") for part in request.query_params.get("i", "").split(",")]
    return _array(_held(studio).records(numbers))


async def labels(studio: Studio, request: Request) -> Response:
    """Of each test record its class, or its first target."""
    return _json(_held(studio).labels())


# ---- learning


async def train(studio: Studio, request: Request) -> Response:
    """Begin a training with these settings."""
    studio.train(await _object(request), language())
    return _json({})


async def step(studio: Studio, request: Request) -> Response:
    """Train a network of its own on one batch more, and tell what happened."""
    return _json(await run_in_threadpool(in_language(studio.step), await _object(request)))


async def pause(studio: Studio, request: Request) -> Response:
    studio.pause()
    return _json({})


async def resume(studio: Studio, request: Request) -> Response:
    studio.resume()
    return _json({})


async def stop(studio: Studio, request: Request) -> Response:
    studio.stop()
    return _json({})


async def save(studio: Studio, request: Request) -> Response:
    """Keep the run; its place, to be shown."""
    return _json({"path": str(await run_in_threadpool(in_language(studio.save)))})


async def report(studio: Studio, request: Request) -> Response:
    """The report on the last training, to be kept as a file."""
    page = await run_in_threadpool(in_language(page_of), *studio.learned())
    headers = {"content-disposition": 'attachment; filename="rowwise-report.html"', "cache-control": "no-store"}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


async def code(studio: Studio, request: Request) -> Response:
    """The last training as a program of Keras."""
    return _json({"program": studio.program()})


# ---- understanding


async def weights(studio: Studio, request: Request) -> Response:
    """The kernel of a Dense layer and, in a last row, its bias."""
    mirror = _mirror(studio)
    return _array(mirror.weights(_layer(mirror, request)))


async def flow(studio: Studio, request: Request) -> Response:
    """What each Dense layer gives for the records of the body, one layer after the other."""
    x = _held(studio).record_of(await _body(request))
    outputs = await run_in_threadpool(_mirror(studio).flow, x)
    return Response(b"".join(part.astype("<f4").tobytes() for part in outputs), media_type="application/octet-stream")


async def prepared(studio: Studio, request: Request) -> Response:
    """What the first Dense layer takes for the records of the body."""
    x = _held(studio).record_of(await _body(request))
    return _array(await run_in_threadpool(_mirror(studio).prepared, x))


async def importance(studio: Studio, request: Request) -> Response:
    """How much worse the model gets without each column of its table."""
    found = await run_in_threadpool(in_language(importance_of), *studio.learned())
    return _json(found.to_dict())


async def trace(studio: Studio, request: Request) -> Response:
    """How a unit comes to its value for the record of the body."""
    mirror = _mirror(studio)
    x = _held(studio).record_of(await _body(request))
    layer, unit = _layer(mirror, request), number_of(request.query_params.get("unit", ""), "unit")
    followed = await run_in_threadpool(in_language(mirror.trace), x[:1], unit, layer)
    return _json({**followed.to_dict(), "names": [followed.name(int(f)) for f in followed.largest()]})


async def mistaken(studio: Studio, request: Request) -> Response:
    """Test records behind a cell of the confusion matrix."""
    true, predicted = (number_of(request.query_params.get(name, ""), "class") for name in ("true", "predicted"))
    return _json(studio.mistaken(true, predicted, MOST_MISTAKES))


ROUTES = (
    ("GET", "/", page),
    ("GET", "/page/{name}", page),
    ("GET", "/words", words),
    ("GET", "/events", events),
    ("POST", "/data", data),
    ("PUT", "/table", table),
    ("POST", "/target", target),
    ("POST", "/pictures", pictures),
    ("PUT", "/picture", picture),
    ("PUT", "/look", look),
    ("GET", "/records", records),
    ("GET", "/labels", labels),
    ("POST", "/train", train),
    ("POST", "/step", step),
    ("POST", "/pause", pause),
    ("POST", "/resume", resume),
    ("POST", "/stop", stop),
    ("POST", "/save", save),
    ("GET", "/code", code),
    ("GET", "/report", report),
    ("GET", "/weights/{layer}", weights),
    ("POST", "/flow", flow),
    ("POST", "/prepared", prepared),
    ("POST", "/trace/{layer}", trace),
    ("GET", "/importance", importance),
    ("GET", "/mistaken", mistaken),
)


# ---- within


def _json(value: Any) -> Response:
    return Response(to_json(value), media_type="application/json", headers={"cache-control": "no-store"})


def _array(values: Any) -> Response:
    kind = values.dtype.newbyteorder("<")
    headers = {"cache-control": "no-store", "x-shape": ",".join(map(str, values.shape))}
    return Response(values.astype(kind).tobytes(), media_type="application/octet-stream", headers=headers)


def in_language(work: Callable[..., Any]) -> Callable[..., Any]:
    """`work`, which in another thread speaks the language of this request."""
    lang = language()

    def done(*given: Any) -> Any:
        with use_language(lang):
            return work(*given)

    return done


async def _body(request: Request, most: int = MOST_BODY) -> bytes:
    """The body; raises UsageError where it is longer than any that the page sends."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > most:
            raise UsageError("studio.long", most=f"{most:,}")
    return b"".join(parts)


async def _object(request: Request, most: int = 1000) -> dict[str, Any]:
    try:
        value = from_json(await _body(request), most)
    except (ValueError, RecursionError, json.JSONDecodeError) as cause:
        raise UsageError("studio.json") from cause
    if not isinstance(value, dict):
        raise UsageError("studio.json")
    return value


def _held(studio: Studio) -> Any:
    if studio.held is None:
        raise UsageError("studio.no_data")
    return studio.held


def _mirror(studio: Studio) -> Mirror:
    if studio.mirror is None:
        raise UsageError("studio.no_model")
    return studio.mirror


def _layer(mirror: Mirror, request: Request) -> int:
    layer = number_of(request.path_params["layer"], "layer")
    if layer >= len(mirror.dense):
        raise UsageError("studio.layer", found=layer, last=len(mirror.dense) - 1)
    return layer
