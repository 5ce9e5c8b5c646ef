"""A request that asks a model → its answer: an ASGI app that reads the body, has it answered, or says what is wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from rowwise.serve import batches, v1, v2
from rowwise.serve.predict import IS_JSON, JsonRecords, Picture
from rowwise.serve.problems import SLOW_BODY, TOO_LARGE, WRONG_KIND, Refused, refusal
from rowwise.serve.v2_bytes import LENGTH, json_size
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from rowwise.serve.guard import Receive, Scope, Send
    from rowwise.serve.limits import Limits
    from rowwise.serve.model import Model
    from rowwise.serve.predict import Headers
    from rowwise.serve.service import Service

JSON, BYTES = "application/json", "application/octet-stream"
PICTURES = ("image/", BYTES, "application/x-npy")
LONG = 256  # quick requests that wait, from which on it is worth a look who still does
ENCODER = msgspec.json.Encoder()


class Asked(batches.Asked, Protocol):
    """A request whose body has come.

    Attributes:
        quick: whether its body is small.
        headers: of its answer.
    """

    quick: bool
    headers: Headers

    def most(self, model: Model) -> int:
        """At least as many as the records that it has, without reading it."""
        ...


class Gone(Exception):
    """Nobody waits for the answer."""


class Answering:
    """What answers for any model in one form of request; the model's name is the path's parameter.

    Args:
        service: the models.
        form: the first values of the request's headers, by name → what makes a request of its body and of the most
            records that it may have. It raises Refused for another kind of body.
    """

    def __init__(self, service: Service, form: Callable[[dict[bytes, str]], Callable[[bytes, int], Asked]]) -> None:
        self._service, self._form = service, form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answered, headers, status = *await self._answered(scope, receive), 200
        except Gone:
            answered, headers, status = b"", IS_JSON, SLOW_BODY  # nobody reads this; only the count of statuses does
        except Exception as error:
            refused = refusal(error)
            answered, status = ENCODER.encode({"error": refused.sentence}), refused.status
            headers = (*IS_JSON, *((name.encode(), value.encode()) for name, value in refused.headers.items()))
        length = (b"content-length", str(len(answered)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
        await send({"type": "http.response.body", "body": answered})

    async def _answered(self, scope: Scope, receive: Receive) -> tuple[bytes, Headers]:
        worker, limits = self._service.worker(scope["path_params"]["model"]), self._service.limits
        headers: dict[bytes, str] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name, value.decode("latin-1"))
        form = self._form(headers)
        body = await _body(headers, receive, limits)
        asked = form(body, limits.records)
        if asked.quick and worker.model.quick(asked.most(worker.model)):
            answer = worker.answer(asked, len(body), quick=True)
            if worker.waiting < LONG:  # nobody has the time to leave
                return await answer, asked.headers
            return await _while_connected(answer, receive), asked.headers
        return await _while_connected(worker.answer(asked, len(body)), receive), asked.headers


def predict_form(headers: dict[bytes, str]) -> Callable[[bytes, int], Asked]:
    """Of `/predict`: records as JSON, or a picture."""
    kind = _kind(headers)
    if kind == JSON:
        return JsonRecords
    if kind.startswith(PICTURES):
        return Picture
    raise Refused(WRONG_KIND, say("serve.kind.picture", found=kind or "–"))


def instances_form(headers: dict[bytes, str]) -> Callable[[bytes, int], Asked]:
    """Of `/v1`."""
    _check_json(headers)
    return v1.Instances


def tensors_form(headers: dict[bytes, str]) -> Callable[[bytes, int], Asked]:
    """Of `/v2`: JSON, or JSON and bytes behind it."""
    if (length := headers.get(LENGTH)) is None:
        _check_json(headers)
        return v2.TensorRequest
    if (kind := _kind(headers)) not in (BYTES, JSON, ""):
        raise Refused(WRONG_KIND, say("serve.kind.bytes", found=kind))
    return lambda body, most: v2.TensorRequest(body, most, json_size(length, len(body)))


def _check_json(headers: dict[bytes, str]) -> None:
    if (kind := _kind(headers)) != JSON:
        raise Refused(WRONG_KIND, say("serve.kind", found=kind or "–"))


def _kind(headers: dict[bytes, str]) -> str:
    return headers.get(b"content-type", "").partition(";")[0].strip().lower()


async def _body(headers: dict[bytes, str], receive: Receive, limits: Limits) -> bytes:
    """All of it; raises Refused where it is too large, or does not come."""
    said = headers.get(b"content-length", "0")
    if not said.isdecimal() or int(said) > limits.body:
        raise _too_large(limits)
    parts: list[Any] = []
    size, more = 0, True
    try:
        async with asyncio.timeout(limits.seconds):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > limits.body:
                    raise _too_large(limits)
                more = message.get("more_body", False)
    except TimeoutError:
        sentence = say("serve.slow", seconds=f"{limits.seconds:g}")
        raise Refused(SLOW_BODY, sentence, {"connection": "close"}) from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _while_connected(answer: Coroutine[Any, Any, bytes], receive: Receive) -> bytes:
    """The answer, which is not computed any more once its caller has gone; raises Gone then."""
    answering, leaving = asyncio.ensure_future(answer), asyncio.ensure_future(receive())
    try:
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done() and leaving.result()["type"] == "http.disconnect":
            raise Gone
        return await answering
    finally:
        answering.cancel()
        leaving.cancel()


def _too_large(limits: Limits) -> Refused:
    return Refused(TOO_LARGE, say("serve.body", most=f"{limits.body:,}"), {"connection": "close"})
