"""Where learners sit: on Windows. It cannot be had here, but what it lacks can be hidden (`windows_prelude`)."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import numpy as np
import polars as pl
import pytest
from PIL import Image

import rowwise
from rowwise.cli import main
from rowwise.data.databases import Database, is_database
from rowwise.data.source import Source
from rowwise.errors import DataError

HERE = Path(__file__).parent
NATIVE = Path(rowwise.__file__).parent / "engine" / "native"
SMALL = ["--hidden", "4", "--epochs", "1"]
HOUSES = ["houses.csv", "--target", "price"]
POSIX = r"#\s*include\s*<(unistd|sys/\w+|pthread|fcntl|dirent|sched|dlfcn|signal|termios|pwd|poll|semaphore)(\.h)?>"
PROGRAM = """
import json, sys, traceback
sys.path.insert(0, {tests!r})
import windows_prelude
from rowwise.cli import main
import rowwise.data.storage
rowwise.data.storage.LARGE = 1 << 9  # so that arrays lie in files of the temporary folder

def commands():
    for command in {commands!r}:
        code = main(command)
        assert code == 0, (command, code)
        assert not windows_prelude.VIOLATIONS, (command, windows_prelude.VIOLATIONS)

def modules():
    import importlib, pkgutil, rowwise
    for module in pkgutil.walk_packages(rowwise.__path__, "rowwise."):
        if not module.name.endswith(("_script", "__main__")):  # which are programs
            importlib.import_module(module.name)

def server():
    from rowwise.serve.guard import policy
    from rowwise.serve.service import Service
    from rowwise.serve.start import guarded
    from starlette.testclient import TestClient
    with Service(["houses=run"]) as service:
        client = TestClient(guarded(service, policy("127.0.0.1", None, (), ())), "http://127.0.0.1:8000")
        answer = client.post("/predict/houses", json={{"records": [{{"rooms": 3, "town": "언덕"}}]}})
        assert answer.status_code == 200, answer.text
        return answer.json()["predictions"]

told = {{}}
for part in (commands, modules, server):
    try:
        told[part.__name__] = part() or "done"
    except BaseException:
        told[part.__name__] = traceback.format_exc()
print(json.dumps(told))
"""
COMMANDS = [
    ["--help"],
    ["engines"],
    ["data", "list"],
    ["data", "show", *HOUSES],
    ["train", *HOUSES, *SMALL, "--out", "run"],
    ["train", "집.csv", "--target", "price", *SMALL, "--preset", "fast", "--out", "korean"],
    ["train", *HOUSES, *SMALL, "--folds", "2", "--out", "folds"],
    ["train", "--resume", "run", "--epochs", "2", "--out", "longer"],
    ["train", "shots", *SMALL, "--out", "pictures"],
    ["evaluate", "run", "--html", "report.html"],
    ["predict", "run", "집.csv", "--out", "predicted.csv"],
    ["predict", "run", "houses.csv", "--out", "predicted.parquet"],
    ["predict", "run", "houses.csv", "--out", "sqlite:///houses.db?table=predicted"],
    ["predict", "pictures", "shots/dark/1.png"],
    ["predict", "pictures", "shots", "--out", "found.csv"],
    ["explain", "pictures", "--format", "html", "--out", "ledger.html"],
    ["explain", "pictures", "--trace", "0,0", "--out", "trace.png", "--format", "png"],
    ["explain", "run", "--row", "3"],
    ["export", "run", "--to", "html", "--out", "houses.html"],
    ["export", "run", "--to", "keras", "--out", "houses.keras"],
    ["export", "run", "--to", "onnx", "--out", "houses.onnx"],
    ["tune", *HOUSES, "--trials", "2", "--epochs", "1"],
    ["bench", "--help"],
    ["serve", "--help"],
    ["studio", "--help"],
    ["questions", "--help"],
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A table in UTF-8 and in CP949, pictures, and rows to predict."""
    place = tmp_path_factory.mktemp("windows")
    random = np.random.default_rng(0)
    rooms = random.uniform(2, 8, 60).round(2)
    town = random.choice(["언덕", "강가"], 60)
    frame = pl.DataFrame({"rooms": rooms, "town": town, "price": (60 * rooms + 80 * (town == "강가")).round(1)})
    frame.write_csv(place / "houses.csv")
    (place / "집.csv").write_bytes(frame.write_csv().encode("cp949"))
    for name, white in (("dark", 90), ("light", 255)):
        (place / "shots" / name).mkdir(parents=True)
        for number in range(8):
            pixels = (random.random((9, 9)) * white).astype(np.uint8)
            Image.fromarray(pixels).save(place / "shots" / name / f"{number}.png")
    return place


@pytest.fixture(scope="module")
def told(place):
    """What came of each part of the program: one process for all, since importing Keras is the most of it."""
    code = PROGRAM.format(tests=str(HERE), commands=COMMANDS)
    given = os.environ | {"ROWWISE_DEBUG": "1", "ROWWISE_LANG": "en", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-X", "warn_default_encoding", "-c", code]
    done = subprocess.run(command, cwd=place, capture_output=True, encoding="utf-8", env=given)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_every_command_does_its_work_without_posix(place, told):
    assert told["commands"] == "done", told["commands"]
    for name in ("report.html", "ledger.html", "trace.png", "houses.html", "houses.keras", "houses.onnx", "found.csv"):
        assert (place / name).stat().st_size > 500
    # The same run, and the same answers, as this system has of the same call.
    here = rowwise.train(
        place / "houses.csv", "price", hidden=(4,), epochs=1, pictures=False, verbose=0, out=place / "here"
    )
    there = rowwise.open(place / "run")
    expected = here.predict(place / "houses.csv").values
    np.testing.assert_array_equal(there.predict(place / "houses.csv").values, expected)
    frame = pl.read_csv(place / "predicted.csv", encoding="utf8-lossy")
    np.testing.assert_allclose(frame["prediction"].to_numpy(), expected[:, 0], rtol=1e-6)
    np.testing.assert_array_equal(pl.read_parquet(place / "predicted.parquet")["prediction"], expected[:, 0])
    assert not [path for path in place.rglob("*") if path.name.endswith((".partial", "rowwise.lock"))]


@pytest.mark.slow
def test_every_module_is_imported_and_a_server_answers_without_posix(place, told):
    assert told["modules"] == "done", told["modules"]
    (answer,) = told["server"]
    saved = rowwise.open(place / "run")
    expected = saved.predict({"rooms": [3], "town": ["언덕"]}).values[0, 0]
    assert answer == {"values": {"price": pytest.approx(expected)}}


@pytest.fixture
def console(monkeypatch):
    """`console("cp949")`: standard output and error as such a console has them; what came out of both."""

    def of(encoding):
        streams = [io.TextIOWrapper(io.BytesIO(), encoding, newline="\n") for _ in range(2)]
        for name, stream in zip(("stdout", "stderr"), streams, strict=True):
            monkeypatch.setattr(sys, name, stream)

        def read():
            monkeypatch.undo()
            for stream in streams:
                stream.flush()
            return [stream.buffer.getvalue().decode(encoding) for stream in streams]

        return read

    return of


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp949", "ascii"])
def test_no_console_breaks_a_line(place, encoding, console, monkeypatch):
    """What it cannot show is written as Python writes it."""
    number = f"{encoding} 집"
    commands = [
        ["--help"],
        ["train", "--help"],
        ["engines"],
        ["data", "list"],
        ["data", "show", "집.csv", "--target", "price"],
        ["train", "집.csv", "--target", "price", *SMALL, "--out", "run {number}"],
        ["evaluate", "run {number}"],
        ["predict", "run {number}", "집.csv", "--out", "{number}.csv"],
        ["explain", "run {number}", "--convention", "all"],
        ["explain", "run {number}", "--row", "3"],
        ["explain", "run {number}", "--trace", "0,0"],
        ["evaluate", "없는 폴더"],
    ]
    monkeypatch.chdir(place)
    read, codes = console(encoding), []
    for lang in ("en", "ko"):
        for command in commands:
            given = [part.replace("{number}", number + lang) for part in command]
            codes.append(main([*given, "--lang", lang]))
    said, told = read()
    assert codes == ([0] * (len(commands) - 1) + [2]) * 2, told
    assert "Traceback" not in told
    assert "UnicodeEncodeError" not in told
    assert ("언덕" in said) == (encoding == "cp949")
    assert ("\\uc5b8\\ub355" in said) == (encoding == "ascii")


@pytest.mark.parametrize("encoding", ["cp949", "ascii"])
def test_nor_does_that_of_a_process(place, encoding):
    """What the streams of a process are made anew for: `main` without arguments."""
    given = os.environ | {"PYTHONIOENCODING": encoding, "ROWWISE_LANG": "ko"}
    command = [sys.executable, "-m", "rowwise", "data", "show", "집.csv", "--target", "price"]
    done = subprocess.run(command, cwd=place, capture_output=True, env=given)
    said, told = (part.decode(encoding) for part in (done.stdout, done.stderr))
    assert done.returncode == 0, told
    assert ("집.csv" in told) == (encoding == "cp949")
    assert ("언덕" in said) == (encoding == "cp949")
    assert ("\\uc5b8\\ub355" in said) == (encoding == "ascii")


@pytest.mark.parametrize(
    "place", [r"C:\data\houses.csv", "C:/data/houses.csv", r"D:houses.csv", r"\\server\share\h.csv"]
)
def test_a_drive_is_no_scheme(place):
    assert not is_database(place)
    with pytest.raises(DataError, match="There is no file or folder"):  # here: it is taken for a path, and no name
        _ = Source.used_on(place, {}).kind


def test_a_database_lies_on_a_drive():
    for written in ("sqlite:///C:/data/houses.db?table=t", r"sqlite:///C:\data\houses.db?table=t"):
        database = Database.of(written)
        assert (PureWindowsPath(database.path), database.table) == (PureWindowsPath("C:/data/houses.db"), "t")


def test_one_file_of_the_engine_alone_asks_for_posix():
    files = [*NATIVE.glob("*.h"), *NATIVE.glob("*.cpp")]
    assert len(files) > 20
    asking = [file.name for file in files if re.search(POSIX, file.read_text("utf-8"))]
    assert len(asking) <= 1
    for name in asking:  # and does without
        assert f"__has_include(<{re.search(POSIX, (NATIVE / name).read_text('utf-8'))[1]}.h>)" in (
            NATIVE / name
        ).read_text("utf-8")
