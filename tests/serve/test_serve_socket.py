"""At the socket: an answer is one write, and TCP sends it at once."""

import asyncio
import contextlib
import json
import re
import socket
import threading

import numpy as np
import pytest
import uvicorn

from rowwise.serve.guard import policy
from rowwise.serve.start import guarded
from rowwise.terminal.http_server import listen
from rowwise.terminal.joined_writes import STILL_THERE, JoinedWrites

HOUSE = {"town": "hill", "rooms": 6.1, "age": 30, "river": "yes", "sold": "2021-05-03"}
BODY = json.dumps({"records": [HOUSE]}).encode()


def request(body):
    head = ["POST /predict/price HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


REQUEST = request(BODY)


@contextlib.contextmanager
def running(service):
    """A server in a thread, as `rowwise serve` runs it, and its address."""
    with listen("127.0.0.1", 0) as listening:
        config = uvicorn.Config(guarded(service, policy()), lifespan="off", log_config=None, http=JoinedWrites)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            pass
        yield server, listening.getsockname()
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def place(service):
    """The address of a server that all tests ask."""
    with running(service) as (_, place):
        yield place


def answers(connection, count):
    """So many answers: their statuses and bodies."""
    found, rest = [], b""
    while len(found) < count:
        rest = rest.removeprefix(STILL_THERE)
        head, end, body = rest.partition(b"\r\n\r\n")
        sizes = [int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.startswith(b"content-length")]
        if end and len(body) >= sizes[0]:
            found.append((int(head.split()[1]), json.loads(body[: sizes[0]])))
            rest = body[sizes[0] :]
            continue
        part = connection.recv(1 << 16)
        assert part, rest
        rest += part
    assert not rest
    return found


def test_head_and_body_come_together(place):
    with socket.create_connection(place) as connection:
        connection.sendall(REQUEST)
        first = connection.recv(1 << 16)
        assert first.startswith(b"HTTP/1.1 200 OK\r\n")
        assert json.loads(first.partition(b"\r\n\r\n")[2])["model"] == "price"


def test_nothing_waits_for_more_to_be_sent():
    """asyncio sets TCP_NODELAY where the socket's protocol is named, and only there."""
    with listen("127.0.0.1", 0) as listening, contextlib.ExitStack() as opened:
        delays = []

        class Seen(asyncio.Protocol):
            def connection_made(self, transport):
                taken = transport.get_extra_info("socket")
                delays.append(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                transport.close()

        async def take():
            server = await asyncio.get_running_loop().create_server(Seen, sock=listening)
            opened.enter_context(socket.create_connection(listening.getsockname()))
            while not delays:
                await asyncio.sleep(0)
            server.close()

        asyncio.run(take())
        assert delays[0] != 0


def test_requests_that_come_behind_each_other_are_answered_in_their_order(place):
    with socket.create_connection(place) as connection:
        connection.sendall(REQUEST + request(b"{}") + REQUEST)
        found = answers(connection, 3)
    assert [status for status, _ in found] == [200, 400, 200]
    assert found[0] == found[2]


def test_a_request_in_pieces_is_answered_and_one_that_ends_early_harms_nobody(place):
    with socket.create_connection(place) as whole, socket.create_connection(place) as half:
        half.sendall(REQUEST[:-10])
        for start in range(0, len(REQUEST), 50):
            whole.sendall(REQUEST[start : start + 50])
        half.shutdown(socket.SHUT_WR)
        ((status, found),) = answers(whole, 1)
        assert (status, found["model"]) == (200, "price")
        whole.sendall(REQUEST)
        assert answers(whole, 1) == [(200, found)]


@pytest.mark.parametrize("asked", [1, 3])
def test_who_has_sent_all_may_close_his_side_and_still_reads_the_answers(place, asked):
    with socket.create_connection(place) as connection:
        connection.sendall(REQUEST * asked)
        connection.shutdown(socket.SHUT_WR)
        assert [status for status, _ in answers(connection, asked)] == [200] * asked
        assert connection.recv(1) == b""


class Held:
    """A request that is computed when the test lets it be: what comes behind it waits."""

    def __init__(self):
        self.reached, self.go = threading.Event(), threading.Event()

    def records(self, model):
        self.reached.set()
        self.go.wait()
        return np.zeros((1, *model.shape), np.float32)

    def answer(self, model, prediction):
        return b""


@contextlib.contextmanager
def busy(service):
    """A worker that computes until it is let go on."""
    worker, held = service.worker("price"), Held()
    thread = threading.Thread(target=lambda: asyncio.run(worker.answer(held, 1)))
    thread.start()
    held.reached.wait()
    yield worker, held
    held.go.set()
    thread.join()


MANY = request(json.dumps({"records": [HOUSE] * 1000}).encode())


def test_who_has_closed_is_not_computed_for(service, place):
    """Both sides of the connection: TCP says so only once something was sent to him."""

    def gone():
        with socket.create_connection(place) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            said = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        found = re.search(rb'route="/predict/{model}",method="POST",status="408"} (\d+)', said)
        return int(found[1]) if found else 0

    left, before = gone(), service.worker("price").counts.records
    with busy(service) as (worker, held):
        with socket.create_connection(place) as connection:
            connection.sendall(MANY)
            while worker.waiting < 2:
                pass
        while gone() == left:
            pass
        held.go.set()
    while worker.waiting:
        pass
    assert worker.counts.records - before == 1


def test_who_has_closed_his_side_and_waits_is_asked_whether_he_does_and_answered(service, place):
    with busy(service) as (_, held), socket.create_connection(place) as connection:
        connection.sendall(MANY)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(len(STILL_THERE), socket.MSG_WAITALL) == STILL_THERE
        held.go.set()
        ((status, found),) = answers(connection, 1)
        assert (status, len(found["predictions"])) == (200, 1000)
        assert connection.recv(1) == b""


def test_who_speaks_http_1_0_is_not_asked(service, place):
    """It has no such answers."""
    with busy(service) as (worker, held), socket.create_connection(place) as connection:
        connection.sendall(MANY.replace(b"HTTP/1.1", b"HTTP/1.0"))
        connection.shutdown(socket.SHUT_WR)
        while worker.waiting < 2:
            pass
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(None)
        held.go.set()
        assert [status for status, _ in answers(connection, 1)] == [200]


def test_who_closes_his_side_before_he_has_asked_is_let_go(place):
    with socket.create_connection(place) as connection:
        connection.sendall(REQUEST[:-10])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""


def test_a_request_on_its_way_when_the_server_ends_is_answered(service):
    with (
        running(service) as (server, place),
        socket.create_connection(place) as asks,
        socket.create_connection(place) as idles,
    ):
        for connection in (asks, idles):
            connection.sendall(REQUEST)
            answers(connection, 1)
        asks.sendall(REQUEST[:-1])
        server.should_exit = True
        while server.servers[0].is_serving():
            pass
        asks.sendall(REQUEST[-1:])
        assert [status for status, _ in answers(asks, 1)] == [200]
        assert (asks.recv(1), idles.recv(1)) == (b"", b"")
