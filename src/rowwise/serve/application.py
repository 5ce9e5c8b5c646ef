"""A service → an ASGI app that answers for its models; its routes are data."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from rowwise import __version__
from rowwise.serve import metrics, page, v1, v2
from rowwise.serve.openapi import document
from rowwise.serve.predict import JsonRecords, Picture
from rowwise.serve.problems import (
    MISSING,
    NOT_NOW,
    SLOW_BODY,
    TOO_LARGE,
    WRONG,
    WRONG_KIND,
    WRONG_METHOD,
    Refused,
    refusal,
)
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from rowwise.serve.guard import Message, Receive, Scope, Send
    from rowwise.serve.limits import Limits
    from rowwise.serve.service import Service
    from rowwise.serve.work import Asked

    Endpoint = Callable[[Request], Awaitable[Response]]
    Form = Callable[[bytes, int], Asked]

JSON = "application/json"
PICTURES = ("image/", "application/octet-stream", "application/x-npy")
ENCODER = msgspec.json.Encoder()


class Served:
    """The app of a service.

    Args:
        service: the models, which the app does not close.
        token: whether requests must know one, as OpenAPI says it.
    """

    def __init__(self, service: Service, token: bool = False) -> None:
        self.service, self.requests, self.token = service, metrics.Requests(), token
        routes = [Route(path, endpoint, methods=[method]) for method, path, endpoint in self.routes()]
        handlers: Mapping[Any, Any] = {
            Refused: _refused,
            HTTPException: _http_error,
            ClientDisconnect: _gone,
            Exception: _failed,
        }
        self._app = Starlette(routes=routes, exception_handlers=handlers)

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        """Method, path and what answers; they are tried in this order, so that what is asked most comes first."""
        return [
            ("POST", "/predict/{model}", self._answering(_predict_form)),
            ("POST", "/v2/models/{model}/infer", self._answering(_json_form(v2.TensorRequest))),
            ("POST", "/v1/models/{model}:predict", self._answering(_json_form(v1.Instances))),
            ("GET", "/", self._page),
            ("GET", "/openapi.json", self._openapi),
            ("GET", "/metrics", self._metrics),
            ("GET", "/v2", self._server),
            ("GET", "/v2/health/live", self._live),
            ("GET", "/v2/health/ready", self._ready),
            ("GET", "/v2/models/{model}", self._model),
            ("GET", "/v2/models/{model}/ready", self._model_ready),
            ("GET", "/v1/models/{model}", self._status),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            route = scope.get("route")
            path = getattr(route, "path", "other")  # a path that nobody serves must not become a metric of its own
            self.requests.count(path, scope["method"] if route else "other", status, time.perf_counter() - start)

    def _answering(self, form: Callable[[Request], Form]) -> Endpoint:
        async def answer(request: Request) -> Response:
            worker, limits = self.service.worker(request.path_params["model"]), self.service.limits
            asked = form(request)
            body = await _body(request, limits)
            answered = await worker.answer(asked(body, limits.records), len(body))
            return Response(answered, media_type=JSON)

        return answer

    async def _page(self, request: Request) -> Response:
        shown = request.query_params.get("model") or next(iter(self.service.workers))
        models = [*self.service.workers]
        text = await asyncio.to_thread(page.page, self.service.worker(shown).model, models, _root(request))
        return Response(text, media_type="text/html", headers={"content-security-policy": page.policy()})

    async def _openapi(self, request: Request) -> Response:
        return _json(document(self.service.models, self.service.limits, _root(request) or "/", self.token))

    async def _metrics(self, request: Request) -> Response:
        lines = [*self.requests.lines(), *self.service.metrics()]
        return Response(metrics.text(lines), headers={"content-type": metrics.TYPE})

    async def _server(self, request: Request) -> Response:
        return _json({"name": "rowwise", "version": __version__, "extensions": []})

    async def _live(self, request: Request) -> Response:
        return _json({"live": True})

    async def _ready(self, request: Request) -> Response:
        return _json({"ready": self.service.ready}, 200 if self.service.ready else NOT_NOW)

    async def _model(self, request: Request) -> Response:
        return _json(v2.metadata(self.service.worker(request.path_params["model"]).model))

    async def _model_ready(self, request: Request) -> Response:
        name = self.service.worker(request.path_params["model"]).model.name
        return _json({"name": name, "ready": self.service.ready}, 200 if self.service.ready else NOT_NOW)

    async def _status(self, request: Request) -> Response:
        name = request.path_params["model"]
        if name not in self.service.workers and name.removesuffix(":predict") in self.service.workers:
            raise HTTPException(WRONG_METHOD, headers={"allow": "POST"})
        self.service.worker(name)  # raises where there is none
        return _json(v1.status())


def _predict_form(request: Request) -> Form:
    kind = _kind(request)
    if kind == JSON:
        return JsonRecords
    if kind.startswith(PICTURES):
        return Picture
    raise Refused(WRONG_KIND, say("serve.kind.picture", found=kind or "–"))


def _json_form(form: Form) -> Callable[[Request], Form]:
    def chosen(request: Request) -> Form:
        if (kind := _kind(request)) != JSON:
            raise Refused(WRONG_KIND, say("serve.kind", found=kind or "–"))
        return form

    return chosen


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _body(request: Request, limits: Limits) -> bytes:
    """All of it; raises Refused where it is too large, or does not come."""
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > limits.body:
        raise _too_large(limits)
    parts, size, more = [], 0, True
    try:
        async with asyncio.timeout(limits.seconds):
            while more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > limits.body:
                    raise _too_large(limits)
                more = message.get("more_body", False)
    except TimeoutError:
        sentence = say("serve.slow", seconds=f"{limits.seconds:g}")
        raise Refused(SLOW_BODY, sentence, {"connection": "close"}) from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(limits: Limits) -> Refused:
    return Refused(TOO_LARGE, say("serve.body", most=f"{limits.body:,}"), {"connection": "close"})


def _root(request: Request) -> str:
    """The path below which the app is mounted; empty where it is not."""
    return str(request.scope.get("root_path", ""))


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(ENCODER.encode(value), status, headers, JSON)


async def _refused(request: Request, error: Refused) -> Response:
    return _json({"error": error.sentence}, error.status, error.headers)


async def _http_error(request: Request, error: HTTPException) -> Response:
    """What Starlette refuses: a path or a method that there is not."""
    path = request.url.path
    if error.status_code == MISSING:
        sentence = say("serve.no_path", path=path)
    elif error.status_code == WRONG_METHOD:
        sentence = say("serve.method", path=path, method=request.method)
    else:
        sentence = say("serve.wrong", cause=error.detail)
    return _json({"error": sentence}, error.status_code or WRONG, error.headers)


async def _gone(request: Request, error: ClientDisconnect) -> Response:
    """Nobody reads this; only the count of statuses does."""
    return Response(status_code=SLOW_BODY)


async def _failed(request: Request, error: Exception) -> Response:
    return await _refused(request, refusal(error))
