"""A request → let through, or refused in words: one layer around an ASGI app, which all its routes lie behind.

A browser that shows a stranger's page can send requests to this machine's own servers. It says so in headers which the
page cannot change: `Host` is the stranger's where DNS was rebound, `Origin` and `Sec-Fetch-Site` name the page. They
are checked on every method and path, so that a route added later is guarded as well. Without a token only this
machine's own names are answered to.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from rowwise.errors import UsageError
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SHORTEST_TOKEN = 16  # characters
DEFAULT_PORTS = {"http": "80", "https": "443"}
SAFE = ("GET", "HEAD")
# What every answer says, unless the app says otherwise: a page with styles or scripts sets its own policy of content.
HEADERS = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}


@dataclass(frozen=True)
class Policy:
    """Who is answered.

    Attributes:
        hosts: names that requests may be addressed to, in lower case and without a port.
        any_address: whether any IP address may stand in their place: DNS cannot rebind what is no name.
        token: what a request must know; empty where nothing is asked.
        origins: of other pages that may call, such as `https://example.org`; they alone get headers of CORS.
    """

    hosts: frozenset[str] = LOOPBACK
    any_address: bool = False
    token: str = ""
    origins: frozenset[str] = frozenset()


def policy(
    host: str = "127.0.0.1", token: str | None = None, names: Iterable[str] = (), origins: Iterable[str] = ()
) -> Policy:
    """The policy of a server that listens at `host`.

    Args:
        host: a name or address; a server that listens at another than this machine's own needs a token.
        token: at least `SHORTEST_TOKEN` printable ASCII characters; None for none.
        names: further names that the server is addressed by, such as that of a proxy before it.
        origins: of other pages that may call it.

    Raises:
        UsageError: no token, or one that is short or cannot stand in a header; an origin that is none.
    """
    names = frozenset(_plain(name) for name in names)
    local = _is_loopback(host)
    if token is None and not (local and names <= LOOPBACK):
        raise UsageError("serve.token.needed", host=host if not local else min(names - LOOPBACK))
    if token is not None and (len(token) < SHORTEST_TOKEN or not all("!" <= sign <= "~" for sign in token)):
        raise UsageError("serve.token.short", least=SHORTEST_TOKEN)
    origins = frozenset(origins)
    for origin in origins:
        if _origin(origin) != origin:
            raise UsageError("serve.origin", found=origin)
    return Policy(LOOPBACK | names | {_plain(host)}, not local, token or "", origins)


class Guard:
    """An ASGI app around another: what the policy does not let through never reaches that.

    A token is sent as `Authorization: Bearer …`. A browser passes it once, as `?token=…` of any page; a cookie, which
    no other site can use, then stands for it. `ticket` gives a token for one such exchange alone.

    Args:
        app: what is guarded: Starlette's app, or any other.
        policy: who is answered.
    """

    def __init__(self, app: App, policy: Policy) -> None:
        self.app, self.policy = app, policy
        digest = hashlib.sha256(b"rowwise session " + policy.token.encode()).hexdigest()
        self._cookie = f"rowwise-{digest[:8]}", digest[8:]  # another server at another port gets it too
        self._tickets: set[str] = set()

    def ticket(self) -> str:
        """What may stand for the token once: other users of the machine can read how a browser was started."""
        ticket = secrets.token_urlsafe()
        self._tickets.add(ticket)
        return ticket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = _Headers(scope)
        key = _refusal(self.policy, headers, scope)
        origin = headers.get(b"origin")
        named = origin if origin in self.policy.origins else ""
        if key:
            await _refuse(scope, receive, send, 403, say(f"serve.guard.{key}", found=_found(headers, key)), "")
        elif named and scope.get("method") == "OPTIONS" and headers.get(b"access-control-request-method"):
            await _answer(send, 204, b"", _allowed(headers, named))
        elif self.policy.token and (place := self._place_without_token(scope)) is not None:
            cookie = f"{self._cookie[0]}={self._cookie[1]}; Path=/; HttpOnly; SameSite=Strict"
            await _answer(send, 303, b"", {"location": place, "set-cookie": cookie, "cache-control": "no-store"})
        elif not self.policy.token or self._knows_token(headers):
            await self.app(scope, receive, _with_headers(send, named))
        else:
            await _refuse(scope, receive, send, 401, say("serve.guard.token"), named)

    def _knows_token(self, headers: _Headers) -> bool:
        kind, _, given = headers.get(b"authorization").partition(" ")
        if kind.lower() == "bearer" and _same(given.strip(), self.policy.token):
            return True
        pairs = (part.strip().partition("=") for part in headers.get(b"cookie").split(";"))
        return any(name == self._cookie[0] and _same(value, self._cookie[1]) for name, _, value in pairs)

    def _spent(self, given: str) -> bool:
        """Whether it is a ticket, which from now on is none."""
        found = [ticket for ticket in self._tickets if _same(given, ticket)]
        self._tickets.difference_update(found)
        return bool(found)

    def _place_without_token(self, scope: Scope) -> str | None:
        """Of a page that was asked for with the right `?token=`: without it, so that it stands in no history."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == "token"]
        if len(given) != 1 or not (_same(given[0], self.policy.token) or self._spent(given[0])):
            return None
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        path = "/" + quote(scope["path"].lstrip("/"))  # two slashes would lead to another server
        return f"{path}?{rest}" if rest else path


class _Headers:
    """The headers of a request; one that comes twice is said to be refused, not chosen among."""

    def __init__(self, scope: Scope) -> None:
        self._values: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            self._values.setdefault(bytes(name).lower(), []).append(bytes(value).decode("latin-1"))

    def get(self, name: bytes) -> str:
        """The value, empty without one; values of several lines as one."""
        return "; ".join(self._values.get(name, ()))

    def count(self, name: bytes) -> int:
        return len(self._values.get(name, ()))


def _refusal(policy: Policy, headers: _Headers, scope: Scope) -> str:
    """The end of the key of the sentence that refuses; empty where nothing speaks against the request."""
    if headers.count(b"host") != 1 or not _answers_to(policy, _plain(headers.get(b"host"))):
        return "host"
    if headers.count(b"origin"):
        origin = headers.get(b"origin")
        if origin in policy.origins:
            return ""
        if _origin(origin) == origin != "" and _is_own(origin, headers.get(b"host")):
            return ""
        return "origin"
    if headers.get(b"sec-fetch-site") in ("cross-site", "same-site"):  # a picture or script of a stranger's page
        followed = headers.get(b"sec-fetch-mode") == "navigate" and headers.get(b"sec-fetch-dest") == "document"
        return "" if followed and scope.get("method") in SAFE else "origin"
    return ""


def _answers_to(policy: Policy, name: str) -> bool:
    return name in policy.hosts or (policy.any_address and _is_address(name))


def _plain(host: str) -> str:
    """`localhost` of `LocalHost:8000`, `::1` of `[::1]:8000`."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.partition(":")
    return name if colon and port.isdigit() else host


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    name = _plain(host)
    return name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback)


def _origin(text: str) -> str:
    """The origin that a text begins with: `http://localhost:8000`; empty where it is no address of a page."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in DEFAULT_PORTS and parts.hostname else ""


def _is_own(origin: str, host: str) -> bool:
    """Whether a page's origin is this server. A proxy may have taken TLS away: only the place is compared."""
    scheme, _, place = origin.partition("://")
    usual = ":" + DEFAULT_PORTS[scheme]
    return place.lower().removesuffix(usual) == host.strip().lower().removesuffix(usual)


def _same(given: str, right: str) -> bool:
    """In the same time, wherever the first difference is."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())


def _found(headers: _Headers, key: str) -> str:
    found = headers.get(key.encode()) or headers.get(b"sec-fetch-site")
    return found.encode("latin-1").decode("utf-8", "replace") or "–"


def _allowed(headers: _Headers, origin: str) -> dict[str, str]:
    """What a preflight of CORS is answered."""
    methods = headers.get(b"access-control-request-method")
    asked = headers.get(b"access-control-request-headers")
    more = {"access-control-allow-methods": methods, "access-control-max-age": "600"}
    return _cors(origin) | more | ({"access-control-allow-headers": asked} if asked else {})


def _cors(origin: str) -> dict[str, str]:
    return {"access-control-allow-origin": origin, "vary": "Origin"}


def _with_headers(send: Send, origin: str) -> Send:
    """`send`, with the headers of safety, and those of CORS for a named origin."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            given: Collection[bytes] = {bytes(name).lower() for name, _ in message.get("headers", ())}
            added = [(name, value) for name, value in HEADERS.items() if name not in given]
            added += [
                (name.encode(), value.encode("latin-1")) for name, value in (_cors(origin) if origin else {}).items()
            ]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return sent


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str, origin: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": sentence.encode()[:120].decode(errors="ignore")})
        return
    headers = {"content-type": "application/json", "connection": "close"} | (_cors(origin) if origin else {})
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    await _answer(send, status, json.dumps({"error": sentence}, ensure_ascii=False).encode(), headers)


async def _answer(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    written = {"content-length": str(len(body))} if status != 204 else {}
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in (written | headers).items()]
    await send({"type": "http.response.start", "status": status, "headers": [*HEADERS.items(), *pairs]})
    await send({"type": "http.response.body", "body": body})
