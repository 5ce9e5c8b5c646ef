"""A run's folder, data and options from a stranger are refused in words: no ordinary files, or damaged ones."""

import json
import os
import socket

import numpy as np
import pytest
from run_records import WHOLE

import rowwise
from rowwise.cli import main
from rowwise.data.tables.schema import Schema
from rowwise.errors import DataError, ModelError, RowwiseError, UsageError
from rowwise.runs.record import RunRecord

posix = pytest.mark.skipif(os.name == "nt", reason="pipes, sockets and devices as POSIX has them")


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/zero")


def unix_socket(path):
    here = os.getcwd()
    os.chdir(path.parent)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def folder(path):
    path.mkdir()


def sparse(path):
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)


IRREGULAR = {"pipe": pipe, "device": device, "socket": unix_socket, "folder": folder, "GB": sparse}


@posix
@pytest.mark.parametrize("kind", IRREGULAR)
def test_a_record_that_is_no_file_is_neither_waited_for_nor_read(tmp_path, kind):
    IRREGULAR[kind](tmp_path / "run.json")
    with pytest.raises(ModelError, match="10,737,418,240 bytes" if kind == "GB" else kind):
        rowwise.open(tmp_path)


@posix
@pytest.mark.parametrize("kind", IRREGULAR)
def test_a_model_that_is_no_file(tmp_path, kind):
    (tmp_path / "run.json").write_text(json.dumps(WHOLE))
    IRREGULAR[kind](tmp_path / "model.keras")
    for place in (tmp_path, *([tmp_path / "model.keras"] if kind != "folder" else [])):
        with pytest.raises(ModelError, match=r"no \.keras file" if kind == "GB" else kind):
            rowwise.open(place)


@posix
@pytest.mark.parametrize("kind", IRREGULAR)
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz", ".npy", ""])
def test_data_that_are_no_file(tmp_path, kind, suffix):
    IRREGULAR[kind](tmp_path / f"data{suffix}")
    with pytest.raises(RowwiseError):
        rowwise.load(tmp_path / f"data{suffix}", **({"target": "y"} if suffix in (".csv", ".parquet") else {}))


@posix
@pytest.mark.parametrize("kind", ["pipe", "device", "socket"])
def test_what_is_no_file_is_called_so(tmp_path, kind):
    IRREGULAR[kind](tmp_path / "data.csv")
    with pytest.raises(DataError, match=kind):
        rowwise.load(tmp_path / "data.csv", target="y")


@posix
@pytest.mark.parametrize("kind", IRREGULAR)
def test_options_that_are_no_file(tmp_path, kind):
    IRREGULAR[kind](tmp_path / "options.toml")
    with pytest.raises(UsageError, match="10,737,418,240 bytes" if kind == "GB" else kind):
        rowwise.train("digits", options=tmp_path / "options.toml")


@posix
@pytest.mark.parametrize("kind", ["pipe", "device", "socket"])
def test_a_picture_that_is_no_file(tmp_path, kind):
    from rowwise.data.pictures.prepare import read_pictures

    IRREGULAR[kind](tmp_path / "a.png")
    with pytest.raises(DataError, match=kind):
        read_pictures(tmp_path / "a.png", (8, 8))


@pytest.mark.parametrize(
    "content",
    [
        b"x = " + b"[" * 100_000,
        b"a" + b".a" * 30_000 + b" = 1",
        b"seed = 0x" + b"f" * 10_000,
        b"seed = " + b"9" * 10_000,
        b"test = nan",
        b"test = inf",
        b"seed = -1",
        b"target = [1, 2]",
        b"target = {a = 1}",
        b"size = [0x" + b"f" * 10_000 + b", 1]",
        b"separator = 3",
        b"encoding = 'zlib'\n[a]\nb = 1",
        b"\xff\xfe",
        b"\0",
        b"target = '\x1b[2J'\nx = 1",
    ],
)
def test_options_that_make_no_sense(tmp_path, content):
    (tmp_path / "o.toml").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        rowwise.train("digits", options=tmp_path / "o.toml")
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize("encoding", ["zlib", "rot13", "hex", "base64", "no-such", "a\0b"])
def test_encodings_of_no_text(tmp_path, encoding):
    (tmp_path / "t.csv").write_text("a,y\n1,x\n2,z\n")
    with pytest.raises((UsageError, DataError)):
        rowwise.load(tmp_path / "t.csv", target="y", encoding=encoding)


def read(folder, content):
    (folder / "run.json").write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return RunRecord.read(folder)


SETTINGS = WHOLE["settings"]


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":' * 100_000,
        b'{"schema": ' + b"9" * 10_000 + b"}",
        {**WHOLE, "schema": "x" * 10**6},
        {**WHOLE, "settings": SETTINGS | {"hidden": ["a"]}},
        {**WHOLE, "settings": SETTINGS | {"hidden": [-1]}},
        {**WHOLE, "settings": SETTINGS | {"hidden": [10**400]}},
        {**WHOLE, "settings": SETTINGS | {"learning_rate": 10**400}},
        {**WHOLE, "settings": SETTINGS | {"learning_rate": float("nan")}},
        {**WHOLE, "settings": SETTINGS | {"epochs": -3}},
        {**WHOLE, "settings": SETTINGS | {"class_weight": "x" * 10**6}},
        {**WHOLE, "epochs": [{"epoch": 10**400, "loss": 1}]},
        {**WHOLE, "epochs": [{"epoch": float("inf"), "loss": 1}]},
        {**WHOLE, "epochs": [{"epoch": 1, "loss": float("inf")}]},
        {**WHOLE, "epochs": [{"epoch": None, "loss": 1}]},
        {**WHOLE, "data": {"name": "x", "shape": [float("nan")]}},
        {**WHOLE, "data": {"name": "x", "source": {"load": 3}}},
        {**WHOLE, "data": {"name": "x", "source": {"load": {"place": 3}}}},
        {**WHOLE, "data": {"name": "x", "source": {"load": {"place": "x", "size": [1, 10**400]}}}},
        {**WHOLE, "checkpoint": "../../../etc/passwd"},
    ],
)
def test_a_damaged_record_is_a_model_error(tmp_path, content):
    with pytest.raises(ModelError) as caught:
        read(tmp_path, content)
    assert len(str(caught.value)) < 1500


NUMBER = {"name": "a", "kind": "numeric", "low": 0.0, "high": 1.0, "means": [0.5], "scales": [1.0]}
LEVELS = {"name": "b", "kind": "categorical", "levels": ["x", "y"]}


@pytest.mark.parametrize(
    "column",
    [
        NUMBER | {"name": 3},
        NUMBER | {"kind": "x"},
        NUMBER | {"kind": ["numeric"]},
        NUMBER | {"missing": "x"},
        NUMBER | {"missing": float("nan")},
        NUMBER | {"missing": 2},
        NUMBER | {"low": [1]},
        NUMBER | {"means": [float("nan")]},
        NUMBER | {"means": [10**400]},
        NUMBER | {"means": []},
        NUMBER | {"means": 3},
        NUMBER | {"decimal": 3},
        NUMBER | {"pattern": None},
        NUMBER | {"nonsense": 1},
        LEVELS | {"levels": ["x", "x"]},
        LEVELS | {"levels": [1]},
        {"name": "c", "kind": "dropped", "reason": "no such"},
        {"name": "c", "kind": "dropped", "reason": 3},
        "text",
        None,
    ],
)
def test_a_damaged_schema_is_a_value_error_which_its_reader_names(column):
    with pytest.raises(ValueError, match="schema"):
        Schema.from_dict({"columns": [column], "targets": ["y"], "classes": []})


def test_an_unknown_error_is_never_what_a_stranger_gets(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 2)), y=np.array(["a", "b", None, "c"], object))
    for command in ("data show", "train"):
        assert main([*command.split(), str(tmp_path / "a.npz"), "--lang", "en"]) == 2
    assert "Unexpected" not in capsys.readouterr().err
