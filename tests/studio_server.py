"""A studio, served to this machine as `rowwise studio` serves it."""

import socket
import threading
import time

import uvicorn

from rowwise.serve.guard import Guard, policy
from rowwise.studio.routes import app
from rowwise.studio.session import Studio

TOKEN = "a-token-of-the-tests-0123"


class Served:
    """A studio and where it is; `studio` is its own object, for what a test wants to know beside the page."""

    def __init__(self, source, port=0):
        self.studio = Studio()
        self.studio.open(source, "en")
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        guarded = Guard(app(self.studio), policy("127.0.0.1", TOKEN))
        config = uvicorn.Config(guarded, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self.socket],), daemon=True)
        self._thread.start()

    def address(self, lang="en"):
        return f"http://127.0.0.1:{self.port}/?token={TOKEN}&lang={lang}"

    def wait(self, *phases, seconds=600, after=0):
        """Until a training of a number above `after` is at one of these phases."""
        end = time.monotonic() + seconds
        while (now := self.studio.newest.state["story"])["phase"] not in phases or now["number"] <= after:
            assert time.monotonic() < end, now
            time.sleep(0.02)
        return now

    def loaded(self):
        """Once the data are read."""
        end = time.monotonic() + 600
        while self.studio.newest.state["loading"]:
            assert time.monotonic() < end
            time.sleep(0.02)
        return self

    def close(self):
        self._server.should_exit = True
        self._thread.join(20)
        self.socket.close()
        self.studio.close()
