"""`rowwise studio` as a process: it says its address, answers whoever has the token, and Ctrl-C is its normal end."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

COMMAND = [sys.executable, "-m", "rowwise", "studio", "--no-browser", "--lang", "ko"]


def test_it_opens_and_closes(tmp_path):
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.new && mv {opened}.new {opened}\n')
    browser.chmod(0o755)
    own = {**os.environ, "PYTHONUNBUFFERED": "1", "BROWSER": f"{browser} %s"}
    (tmp_path / "work").mkdir()
    process = subprocess.Popen(
        [*(word for word in COMMAND if word != "--no-browser"), "digits", "--port", "0"],
        cwd=tmp_path / "work",
        env=own,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        said = process.stdout.readline()
        port, token = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=([\w-]+)&lang=ko", said).groups()
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=300)
        connection.request("GET", "/")
        refused = connection.getresponse()
        assert (refused.status, refused.read() != b"") == (401, True)
        connection.close()
        connection.request("GET", f"/?token={token}&lang=ko")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        assert answer.headers["location"] == "/?lang=ko"
        cookie = answer.headers["set-cookie"].partition(";")[0]
        connection.close()
        connection.request("GET", "/", headers={"Cookie": cookie})
        page = connection.getresponse()
        assert page.status == 200
        assert b"rowwise" in page.read()
        connection.close()
        while not opened.exists():
            time.sleep(0.02)
        ticket = re.search(r"token=([\w-]+)", opened.read_text())[1]
        assert ticket != token  # what other users of the machine may read of a browser's start is worth nothing
        for status in (303, 401):
            connection.request("GET", f"/?token={ticket}")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            connection.close()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=600)
        assert process.returncode == 0, rest
        assert "닫았습니다" in rest
        assert "Traceback" not in rest
        assert list((tmp_path / "work").iterdir()) == []  # nothing that was not saved stays
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("given", [["nothing-here"], ["digits", "--target", "x"], ["--port", "70000"]])
def test_what_it_cannot_open_is_said_in_one_line(given, tmp_path):
    done = subprocess.run([*COMMAND, *given], cwd=tmp_path, text=True, capture_output=True, timeout=600, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("rowwise: ")
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = [*COMMAND, "--port", port]
        done = subprocess.run(given, cwd=tmp_path, text=True, capture_output=True, timeout=600, check=False)
    assert done.returncode == 2
    assert port in done.stderr
    assert "--port 0" in done.stderr
