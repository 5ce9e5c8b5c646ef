"""A service → an ASGI app that answers for its models; its routes are data."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from rowwise import __version__
from rowwise.serve import metrics, page, v1, v2
from rowwise.serve.asking import Answering, instances_form, predict_form, tensors_form
from rowwise.serve.openapi import document
from rowwise.serve.problems import MISSING, NOT_NOW, WRONG, WRONG_METHOD, Refused, refusal
from rowwise.serve.v2_bytes import EXTENSION
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from rowwise.serve.guard import Message, Receive, Scope, Send
    from rowwise.serve.service import Service

    Endpoint = Callable[[Request], Awaitable[Response]]

ENCODER = msgspec.json.Encoder()
NOWHERE: tuple[str, str, None] = ("", "", None)


class Served:
    """The app of a service.

    Args:
        service: the models, which the app does not close.
        token: whether requests must know one, as OpenAPI says it.
    """

    def __init__(self, service: Service, token: bool = False) -> None:
        self.service, self.requests, self.token = service, metrics.Requests(), token
        routes = self.routes()
        handlers: Mapping[Any, Any] = {Refused: _refused, HTTPException: _http_error, Exception: _failed}
        listed = [Route(path, endpoint, methods=[method]) for method, path, endpoint in routes]
        self._app = Starlette(routes=listed, exception_handlers=handlers)
        # What is asked most, by method and whole path: Starlette's way to it costs more than the answer.
        self._straight: dict[tuple[str, str], tuple[str, str, Answering]] = {
            (method, path.replace("{model}", name)): (path, name, endpoint)
            for method, path, endpoint in routes
            if isinstance(endpoint, Answering)
            for name in service.workers
        }

    def routes(self) -> list[tuple[str, str, Endpoint | Answering]]:
        """Method, path and what answers."""
        return [
            ("POST", "/predict/{model}", Answering(self.service, predict_form)),
            ("POST", "/v2/models/{model}/infer", Answering(self.service, tensors_form)),
            ("POST", "/v1/models/{model}:predict", Answering(self.service, instances_form)),
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

        method, path = scope["method"], scope["path"].removeprefix(scope.get("root_path", ""))
        route, name, answering = self._straight.get((method, path), NOWHERE)
        try:
            if answering is None:
                await self._app(scope, receive, counted)
            else:
                scope["path_params"] = {"model": name}
                await answering(scope, receive, counted)
        finally:
            if answering is None:  # a path that nobody serves must not become a metric of its own
                found = scope.get("route")
                route, method = getattr(found, "path", "other"), method if found else "other"
            self.requests.count(route, method, status, time.perf_counter() - start)

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
        return _json({"name": "rowwise", "version": __version__, "extensions": [EXTENSION]})

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


def _root(request: Request) -> str:
    """The path below which the app is mounted; empty where it is not."""
    return str(request.scope.get("root_path", ""))


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(ENCODER.encode(value), status, headers, "application/json")


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


async def _failed(request: Request, error: Exception) -> Response:
    return await _refused(request, refusal(error))
