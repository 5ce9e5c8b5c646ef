"""What is answered: classes, numbers, intervals, tensors and warnings, and sentences for what cannot be."""

import io
import json

import numpy as np
import pytest
from PIL import Image

import rowwise
from rowwise.text import LANGUAGES

HOUSE = {"town": "hill", "rooms": 6.1, "age": 30, "river": "yes", "sold": "2021-05-03"}


def answer(client, model, *records, status=200, **headers):
    answered = client.post(f"/predict/{model}", json={"records": [*records]}, headers=headers)
    assert answered.status_code == status, answered.text
    return answered.json()


def refused(client, path, status, content=None, kind="application/json", **more):
    """The one sentence that refuses a request."""
    answered = client.post(path, content=content, headers={"content-type": kind}, **more)
    assert (answered.status_code, [*answered.json()]) == (status, ["error"]), answered.text
    return answered.json()["error"]


def test_a_class_comes_with_its_name_and_the_probabilities_of_all(client):
    found = answer(client, "classes", HOUSE)
    assert [*found] == ["model", "task", "predictions", "warnings"]
    (prediction,) = found["predictions"]
    shares = prediction["probabilities"]
    assert (found["model"], found["task"], [*shares]) == ("classes", "binary", ["cheap", "dear"])
    assert prediction["class"] == max(shares, key=shares.get)
    assert sum(shares.values()) == pytest.approx(1)
    assert found["warnings"] == []


def test_numbers_come_by_the_names_of_their_targets_and_quantiles_with_their_interval(client):
    assert [*answer(client, "price", HOUSE)["predictions"][0]["values"]] == ["price"]
    assert [*answer(client, "two", HOUSE)["predictions"][0]["values"]] == ["price", "tax"]
    (prediction,) = answer(client, "quantiles", HOUSE)["predictions"]
    values = prediction["values"]
    interval = {"low": values["price 0.1"], "high": values["price 0.9"], "share": 0.8}
    assert prediction["interval"] == interval


def test_labels_come_as_a_list(client):
    (prediction,) = answer(client, "labels", HOUSE)["predictions"]
    assert [*prediction["probabilities"]] == ["big", "old"]
    assert set(prediction["labels"]) <= {"big", "old"}


def test_a_picture_is_converted_as_by_predict(client, runs):
    drawn = Image.new("L", (40, 60), 255)
    drawn.paste(0, (15, 5, 22, 50))
    file = io.BytesIO()
    drawn.save(file, "PNG")
    found = client.post("/predict/digits", content=file.getvalue(), headers={"content-type": "image/png"}).json()
    expected = rowwise.open(runs["digits"]).predict(file.getvalue())
    assert found["predictions"] == expected.to_dicts()
    assert found["conversion"] == list(expected.notes)
    assert found["conversion"]


def test_what_is_unlike_the_training_is_said_by_column_and_record(client):
    odd = {"town": "moon", "rooms": 60, "age": None, "rivr": "yes", "sold": "2021-05-03"}
    warnings = answer(client, "classes", HOUSE, odd)["warnings"]
    found = {(warning["column"], warning["kind"]): warning for warning in warnings}
    assert set(found) == {
        ("rivr", "unknown column"),
        ("town", "unknown level"),
        ("rooms", "outside the range"),
        ("age", "missing"),
        ("river", "missing"),
    }
    assert all((warning["records"], warning["count"]) == ([1], 1) for warning in warnings)
    assert "60" in found["rooms", "outside the range"]["message"]


def test_a_column_that_no_record_has_is_missing_with_a_warning_and_perhaps_another_name(client):
    without = {("rivr" if name == "river" else name): value for name, value in HOUSE.items()}
    warnings = answer(client, "classes", without)["warnings"]
    assert [(warning["column"], warning["kind"]) for warning in warnings] == [
        ("river", "absent"),
        ("rivr", "unknown column"),
    ]
    assert "Is rivr meant?" in warnings[0]["message"]
    same = answer(client, "classes", HOUSE | {"river": None})["predictions"]
    assert answer(client, "classes", without)["predictions"] == same


def test_an_unreadable_text_is_missing_and_said_to_be(client):
    (warning,) = answer(client, "classes", HOUSE | {"rooms": "many"})["warnings"]
    assert (warning["column"], warning["kind"], warning["records"]) == ("rooms", "unreadable", [0])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"records": [{"rooms": NaN}]}', "NaN is no JSON"),
        ('{"records": [{"rooms": -Infinity}]}', "Infinity is no JSON"),
        ('{"records": [{"rooms": 1}', "no JSON"),
        ("", "no JSON"),
        ("[1]", "another form"),
        ('{"rows": []}', "another form"),
        ('{"records": [], "more": 1}', "another form"),
        ('{"records": []}', "At least one"),
        ('{"records": [{}]}', "no column of those"),
        ('{"records": [{"x": 1}]}', "no column of those"),
        ('{"records": [{"rooms": 1}, {"x": 1}]}', "Record 1 (from 0) has no column"),
        ('{"records": [{"rooms": [1]}]}', "another form"),
        ('{"records": [{"rooms": true}]}', "Record 0 (from 0): rooms takes a number"),
        ('{"records": [{"rooms": 1}, {"rooms": 1, "sold": 5}]}', "Record 1 (from 0): sold takes a date"),
        ('{"records": [{"rooms": 1e39}]}', "cannot compute with more than 1e+30"),
        ('{"records": [{"rooms": "1e39"}]}', "1e39"),
        ('{"records": ' + "[" * 100_000 + "]" * 100_000 + "}", "JSON"),
    ],
)
def test_what_is_no_record_is_refused_in_words(client, body, words):
    assert words in refused(client, "/predict/classes", 400, body)


def test_refusals_come_in_the_callers_language(client):
    headers = {"content-type": "application/json", "accept-language": "fr, ko-KR;q=0.9, en;q=0.8"}
    said = {
        language: client.post("/predict/none", headers={"accept-language": language}).json() for language in LANGUAGES
    }
    assert "none 모델이 없습니다" in said["ko"]["error"]
    assert "There is no model none" in said["en"]["error"]
    assert "JSON이 아닙니다" in client.post("/predict/classes", content="{", headers=headers).json()["error"]


def test_another_kind_of_body_is_refused(client):
    assert "application/json" in refused(client, "/predict/classes", 415, b"a,b", kind="text/csv")
    assert "application/json" in refused(client, "/v2/models/classes/infer", 415, b"{}", kind="text/plain")
    assert "no picture" in refused(client, "/predict/digits", 400, b"no picture", kind="image/png").lower()


def test_paths_and_methods_that_there_are_not_are_said(client):
    assert "/openapi.json" in client.get("/nowhere").json()["error"]
    answered = client.get("/predict/classes")
    assert (answered.status_code, answered.headers["allow"]) == (405, "POST")
    assert "GET" in answered.json()["error"]


def test_pixels_are_taken_as_the_model_takes_them(client, runs):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8))
    model = rowwise.open(runs["digits"])
    expected = model.predictor.outputs(pixels.astype(np.float32))
    for path, key in (("/predict/digits", "records"), ("/v1/models/digits:predict", "instances")):
        found = client.post(path, json={key: pixels.tolist()}).json()["predictions"]
        shares = [[*row["probabilities"].values()] if key == "records" else row for row in found]
        assert np.array_equal(np.float32(shares), expected)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        ([[0] * 8] * 7, "axis 1 has 8 values in this model, not 7"),
        ([[0] * 7] * 8, "axis 2 has 8 values in this model, not 7"),
        ([0] * 8, "lists within lists"),
        ([[None] * 8] * 8, "only numbers were expected, and there is null"),
        ([[True] * 8] * 8, "there is true"),
        ([["0"] * 8] * 8, 'there is "…"'),
        ([[1e39] * 8] * 8, "out of bounds (-1e+30 … 1e+30)"),
        (5, "in place of a list"),
    ],
)
def test_pixels_of_another_shape_are_refused(client, pixels, words):
    assert words in refused(client, "/predict/digits", 400, json.dumps({"records": [pixels]}))


# ---- the Open Inference Protocol


def test_metadata_name_the_tensors(client):
    found = client.get("/v2/models/classes").json()
    assert found["inputs"] == [
        {"name": "town", "datatype": "BYTES", "shape": [-1]},
        {"name": "rooms", "datatype": "FP64", "shape": [-1]},
        {"name": "age", "datatype": "FP64", "shape": [-1]},
        {"name": "river", "datatype": "BOOL", "shape": [-1]},
        {"name": "sold", "datatype": "BYTES", "shape": [-1]},
    ]
    assert [(one["name"], one["datatype"], one["shape"]) for one in found["outputs"]] == [
        ("class", "BYTES", [-1]),
        ("probabilities", "FP32", [-1, 2]),
    ]
    assert client.get("/v2/models/digits").json()["inputs"] == [{"name": "x", "datatype": "UINT8", "shape": [-1, 8, 8]}]
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models/classes/ready").json() == {"name": "classes", "ready": True}
    assert client.get("/v2").json()["name"] == "rowwise"


def columns(*rows, **changed):
    kinds = {"town": "BYTES", "rooms": "FP64", "age": "FP64", "river": "BOOL", "sold": "BYTES"}
    tensors = []
    for name, kind in kinds.items():
        values = [row[name] == "yes" if kind == "BOOL" else row[name] for row in rows]
        tensors.append({"name": name, "datatype": kind, "shape": [len(rows)], "data": values} | changed.get(name, {}))
    return {"inputs": tensors}


def test_a_tables_columns_are_tensors_with_null_for_missing(client):
    other = HOUSE | {"town": None, "rooms": None}
    asked = columns(HOUSE, other, age={"shape": [2, 1], "data": [[30], [30]]}) | {"id": "seven"}
    found = client.post("/v2/models/classes/infer", json=asked).json()
    expected = answer(client, "classes", HOUSE, other)["predictions"]
    classes, shares = found["outputs"]
    assert (found["id"], found["model_name"], classes["shape"], shares["shape"]) == ("seven", "classes", [2], [2, 2])
    assert classes["data"] == [row["class"] for row in expected]
    assert shares["data"] == [share for row in expected for share in row["probabilities"].values()]
    wanted = client.post("/v2/models/classes/infer", json=asked | {"outputs": [{"name": "class"}]}).json()
    assert wanted["outputs"] == [classes]


def test_pixels_are_one_tensor_flat_or_nested(client):
    pixels = np.random.default_rng(1).integers(0, 256, (2, 8, 8))
    answers = []
    for datatype in ("UINT8", "FP32", "INT32"):
        for data in (pixels.ravel().tolist(), pixels.tolist(), pixels.reshape(2, 64).tolist()):
            tensor = {"name": "x", "datatype": datatype, "shape": [2, 8, 8], "data": data}
            answers.append(client.post("/v2/models/digits/infer", json={"inputs": [tensor]}).json())
    assert all(one == answers[0] for one in answers)
    assert answers[0]["outputs"][1]["shape"] == [2, 10]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "y"}, "one tensor, named x"),
        ({"shape": [1, 64]}, "the shape [-1, 8, 8] was expected"),
        ({"shape": [0, 8, 8], "data": []}, "At least one"),
        ({"datatype": "FP33"}, "no datatype of the protocol"),
        ({"datatype": "BYTES"}, "x: 0 is no value of BYTES"),
        ({"data": [256] * 64}, "0 … 255"),
        ({"data": [-1] * 64}, "0 … 255"),
        ({"shape": [0.5, 8, 8]}, "multiple of 1"),
        ({"data": [0.5] * 64}, "0.5 is no value of UINT8"),
        ({"data": [None] * 64, "datatype": "FP32"}, "null is no value of FP32"),
        ({"data": [True] * 64}, "true is no value of UINT8"),
    ],
)
def test_tensors_of_another_kind_are_refused(client, changed, words):
    tensor = {"name": "x", "datatype": "UINT8", "shape": [1, 8, 8], "data": [0] * 64} | changed
    said = refused(client, "/v2/models/digits/infer", 400, json.dumps({"inputs": [tensor]}))
    assert words.lower() in said.lower()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"shape": [2, 8, 8]}, "stands for 128 values, and there are 64"),
        ({"shape": [-1, 8, 8]}, "and there are 64"),
        ({"data": [[0] * 8, *[0] * 56]}, "flat or nested"),
    ],
)
def test_tensors_that_contradict_themselves_are_refused(client, changed, words):
    tensor = {"name": "x", "datatype": "UINT8", "shape": [1, 8, 8], "data": [0] * 64} | changed
    assert words in refused(client, "/v2/models/digits/infer", 409, json.dumps({"inputs": [tensor]}))


def test_whole_numbers_of_json_may_be_written_as_fractions(client):
    tensor = {"name": "x", "datatype": "INT8", "shape": [1.0, 8, 8], "data": [1.0] * 64}
    assert client.post("/v2/models/digits/infer", json={"inputs": [tensor]}).status_code == 200


def test_pixels_that_the_model_would_scale_twice_are_said_to_be(client):
    half = [[[0.5] * 8] * 8]
    (warning,) = client.post("/predict/digits", json={"records": half}).json()["warnings"]
    assert (warning["kind"], warning["records"], "divides them once more" in warning["message"]) == (
        "pixels",
        [0],
        True,
    )
    assert client.post("/predict/digits", json={"records": [[[100] * 8] * 8]}).json()["warnings"] == []


def test_tensors_of_columns_fit_each_other(client):
    two = columns(HOUSE, HOUSE, age={"shape": [1], "data": [3]})
    assert "age: 1" in refused(client, "/v2/models/classes/infer", 409, json.dumps(two))
    twice = {"inputs": columns(HOUSE)["inputs"] * 2}
    assert "twice" in refused(client, "/v2/models/classes/infer", 409, json.dumps(twice))
    other = columns(HOUSE, rooms={"datatype": "BOOL", "data": [None]})
    assert "comes as FP64, not as BOOL" in refused(client, "/v2/models/classes/infer", 400, json.dumps(other))
    unknown = columns(HOUSE) | {"outputs": [{"name": "logits"}]}
    assert "class, probabilities" in refused(client, "/v2/models/classes/infer", 400, json.dumps(unknown))


# ---- TensorFlow Serving


def test_instances_give_rows_of_numbers(client):
    found = client.post("/v1/models/two:predict", json={"instances": [HOUSE, HOUSE]}).json()
    expected = answer(client, "two", HOUSE)["predictions"][0]["values"]
    assert found == {"predictions": [[*expected.values()]] * 2}
    assert client.get("/v1/models/two").json()["model_version_status"][0]["state"] == "AVAILABLE"
    body = json.dumps({"instances": [HOUSE], "signature_name": "other"})
    assert "serving_default" in refused(client, "/v1/models/two:predict", 400, body)


# ---- OpenAPI


def test_every_example_of_the_document_works_as_it_stands(client, runs):
    document = client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    tried = 0
    for path, methods in document["paths"].items():
        if "post" in methods:
            content = methods["post"]["requestBody"]["content"]["application/json"]
            answered = client.post(path, json=content["example"])
            assert answered.status_code == 200, answered.text
            tried += 1
        else:
            assert client.get(path).status_code == 200
    assert tried == 3 * len(runs)


def test_the_document_says_what_each_column_takes(client):
    document = client.get("/openapi.json").json()
    schema = document["paths"]["/predict/classes"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    record = schema["properties"]["records"]["items"]
    assert [*record["properties"]] == ["town", "rooms", "age", "river", "sold"]
    assert record["properties"]["rooms"]["type"] == ["number", "string", "null"]
    assert record["properties"]["town"]["examples"] == ["city", "coast", "hill"]
    answers = document["paths"]["/predict/classes"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answers["properties"]["predictions"]["items"]["properties"]["class"] == {"enum": ["cheap", "dear"]}
    ids = [about["operationId"] for methods in document["paths"].values() for about in methods.values()]
    assert len(set(ids)) == len(ids)


def test_metrics_count_what_was_answered(client):
    def counted():
        lines = client.get("/metrics").text.splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    before = counted()
    answer(client, "price", HOUSE, HOUSE)
    client.post("/predict/price")
    client.get("/a/path/that/nobody/serves")
    after = counted()
    route = 'rowwise_requests_total{route="/predict/{model}",method="POST",status="200"}'
    assert after[route] - before.get(route, 0) == 1
    assert after['rowwise_records_total{model="price"}'] - before['rowwise_records_total{model="price"}'] == 2
    assert not any("nobody" in line for line in after)
    assert after['rowwise_waiting_requests{model="price"}'] == 0
