"""The binary tensor data extension: values as bytes behind the JSON, in requests and in answers."""

import json

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

import rowwise

HOUSE = {"town": "hill", "rooms": 6.1, "age": 30, "river": "yes", "sold": "2021-05-03"}
LENGTH = "inference-header-content-length"


def texts(*values):
    return b"".join(len(value.encode()).to_bytes(4, "little") + value.encode() for value in values)


def tensor(name, datatype, shape, content, **parameters):
    about = {"name": name, "datatype": datatype, "shape": shape}
    return about | {"parameters": {"binary_data_size": len(content)} | parameters}, content


def sent(client, model, *tensors, status=200, length=None, kind="application/octet-stream", **more):
    """The answer to a request of these tensors: its JSON, and its tensors by name."""
    text = json.dumps({"inputs": [about for about, _ in tensors]} | more).encode()
    body = text + b"".join(content for _, content in tensors)
    headers = {LENGTH: str(len(text)) if length is None else length, "content-type": kind}
    return read(client.post(f"/v2/models/{model}/infer", content=body, headers=headers), status)


def read(answer, status=200):
    assert answer.status_code == status, answer.text
    if LENGTH not in answer.headers:
        return answer.json()
    assert answer.headers["content-type"] == "application/octet-stream"
    end = int(answer.headers[LENGTH])
    found, rest = json.loads(answer.content[:end]), answer.content[end:]
    for one in found["outputs"]:
        if "data" not in one:
            size = one["parameters"]["binary_data_size"]
            one["bytes"], rest = rest[:size], rest[size:]
    assert rest == b""
    return found


def columns(**changed):
    """Two records, the second with a missing number."""
    values = {
        "town": ("BYTES", texts("hill", "city")),
        "rooms": ("FP64", np.array([6.1, np.nan], "<f8").tobytes()),
        "age": ("INT32", np.array([30, 40], "<i4").tobytes()),
        "river": ("BOOL", b"\x01\x00"),
        "sold": ("BYTES", texts("2021-05-03", "2021-06-03")),
    } | changed
    return [tensor(name, datatype, [2], content) for name, (datatype, content) in values.items()]


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(3).integers(0, 256, (3, 8, 8), np.uint8)


@pytest.mark.parametrize(
    ("datatype", "dtype"),
    [("UINT8", "u1"), ("UINT16", "<u2"), ("INT64", "<i8"), ("FP16", "<f2"), ("FP32", "<f4"), ("FP64", "<f8")],
)
def test_pixels_as_bytes_are_answered_as_predict_answers_them(client, runs, pixels, datatype, dtype):
    expected = rowwise.open(runs["digits"]).predict(pixels)
    x = tensor("x", datatype, [3, 8, 8], pixels.astype(dtype).tobytes())
    found = sent(client, "digits", x, parameters={"binary_data_output": True}, id="7")
    classes, shares = found["outputs"]
    assert (found["model_name"], found["id"]) == ("digits", "7")
    assert (classes["name"], classes["datatype"], classes["shape"]) == ("class", "BYTES", [3])
    assert classes["bytes"] == texts(*expected.names)
    assert (shares["name"], shares["datatype"], shares["shape"]) == ("probabilities", "FP32", [3, 10])
    assert shares["bytes"] == expected.probabilities.astype("<f4").tobytes()


def test_each_output_is_asked_for_by_itself(client, pixels):
    x = tensor("x", "UINT8", [3, 8, 8], pixels.tobytes())
    wanted = [{"name": "probabilities", "parameters": {"binary_data": True}}, {"name": "class"}]
    classes, shares = sent(client, "digits", x, outputs=wanted)["outputs"]
    assert ("data" in classes, len(shares["bytes"])) == (True, 3 * 10 * 4)
    other = [{"name": "probabilities", "parameters": {"binary_data": False}}, {"name": "class"}]
    classes, shares = sent(client, "digits", x, outputs=other, parameters={"binary_data_output": True})["outputs"]
    assert (classes["bytes"], len(shares["data"])) == (texts(*classes_of(client, x)), 30)
    assert "data" in sent(client, "digits", x, kind="application/json")["outputs"][1]


def classes_of(client, x):
    return sent(client, "digits", x)["outputs"][0]["data"]


def test_columns_as_bytes_are_answered_as_records_are(client):
    other = {"town": "city", "rooms": None, "age": 40, "river": "no", "sold": "2021-06-03"}
    expected = client.post("/predict/classes", json={"records": [HOUSE, other]}).json()
    found = sent(client, "classes", *columns())
    classes, shares = found["outputs"]
    assert classes["data"] == [row["class"] for row in expected["predictions"]]
    assert shares["data"] == [share for row in expected["predictions"] for share in row["probabilities"].values()]
    assert found.get("parameters", {}).get("warnings", []) == [w["message"] for w in expected["warnings"]]


def test_values_and_labels_are_bytes_too(client):
    values = client.post("/predict/two", json={"records": [HOUSE]}).json()["predictions"][0]["values"]
    asked = {"parameters": {"binary_data_output": True}}
    house = [
        {"name": name, "datatype": "BYTES", "shape": [1], "data": [str(value)]}
        for name, value in HOUSE.items()
        if name != "river"
    ]
    answered = client.post("/v2/models/two/infer", json=asked | {"inputs": [*house, river(True)]})
    (found,) = read(answered)["outputs"]
    dtype = "<f8" if found["datatype"] == "FP64" else "<f4"
    assert np.frombuffer(found["bytes"], dtype).tolist() == [*values.values()]
    labels, _ = read(client.post("/v2/models/labels/infer", json=asked | {"inputs": [*house, river(True)]}))["outputs"]
    named = client.post("/predict/labels", json={"records": [HOUSE]}).json()["predictions"][0]["labels"]
    assert [*labels["bytes"]] == [name in named for name in ("big", "old")]


def river(value):
    return {"name": "river", "datatype": "BOOL", "shape": [1], "data": [value]}


def test_a_body_of_nothing_but_bytes_is_the_models_one_tensor(client, pixels):
    about = {LENGTH: "0", "content-type": "application/octet-stream"}
    found = read(client.post("/v2/models/digits/infer", content=pixels.tobytes(), headers=about))
    x = tensor("x", "UINT8", [3, 8, 8], pixels.tobytes())
    assert found == sent(client, "digits", x, parameters={"binary_data_output": True})
    several = client.post("/v2/models/classes/infer", content=b"12345678", headers=about)
    assert (several.status_code, "stands for one tensor, and the model takes 5" in several.text) == (400, True)


def test_a_table_of_one_column_takes_nothing_but_its_bytes(tmp_path):
    draw = np.random.default_rng(0)
    rooms = draw.normal(6, 1, 60)
    table = pl.DataFrame({"rooms": rooms, "price": 3 * rooms})
    saved = rowwise.train(table, "price", out=tmp_path / "one", hidden=(4,), epochs=1, verbose=0, pictures=False)
    expected = saved.predict([{"rooms": 5.5}, {"rooms": 7.0}]).values
    with TestClient(rowwise.serve.app(tmp_path / "one"), base_url="http://localhost") as client:
        content = np.array([5.5, 7.0], "<f8").tobytes()
        answer = client.post("/v2/models/one/infer", content=content, headers={LENGTH: "0"})
    (found,) = read(answer)["outputs"]
    assert (found["shape"], found["bytes"]) == ([2, 1], expected.astype("<f4").tobytes())


def test_the_server_says_that_it_has_the_extension(client):
    assert client.get("/v2").json()["extensions"] == ["binary_tensor_data"]


X = np.zeros(64, np.uint8).tobytes()


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        (
            {"tensor": tensor("x", "UINT8", [1, 8, 8], X[:-1])},
            409,
            "x: its shape in UINT8 takes 64 bytes, and there are 63",
        ),
        ({"tensor": tensor("x", "FP32", [1, 8, 8], X)}, 409, "its shape in FP32 takes 256 bytes, and there are 64"),
        ({"tensor": (tensor("x", "UINT8", [1, 8, 8], X)[0], X[:-1])}, 409, "64 bytes were announced, and 63 are left"),
        ({"tensor": (tensor("x", "UINT8", [1, 8, 8], X)[0], X + b"!")}, 409, "1 bytes behind the JSON belong to no"),
        ({"tensor": tensor("x", "BF16", [1, 8, 8], X * 2)}, 400, "BF16 is no datatype"),
        ({"tensor": tensor("x", "UINT8", [-1, 8, 8], X)}, 400, "not the shape [-1, 8, 8]"),
        ({"tensor": tensor("x", "BOOL", [1, 8, 8], b"\x02" * 64)}, 400, "0x02 is no value of BOOL"),
        ({"tensor": tensor("x", "FP32", [1, 8, 8], np.full(64, np.nan, "<f4").tobytes())}, 400, "NaN is no value"),
        ({"tensor": tensor("x", "FP32", [1, 8, 8], np.full(64, np.inf, "<f4").tobytes())}, 400, "out of bounds"),
        ({"tensor": tensor("x", "UINT8", [0, 8, 8], b"")}, 400, "At least one"),
        ({"tensor": tensor("x", "UINT8", [1, 8, 8], X, binary_data_size=-1)}, 400, "a number of bytes, not -1"),
        ({"tensor": tensor("x", "UINT8", [1, 8, 8], X, binary_data_size=True)}, 400, "a number of bytes, not True"),
        (
            {"tensor": (tensor("x", "UINT8", [1, 8, 8], X)[0] | {"data": [0] * 64}, X)},
            409,
            "either data in the JSON",
        ),
        ({"tensor": ({"name": "x", "datatype": "UINT8", "shape": [1, 8, 8]}, b"")}, 409, "either data in the JSON"),
        ({"length": "1000000"}, 400, "was 1000000"),
        ({"length": "-1"}, 400, "was -1"),
        ({"length": "x"}, 400, "was x"),
        ({"kind": "image/png"}, 415, "application/octet-stream, not image/png"),
        ({"parameters": {"binary_data_output": 1}}, 400, "binary_data_output is true or false, not 1"),
        (
            {"outputs": [{"name": "class", "parameters": {"binary_data": "yes"}}]},
            400,
            "binary_data is true or false, not yes",
        ),
    ],
)
def test_bytes_that_contradict_what_is_said_of_them_are_refused(client, changed, status, words):
    x = changed.pop("tensor", tensor("x", "UINT8", [1, 8, 8], X))
    found = sent(client, "digits", x, status=status, **changed)
    assert ([*found], words in found["error"]) == (["error"], True), found


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"town": ("BYTES", texts("hill"))}, "town: the bytes are not 2 texts"),
        ({"town": ("BYTES", texts("hill", "city") + b"\0")}, "town: the bytes are not 2 texts"),
        ({"town": ("BYTES", texts("hill") + b"\xff\0\0\0city")}, "town: the bytes are not 2 texts"),
        ({"town": ("BYTES", texts("hill") + b"\1\0\0\0\xff")}, "town: a text is no UTF-8"),
        ({"rooms": ("FP64", np.array([6.1, np.inf], "<f8").tobytes())}, "cannot compute with more than"),
        ({"rooms": ("BOOL", b"\1\0")}, "rooms: this column comes as FP64, not as BOOL"),
    ],
)
def test_columns_of_bytes_that_are_none_are_refused(client, changed, words):
    status = 409 if "the bytes are not" in words else 400
    found = sent(client, "classes", *columns(**changed), status=status)
    assert words in found["error"], found


def test_a_size_without_the_header_is_refused(client):
    about, _ = tensor("x", "UINT8", [1, 8, 8], X)
    answer = client.post("/v2/models/digits/infer", json={"inputs": [about]})
    assert (answer.status_code, "64 bytes were announced, and 0 are left" in answer.text) == (409, True)
