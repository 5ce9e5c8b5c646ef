"""Strangers are refused on every route; what the page may not ask for is refused in words; arrays are the model's."""

import http.client
import json

import numpy as np
import pytest
from studio_server import TOKEN

import rowwise
from rowwise.studio.routes import PAGE, ROUTES

PATHS = [
    (method, path.replace("{name}", "main.js").replace("{layer}", "0").replace("{number}", "0"))
    for method, path, _ in ROUTES
]


def asked(served, method, path, body=b"", token=TOKEN, **headers):
    """(status, body) of one request, with the headers as given."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=300)
    given = {"Host": f"127.0.0.1:{served.port}", **({"Authorization": f"Bearer {token}"} if token else {}), **headers}
    connection.putrequest(method, path, skip_host=True)
    for name, value in given.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    read = b"" if path == "/events" and answer.status == 200 else answer.read()
    connection.close()
    return answer.status, read


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_every_route_refuses_strangers(served, method, path):
    evil = {"Origin": "https://evil.example"}
    assert asked(served, method, path, b"{}", **evil)[0] == 403
    assert asked(served, method, path, b"{}", Host="evil.example")[0] == 403
    assert asked(served, method, path, b"{}", Sec_Fetch_Site="cross-site")[0] == 403
    assert asked(served, method, path, b"{}", token="")[0] == 401
    assert asked(served, method, path, b"{}", token=TOKEN[:-1])[0] == 401


def test_the_page_may_load_its_own_files_alone(served):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=300)
    connection.request("GET", "/", headers={"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert b"http" not in answer.read()
    connection.close()
    for name, content in PAGE.items():
        if name.endswith((".js", ".css")):
            assert b"https://" not in content, name


@pytest.mark.parametrize("name", ["..%2Froutes.py", "%2e%2e%2froutes.py", "routes.py", "..", "main.js%00"])
def test_no_name_leads_out_of_the_page(served, name):
    assert asked(served, "GET", f"/page/{name}")[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "/train", b"[1]", "JSON object"),
        ("POST", "/train", b"{", "JSON object"),
        ("POST", "/train", b'{"hidden": [0]}', "0"),
        ("POST", "/train", b'{"out": "/tmp"}', "out"),
        ("POST", "/data", b'{"name": "/etc/passwd"}', "/etc/passwd"),
        ("GET", "/records?i=-1", b"", "whole number"),
        ("GET", "/records?i=99999", b"", "from 0 to"),
        ("GET", "/weights/7", b"", "layer"),
        ("POST", "/flow", b"12345", "bytes"),
        ("POST", "/trace/0?unit=99", b"\0" * 64 * 4, "99"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(trained, method, path, body, said):
    status, answer = asked(trained, method, path, body)
    assert status == 400
    assert said in json.loads(answer)["error"]


def test_refusals_speak_the_language_of_the_page(served):
    _, answer = asked(served, "GET", "/records?i=x", X_Language="ko")
    assert "정수" in json.loads(answer)["error"]


def test_records_weights_and_activations_are_those_of_the_model(trained):
    studio = trained.studio
    x, model = studio.held.test.x, studio.saved.model
    records = np.frombuffer(asked(trained, "GET", "/records?i=5,2")[1], np.uint8 if x.dtype == np.uint8 else "<f4")
    np.testing.assert_array_equal(records.reshape(2, *x.shape[1:]), x[[5, 2]])
    layers = [layer for layer in model.layers if layer.weights]
    weights = np.frombuffer(asked(trained, "GET", "/weights/0")[1], "<f4").reshape(65, 12)
    kernel, bias = layers[0].get_weights()
    np.testing.assert_array_equal(weights, np.vstack([kernel, bias]))
    flowed = np.frombuffer(asked(trained, "POST", "/flow", records.tobytes())[1], "<f4")
    hidden, classes, given = flowed[:24].reshape(2, 12), flowed[24:44].reshape(2, 10), flowed[44:].reshape(2, 10)
    np.testing.assert_array_equal(classes, given)
    np.testing.assert_allclose(classes, model(x[[5, 2]]), atol=1e-6)
    inside = np.maximum(np.asarray(model.layers[0](x[[5, 2]])).reshape(2, -1) @ kernel + bias, 0)
    np.testing.assert_allclose(hidden, inside, atol=1e-5)


def test_a_trace_is_the_one_of_rowwise(trained):
    studio = trained.studio
    x = studio.held.test.x[7:8]
    answer = json.loads(asked(trained, "POST", "/trace/0?unit=3", x.tobytes())[1])
    own = rowwise.shapes.trace(studio.saved.model, x, 0, 3)
    assert answer["sum"] == own.total
    assert answer["model_value"] == own.model_value
    assert [each["feature"] for each in answer["largest"]] == own.largest().tolist()
    assert len(answer["names"]) == len(answer["largest"])


def test_records_behind_a_cell_are_those_that_were_mistaken(trained):
    studio = trained.studio
    matrix = np.array(studio.newest.state["story"]["confusion"])
    assert matrix.sum() == len(studio.held.test)
    answers = studio.saved.predict(studio.held.test).classes
    np.fill_diagonal(matrix, 0)
    true, predicted = (int(place) for place in np.unravel_index(matrix.argmax(), matrix.shape))
    found = json.loads(asked(trained, "GET", f"/mistaken?true={true}&predicted={predicted}")[1])
    assert found == np.flatnonzero((studio.held.test.y == true) & (answers == predicted))[:48].tolist()
    assert found
