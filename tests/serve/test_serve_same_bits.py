"""Served answers are those of `rowwise predict`, to the bit, whatever else is asked at the same time."""

import asyncio
import datetime
import io

import httpx2
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowwise
from rowwise.cli import main
from rowwise.data.tables.encode import encode
from rowwise.serve.guard import policy
from rowwise.serve.plain_records import PlainRecords
from rowwise.serve.start import guarded

TABLES = ("classes", "price", "two", "quantiles", "labels")


def numbers(predictions):
    """`(records, outputs)` of the answer's rows."""
    return np.float32([[*(row.get("probabilities") or row["values"]).values()] for row in predictions])


def ask(service, path, bodies, headers=None):
    """The answers to requests that are all sent at once."""

    async def all_of_them():
        transport = httpx2.ASGITransport(guarded(service, policy()))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await asyncio.gather(*(client.post(path, **body, headers=headers) for body in bodies))

    return [answer.json() for answer in asyncio.run(all_of_them())]


@pytest.mark.parametrize("name", TABLES)
def test_records_one_by_one_and_together_are_answered_as_predict_writes_them(
    name, runs, service, table, rows, tmp_path
):
    written, predicted = tmp_path / "rows.csv", tmp_path / "predicted.csv"
    table.drop("kind", "price", "tax", "big", "old").write_csv(written)
    assert main(["predict", str(runs[name]), str(written), "--out", str(predicted), "--lang", "en"]) == 0
    answers = pl.read_csv(predicted).select(pl.col(r"^(prediction|probability).*$"))
    expected = answers.select(pl.col(pl.Float64)).to_numpy().astype(np.float32)
    (whole,) = ask(service, f"/predict/{name}", [{"json": {"records": rows}}])
    assert np.array_equal(numbers(whole["predictions"]), expected[:, -numbers(whole["predictions"]).shape[1] :])
    if name == "classes":
        assert [row["class"] for row in whole["predictions"]] == answers["prediction"].to_list()
    several = ask(service, f"/predict/{name}", [{"json": {"records": [row]}} for row in rows])
    assert [one["predictions"][0] for one in several] == whole["predictions"]


def test_pictures_are_answered_as_predict_answers_them(runs, service):
    x = rowwise.load("digits")[1].x[:300]
    expected = rowwise.open(runs["digits"]).predict(x)

    def file(array):
        stream = io.BytesIO()
        np.save(stream, array)
        return stream.getvalue()

    bodies = [{"content": file(part)} for part in (x, x[:1], x[5:22], x[100:101])]
    whole, *parts = ask(service, "/predict/digits", bodies, {"content-type": "application/x-npy"})
    assert np.array_equal(numbers(whole["predictions"]), expected.probabilities)
    assert [row["class"] for row in whole["predictions"]] == expected.names
    for answer, (start, end) in zip(parts, ((0, 1), (5, 22), (100, 101)), strict=True):
        assert answer["predictions"] == whole["predictions"][start:end]


def test_one_wrong_request_spoils_no_other(service, rows):
    bodies = [{"json": {"records": [row]}} for row in rows[:20]]
    bodies[7] = {"json": {"records": [{"rooms": "1e39"}]}}
    answers = ask(service, "/predict/price", bodies)
    assert [number for number, answer in enumerate(answers) if "error" in answer] == [7]


PLAIN = {
    "town": st.sampled_from(["city", "coast", "hill", None]),
    "rooms": st.one_of(st.none(), st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6)),
    "age": st.one_of(st.none(), st.integers(0, 120)),
    "river": st.sampled_from(["yes", "no", "YES", True, False, 0, 1, 1.0, "true", None]),
    "sold": st.one_of(st.none(), st.dates(datetime.date(1900, 1, 1)).map(str)),
}
ODD = st.sampled_from(
    [" hill", "Hill", "1", 5, 5.5, -0.0, "5,5", "2021-13-01", "2021-5-3", "", "NA", "x", 2**53 + 1, 2**60]
)


@st.composite
def records(draw):
    rows = draw(st.lists(st.fixed_dictionaries(PLAIN), min_size=1, max_size=4))
    for row in rows:
        if draw(st.integers(0, 4)) == 0:
            name = draw(st.sampled_from([*PLAIN]))
            row[name] = draw(ODD)
    return rows


@settings(max_examples=60, deadline=None)
@given(records())
def test_plain_records_are_read_as_encode_reads_them(model_schema, rows):
    """Either way the same bits, and the same count of missing values; what is not plain is left to `encode`."""
    found = PlainRecords(model_schema).encode(rows)
    if found is None:
        return
    expected = encode(model_schema, rows)
    assert found.x.tobytes() == expected.x.tobytes() or np.array_equal(found.x, expected.x, equal_nan=True)
    assert np.array_equal(np.signbit(found.x[~np.isnan(found.x)]), np.signbit(expected.x[~np.isnan(expected.x)]))
    for name, counts in expected.oddities.items():
        assert {kind: n for kind, n in counts.items() if n} == {
            kind: n for kind, n in found.oddities[name].items() if n
        }


def test_plain_records_are_what_most_requests_hold(model_schema, rows):
    assert PlainRecords(model_schema).encode(rows) is not None


@pytest.fixture(scope="module")
def model_schema(runs):
    return rowwise.open(runs["classes"]).schema
