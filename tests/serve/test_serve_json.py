"""Bodies of JSON are read strictly, however fast: a name stands once in an object, numbers are numbers."""

import json
import unicodedata
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rowwise.engine.native import instruction_sets
from rowwise.serve.batches import Predicted
from rowwise.serve.bodies import array_of, numbers, scanned
from rowwise.serve.model import open_model
from rowwise.serve.problems import Refused

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
    found = array_of("records", body, (2, 3), True, 1000, lambda body: json.loads(body)["records"])
    assert np.array_equal(found, np.array(nested, np.float32))
    if instruction_sets():
        whole = all(type(value) is int and 0 <= value <= 255 for row in rows for value in row)
        assert (found.dtype == np.uint8) == (whole and max(map(max, rows)) > 1)


DIGITS = st.text("0123456789", min_size=1, max_size=25)
NUMBER = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["", "-"]),
    st.one_of(st.just("0"), DIGITS.map(lambda digits: digits.lstrip("0") or "0")),
    st.one_of(st.just(""), DIGITS.map(".{}".format)),
    st.one_of(st.just(""), st.builds("{}{}{}".format, st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), DIGITS)),
)
SPACE = st.text(" \n\r\t", max_size=2)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(NUMBER, st.floats(-(2.0**100), 2.0**100, width=32).map(str)), min_size=4, max_size=4),
    SPACE,
    SPACE,
)
@example(["-0", "-0.0", "0e5", "-0e-3"], "", "")
@example(["9007199254740993", "18446744073709551616", "0.1", "1e22"], " ", "\n")
@example(["1e23", "5e-324", "16777217.0", "3.4028235677973366e+38"], "", "\t")
@example(["255", "256", "2550", "25.5"], "", "")
def test_numbers_that_are_scanned_have_the_bits_of_json(numbers_in_text, one, other):
    """Whatever is scanned is to the bit what a reader of JSON and NumPy make of it; what is not, is left to them."""
    a, b, c, d = numbers_in_text
    text = f'{{{one}"records"{other}:{one}[{other}[{a},{one}{b}{other}] ,{one}[{c}{other},{d}]{one}]{other}}}{one}'
    found = scanned("records", text.encode(), (2,), 10, lambda body: json.loads(body)["records"])
    if found is None:
        return
    try:
        wanted = numbers("records", msgspec.json.decode(text)["records"], (2,))
    except msgspec.DecodeError:  # such as 1e-400, which is no 64-bit number
        return
    assert found.astype(np.float32).tobytes() == wanted.tobytes()


def read(body):
    """The records of a body, as the server reads what is around them."""
    try:
        return json.loads(body).get("records")
    except ValueError as cause:
        raise Refused(400, "no JSON") from cause


@pytest.mark.skipif(not instruction_sets(), reason="nothing compiled is here")
@pytest.mark.parametrize("value", ["7", "-0.25", "1e-3", "0.30000001192092896", "1e30"])
def test_plain_numbers_are_scanned(value):
    body = f'{{"signature_name": "x", "instances": [[[{value}, 1], [2, 3]]]}}'.encode()
    found = scanned("instances", body, (2, 2), 10, lambda body: json.loads(body)["instances"])
    assert found is not None
    assert found.tolist() == [[[np.float32(value), 1], [2, 3]]]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "[[1, 2,]]",
            "[[1, 2],]",
            "[[01, 2]]",
            "[[+1, 2]]",
            "[[1., 2]]",
            "[[.5, 2]]",
            "[[1e, 2]]",
            "[[1e+, 2]]",
            "[[-, 2]]",
        ),
        *(
            "[[1, 2]",
            "[[1 2]]",
            "[[1, 2]]]",
            "[1, 2]",
            "[[1]]",
            "[[1, 2, 3]]",
            "[[1, 2], [3]]",
            "[[[1, 2]]]",
            "[]",
            "[[]]",
        ),
        *("[[1, null]]", "[[1, true]]", '[[1, "2"]]', "[[1, NaN]]", "[[1, -Infinity]]", "[[1, 1e31]]", "[[1, 1e400]]"),
        *("[[1, 0x1]]", "[[1, 1_0]]", "[[1, \u0661]]", "[[1, 2\0]]", "{}", "7", "[]", "[[]]"),
    ],
)
def test_what_is_no_array_of_numbers_of_this_shape_is_not_scanned(text):
    body = f'{{"records": {text}}}'.encode()
    assert scanned("records", body, (2,), 10, read) is None


@pytest.mark.parametrize(
    "body",
    [
        '{"records": [[1, 2]], "records": [[3, 4]]}',
        r'{"records": [[1, 2]], "record\u0073": [[3, 4]]}',
        '{"more": {"records": [[1, 2]]}, "records": []}',
        '{"more": {"records": [[1, 2]]}}',
        '{"records": [[1, 2]]',
        '{"records": [[1, 2]]} {}',
        '{"a": ""records": [[1, 2]]", "records": []}',
    ],
)
def test_what_stands_around_the_numbers_is_read_too(body):
    assert scanned("records", body.encode(), (2,), 10, read) is None


def test_more_records_than_are_taken_are_not_scanned():
    body = json.dumps({"records": [[1, 2]] * 11}).encode()
    assert scanned("records", body, (2,), 10, read) is None


@pytest.mark.parametrize("datatype", ["UINT8", "INT8", "INT64", "FP16", "FP32", "FP64", "BOOL"])
@pytest.mark.parametrize("value", [0, 9, 127, 128, 255, 1.5, -1, 300])
@pytest.mark.parametrize("nested", [False, True])
def test_tensors_are_read_by_their_type_however_they_are_read(client, runs, datatype, value, nested):
    """Values in the JSON, which are scanned, and behind a JSON that has a backslash, which are not."""
    pixels = [[[value] * 8] * 8] * 2
    data = pixels if nested else [value] * 128
    request = {"inputs": [{"name": "x", "shape": [2, 8, 8], "datatype": datatype, "data": data}]}
    plain = asked(client, "/v2/models/digits/infer", json.dumps(request))
    other = asked(client, "/v2/models/digits/infer", json.dumps(request)[:-1] + r', "id": "\u0041"}')
    assert plain[0] == other[0]
    assert plain[1].get("outputs") == other[1].get("outputs")
    assert plain[1].get("error") == other[1].get("error")
    assert (plain[0] == 200) == (datatype != "BOOL" and taken(datatype, value))


def taken(datatype, value):
    if datatype.startswith("FP"):
        return True
    limits = np.iinfo(datatype.lower())
    return type(value) is int and limits.min <= value <= limits.max


def test_classes_whose_names_json_escapes_are_answered(runs):
    found = replace(open_model("classes", runs["classes"]).example, class_names=('5"', "a\\b\n"))
    assert json.loads(msgspec.json.encode(Predicted.of(found).rows)) == found.to_dicts()
