"""Each word goes where it belongs."""

import io
import json
import sys

import pytest

from rowwise.errors import SaveError
from rowwise.terminal.output import Output


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Broken(io.StringIO):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error


def words(monkeypatch, out, json=False, quiet=False):
    err = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with Output(json, quiet) as output:
        output.tell("told")
        print("from a library")
        output.result("result")
        output.warn("warned")
        output.json({"loss": float("nan")})
    return err.getvalue().splitlines()


def test_on_a_terminal_everything_but_warnings_is_standard_output(monkeypatch):
    out = Terminal()
    assert words(monkeypatch, out) == ["rowwise: warned"]
    assert out.getvalue().splitlines() == ["told", "from a library", "result"]


def test_a_file_gets_the_result_alone(monkeypatch):
    out = io.StringIO()
    assert words(monkeypatch, out) == ["told", "rowwise: warned"]
    assert out.getvalue().splitlines() == ["from a library", "result"]


@pytest.mark.parametrize("out", [io.StringIO(), Terminal()], ids=["file", "terminal"])
def test_with_json_one_object_stands_alone(monkeypatch, out):
    assert words(monkeypatch, out, json=True) == ["told", "from a library", "result", "rowwise: warned"]
    assert json.loads(out.getvalue()) == {"loss": None}


def test_quiet_leaves_warnings_and_the_object(monkeypatch):
    out = io.StringIO()
    assert words(monkeypatch, out, json=True, quiet=True) == ["from a library", "rowwise: warned"]
    assert json.loads(out.getvalue()) == {"loss": None}


def test_a_reader_that_goes_away_stops_nothing(monkeypatch):
    assert "rowwise: warned" in words(monkeypatch, Broken(BrokenPipeError()))
    monkeypatch.setattr(sys, "stderr", Broken(OSError(28, "No space left on device")))
    with Output() as output:
        output.warn("nobody hears it")
        print("nor this", file=sys.stderr)


def test_a_result_that_cannot_be_written_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Broken(OSError(28, "No space left on device")))
    with pytest.raises(SaveError, match="no space is left on the disk"), Output() as output:
        output.result("lost")


def test_the_streams_are_given_back(monkeypatch):
    before = sys.stdout, sys.stderr
    with pytest.raises(KeyError), Output(json=True):
        raise KeyError
    assert (sys.stdout, sys.stderr) == before
