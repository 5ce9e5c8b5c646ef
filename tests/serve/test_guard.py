"""Who is answered: hosts, origins and tokens, on every method, path and kind of connection."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from rowwise.errors import UsageError
from rowwise.serve.guard import Guard, Policy, policy
from rowwise.text import use_language

TOKEN = "a-token-of-24-characters"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


async def _socket(websocket):
    await websocket.accept()
    await websocket.send_text("in")
    await websocket.close()


def guarded(allowed=None, calls=None):
    def page(request):
        if calls is not None:
            calls.append(request.url.path)
        return PlainTextResponse("in")

    routes = [Route("/{path:path}", page, methods=METHODS), WebSocketRoute("/socket", _socket)]
    return Guard(Starlette(routes=list(reversed(routes))), allowed or policy())


def client(allowed=None, base="http://127.0.0.1:8000", calls=None):
    return TestClient(guarded(allowed, calls), base_url=base)


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8000", "http://localhost", "http://LOCALHOST:9", "http://[::1]:8000"]
)
def test_this_machines_own_names_are_answered(base):
    assert client(base=base).get("/").text == "in"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:8000"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost.evil.example:8000"},
        {"host": "evil.example#localhost"},
        {"host": "localhost@evil.example"},
        {"host": "192.168.0.7:8000"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:3000"},
        {"origin": "http://127.0.0.1:8000.evil.example"},
        {"origin": "http://127.0.0.1"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://127.0.0.1:8000/"},
        {"origin": "http://127.0.0.1:8000 http://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"},
    ],
    ids=str,
)
def test_strangers_are_refused_on_every_method_before_the_app_is_reached(headers):
    calls = []
    with client(calls=calls) as stranger:
        for method in METHODS:
            answer = stranger.request(method, "/any/path", headers=headers)
            assert (answer.status_code, calls) == (403, [])
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "access-control-allow-origin" not in answer.headers
            assert method == "HEAD" or answer.json()["error"].endswith(".")


def test_two_hosts_or_two_origins_are_no_choice():
    for headers in ([("host", "localhost"), ("host", "evil.example")], [("origin", "http://127.0.0.1:8000")] * 2):
        assert client().get("/", headers=headers).status_code == 403


def test_a_page_of_the_server_itself_may_call():
    for base in ("http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"):
        assert client(base=base).post("/", headers={"origin": base, "sec-fetch-site": "same-origin"}).text == "in"
    behind_tls = {"origin": "https://localhost", "host": "localhost"}
    assert client().post("/", headers=behind_tls).text == "in"


def test_a_link_on_another_page_may_be_followed_but_send_nothing():
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client().get("/", headers=followed).status_code == 200
    assert client().post("/", headers=followed).status_code == 403
    assert client().get("/", headers=followed | {"sec-fetch-dest": "iframe"}).status_code == 403


def test_a_token_is_demanded_on_every_method_and_path():
    allowed = policy("0.0.0.0", TOKEN)
    calls = []
    with client(allowed, "http://192.168.0.7:8000", calls) as outside:
        for method in METHODS:
            for path in ("/", "/v2/health/live", "/nowhere"):
                for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"}):
                    answer = outside.request(method, path, headers=headers)
                    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert not calls
        assert outside.post("/", headers={"authorization": f"Bearer {TOKEN}"}).text == "in"
        assert outside.post("/", headers={"authorization": f"bearer  {TOKEN}"}).text == "in"


def test_names_are_not_answered_where_any_address_is():
    """DNS can make a stranger's name lead here, but not a number."""
    outside = client(policy("0.0.0.0", TOKEN, names=["Models.example"]), "http://10.0.0.2")
    known = {"authorization": f"Bearer {TOKEN}"}
    assert outside.get("/", headers=known).status_code == 200
    assert outside.get("/", headers=known | {"host": "models.example:443"}).status_code == 200
    assert outside.get("/", headers=known | {"host": "evil.example"}).status_code == 403


def test_a_browser_passes_the_token_once_and_has_a_cookie_then():
    browser = client(policy(token=TOKEN))
    answer = browser.get(f"/page?a=1&token={TOKEN}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/page?a=1")
    assert TOKEN not in answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=Strict"):
        assert part in answer.headers["set-cookie"]
    assert browser.post("/page").text == "in"
    assert browser.post("/page", headers={"origin": "http://localhost:3000"}).status_code == 403
    other = client(policy(token=TOKEN[::-1]))
    other.cookies.update(browser.cookies)
    assert other.get("/page").status_code == 401
    assert client(policy(token=TOKEN)).get("/?token=wrong").status_code == 401


def test_the_token_in_an_address_leads_to_no_other_server():
    answer = client(policy(token=TOKEN)).get(f"//evil.example/?token={TOKEN}", follow_redirects=False)
    assert answer.status_code in (303, 403)
    assert not answer.headers.get("location", "/").startswith("//")


def test_only_a_named_origin_gets_headers_of_cors():
    page = "https://shop.example"
    named = client(policy(token=TOKEN, origins=[page]))
    asked = {"origin": page, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    answer = named.options("/predict/m", headers=asked)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, page)
    assert answer.headers["access-control-allow-headers"] == "content-type"
    assert named.post("/", headers={"origin": page}).status_code == 401
    answer = named.post(
        "/", headers={"origin": page, "sec-fetch-site": "cross-site", "authorization": f"Bearer {TOKEN}"}
    )
    assert (answer.text, answer.headers["access-control-allow-origin"]) == ("in", page)
    assert "access-control-allow-credentials" not in answer.headers
    assert named.options("/", headers=asked | {"origin": "https://other.example"}).status_code == 403


def test_websockets_are_guarded_as_well():
    with client().websocket_connect("/socket", headers={"host": "localhost"}) as socket:
        assert socket.receive_text() == "in"
    for headers in ({"host": "evil.example"}, {"host": "localhost", "origin": "http://evil.example"}):
        with pytest.raises(WebSocketDisconnect), client().websocket_connect("/socket", headers=headers):
            pass
    with pytest.raises(WebSocketDisconnect), client(policy(token=TOKEN)).websocket_connect("/socket", headers=headers):
        pass


def test_a_mounted_app_is_guarded_where_it_is_mounted():
    outer = Starlette(routes=[Mount("/models", guarded()), Route("/", lambda request: PlainTextResponse("outer"))])
    caller = TestClient(outer, base_url="http://evil.example")
    assert caller.get("/").text == "outer"
    assert caller.get("/models/x").status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "models.example"])
def test_another_host_needs_a_token(host):
    with pytest.raises(UsageError, match="token"):
        policy(host)
    assert policy(host, TOKEN).token == TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.0.1"])
def test_this_machine_needs_none(host):
    assert policy(host).token == ""
    with pytest.raises(UsageError, match="token"):
        policy(host, names=["models.example"])


@pytest.mark.parametrize(
    "token", ["", "short", "with spaces in between", "비밀번호비밀번호비밀번호비밀번호", "new\nline" * 4]
)
def test_a_token_that_protects_nothing_is_refused(token):
    with pytest.raises(UsageError, match="16"):
        policy("0.0.0.0", token)


@pytest.mark.parametrize(
    "origin", ["*", "null", "example.org", "https://example.org/path", "ftp://example.org", "http://"]
)
def test_an_origin_is_named_as_browsers_send_it(origin):
    with pytest.raises(UsageError, match="origin"):
        policy(origins=[origin])


def test_sentences_come_in_the_language_of_the_context():
    with use_language("ko"):
        answer = client().get("/", headers={"host": "evil.example"})
    assert "evil.example" in answer.json()["error"]
    assert "않습니다" in answer.json()["error"]


@given(st.lists(st.tuples(st.sampled_from([b"host", b"origin", b"cookie", b"authorization"]), st.binary(max_size=30))))
def test_no_header_is_an_error_of_the_guard(headers):
    """Whatever bytes come: an answer, and never the app's without the token."""
    sent = []

    async def app(scope, receive, send):
        raise AssertionError

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"token=\xff", "headers": headers}
    asyncio.run(Guard(app, Policy(token=TOKEN))(scope, None, send))
    assert sent[0]["status"] in (401, 403)
