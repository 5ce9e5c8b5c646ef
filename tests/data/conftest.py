"""A small Fashion-MNIST, published as far as rowwise knows; and mirrors that serve it well or badly."""

import gzip
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from idx_files import write_idx

from rowwise.data.named import fashion_mnist

PARTS = {"train": 40, "t10k": 20}  # images


def small_idx(folder):
    """The four plain IDX files, `{name: bytes}`: real shapes and types, few images."""
    random = np.random.default_rng(7)
    files = {}
    for prefix, count in PARTS.items():
        arrays = {
            f"{prefix}-images-idx3-ubyte": random.integers(0, 256, (count, 28, 28), np.uint8),
            f"{prefix}-labels-idx1-ubyte": (np.arange(count) % 10).astype(np.uint8),
        }
        for name, array in arrays.items():
            write_idx(folder / name, array)
            files[name] = (folder / name).read_bytes()
    return files


@pytest.fixture
def published(monkeypatch, tmp_path_factory):
    """`{file name: bytes}` of four small .gz files whose MD5s are the published ones during the test."""
    files = {}
    for name, plain in small_idx(tmp_path_factory.mktemp("small")).items():
        files[f"{name}.gz"] = gzip.compress(plain, mtime=0)
        monkeypatch.setitem(fashion_mnist.FILES, name, hashlib.md5(files[f"{name}.gz"]).hexdigest())
        monkeypatch.setitem(fashion_mnist.UNPACKED, name, hashlib.md5(plain).hexdigest())
    return files


@pytest.fixture
def put(published):
    """Write the small files, or what is given instead of them, into a folder: `put(folder, **{name: bytes})`."""

    def write(folder, changed=None, without=()):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in (published | (changed or {})).items():
            if name not in without:
                (folder / name).write_bytes(content)
        return folder

    return write


class Mirror:
    """A server on this machine.

    Attributes:
        answer: how it answers for every file: "good", "missing", "wrong", "cut" or "hangs".
        asked: the names of the files asked for, in order.
    """

    def __init__(self, files, answer):
        self.files, self.answer, self.asked = files, answer, []
        self.closing = threading.Event()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                mirror.reply(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/data/"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def reply(self, request):
        name = request.path.rsplit("/", 1)[1]
        self.asked.append(name)
        if self.answer == "hangs":
            self.closing.wait(10)
            request.close_connection = True
            return
        if self.answer == "missing":
            request.send_error(404)
            return
        content = self.files[name]
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if self.answer == "cut":
            content = content[: len(content) // 2]
            request.close_connection = True
        elif self.answer == "wrong":
            content = bytes(len(content))
        request.wfile.write(content)

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def serve(published, monkeypatch):
    """`serve("missing", "good")`: mirrors that answer so, set as $ROWWISE_MIRRORS in that order."""
    started = []

    def start(*answers):
        made = [Mirror(published, answer) for answer in answers]
        started.extend(made)
        monkeypatch.setenv("ROWWISE_MIRRORS", ",".join(mirror.url for mirror in made))
        return made

    yield start
    for mirror in started:
        mirror.close()
