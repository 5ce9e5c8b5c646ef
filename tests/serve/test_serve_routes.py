"""Every route there is, and every method, lies behind the guard: a list of them is tried, so that none is forgotten."""

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

import rowwise
from rowwise.errors import UsageError
from rowwise.serve.application import Served
from rowwise.serve.guard import policy
from rowwise.serve.start import guarded

TOKEN = "a-token-of-24-characters"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def paths(service):
    names = [*service.workers]
    listed = [path.replace("{model}", names[0]) for _, path, _ in Served(service).routes()]
    return [*listed, "/nowhere", "/page?lang=en"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "evil.example:8000"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
    ],
    ids=str,
)
def test_no_route_answers_a_stranger(service, headers, status):
    client = TestClient(guarded(service, policy()), base_url="http://127.0.0.1:8000")
    with client:
        for path in paths(service):
            for method in METHODS:
                assert client.request(method, path, headers=headers).status_code == status, (method, path)


def test_no_route_answers_without_the_token(service):
    known = {"authorization": f"Bearer {TOKEN}"}
    with TestClient(guarded(service, policy("0.0.0.0", TOKEN)), base_url="http://10.0.0.2") as client:
        for path in paths(service):
            for method in METHODS:
                assert client.request(method, path).status_code == 401, (method, path)
                assert client.request(method, path, headers=known).status_code not in (401, 403), (method, path)


def test_every_route_stands_in_the_document_and_no_other(service, client, runs):
    documented = set(client.get("/openapi.json").json()["paths"])
    routes = [path for _, path, _ in Served(service).routes()]
    assert documented == {path.replace("{model}", name) for path in routes for name in runs}


def test_the_app_is_mounted_in_another(runs):
    answers = rowwise.serve.app(runs["price"])
    outer = Starlette(routes=[Mount("/models", answers)])
    with TestClient(outer, base_url="http://localhost") as client:
        document = client.get("/models/openapi.json").json()
        assert document["servers"] == [{"url": "/models"}]
        example = document["paths"]["/predict/price"]["post"]["requestBody"]["content"]["application/json"]["example"]
        assert client.post("/models/predict/price", json=example).status_code == 200
        assert '"/models/predict/price"' in client.get("/models/").text.replace("&#34;", '"')
        assert client.get("/models/v2", headers={"host": "evil.example"}).status_code == 403


def test_an_app_for_others_needs_a_token(runs):
    with pytest.raises(UsageError, match="token"):
        rowwise.serve.app(runs["price"], host="0.0.0.0")
    with pytest.raises(UsageError, match="both be called price"):
        rowwise.serve.app(runs["price"], runs["price"])
    with pytest.raises(UsageError, match="at least one"):
        rowwise.serve.app()
