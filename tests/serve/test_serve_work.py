"""What waits is answered together; what is too much is refused; a run that was replaced is opened anew, whole."""

import asyncio
import io
import json
import shutil
import threading
import time

import httpx2
import msgspec
import numpy as np
import pytest
from starlette.testclient import TestClient

import rowwise
from rowwise.errors import UsageError
from rowwise.serve.guard import policy
from rowwise.serve.limits import Limits
from rowwise.serve.model import open_model
from rowwise.serve.predict import JsonRecords, Picture
from rowwise.serve.problems import Refused
from rowwise.serve.service import Service
from rowwise.serve.start import guarded
from rowwise.serve.v1 import Instances
from rowwise.serve.v2 import TensorRequest
from rowwise.serve.work import Room, Worker
from rowwise.text import say, use_language

HOUSE = {"town": "hill", "rooms": 6.1, "age": 30, "river": "yes", "sold": "2021-05-03"}


@pytest.fixture(scope="module")
def model(runs):
    return open_model("price", runs["price"])


class Held:
    """A request whose records come when the test lets them."""

    def __init__(self, x):
        self.x, self.reached, self.go = x, threading.Event(), threading.Event()

    def records(self, model):
        self.reached.set()
        self.go.wait()
        return self.x

    def answer(self, model, prediction):
        return str(len(prediction)).encode()


class Plain(Held):
    def records(self, model):
        return self.x


async def _reached(held):
    await asyncio.to_thread(held.reached.wait)


def zeros(model, records):
    return np.zeros((records, *model.shape), np.float32)


def test_what_came_while_the_last_was_computed_is_computed_at_once(model):
    worker = Worker(model, Limits(), Room(Limits()))

    async def ask():
        first = Held(zeros(model, 1))
        waiting = [asyncio.ensure_future(worker.answer(first, 1))]
        await _reached(first)
        waiting += [asyncio.ensure_future(worker.answer(Plain(zeros(model, 2)), 1)) for _ in range(50)]
        await asyncio.sleep(0)
        assert worker.waiting == 51
        first.go.set()
        return await asyncio.gather(*waiting)

    assert asyncio.run(ask()) == [b"1"] + [b"2"] * 50
    assert (worker.counts.batches, worker.counts.records, worker.counts.largest) == (2, 101, 100)
    assert worker.waiting == 0
    worker.close()
    with pytest.raises(Refused) as refused:
        asyncio.run(worker.answer(Plain(zeros(model, 1)), 1))
    assert refused.value.status == 503


def test_what_is_quick_is_answered_by_the_loop_itself_all_that_came_in_one_turn(model):
    worker, caller = Worker(model, Limits(), Room(Limits())), threading.get_ident()

    class Here(Plain):
        def records(self, model):
            assert threading.get_ident() == caller
            return super().records(model)

    async def ask(number):
        waiting = [asyncio.ensure_future(worker.answer(Here(zeros(model, 1)), 1, quick=True)) for _ in range(number)]
        await asyncio.sleep(0)
        assert worker.waiting == number
        return await asyncio.gather(*waiting)

    assert asyncio.run(ask(50)) == [b"1"] * 50
    assert worker.counts.records == 50
    assert worker.counts.batches < 50  # a slow machine may need several turns
    assert asyncio.run(ask(1)) == [b"1"]
    assert worker.waiting == 0
    worker.close()
    with pytest.raises(Refused) as refused:
        asyncio.run(worker.answer(Here(zeros(model, 1)), 1, quick=True))
    assert refused.value.status == 503


def test_one_turn_keeps_nobody_waiting(model):
    """What takes long to read, or to compute, leaves the loop to others in between."""
    worker, turns = Worker(model, Limits(), Room(Limits())), []

    class Slow(Plain):
        def records(self, model):
            time.sleep(0.003)
            return super().records(model)

    async def others():
        while worker.waiting:
            turns.append(worker.waiting)
            await asyncio.sleep(0)

    async def ask(kind, count, records):
        turns.clear()
        waiting = [asyncio.ensure_future(worker.answer(kind(zeros(model, records)), 1, True)) for _ in range(count)]
        await asyncio.sleep(0)
        await others()
        return await asyncio.gather(*waiting)

    assert asyncio.run(ask(Slow, 40, 1)) == [b"1"] * 40
    assert len(turns) >= 20
    assert worker.counts.largest <= 2
    assert asyncio.run(ask(Plain, 200, model.quick_records)) == [str(model.quick_records).encode()] * 200
    assert worker.counts.largest == model.quick_records  # of a millisecond, whatever has come
    worker.close()


def test_what_comes_in_one_turn_has_a_limit(model):
    worker = Worker(model, Limits(queue=3), Room(Limits()))

    async def ask():
        asked = [worker.answer(Plain(zeros(model, 1)), 1, quick=True) for _ in range(5)]
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [getattr(one, "status", one) for one in asyncio.run(ask())] == [b"1"] * 3 + [429] * 2
    worker.close()


@pytest.mark.parametrize("records", [1, 3, 40])
def test_a_request_never_has_more_records_than_are_expected_of_it(runs, records):
    houses, digits = open_model("price", runs["price"]), open_model("digits", runs["digits"])
    rows, pixels = [{"rooms": 6}] * records, np.full((records, 8, 8), 9, np.uint8)
    column = {"name": "rooms", "shape": [records], "datatype": "FP64", "data": [6] * records}
    tensor = {"name": "x", "shape": [records, 8, 8], "datatype": "UINT8", "data": pixels.ravel().tolist()}
    array = io.BytesIO()
    np.save(array, pixels)
    for model, asked in [
        (houses, JsonRecords(msgspec.json.encode({"records": rows}), 100)),
        (houses, Instances(msgspec.json.encode({"instances": rows}), 100)),
        (houses, TensorRequest(msgspec.json.encode({"inputs": [column]}), 100)),
        (digits, JsonRecords(msgspec.json.encode({"records": pixels.tolist()}), 100)),
        (digits, TensorRequest(msgspec.json.encode({"inputs": [tensor]}), 100)),
        (digits, TensorRequest(pixels.tobytes(), 100, 0)),
        (digits, Picture(array.getvalue(), 100)),
    ]:
        assert records == len(asked.records(model)) <= asked.most(model) <= 2 * records + 2
        assert model.quick(asked.most(model))
    assert not houses.quick(10_000)


def test_one_wrong_record_of_a_turn_spoils_no_other(model):
    worker = Worker(model, Limits(), Room(Limits()))

    class Wrong(Plain):
        def records(self, model):
            raise Refused(400, "wrong")

    async def ask():
        kinds = [Plain, Wrong, Plain]
        asked = [worker.answer(kind(zeros(model, 1)), 1, quick=True) for kind in kinds]
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [getattr(one, "status", one) for one in asyncio.run(ask())] == [b"1", 400, b"1"]
    worker.close()


@pytest.mark.parametrize("limits", [Limits(queue=1), Limits(queued_bytes=150)])
def test_what_waits_has_a_limit(model, limits):
    worker = Worker(model, limits, Room(limits))

    async def ask():
        first = Held(zeros(model, 1))
        waiting = asyncio.ensure_future(worker.answer(first, 100))
        await _reached(first)
        with pytest.raises(Refused) as refused:
            await worker.answer(Plain(zeros(model, 1)), 100)
        first.go.set()
        await waiting
        return refused.value, await worker.answer(Plain(zeros(model, 3)), 100)

    refused, later = asyncio.run(ask())
    assert (refused.status, refused.headers["retry-after"], later) == (429, "1", b"3")
    worker.close()


def test_what_takes_too_long_is_not_waited_for_nor_computed(model):
    limits = Limits(seconds=0.05)
    worker = Worker(model, limits, Room(limits))

    async def ask():
        held = Held(zeros(model, 1))
        first, second = (asyncio.ensure_future(worker.answer(one, 1)) for one in (held, Plain(zeros(model, 1))))
        answers = await asyncio.gather(first, second, return_exceptions=True)
        held.go.set()
        return answers

    assert [error.status for error in asyncio.run(ask())] == [504, 504]
    worker.close()
    assert worker.waiting == 0


def test_who_is_answered_too_late_is_told_in_his_language(model):
    limits = Limits(seconds=1e-9)
    worker = Worker(model, limits, Room(limits))

    async def ask(lang):
        with use_language(lang):
            return await asyncio.gather(worker.answer(Plain(zeros(model, 1)), 1, quick=True), return_exceptions=True)

    told = {lang: asyncio.run(ask(lang))[0].sentence for lang in ("en", "ko")}
    worker.close()
    for lang, sentence in told.items():
        with use_language(lang):
            assert sentence == say("serve.late", seconds="1e-09")


def test_a_caller_who_goes_away_is_no_trouble(model):
    worker = Worker(model, Limits(), Room(Limits()))

    async def ask():
        held = Held(zeros(model, 1))
        gone = asyncio.ensure_future(worker.answer(held, 1))
        await _reached(held)
        gone.cancel()
        held.go.set()
        return await worker.answer(Plain(zeros(model, 2)), 1)

    assert asyncio.run(ask()) == b"2"
    worker.close()


@pytest.mark.parametrize(
    ("limits", "records", "status", "words"),
    [
        (Limits(records=2), 3, 413, "3 records are more than this server takes at a time: 2"),
        (Limits(body=100), 3, 413, "100 bytes"),
    ],
)
def test_requests_have_limits(runs, limits, records, status, words):
    with Service([runs["price"]], limits=limits) as service:
        client = TestClient(guarded(service, policy()), base_url="http://localhost")
        answer = client.post("/predict/price", json={"records": [HOUSE] * records})
        assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text
        if limits.body == 100:  # without a length, too
            parts = iter([b"x" * 60, b"x" * 60])
            said = client.post("/predict/price", content=parts, headers={"content-type": "application/json"})
            assert said.status_code == 413


@pytest.mark.parametrize("wrong", [{"body": 0}, {"records": -1}, {"seconds": float("nan")}, {"queue": True}])
def test_limits_are_numbers_above_zero(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Limits(**wrong)


def test_a_body_that_does_not_come_is_not_waited_for(runs):
    async def ask(service):
        app, sent = guarded(service, policy()), []

        async def nothing():
            await asyncio.sleep(3600)

        async def send(message):
            sent.append(message)

        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        about = {"type": "http", "method": "POST", "path": "/predict/price", "headers": headers, "query_string": b""}
        await app(about, nothing, send)
        return sent[0]["status"]

    with Service([runs["price"]], limits=Limits(seconds=0.05)) as service:
        assert asyncio.run(ask(service)) == 408


def test_who_goes_away_is_not_computed_for(runs):
    """One whose request waits behind another's, in the thread."""

    async def ask(service):
        worker, app = service.worker("price"), guarded(service, policy())
        first = Held(zeros(worker.model, 1))
        waiting = asyncio.ensure_future(worker.answer(first, 1))
        await _reached(first)
        body = json.dumps({"records": [HOUSE] * 1000}).encode()
        came, gone, sent = iter([{"type": "http.request", "body": body}]), asyncio.Event(), []

        async def receive():
            for message in came:
                return message
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        about = {"type": "http", "method": "POST", "path": "/predict/price", "headers": headers, "query_string": b""}
        asking = asyncio.ensure_future(app(about, receive, send))
        while worker.waiting < 2:
            await asyncio.sleep(0)
        gone.set()
        await asking
        first.go.set()
        await waiting
        return sent[0]["status"]

    with Service([runs["price"]]) as service:
        before = service.worker("price").counts.records
        assert asyncio.run(ask(service)) == 408
        assert service.worker("price").counts.records - before == 1


def test_a_server_that_ends_is_not_ready(runs):
    with Service([runs["price"]]) as service:
        client = TestClient(guarded(service, policy()), base_url="http://localhost")
        assert client.get("/v2/health/ready").status_code == 200
        service.drain()
        assert (client.get("/v2/health/ready").status_code, client.get("/v2/health/live").status_code) == (503, 200)
        assert client.get("/v2/models/price/ready").status_code == 503
        assert client.post("/predict/price", json={"records": [HOUSE]}).status_code == 200


def test_a_run_that_was_replaced_answers_and_half_a_run_does_not(runs, tmp_path):
    place, told, said = tmp_path / "run", [], threading.Event()
    shutil.copytree(runs["price"], place)

    def tell(sentence):
        told.append(sentence)
        said.set()

    async def ask(service):
        transport = httpx2.ASGITransport(guarded(service, policy()))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.post("/predict/run", json={"records": [HOUSE]})).json()["predictions"][0]

    with Service([place], tell=tell, look=0.02) as service:
        before = asyncio.run(ask(service))
        (place / "model.keras").write_bytes(b"half")
        said.wait()
        assert asyncio.run(ask(service)) == before
        assert ("cannot be used" in told[0], service.failed_reloads) == (True, 1)
        said.clear()
        shutil.rmtree(place)
        assert asyncio.run(ask(service)) == before
        shutil.copytree(runs["classes"], tmp_path / "new")
        (tmp_path / "new").rename(place)
        said.wait()
        assert asyncio.run(ask(service)) == rowwise.open(runs["classes"]).predict([HOUSE]).to_dicts()[0]
        assert ("answered by the new one" in told[1], service.reloads) == (True, 1)
