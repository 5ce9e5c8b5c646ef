"""docs/*/serve.md → every command and block runs; each answer has the form and the sentences that the page shows."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rowwise.cli import main

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
USUAL = "http://127.0.0.1:8000"


def blocks(language):
    """Kind and content of each block, in order."""
    return BLOCK.findall((DOCS / language / "serve.md").read_text("utf-8"))


def form(value):
    """A value without its numbers: those of a training differ between machines in their last digits."""
    if isinstance(value, dict):
        return {name: form(one) for name, one in value.items() if name != "class"}
    if isinstance(value, list):
        return [form(one) for one in value]
    return "number" if isinstance(value, int | float) else re.sub(r"\d+(\.\d+)? (to|~) \d+(\.\d+)?", "range", value)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", pytest.param("ko", marks=pytest.mark.thorough)])
def test_every_block_does_what_the_page_says(language, tmp_path, monkeypatch):
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.full((8, 8), 90, np.uint8)).save("digit.png")
    server, place, answer, compared = None, USUAL, None, 0
    try:
        for kind, content in blocks(language):
            if kind == "python":
                port, names = place.rpartition(":")[2], {}
                exec(compile(content.replace('127.0.0.1", 8000', f'127.0.0.1", {port}'), "serve.md", "exec"), names)
                if "values" in names:
                    assert np.isfinite(names["values"]).all()
                    compared += 1
            elif kind == "json":
                assert form(json.loads(answer)) == form(json.loads(content))
                compared += 1
            for line in content.splitlines() if kind == "sh" else ():
                command = shlex.split(line)
                if command[:2] == ["rowwise", "serve"]:
                    server, place = serving(command[1:])
                elif command[0] == "rowwise":
                    assert main([*command[1:], "--quiet", "--no-pictures"]) == 0
                else:
                    asked = [word.replace(USUAL, place) for word in command]
                    done = subprocess.run(
                        [*asked, "-H", f"Accept-Language: {language}"], capture_output=True, text=True, check=True
                    )
                    answer = done.stdout
    finally:
        if server is not None:
            server.terminate()
            server.communicate()
    assert compared == 6
    assert server.returncode == 0


def serving(arguments):
    """The process, and where it answers: at a port that is free."""
    command = [sys.executable, "-m", "rowwise", *arguments, "--port", "0", "--lang", "en"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)
    found = None
    while not (found := found or re.search(r"at (http://\S+?)/ ", line := process.stderr.readline())):
        assert line, "the server has ended"
    return process, found[1]


def test_both_pages_run_the_same():
    pages = [[(kind, content) for kind, content in blocks(language) if kind != "json"] for language in ("en", "ko")]
    assert pages[0] == pages[1]
    anchors = [re.findall(r'<a id="(\w+)">', (DOCS / name / "serve.md").read_text("utf-8")) for name in ("en", "ko")]
    assert anchors[0] == anchors[1]
