"""`rowwise serve` as a process: it says where it answers, drains at SIGTERM, and ends with 0 and no traceback."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest

from rowwise.cli import main

HOUSES = {"records": [{"town": "hill", "rooms": 6.1, "age": 30, "river": "yes", "sold": "2021-05-03"}] * 50_000}


def started(arguments, **environment):
    """The process, and the port where it answers."""
    command = [sys.executable, "-m", "rowwise", "serve", *map(str, arguments), "--port", "0", "--lang", "en"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    )
    lines = [process.stderr.readline()]
    while lines[-1] and not (found := re.search(r"http://127\.0\.0\.1:(\d+)/", lines[-1])):
        lines.append(process.stderr.readline())
    assert found, lines
    return process, int(found[1])


def waiting(port):
    """Whether a request was taken on that has no answer yet."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as metrics:
        return b'rowwise_waiting_requests{model="classes"} 1' in metrics.read()


@pytest.mark.slow
def test_a_signal_ends_it_once_all_that_was_taken_on_is_answered(runs):
    process, port = started([runs["classes"]])
    answers = []

    def ask():
        place = f"http://127.0.0.1:{port}/predict/classes"
        asked = urllib.request.Request(place, json.dumps(HOUSES).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked) as answer:
            answers.append(len(json.load(answer)["predictions"]))

    with process:
        asking = threading.Thread(target=ask)
        asking.start()
        while not answers and not waiting(port):
            pass
        process.send_signal(signal.SIGTERM)
        asking.join()
        out, err = process.communicate()
    assert answers, (out, err)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert err.strip().splitlines()[-1] == "Ended: all that was taken on is answered."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "--token TOKEN"),
        (["--host", "0.0.0.0", "--token", "short"], "at least 16"),
        (["--host", "no.such.host.invalid"], "--token TOKEN"),
        (["--port", "70000"], "--port"),
        (["--allow-origin", "example.org"], "no origin"),
        (["--max-records", "0"], "--max-records"),
    ],
)
def test_what_cannot_be_is_one_sentence_before_anything_is_opened(arguments, words, capsys):
    assert main(["serve", "no-such-run", *arguments, "--lang", "en"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_a_port_that_is_taken_is_said_at_once(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "no-such-run", "--port", str(port), "--lang", "en"]) == 2
    assert f"http://127.0.0.1:{port}/ cannot be listened at" in capsys.readouterr().err


def test_a_run_that_there_is_not_is_said(capsys, tmp_path):
    assert main(["serve", str(tmp_path / "none"), "--port", "0", "--lang", "en"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "none" in line
