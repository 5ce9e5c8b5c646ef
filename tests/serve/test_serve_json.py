"""Bodies of JSON are read strictly, however fast: a name stands once in an object, numbers are numbers."""

import json
import unicodedata
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowwise.serve.batches import Predicted
from rowwise.serve.bodies import array_of
from rowwise.serve.model import open_model

HOUSE = '{"town": "hill", "rooms": 6.1, "age": 30, "river": "yes", "sold": "2021-05-03"}'
TENSOR = '{"name": "rooms", "shape": [1], "datatype": "FP64", "data": [6.1]}'


def asked(client, path, body):
    answer = client.post(path, content=body.encode(), headers={"content-type": "application/json"})
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/predict/price", '{"records": [{"rooms": 6, "rooms": 7}]}', "rooms"),
        ("/predict/price", f'{{"records": [{HOUSE}, {{"town": "hill", "age": 1, "town": null}}]}}', "town"),
        ("/predict/price", f'{{"records": [], "records": [{HOUSE}]}}', "records"),
        ("/predict/price", r'{"records": [{"rooms": 6, "ro\u006fms": 7}]}', "rooms"),
        ("/predict/price", '{"records": [{"a:b": 6, "a:b": 7, "rooms": 1}]}', "a:b"),
        ("/predict/price", '{"records": [{"rooms": 6, "rooms": ":", "town": "x"}]}', "rooms"),
        ("/predict/digits", f'{{"records": [], "records": {[[[0] * 8] * 8]}}}', "records"),
        ("/predict/digits", f'{{"records": {[[[9] * 8] * 8]}, "records": {[[[0.5] * 8] * 8]}}}', "records"),
        ("/v1/models/price:predict", '{"instances": [{"rooms": 6, "rooms": 7}]}', "rooms"),
        (
            "/v1/models/digits:predict",
            f'{{"instances": {[[[9] * 8] * 8]}, "instances": {[[[8] * 8] * 8]}}}',
            "instances",
        ),
        (
            "/v1/models/price:predict",
            f'{{"signature_name": "serving_default", "signature_name": "serving_default", "instances": [{HOUSE}]}}',
            "signature_name",
        ),
        ("/v2/models/price/infer", f'{{"inputs": [], "inputs": [{TENSOR}]}}', "inputs"),
        ("/v2/models/price/infer", f'{{"inputs": [{TENSOR[:-1]}, "data": [7]}}]}}', "data"),
        ("/v2/models/price/infer", f'{{"inputs": [{TENSOR}], "more": {{"deep": [{{"x": 1, "x": 2}}]}}}}', "x"),
        ("/v2/models/price/infer", f'{{"inputs": [{TENSOR}], "parameters": {{"x": 1, "x": 2}}}}', "x"),
        ("/v2/models/price/infer", f'{{"inputs": [{TENSOR}], "id": "1", "id": "2"}}', "id"),
    ],
)
def test_a_name_that_stands_twice_in_an_object_is_refused(client, path, body, name):
    status, found = asked(client, path, body)
    assert (status, found["error"]) == (
        400,
        f"The name “{name}” stands twice in one object of the JSON. Send one value for it.",
    )


def test_a_name_that_stands_twice_among_very_many_is_found_at_once(client):
    names = ", ".join(f'"n{number}": 0' for number in range(100_000))
    status, found = asked(client, "/predict/price", f'{{"records": [{{{names}, "n99999": 1}}]}}')
    assert (status, "“n99999” stands twice" in found["error"]) == (400, True)


def test_names_that_nobody_knows_are_told_with_their_records(client):
    records = [{"rooms": 6, f"n{number // 2}": 0} for number in range(60_000)]
    status, found = asked(client, "/predict/price", json.dumps({"records": records}))
    told = {one["column"]: one["records"] for one in found["warnings"] if one["kind"] == "unknown column"}
    assert status == 200
    assert told == {f"n{number}": [2 * number, 2 * number + 1] for number in range(30_000)}


def test_names_whose_letters_are_written_in_two_ways_are_one_name(client):
    pair = [unicodedata.normalize(form, "é") for form in ("NFC", "NFD")]
    body = json.dumps({"records": [{"rooms": 6, pair[0]: 1, pair[1]: 2}]}, ensure_ascii=False)
    status, found = asked(client, "/predict/price", body)
    assert (status, "“é” stands twice" in found["error"]) == (400, True)


@pytest.mark.parametrize(
    "body",
    [
        '{"records": [{"rooms": 6, "sold": "2021-05-03", "a:b": "c:d"}, {"rooms": 6, "sold": "2021-05-03 10:00"}]}',
        r'{"records": [{"rooms": 6, "town": "\u003a:\"", "sold": "2021-05-03"}]}',
        '{"records" : [ {"rooms" :6} ] }',
    ],
)
def test_colons_elsewhere_are_no_names(client, body):
    assert asked(client, "/predict/price", body)[0] == 200


BYTE = st.integers(0, 255)
OTHER = st.one_of(BYTE, st.floats(-1e6, 1e6), st.integers(-(10**6), 10**6))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.lists(BYTE, min_size=6, max_size=6), st.lists(OTHER, min_size=6, max_size=6)), min_size=1))
def test_pixels_are_read_as_other_numbers_are(rows):
    """In bytes or as fractions: the same numbers, and fractions wherever they may have been scaled already."""
    nested = [[row[:3], row[3:]] for row in rows]
    body = json.dumps({"records": nested}).encode()
    found = array_of("records", body, (2, 3), True, lambda: nested)
    assert np.array_equal(found, np.array(nested, np.float32))
    whole = all(float(value).is_integer() and 0 <= value <= 255 for row in rows for value in row)
    assert (found.dtype == np.uint8) == (whole and max(map(max, rows)) > 1)


def test_classes_whose_names_json_escapes_are_answered(runs):
    found = replace(open_model("classes", runs["classes"]).example, class_names=('5"', "a\\b\n"))
    assert json.loads(msgspec.json.encode(Predicted.of(found).rows)) == found.to_dicts()
